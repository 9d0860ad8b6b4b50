import { crc32 } from 'node:zlib'
import { inflateRawWhole } from './inflate.ts'

/** The file of an archive, or why there is none. */
export type ZipReading = Uint8Array | { check: 'encoding' | 'compression'; detail: string }

/** What the entry of the central directory says. */
interface Entry {
  flags: number
  method: number
  crc: number
  packedBytes: number
  bytes: number
}

const END_SIGNATURE = 0x06054b50
const END_BYTES = 22
const ENTRY_SIGNATURE = 0x02014b50
const ENTRY_BYTES = 46
const LOCAL_SIGNATURE = 0x04034b50
const LOCAL_BYTES = 30
const DESCRIPTOR_SIGNATURE = 0x08074b50

/** General purpose bits that say nothing about how the data is read: effort of deflate, data descriptor, UTF-8 names. */
const KNOWN_FLAGS = 0x080e
const HAS_DESCRIPTOR = 0x0008
const STORED = 0
const DEFLATED = 8
/** Extra fields that change size or name: zip64, Unicode path. */
const CHANGING_FIELDS = [0x0001, 0x7075]

const broken = (detail: string): ZipReading => ({ check: 'encoding', detail: `zip: ${detail}` })
const unreadable = (detail: string): ZipReading => ({ check: 'compression', detail: `zip: ${detail}` })

/**
 * Reads a zip archive (PKWARE APPNOTE 6.3) of exactly one file of that name. The central directory is what counts; what the local
 * header and a data descriptor say must agree with it, and every byte of the archive must belong to one of its parts, so that no
 * other reader finds another file in it. `maxBytes` is enforced while inflating, never read from the archive; then size and CRC-32 must
 * be those that it declares.
 */
export function readOneFileZip(zip: Buffer, name: string, maxBytes: number): ZipReading {
  const end = zip.length - END_BYTES
  if (end < LOCAL_BYTES + ENTRY_BYTES || zip.readUInt32LE(end) !== END_SIGNATURE)
    return broken('no end of central directory')
  const directory = zip.readUInt32LE(end + 16)
  const fault = endFault(zip, end, directory)
  if (fault !== undefined) return broken(fault)
  const entry = readEntry(zip.subarray(directory, end), name)
  if (typeof entry === 'string') return broken(entry)
  const start = dataStart(zip.subarray(0, directory), entry, name)
  if (typeof start === 'string') return broken(start)
  const after = start + entry.packedBytes
  if (!endsWell(zip.subarray(0, directory), after, entry))
    return broken('data before the central directory is no part of it')
  return unpack(zip.subarray(start, after), entry, maxBytes)
}

function endFault(zip: Buffer, end: number, directory: number): string | undefined {
  const onOtherDisks = zip.readUInt16LE(end + 4) !== 0 || zip.readUInt16LE(end + 6) !== 0
  const entries = [zip.readUInt16LE(end + 8), zip.readUInt16LE(end + 10)]
  if (onOtherDisks || entries.includes(0xffff)) return 'several parts, or zip64'
  if (!entries.every((count) => count === 1)) return 'not exactly one file'
  if (zip.readUInt16LE(end + 20) !== 0) return 'a comment'
  return directory + zip.readUInt32LE(end + 12) === end ? undefined : 'the central directory is not before its end'
}

/** The one entry of the central directory; a text says what is wrong with it. */
function readEntry(directory: Buffer, name: string): Entry | string {
  if (directory.length < ENTRY_BYTES || directory.readUInt32LE(0) !== ENTRY_SIGNATURE)
    return 'no entry in the directory'
  const nameBytes = directory.readUInt16LE(28)
  const extraBytes = directory.readUInt16LE(30)
  const size = ENTRY_BYTES + nameBytes + extraBytes + directory.readUInt16LE(32)
  if (size !== directory.length) return 'the directory is not of the size of its entry'
  if (!isNamed(directory.subarray(ENTRY_BYTES, ENTRY_BYTES + nameBytes), name)) return 'the file has another name'
  const extra = directory.subarray(ENTRY_BYTES + nameBytes, ENTRY_BYTES + nameBytes + extraBytes)
  if (!isHarmless(extra)) return 'extra fields that change size or name'
  if (directory.readUInt16LE(34) !== 0 || directory.readUInt32LE(42) !== 0) return 'the file is not at the start'
  return {
    flags: directory.readUInt16LE(8),
    method: directory.readUInt16LE(10),
    crc: directory.readUInt32LE(16),
    packedBytes: directory.readUInt32LE(20),
    bytes: directory.readUInt32LE(24),
  }
}

/** Where the data begins; a text says where the local header contradicts the directory. With a data descriptor it says 0 of sizes and CRC. */
function dataStart(local: Buffer, entry: Entry, name: string): number | string {
  if (local.length < LOCAL_BYTES || local.readUInt32LE(0) !== LOCAL_SIGNATURE) return 'no local header'
  const nameEnd = LOCAL_BYTES + local.readUInt16LE(26)
  const start = nameEnd + local.readUInt16LE(28)
  if (start > local.length) return 'the local header is longer than the archive'
  if (!isNamed(local.subarray(LOCAL_BYTES, nameEnd), name)) return 'the local header has another name'
  if (!isHarmless(local.subarray(nameEnd, start))) return 'extra fields that change size or name'
  if (local.readUInt16LE(6) !== entry.flags || local.readUInt16LE(8) !== entry.method)
    return 'the local header has another method'
  const said = [local.readUInt32LE(14), local.readUInt32LE(18), local.readUInt32LE(22)]
  const isLeftOpen = (entry.flags & HAS_DESCRIPTOR) !== 0 && said.every((value) => value === 0)
  return isLeftOpen || isSame(said, entry) ? start : 'the local header has another size or CRC'
}

/** Whether the data, with its descriptor where there is one, reaches exactly to the directory. */
function endsWell(local: Buffer, after: number, entry: Entry): boolean {
  if ((entry.flags & HAS_DESCRIPTOR) === 0) return after === local.length
  const rest = local.length - after
  if (rest !== 12 && rest !== 16) return false
  if (rest === 16 && local.readUInt32LE(after) !== DESCRIPTOR_SIGNATURE) return false
  const at = local.length - 12
  return isSame([local.readUInt32LE(at), local.readUInt32LE(at + 4), local.readUInt32LE(at + 8)], entry)
}

const isSame = ([crc, packed, bytes]: number[], entry: Entry): boolean =>
  crc === entry.crc && packed === entry.packedBytes && bytes === entry.bytes

const isNamed = (bytes: Buffer, name: string): boolean => bytes.equals(Buffer.from(name, 'latin1'))

/** Extra fields: identifier and length, two bytes each, then the data. */
function isHarmless(extra: Buffer): boolean {
  let at = 0
  while (at + 4 <= extra.length) {
    if (CHANGING_FIELDS.includes(extra.readUInt16LE(at))) return false
    at += 4 + extra.readUInt16LE(at + 2)
  }
  return at === extra.length
}

function unpack(packed: Buffer, { flags, method, crc, bytes }: Entry, maxBytes: number): ZipReading {
  if ((flags & ~KNOWN_FLAGS) !== 0) return unreadable('encrypted or patched')
  if (method !== STORED && method !== DEFLATED) return unreadable('neither stored nor deflated')
  if (packed.length > maxBytes) return unreadable(`more than ${maxBytes} bytes`)
  const file = method === STORED ? packed : inflateRawWhole(packed, maxBytes)
  if (!file) return unreadable(`not one deflate stream of at most ${maxBytes} bytes`)
  return file.length === bytes && crc32(file) === crc ? file : unreadable('size or CRC is not as declared')
}
