/** Files of a zip archive, unpacked: from the disk piece by piece, from memory at once; size and checksum must be those of the directory. */
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib'
import { FhirError, unprocessable } from '../../../fhir/error.ts'
import { readDirectory, type ZipBytes, type ZipEntry } from './directory.ts'

/** A file of an archive that is on the disk. */
export interface ArchivedFile {
  path: string
  /** Bytes, unpacked. */
  size: number
  /** @throws FhirError 422 when it is damaged, or longer than it says */
  chunks(): AsyncIterable<Uint8Array>
}

/** The files of an archive on the disk. */
export function openZip(path: string): ArchivedFile[] {
  const file = openSync(path, 'r')
  try {
    const zip: ZipBytes = {
      name: basename(path),
      length: fstatSync(file).size,
      read: (position, length) => {
        const bytes = Buffer.alloc(length)
        for (let done = 0; done < length; ) {
          const read = readSync(file, bytes, done, length - done, position + done)
          if (read === 0) throw damaged(basename(path), 'it is cut short')
          done += read
        }
        return bytes
      },
    }
    return readDirectory(zip).map((entry) => ({
      path: entry.path,
      size: entry.size,
      chunks: () => unpacked(path, entry),
    }))
  } finally {
    closeSync(file)
  }
}

async function* unpacked(path: string, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  const { start, packed, size, method } = entry
  const what = `${basename(path)}/${entry.path}`
  const stream =
    packed === 0
      ? Readable.from([])
      : createReadStream(path, { start, end: start + packed - 1, highWaterMark: 1 << 18 })
  const plain = method === 0 ? stream : stream.pipe(createInflateRaw({ chunkSize: 1 << 18 }))
  stream.on('error', (error: Error) => plain.destroy(error))
  let done = 0
  let sum = 0
  try {
    for await (const chunk of plain) {
      const bytes: Buffer = chunk
      done += bytes.length
      if (done > size) throw damaged(what, 'it is longer than it says')
      sum = crc32(bytes, sum)
      yield bytes
    }
  } catch (error) {
    throw error instanceof FhirError ? error : damaged(what, error instanceof Error ? error.message : String(error))
  } finally {
    stream.destroy()
  }
  if (done !== size || sum !== entry.crc) throw damaged(what, 'its size or its checksum is not the one it says')
}

/**
 * The files of an archive in memory.
 * @param most bytes of a file, unpacked
 * @throws FhirError 422 when it is no archive, or a file that is asked for is damaged or too large
 */
export function zipInMemory(
  name: string,
  bytes: Uint8Array,
  most: number,
): { names: string[]; file(path: string): Buffer } {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const entries = readDirectory({
    name,
    length: whole.length,
    read: (position, length) => {
      if (position + length > whole.length) throw damaged(name, 'it is cut short')
      return whole.subarray(position, position + length)
    },
  })
  const byPath = new Map(entries.map((each) => [each.path, each]))
  return {
    names: [...byPath.keys()],
    file: (path) => {
      const entry = byPath.get(path)
      if (!entry) throw damaged(name, `it has no file ${path}`)
      if (entry.size > most) throw damaged(`${name}/${path}`, `it has ${entry.size} bytes`)
      const packed = whole.subarray(entry.start, entry.start + entry.packed)
      const plain = entry.method === 0 ? packed : inflated(packed, `${name}/${path}`, entry.size)
      if (plain.length !== entry.size || crc32(plain) !== entry.crc)
        throw damaged(`${name}/${path}`, 'its size or its checksum is not the one it says')
      return plain
    },
  }
}

function inflated(packed: Buffer, what: string, size: number): Buffer {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) })
  } catch (error) {
    throw damaged(what, error instanceof Error ? error.message : String(error))
  }
}

const damaged = (what: string, why: string) => unprocessable(`${what} cannot be unpacked: ${why}`, 'structure')
