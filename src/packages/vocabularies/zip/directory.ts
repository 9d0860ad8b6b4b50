/**
 * The directory of a zip archive (APPNOTE.TXT 6.3.10, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT). It is believed only as
 * far as it agrees with itself and with the headers before the files: whatever is two things to two readers is refused.
 */
import { unprocessable } from '../../../fhir/error.ts'

/** An archive by position. */
export interface ZipBytes {
  /** Of the archive, for messages. */
  name: string
  length: number
  /** Exactly so many bytes. */
  read(position: number, length: number): Buffer
}

/** A file of an archive. */
export interface ZipEntry {
  /** Parts between '/', none of which leads out of the archive. */
  path: string
  /** Bytes, unpacked and packed. */
  size: number
  packed: number
  /** 0: as it is, 8: deflated. */
  method: 0 | 8
  crc: number
  /** Where its packed bytes begin. */
  start: number
}

const MOST_ENTRIES = 20_000
const LONGEST_NAME = 1_000
const DIRECTORY_BYTES = 64 << 20

/** Deflate makes a thousand bytes of one at the best. */
const MOST_RATIO = 1_100

const END = { signature: 0x06054b50, bytes: 22, longestComment: 0xffff } as const
const END_64 = { signature: 0x06064b50, bytes: 56 } as const
const LOCATOR_64 = { signature: 0x07064b50, bytes: 20 } as const
const CENTRAL = { signature: 0x02014b50, bytes: 46 } as const
const LOCAL = { signature: 0x04034b50, bytes: 30 } as const

/**
 * Reads the files of an archive; folders are left out.
 * @throws FhirError 422 saying what is wrong with it
 */
export function readDirectory(zip: ZipBytes): ZipEntry[] {
  const fault = (text: string) => unprocessable(`${zip.name} is no archive that can be read: ${text}`, 'structure')
  const { count, offset, bytes, end } = findEnd(zip, fault)
  if (count > MOST_ENTRIES) throw fault(`it has ${count} files, more than any release`)
  if (bytes > DIRECTORY_BYTES || offset + bytes > end) throw fault('its directory lies outside of it')
  const directory = zip.read(offset, bytes)
  const entries: ZipEntry[] = []
  const names = new Set<string>()
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + CENTRAL.bytes > directory.length || directory.readUInt32LE(at) !== CENTRAL.signature)
      throw fault('its directory is cut short')
    const next =
      at +
      CENTRAL.bytes +
      directory.readUInt16LE(at + 28) +
      directory.readUInt16LE(at + 30) +
      directory.readUInt16LE(at + 32)
    if (next > directory.length) throw fault('its directory is cut short')
    const entry = centralEntry(directory.subarray(at, next), fault)
    at = next
    const key = entry.path.toLowerCase()
    if (names.has(key)) throw fault(`it has the file ${entry.path} twice`)
    names.add(key)
    entries.push(placed(zip, entry, { limit: offset, fault }))
  }
  if (at !== directory.length) throw fault('its directory has something behind its last file')
  requireApart(entries, fault)
  return entries.filter(({ path }) => !path.endsWith('/'))
}

type Fault = (text: string) => Error

function findEnd(zip: ZipBytes, fault: Fault) {
  const tail = zip.read(
    Math.max(0, zip.length - END.bytes - END.longestComment),
    Math.min(zip.length, END.bytes + END.longestComment),
  )
  for (let at = tail.length - END.bytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== END.signature || at + END.bytes + tail.readUInt16LE(at + 20) !== tail.length) continue
    const end = zip.length - tail.length + at
    const [disk, first, here, count] = [4, 6, 8, 10].map((place) => tail.readUInt16LE(at + place))
    const bytes = tail.readUInt32LE(at + 12)
    const offset = tail.readUInt32LE(at + 16)
    if (count === 0xffff || bytes === 0xffffffff || offset === 0xffffffff) return findEnd64(zip, end, fault)
    if (disk !== 0 || first !== 0 || here !== count) throw fault('it is one part of several')
    return { count: count ?? 0, bytes, offset, end }
  }
  throw fault('it has no directory at its end')
}

function findEnd64(zip: ZipBytes, end: number, fault: Fault) {
  const locator = end >= LOCATOR_64.bytes ? zip.read(end - LOCATOR_64.bytes, LOCATOR_64.bytes) : undefined
  if (locator?.readUInt32LE(0) !== LOCATOR_64.signature) throw fault('its directory cannot be found')
  const at = whole(locator.readBigUInt64LE(8), fault)
  if (at + END_64.bytes > end) throw fault('its directory lies outside of it')
  const record = zip.read(at, END_64.bytes)
  if (record.readUInt32LE(0) !== END_64.signature) throw fault('its directory cannot be found')
  if (record.readUInt32LE(16) !== 0 || record.readUInt32LE(20) !== 0) throw fault('it is one part of several')
  const [count, bytes, offset] = [32, 40, 48].map((place) => whole(record.readBigUInt64LE(place), fault))
  return { count: count ?? 0, bytes: bytes ?? 0, offset: offset ?? 0, end: at }
}

function whole(value: bigint, fault: Fault): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw fault('a number in it is beyond measure')
  return Number(value)
}

interface CentralEntry extends Omit<ZipEntry, 'start'> {
  header: number
  name: Buffer
}

function centralEntry(record: Buffer, fault: Fault): CentralEntry {
  const flags = record.readUInt16LE(8)
  const method = record.readUInt16LE(10)
  const nameEnd = CENTRAL.bytes + record.readUInt16LE(28)
  const name = record.subarray(CENTRAL.bytes, nameEnd)
  const path = pathOf(name, fault)
  if ((flags & 1) !== 0) throw fault(`${path} is encrypted`)
  if (method !== 0 && method !== 8) throw fault(`${path} is packed by the method ${method}; known are 0 and 8`)
  // Of archives that Unix made: the type of the file.
  if (record.readUInt8(5) === 3 && ((record.readUInt32LE(38) >>> 28) & 0xf) === 0xa) throw fault(`${path} is a link`)
  const extra = record.subarray(nameEnd, nameEnd + record.readUInt16LE(30))
  const [size = 0, packed = 0, header = 0] = sizes64(record, extra, fault)
  if (size > packed * MOST_RATIO + MOST_RATIO) throw fault(`${path} says it unpacks to ${size} bytes, which cannot be`)
  if (method === 0 && size !== packed) throw fault(`${path} says two sizes`)
  return { path, size, packed, method, crc: record.readUInt32LE(16), header, name }
}

/** Size, packed size and place of the header, from the extra field where they are too large for the record. */
function sizes64(record: Buffer, extra: Buffer, fault: Fault): number[] {
  const plain = [24, 20, 42].map((place) => record.readUInt32LE(place))
  if (!plain.includes(0xffffffff)) return plain
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue
    let place = at + 4
    return plain.map((value) => {
      if (value !== 0xffffffff) return value
      place += 8
      if (place > at + 4 + extra.readUInt16LE(at + 2) || place > extra.length) throw fault('a size in it is missing')
      return whole(extra.readBigUInt64LE(place - 8), fault)
    })
  }
  throw fault('a size in it is missing')
}

function pathOf(name: Buffer, fault: Fault): string {
  if (name.length === 0 || name.length > LONGEST_NAME) throw fault(`a name in it has ${name.length} bytes`)
  let path: string
  try {
    path = new TextDecoder('utf-8', { fatal: true }).decode(name)
  } catch {
    throw fault('a name in it is not UTF-8')
  }
  const parts = path.replace(/\/$/, '').split('/')
  const isOdd = parts.some((each) => each === '' || each === '.' || each === '..' || /[\\:\p{Cc}]/u.test(each))
  if (isOdd) throw fault(`the name '${path.slice(0, 100)}' leads out of it`)
  return path
}

/** Finds the packed bytes behind the header of a file, which must name the same file. */
function placed(zip: ZipBytes, entry: CentralEntry, { limit, fault }: { limit: number; fault: Fault }): ZipEntry {
  const { header, name, ...rest } = entry
  if (header + LOCAL.bytes > limit) throw fault(`${entry.path} lies outside of it`)
  const local = zip.read(header, LOCAL.bytes)
  const nameBytes = local.readUInt16LE(26)
  const start = header + LOCAL.bytes + nameBytes + local.readUInt16LE(28)
  if (local.readUInt32LE(0) !== LOCAL.signature || start + entry.packed > limit)
    throw fault(`${entry.path} lies outside of it`)
  if (local.readUInt16LE(8) !== entry.method || !zip.read(header + LOCAL.bytes, nameBytes).equals(name))
    throw fault(`${entry.path} is another file by its own header`)
  return { ...rest, start }
}

/** Files that share bytes unpack to more than there can be. */
function requireApart(entries: readonly ZipEntry[], fault: Fault): void {
  const sorted = entries.toSorted((a, b) => a.start - b.start)
  for (const [i, entry] of sorted.entries()) {
    const next = sorted[i + 1]
    if (next && entry.start + entry.packed > next.start - LOCAL.bytes)
      throw fault(`${entry.path} and ${next.path} share bytes`)
  }
}
