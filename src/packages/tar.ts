/** Reads gzip-compressed tar archives in memory, within limits: the form of FHIR packages (npm). Nothing is unpacked to disk. */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { FhirError, issue, unprocessable } from '../fhir/error.ts'

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

const unzip = promisify(gunzip)
const block = 512
const decoder = new TextDecoder()

/**
 * Files of a tar archive (ustar, pax and GNU long names), gzip-compressed or plain; folders and links are left out.
 * @throws FhirError 422 when it is damaged or incomplete, 413 when it exceeds a limit.
 */
export async function readArchive(
  bytes: Uint8Array,
  limits: ArchiveLimits = defaultArchiveLimits,
): Promise<ArchiveFile[]> {
  return readTar(bytes[0] === 0x1f && bytes[1] === 0x8b ? await decompress(bytes, limits) : bytes, limits)
}

async function decompress(bytes: Uint8Array, limits: ArchiveLimits): Promise<Uint8Array> {
  try {
    return await unzip(bytes, { maxOutputLength: limits.totalBytes })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooBig(`more than ${limits.totalBytes} bytes unpacked`)
    throw damaged(code === 'Z_BUF_ERROR' ? 'it is cut off' : `gzip cannot read it (${code})`)
  }
}

/**
 * Files of a plain tar archive.
 * @throws FhirError 422 or 413 as {@link readArchive}.
 */
export function readTar(bytes: Uint8Array, limits: ArchiveLimits = defaultArchiveLimits): ArchiveFile[] {
  if (bytes.length > limits.totalBytes) throw tooBig(`more than ${limits.totalBytes} bytes`)
  const files: ArchiveFile[] = []
  let at = 0
  let entries = 0
  // what pax or GNU headers say about the next entry
  let override: { name?: string; size?: number } = {}
  while (true) {
    if (at + block > bytes.length) throw damaged('it is cut off: the end mark is missing')
    const header = bytes.subarray(at, at + block)
    if (header.every((byte) => byte === 0)) return files
    if (!checksumFits(header)) throw damaged(`the header at byte ${at} does not fit its checksum`)
    if (++entries > limits.files) throw tooBig(`more than ${limits.files} entries`)
    const kind = String.fromCharCode(header[156] || 0x30)
    const isMeta = kind === 'x' || kind === 'g' || kind === 'L' || kind === 'K'
    const size = isMeta ? number(header, 124, 12) : (override.size ?? number(header, 124, 12))
    if (size > limits.fileBytes) throw tooBig(`a file of more than ${limits.fileBytes} bytes`)
    const start = at + block
    if (start + size > bytes.length) throw damaged('it is cut off inside a file')
    const content = bytes.subarray(start, start + size)
    at = start + Math.ceil(size / block) * block
    if (kind === 'x') override = { ...override, ...paxRecords(content) }
    else if (kind === 'L') override.name = text(content)
    else if (!isMeta) {
      const name = override.name ?? entryName(header)
      if (limits.isStrict) refuseStrange(kind, name)
      if (kind === '0' || kind === '7') files.push({ name, bytes: content })
      override = {}
    }
  }
}

/** @throws FhirError 422 for what is neither file nor folder, and for a name that leads elsewhere */
function refuseStrange(kind: string, name: string): void {
  if (!['0', '5', '7'].includes(kind)) throw damaged('it has a link or a device')
  if (/^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)/.test(name)) throw damaged('a name in it leads out of it')
}

function entryName(header: Uint8Array): string {
  const name = text(header.subarray(0, 100))
  const isUstar = text(header.subarray(257, 262)) === 'ustar'
  // GNU tar has other fields where ustar has the prefix; its magic ends in blanks
  const prefix = isUstar && header[262] === 0 ? text(header.subarray(345, 500)) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

function checksumFits(header: Uint8Array): boolean {
  let sum = 0
  for (let i = 0; i < block; i++) sum += i >= 148 && i < 156 ? 0x20 : (header[i] ?? 0)
  return sum === number(header, 148, 8)
}

/** Octal digits, or base 256 when the first bit is set. */
function number(header: Uint8Array, start: number, length: number): number {
  const field = header.subarray(start, start + length)
  if (((field[0] ?? 0) & 0x80) !== 0) {
    let value = (field[0] ?? 0) & 0x7f
    for (const byte of field.subarray(1)) value = value * 256 + byte
    if (!Number.isSafeInteger(value)) throw damaged('a size is out of range')
    return value
  }
  const digits = text(field).trim()
  if (!/^[0-7]*$/.test(digits)) throw damaged('a number in a header is not octal')
  return digits === '' ? 0 : Number.parseInt(digits, 8)
}

function paxRecords(content: Uint8Array): { name?: string; size?: number } {
  const made: { name?: string; size?: number } = {}
  let at = 0
  while (at < content.length && content[at] !== 0) {
    const blank = content.indexOf(0x20, at)
    const length = blank < 0 ? Number.NaN : Number(decoder.decode(content.subarray(at, blank)))
    if (!Number.isSafeInteger(length) || length < blank - at + 2 || at + length > content.length) {
      throw damaged('a pax header cannot be read')
    }
    const record = decoder.decode(content.subarray(blank + 1, at + length - 1))
    const equals = record.indexOf('=')
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)]
    if (key === 'path') made.name = value
    if (key === 'size') {
      if (!/^\d{1,15}$/.test(value)) throw damaged('a pax header cannot be read')
      made.size = Number(value)
    }
    at += length
  }
  return made
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

function damaged(why: string): FhirError {
  return unprocessable(`The package is damaged: ${why}.`, 'structure')
}

function tooBig(what: string): FhirError {
  return new FhirError(413, issue('too-long', `The package is too big: ${what}.`))
}
