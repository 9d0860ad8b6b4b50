/** A CBOR item and where it stands, for people; the items of its list, map or tag stand in it, keys and values of a map in turn. */
export interface CborPlace {
  offset: number
  length: number
  /** Major type (RFC 8949, 3.1). */
  major: number
  /** Argument of its head: a length, a tag, a number; undefined for indefinite lengths. */
  argument: number | bigint | undefined
  items: CborPlace[]
}

/** Places of the items of well-formed bytes, which `cborFault` has let pass. @throws RangeError for others */
export function cborPlaces(bytes: Buffer): CborPlace {
  return readPlace(bytes, 0)
}

function readPlace(bytes: Buffer, offset: number): CborPlace {
  const initial = bytes.readUInt8(offset)
  const major = initial >> 5
  const info = initial & 31
  const { argument, next } = readArgument(bytes, offset + 1, info)
  const place: CborPlace = { offset, length: next - offset, major, argument, items: [] }
  if (major === 0 || major === 1 || major === 7) return place
  if ((major === 2 || major === 3) && argument !== undefined)
    return { ...place, length: place.length + Number(argument) }
  const count =
    major === 6 ? 1 : argument === undefined ? Number.POSITIVE_INFINITY : Number(argument) * (major === 5 ? 2 : 1)
  let at = next
  // 255 ends what has no length.
  while (place.items.length < count && !(argument === undefined && bytes.readUInt8(at) === 0xff)) {
    const item = readPlace(bytes, at)
    place.items.push(item)
    at += item.length
  }
  return { ...place, length: at + (argument === undefined ? 1 : 0) - offset }
}

function readArgument(
  bytes: Buffer,
  at: number,
  info: number,
): { argument: number | bigint | undefined; next: number } {
  if (info < 24) return { argument: info, next: at }
  if (info === 24) return { argument: bytes.readUInt8(at), next: at + 1 }
  if (info === 25) return { argument: bytes.readUInt16BE(at), next: at + 2 }
  if (info === 26) return { argument: bytes.readUInt32BE(at), next: at + 4 }
  if (info === 27) return { argument: bytes.readBigUInt64BE(at), next: at + 8 }
  return { argument: undefined, next: at }
}

/** The bytes of an item's own head, before what stands in it. */
export const headLength = ({ offset, items, length, major, argument }: CborPlace): number => {
  const [first] = items
  if (first) return first.offset - offset
  return (major === 2 || major === 3) && argument !== undefined ? length - Number(argument) : length
}
