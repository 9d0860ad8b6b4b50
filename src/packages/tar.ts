/**
 * Reads tar archives as a stream, within limits: the form of FHIR packages (npm). Nothing is unpacked to disk, and an archive is looked
 * at to its end before anything of it is kept: what is refused has cost no memory.
 */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { FhirError, issue } from '../fhir/error.ts'
import { block, checksumFits, damaged, entryName, number, type Override, paxRecords, text } from './tar-header.ts'

/** Limits of an archive. */
export interface ArchiveLimits {
  /** Bytes of the unpacked archive. */
  totalBytes: number
  /** Bytes of one file. */
  fileBytes: number
  files: number
  /** Refuses an archive with links, devices, or names that lead out of it, in place of leaving them out. */
  isStrict?: boolean
}

/** 1 GiB, 256 MiB a file, 100,000 files: several times the biggest published FHIR package. */
export const defaultArchiveLimits: ArchiveLimits = { totalBytes: 2 ** 30, fileBytes: 2 ** 28, files: 100_000 }

/** One regular file of an archive. */
export interface ArchiveFile {
  /** As in the archive, e.g. `package/ValueSet-x.json`. */
  name: string
  bytes: Uint8Array
}

/** Beyond so many bytes an archive must not unpack to more than so many times its size; packages of resources come to 5 to 30 times. */
const plausible = { bytes: 32 << 20, times: 100 }
/** Bytes of a name, its parts, and bytes of a header that speaks of the next entry. */
const longest = { name: 1000, parts: 64, header: 1 << 16 }
/** Zeros behind the end mark: archives are filled up to a multiple of their record. */
const mostPadding = 1 << 20
const chunkBytes = 1 << 17

/**
 * Files of a tar archive (ustar, pax and GNU long names), gzip-compressed or plain; folders and links are left out.
 * @throws FhirError 422 when it is damaged or incomplete, 413 when it exceeds a limit; the error of the system when it cannot be read
 */
export async function readArchive(
  source: Uint8Array | { path: string },
  limits: ArchiveLimits = defaultArchiveLimits,
): Promise<ArchiveFile[]> {
  await readThrough(source, createTarReader(limits, undefined), limits)
  const files: ArchiveFile[] = []
  await readThrough(source, createTarReader(limits, files), limits)
  return files
}

async function readThrough(
  source: Uint8Array | { path: string },
  reader: TarReader,
  limits: ArchiveLimits,
): Promise<void> {
  for await (const chunk of unpackedChunks(source, limits)) reader.push(chunk)
  reader.end()
}

/**
 * Files of a plain tar archive.
 * @throws FhirError 422 or 413 as {@link readArchive}.
 */
export function readTar(bytes: Uint8Array, limits: ArchiveLimits = defaultArchiveLimits): ArchiveFile[] {
  if (bytes.length > limits.totalBytes) throw tooBig(`more than ${limits.totalBytes} bytes`)
  const files: ArchiveFile[] = []
  const reader = createTarReader(limits, files)
  reader.push(bytes)
  reader.end()
  return files
}

async function* unpackedChunks(
  source: Uint8Array | { path: string },
  { totalBytes }: ArchiveLimits,
): AsyncGenerator<Uint8Array> {
  const bytes = source instanceof Uint8Array ? source : await firstBytes(source.path)
  const isPacked = isGzip(bytes)
  const input =
    source instanceof Uint8Array
      ? Readable.from(pieces(source))
      : createReadStream(source.path, { highWaterMark: chunkBytes })
  const gunzip = createGunzip({ chunkSize: chunkBytes })
  input.on('error', (error: Error) => gunzip.destroy(error))
  const output: AsyncIterable<Uint8Array> = isPacked ? input.pipe(gunzip) : input
  let unpacked = 0
  try {
    for await (const chunk of output) {
      unpacked += chunk.length
      if (unpacked > totalBytes) throw tooBig(`more than ${totalBytes} bytes unpacked`)
      if (isPacked && unpacked > plausible.bytes && unpacked > plausible.times * gunzip.bytesWritten)
        throw tooBig(`it unpacks to more than ${plausible.times} times its size`)
      yield chunk
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!code.startsWith('Z_')) throw error
    throw damaged(code === 'Z_BUF_ERROR' ? 'it is cut off' : `gzip cannot read it (${code})`)
  } finally {
    input.destroy()
    gunzip.destroy()
  }
}

/** Whether bytes begin as gzip does (RFC 1952, 2.3.1). */
export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

/** The first two bytes of a file, which tell gzip. */
export async function firstBytes(path: string): Promise<Uint8Array> {
  const handle = await open(path, 'r')
  try {
    return (await handle.read(Buffer.alloc(2), 0, 2, 0)).buffer
  } finally {
    await handle.close()
  }
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}

interface TarReader {
  /** Takes the next bytes of the archive. @throws FhirError 422 or 413 */
  push(bytes: Uint8Array): void
  /** @throws FhirError 422 when the archive is not at its end */
  end(): void
}

/** An entry whose content is being read. */
interface OpenEntry {
  kind: string
  isMeta: boolean
  name: string
  /** Bytes of its content that are still to come, and of what fills up its last block. */
  left: number
  padding: number
  content: Uint8Array[]
}

/** @param files where files go; undefined looks at them and keeps nothing */
function createTarReader(limits: ArchiveLimits, files: ArchiveFile[] | undefined): TarReader {
  let rest: Uint8Array = new Uint8Array(0)
  let at = 0
  let entries = 0
  let override: Override = {}
  let entry: OpenEntry | undefined
  let padding: number | undefined
  const readHeader = (header: Uint8Array) => {
    if (header.every((byte) => byte === 0)) {
      padding = 0
      return
    }
    if (!checksumFits(header)) throw damaged(`the header at byte ${at} does not fit its checksum`)
    if (++entries > limits.files) throw tooBig(`more than ${limits.files} entries`)
    entry = openEntry(header, override, limits)
    if (entry.left === 0) close(entry)
  }
  const close = ({ kind, isMeta, name, content }: OpenEntry) => {
    const whole = content.length === 1 && content[0] ? content[0] : Buffer.concat(content)
    if (kind === 'x') override = { ...override, ...paxRecords(whole) }
    else if (kind === 'L') override.name = text(whole)
    else if (!isMeta) {
      if (kind === '0' || kind === '7') files?.push({ name, bytes: whole })
      override = {}
    }
  }
  const takeContent = (open: OpenEntry, bytes: Uint8Array): Uint8Array => {
    const part = bytes.subarray(0, open.left)
    if (part.length > 0) {
      if (files || open.isMeta) open.content.push(part)
      open.left -= part.length
      if (open.left === 0) close(open)
    }
    const filling = bytes.subarray(part.length, part.length + open.padding)
    if (open.left === 0) open.padding -= filling.length
    if (open.left === 0 && open.padding === 0) entry = undefined
    return bytes.subarray(part.length + filling.length)
  }
  return {
    push(given) {
      let bytes = given
      while (bytes.length > 0) {
        const before = bytes.length
        if (padding !== undefined) {
          padding += bytes.length
          if (padding > mostPadding || bytes.some((byte) => byte !== 0)) throw damaged('something follows its end mark')
          return
        }
        if (entry) bytes = takeContent(entry, bytes)
        else {
          const part = bytes.subarray(0, block - rest.length)
          rest = rest.length === 0 ? part : Buffer.concat([rest, part])
          bytes = bytes.subarray(part.length)
          if (rest.length < block) return
          const header = rest
          rest = new Uint8Array(0)
          readHeader(header)
        }
        at += before - bytes.length
      }
    },
    end() {
      if (entry) throw damaged('it is cut off inside a file')
      if (padding === undefined) throw damaged('it is cut off: the end mark is missing')
    },
  }
}

/** @throws FhirError 413 or 422 when it may not be in an archive */
function openEntry(header: Uint8Array, override: Override, limits: ArchiveLimits): OpenEntry {
  const kind = String.fromCharCode(header[156] || 0x30)
  const isMeta = kind === 'x' || kind === 'g' || kind === 'L' || kind === 'K'
  const size = isMeta ? number(header, 124, 12) : (override.size ?? number(header, 124, 12))
  if (isMeta && size > longest.header) throw tooBig(`a header of more than ${longest.header} bytes`)
  if (size > limits.fileBytes) throw tooBig(`a file of more than ${limits.fileBytes} bytes`)
  const name = isMeta ? '' : (override.name ?? entryName(header))
  if (name.length > longest.name || name.split('/', longest.parts + 1).length > longest.parts)
    throw tooBig(`a name of more than ${longest.name} characters or ${longest.parts} parts`)
  if (!isMeta && limits.isStrict) refuseStrange(kind, name)
  return { kind, isMeta, name, left: size, padding: (block - (size % block)) % block, content: [] }
}

/** @throws FhirError 422 for what is neither file nor folder, and for a name that leads elsewhere */
function refuseStrange(kind: string, name: string): void {
  if (!['0', '5', '7'].includes(kind)) throw damaged('it has a link or a device')
  if (/^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)/.test(name)) throw damaged('a name in it leads out of it')
}

function tooBig(what: string): FhirError {
  return new FhirError(413, issue('too-long', `The package is too big: ${what}.`))
}
