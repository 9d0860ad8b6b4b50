import { crc32, deflateRawSync, deflateSync } from 'node:zlib'
import { u16, u32 } from '../../../src/demo/issue-divoc.ts'

/** How an archive departs from that of one file. What is not named is as it should be. */
export interface ArchiveText {
  name?: string
  localName?: string
  method?: number
  localMethod?: number
  flags?: number
  localFlags?: number
  /** Sizes and CRC that the directory declares, and the local header. */
  bytes?: number
  packedBytes?: number
  crc?: number
  localBytes?: number
  localCrc?: number
  /** The local header says 0 of sizes and CRC, and a data descriptor follows: with its signature, without, or none at all; or with another CRC. */
  descriptor?: 'signed' | 'bare' | 'absent' | 'lying'
  /** Hex, in directory and local header. */
  extra?: string
  localExtra?: string
  fileComment?: string
  /** Where the directory says that the file begins. */
  offset?: number
  /** Hex, in front of everything, between data and directory, between directory and end, behind everything. */
  before?: string
  between?: string
  beforeEnd?: string
  after?: string
  comment?: string
  /** Files that the end counts, and on this disk. */
  entries?: number
  entriesHere?: number
  disk?: number
  directoryOffset?: number
  directoryBytes?: number
  /** A second file, by name. */
  second?: string
  /** How the data is packed whatever is said of it: with the header of zlib, cut by a byte, with a byte more, stored. */
  pack?: 'zlib' | 'cut' | 'more' | 'stored'
  /** Cut behind so many bytes of the whole. */
  cut?: number
}

/** Writes a zip archive as a test wants it. */
export function writeArchive(content: Buffer, text: ArchiveText = {}): Buffer {
  const first = writeEntry(content, text, 0)
  const second = text.second === undefined ? undefined : writeEntry(content, { name: text.second }, first.local.length)
  const locals = [hex(text.before), first.local, second?.local ?? hex(), hex(text.between)]
  const directory = Buffer.concat([first.entry, second?.entry ?? hex()])
  const start = Buffer.concat(locals).length
  const count = second ? 2 : 1
  const comment = Buffer.from(text.comment ?? '')
  const end = [
    ...[u32(0x06054b50), u16(text.disk ?? 0), u16(text.disk ?? 0), u16(text.entriesHere ?? text.entries ?? count)],
    ...[u16(text.entries ?? count), u32(text.directoryBytes ?? directory.length), u32(text.directoryOffset ?? start)],
    ...[u16(comment.length), comment],
  ]
  const whole = Buffer.concat([...locals, directory, hex(text.beforeEnd), ...end, hex(text.after)])
  return whole.subarray(0, text.cut ?? whole.length)
}

function writeEntry(content: Buffer, text: ArchiveText, offset: number): { local: Buffer; entry: Buffer } {
  const method = text.method ?? 8
  const packed = packData(content, text.pack ?? (method === 8 ? undefined : 'stored'))
  const said = {
    crc: text.crc ?? crc32(content),
    packed: text.packedBytes ?? packed.length,
    bytes: text.bytes ?? content.length,
  }
  const flags = text.flags ?? (text.descriptor ? 8 : 0)
  const name = Buffer.from(text.name ?? 'certificate.json')
  const localName = Buffer.from(text.localName ?? text.name ?? 'certificate.json')
  const [extra, localExtra] = [hex(text.extra), hex(text.localExtra ?? text.extra)]
  const sizes = text.descriptor ? [0, 0, 0] : [text.localCrc ?? said.crc, said.packed, text.localBytes ?? said.bytes]
  const head = (ofFlags: number, ofMethod: number, of: number[]) => [
    ...[u16(20), u16(ofFlags), u16(ofMethod), u32(0x21_0000), ...of.map(u32)],
  ]
  const local = [
    ...[u32(0x04034b50), ...head(text.localFlags ?? flags, text.localMethod ?? method, sizes)],
    ...[u16(localName.length), u16(localExtra.length), localName, localExtra, packed, ...descriptorOf(text, said)],
  ]
  const comment = Buffer.from(text.fileComment ?? '')
  const entry = [
    ...[u32(0x02014b50), u16(20), ...head(flags, method, [said.crc, said.packed, said.bytes])],
    ...[u16(name.length), u16(extra.length), u16(comment.length), u16(0), u16(0), u32(0), u32(text.offset ?? offset)],
    ...[name, extra, comment],
  ]
  return { local: Buffer.concat(local), entry: Buffer.concat(entry) }
}

function descriptorOf({ descriptor }: ArchiveText, said: { crc: number; packed: number; bytes: number }): Buffer[] {
  if (descriptor === undefined || descriptor === 'absent') return []
  const crc = descriptor === 'lying' ? 7 : said.crc
  return [...(descriptor === 'bare' ? [] : [u32(0x08074b50)]), u32(crc), u32(said.packed), u32(said.bytes)]
}

function packData(content: Buffer, how: ArchiveText['pack']): Buffer {
  const deflated = deflateRawSync(content)
  if (how === 'stored') return content
  if (how === 'zlib') return deflateSync(content)
  if (how === 'cut') return deflated.subarray(0, -1)
  return how === 'more' ? Buffer.concat([deflated, Buffer.of(7)]) : deflated
}

const hex = (text = ''): Buffer => Buffer.from(text, 'hex')
