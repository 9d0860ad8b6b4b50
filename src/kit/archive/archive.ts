/**
 * A kit as a file: a tar archive, gzipped (RFC 1952), which any software unpacks. Each entry is packed by itself, so that one is read
 * without the others, and what did not change is the same bytes in the next kit. Where the manifest stands is told by an extra field of
 * the gzip header.
 */
import { crc32 } from 'node:zlib'
import { KitError } from '../kit-error.ts'
import { byName, type KitManifest, kitLimits, manifestName, readManifest, signatureName } from '../manifest.ts'
import { endMark, packEntry, packedEnd, tarEntry, unpackEntry } from './entry.ts'

/** Gzip: deflate, with an extra field, of no time, of no system. */
const magic = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 12, 0, 0x56, 0x4b, 8, 0])
const headBytes = magic.length + 8
const tailBytes = 8
/** A message with a chain of certificates is some kilobytes. */
const mostSignatureBytes = 256 * 1024

/** A packed entry, and what it unpacks to as far as the checksum of the archive needs it. */
export interface Piece {
  name: string
  packed: Uint8Array
  /** The entry as tar has it. */
  entry(): Uint8Array
}

/** A file as an entry. */
export function pieceOf(name: string, content: Uint8Array): Piece {
  return { name, packed: packEntry(name, content), entry: () => tarEntry(name, content) }
}

/** The archive, part by part: pieces by name, the signature last. */
export function* archiveParts(pieces: readonly Piece[], first: string): Generator<Uint8Array> {
  const sorted = [...pieces].sort((a, b) => orderOf(a.name) - orderOf(b.name) || byName(a.name, b.name))
  let offset = headBytes
  const head = Buffer.alloc(headBytes)
  magic.copy(head)
  for (const { name, packed } of sorted) {
    if (name === first) {
      head.writeUInt32LE(offset, magic.length)
      head.writeUInt32LE(packed.length, magic.length + 4)
    }
    offset += packed.length
  }
  yield head
  let sum = 0
  let size = 0
  for (const each of sorted) {
    const entry = each.entry()
    sum = crc32(entry, sum)
    size += entry.length
    yield each.packed
  }
  yield packedEnd
  const tail = Buffer.alloc(tailBytes)
  tail.writeUInt32LE(crc32(endMark, sum), 0)
  tail.writeUInt32LE((size + endMark.length) >>> 0, 4)
  yield tail
}

const orderOf = (name: string): number => (name === signatureName ? 1 : 0)

/** Where the first file of an archive stands, which tells of the others. */
export interface OpenedArchive {
  bytes: Uint8Array
  /** Place of that file. */
  offset: number
  packed: number
}

/**
 * Looks at the ends of an archive.
 * @throws KitError when it is none, or is cut off
 */
export function openArchive(bytes: Uint8Array): OpenedArchive {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, headBytes))
  if (!head.subarray(0, magic.length).equals(magic.subarray(0, head.length)) || head.length === 0)
    throw new KitError('form', 'this is no kit: it does not begin as one does')
  if (bytes.length < headBytes + packedEnd.length + tailBytes) throw new KitError('cut', 'the kit is cut off')
  const offset = head.readUInt32LE(magic.length)
  const packed = head.readUInt32LE(magic.length + 4)
  if (offset < headBytes || packed === 0) throw new KitError('form', 'this is no kit: it names no place of a manifest')
  if (offset + packed > bytes.length) throw new KitError('cut', 'the kit is cut off')
  return { bytes, offset, packed }
}

/** The first file of an archive. @throws KitError */
export const firstFile = ({ bytes, offset, packed }: OpenedArchive, name: string): Buffer =>
  unpackEntry(bytes.subarray(offset, offset + packed), { name, mostBytes: kitLimits.manifestBytes })

/** A place in an archive. */
export interface Place {
  offset: number
  packed: number
}

/** Places of the files that a manifest, or a list of changes, names; `own` is the file that names them. @throws KitError when the archive is longer or shorter */
export function placesOf(
  files: readonly { file: string; packed: number }[],
  archive: OpenedArchive,
  own: string,
): { places: Map<string, Place>; signature: Place } {
  const places = new Map<string, Place>()
  let offset = headBytes
  for (const each of [...files, { file: own, packed: archive.packed }].sort((a, b) => byName(a.file, b.file))) {
    places.set(each.file, { offset, packed: each.packed })
    offset += each.packed
  }
  if (places.get(own)?.offset !== archive.offset)
    throw new KitError('form', 'the manifest does not stand where the kit says that it does')
  const end = archive.bytes.length - tailBytes - packedEnd.length
  if (end <= offset) throw new KitError('cut', `the kit is cut off: ${offset - end + 1} bytes or more are missing`)
  if (end - offset > mostSignatureBytes)
    throw new KitError('form', 'something stands in the kit that its manifest does not name')
  return { places, signature: { offset, packed: end - offset } }
}

/** A kit of which the manifest was read. */
export interface KitArchive {
  /** Bytes of the manifest: what is signed. */
  manifestBytes: Buffer
  manifest: KitManifest
  /** The compact JWS. */
  signature: string
  /** The packed entry of a file; undefined when the kit has none of that name. */
  packed(file: string): Uint8Array | undefined
  /** Content of a file, with the size that the manifest says; its hash is not looked at. @throws KitError */
  read(file: string): Buffer | undefined
}

/**
 * Reads the manifest of a kit and finds its signature. Nothing is proved.
 * @throws KitError
 */
export function readKit(bytes: Uint8Array): KitArchive {
  const archive = openArchive(bytes)
  const own = firstFile(archive, manifestName)
  const manifest = readManifest(own)
  const { places, signature } = placesOf(manifest.files, archive, manifestName)
  const sizes = new Map(manifest.files.map(({ file, bytes: size }) => [file, size]))
  const packed = (file: string) => {
    const place = places.get(file)
    return place && bytes.subarray(place.offset, place.offset + place.packed)
  }
  return {
    manifestBytes: own,
    manifest,
    signature: signatureAt(bytes, signature),
    packed,
    read(file) {
      const piece = packed(file)
      const size = sizes.get(file)
      return piece && size !== undefined ? unpackEntry(piece, { name: file, size, mostBytes: size }) : undefined
    },
  }
}

/** The signature that stands at a place. @throws KitError */
export function signatureAt(bytes: Uint8Array, { offset, packed }: Place): string {
  const content = unpackEntry(bytes.subarray(offset, offset + packed), {
    name: signatureName,
    mostBytes: mostSignatureBytes,
  })
  return content.toString('latin1')
}
