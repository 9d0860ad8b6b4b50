/** Files read and written in large pieces, without waiting in between: imports are commands, not requests. */
import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync, writeSync } from 'node:fs'

const CHUNK_BYTES = 1 << 18

/** The bytes of a file in chunks that may be kept; `progress` is told the bytes read. */
export const fileChunks = (path: string, progress?: (done: number) => void): Generator<Uint8Array> =>
  readChunks(path, () => Buffer.allocUnsafeSlow(CHUNK_BYTES), progress)

/** The same in one piece of memory: a chunk holds until the next one is asked for. */
export function passingChunks(path: string, progress?: (done: number) => void): Generator<Uint8Array> {
  const memory = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  return readChunks(path, () => memory, progress)
}

function* readChunks(
  path: string,
  memoryFor: () => Buffer,
  progress: (done: number) => void = () => {},
): Generator<Uint8Array> {
  const file = openSync(path, 'r')
  try {
    let done = 0
    for (;;) {
      const chunk = memoryFor()
      const length = readSync(file, chunk, 0, CHUNK_BYTES, done)
      if (length === 0) return
      done += length
      yield chunk.subarray(0, length)
      progress(done)
    }
  } finally {
    closeSync(file)
  }
}

/** The first chunks of a file, of so many bytes or a little more. */
export function* firstChunks(path: string, bytes: number): Generator<Uint8Array> {
  let done = 0
  for (const chunk of fileChunks(path)) {
    yield chunk
    done += chunk.length
    if (done >= bytes) return
  }
}

/** Size and hash of a file. */
export function hashFile(path: string): { bytes: number; sha256: string } {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  const file = openSync(path, 'r')
  try {
    let bytes = 0
    for (;;) {
      const length = readSync(file, buffer, 0, CHUNK_BYTES, bytes)
      if (length === 0) return { bytes, sha256: hash.digest('hex') }
      hash.update(buffer.subarray(0, length))
      bytes += length
    }
  } finally {
    closeSync(file)
  }
}

/** Writes all bytes at a position of an open file. */
export function writeAll(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done)
  }
}

/** A file that texts are put into in order and read from in any order, mostly the same one. */
export function spoolFile(path: string) {
  const file = openSync(path, 'wx+')
  let size = 0
  // One piece of memory for all that is read ahead.
  let memory = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  let window = memory.subarray(0, 0)
  let start = 0
  let expected = 0
  return {
    append: (bytes: Uint8Array): void => {
      writeAll(file, bytes, size)
      size += bytes.length
    },
    read: (offset: number, length: number): Uint8Array => {
      const isNext = offset === expected
      expected = offset + length
      if (offset >= start && offset + length <= start + window.length) {
        return window.subarray(offset - start, offset - start + length)
      }
      // Reading ahead pays where the order is that of the spool.
      const wanted = isNext ? Math.max(length, CHUNK_BYTES) : length
      const bytes = Math.min(wanted, size - offset)
      if (bytes > memory.length) memory = Buffer.allocUnsafeSlow(bytes)
      window = memory.subarray(0, bytes)
      start = offset
      for (let done = 0; done < window.length; ) {
        const read = readSync(file, window, done, window.length - done, offset + done)
        if (read === 0) throw new Error(`${path} is cut short`)
        done += read
      }
      return window.subarray(0, length)
    },
    close: () => closeSync(file),
  }
}
