import type { CborValue } from '../credentials/encoding/cbor.ts'

/** What {@link encodeCbor} takes: CBOR items, and plain objects as maps with text keys. */
export type CborInput = CborValue | CborInput[] | Map<CborInput, CborInput> | { [member: string]: CborInput }

/** Encodes an item in CBOR (RFC 8949), lengths definite and shortest, map entries in the order given. */
export function encodeCbor(item: CborInput): Buffer {
  if (item === null) return Buffer.from([0xf6])
  if (item === undefined) return Buffer.from([0xf7])
  if (typeof item === 'boolean') return Buffer.from([item ? 0xf5 : 0xf4])
  if (typeof item === 'bigint') return integer(item)
  if (typeof item === 'number') return Number.isSafeInteger(item) && !Object.is(item, -0) ? integer(item) : float(item)
  if (typeof item === 'string') return string(3, Buffer.from(item, 'utf8'))
  if (item instanceof Uint8Array) return string(2, item)
  if (Array.isArray(item)) return Buffer.concat([head(4, item.length), ...item.map(encodeCbor)])
  if (item instanceof Map) return map([...item])
  if (isTagged(item)) return Buffer.concat([head(6, item.tag), encodeCbor(item.value)])
  if (isWholeFloat(item)) return float(item.float)
  if (isSimple(item)) return item.simple < 24 ? head(7, item.simple) : Buffer.from([0xf8, item.simple])
  return map(Object.entries(item))
}

function isTagged(item: object): item is { tag: number | bigint; value: CborInput } {
  return Object.keys(item).join() === 'tag,value' && 'tag' in item && ['number', 'bigint'].includes(typeof item.tag)
}

function isWholeFloat(item: object): item is { float: number } {
  return Object.keys(item).join() === 'float' && 'float' in item && typeof item.float === 'number'
}

function isSimple(item: object): item is { simple: number } {
  return Object.keys(item).join() === 'simple' && 'simple' in item && typeof item.simple === 'number'
}

function map(entries: [CborInput, CborInput][]): Buffer {
  return Buffer.concat([head(5, entries.length), ...entries.flatMap((entry) => entry.map(encodeCbor))])
}

const string = (major: number, bytes: Uint8Array): Buffer => Buffer.concat([head(major, bytes.length), bytes])

function integer(value: number | bigint): Buffer {
  const wide = BigInt(value)
  const magnitude = wide < 0n ? -1n - wide : wide
  if (magnitude < 1n << 64n) return head(wide < 0n ? 1 : 0, magnitude)
  const hex = magnitude.toString(16)
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex')
  return Buffer.concat([head(6, wide < 0n ? 3 : 2), string(2, bytes)])
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(9, 0xfb)
  bytes.writeDoubleBE(value, 1)
  return bytes
}

/** Head of an item: major type and argument in its shortest form (RFC 8949, section 3). */
function head(major: number, argument: number | bigint): Buffer {
  const type = major << 5
  if (argument < 24) return Buffer.from([type | Number(argument)])
  if (argument < 0x100) return Buffer.from([type | 24, Number(argument)])
  const size = argument < 0x10000 ? 2 : argument < 0x100000000 ? 4 : 8
  const bytes = Buffer.alloc(1 + size, type | (size === 2 ? 25 : size === 4 ? 26 : 27))
  if (size === 2) bytes.writeUInt16BE(Number(argument), 1)
  else if (size === 4) bytes.writeUInt32BE(Number(argument), 1)
  else bytes.writeBigUInt64BE(BigInt(argument), 1)
  return bytes
}
