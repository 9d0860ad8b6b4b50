/**
 * A document before it is written, as a forger wants it: members may repeat, keys be of any type, values have any
 * encoding. It is written as CBOR or as JSON.
 */
export type Tree = null | undefined | boolean | number | bigint | string | Uint8Array | Tree[] | Fields | Special

/** A map or an object. */
export interface Fields {
  fields: [key: Tree, value: Tree][]
}

/** What the plain values cannot say. */
type Special =
  /** Bytes of an item as they are. */
  | { cbor: Uint8Array }
  /** Text of a value as it is. */
  | { json: string }
  | { tag: number; item: Tree }
  /** Of indefinite length: a list, a map, a text in two pieces. */
  | { indefinite: Tree }
  /** An integer in eight bytes. */
  | { wide: number }
  /** In 2, 4 or 8 bytes. */
  | { float: number; bytes: 2 | 4 | 8 }

/** A plain JSON value as a tree that can be changed. */
export function tree(value: unknown): Tree {
  if (Array.isArray(value)) return value.map(tree)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value as Tree
  return { fields: Object.entries(value).map(([key, each]) => [key, tree(each)]) }
}

const isObject = (node: Tree): node is Fields | Special =>
  typeof node === 'object' && node !== null && !Array.isArray(node) && !(node instanceof Uint8Array)

/** Whether a node is a map or an object. */
export const isFields = (node: Tree): node is Fields => isObject(node) && 'fields' in node

type Key = string | number | bigint

/** The node at a path; undefined when it is not there. */
export function get(node: Tree, ...path: Key[]): Tree {
  const [key, ...rest] = path
  if (key === undefined) return node
  if (Array.isArray(node)) return get(node[Number(key)], ...rest)
  return isFields(node) ? get(node.fields.find(([each]) => each === key)?.[1], ...rest) : undefined
}

/** Sets what stands at a path whose parent exists; a new member comes last. Elsewhere nothing is done. */
export function set(node: Tree, path: Key[], value: Tree): void {
  const parent = get(node, ...path.slice(0, -1))
  const key = path.at(-1)
  if (key === undefined) return
  if (Array.isArray(parent)) parent[Number(key)] = value
  if (!isFields(parent)) return
  const known = parent.fields.find(([each]) => each === key)
  if (known) known[1] = value
  else parent.fields.push([key, value])
}

/** Adds a member, also one that is there already. */
export function add(node: Tree, key: Tree, value: Tree): void {
  if (isFields(node)) node.fields.push([key, value])
}

/** Removes every member of that name. */
export function drop(node: Tree, key: Key): void {
  if (isFields(node)) node.fields = node.fields.filter(([each]) => each !== key)
}

/** Gives a member another key. */
export function rename(node: Tree, key: Key, other: Tree): void {
  if (isFields(node)) node.fields = node.fields.map(([each, value]) => [each === key ? other : each, value])
}

/** A copy that shares nothing. */
export const copy = <T extends Tree>(node: T): T => structuredClone(node)

// ---------- CBOR (RFC 8949) ----------

/** Writes a tree as CBOR; a number that is an integer becomes one. */
export function writeCbor(node: Tree): Buffer {
  if (node === null || node === undefined) return Buffer.of(node === null ? 0xf6 : 0xf7)
  if (typeof node === 'boolean') return Buffer.of(node ? 0xf5 : 0xf4)
  if (typeof node === 'bigint' || (typeof node === 'number' && Number.isSafeInteger(node))) return integer(BigInt(node))
  if (typeof node === 'number') return float(node, 8)
  if (typeof node === 'string') return Buffer.concat([head(3, Buffer.byteLength(node)), Buffer.from(node)])
  if (node instanceof Uint8Array) return Buffer.concat([head(2, node.length), node])
  // Two twists together can leave a hole in a list.
  if (Array.isArray(node)) return Buffer.concat([head(4, node.length), ...Array.from(node, writeCbor)])
  if ('fields' in node) return Buffer.concat([head(5, node.fields.length), ...node.fields.flat().map(writeCbor)])
  return writeSpecial(node)
}

function writeSpecial(node: Special): Buffer {
  if ('cbor' in node) return Buffer.from(node.cbor)
  if ('tag' in node) return Buffer.concat([head(6, node.tag), writeCbor(node.item)])
  if ('wide' in node) return Buffer.concat([Buffer.of(0x1b), bytes8(BigInt(node.wide))])
  if ('float' in node) return float(node.float, node.bytes)
  if ('json' in node) throw new TypeError('JSON text in CBOR')
  const { indefinite } = node
  const end = Buffer.of(0xff)
  if (typeof indefinite === 'string') {
    const pieces = [indefinite.slice(0, 1), indefinite.slice(1)].map(writeCbor)
    return Buffer.concat([Buffer.of(0x7f), ...pieces, end])
  }
  const items = Array.isArray(indefinite) ? indefinite : isFields(indefinite) ? indefinite.fields.flat() : []
  return Buffer.concat([Buffer.of(Array.isArray(indefinite) ? 0x9f : 0xbf), ...Array.from(items, writeCbor), end])
}

function integer(value: bigint): Buffer {
  const magnitude = value < 0n ? -1n - value : value
  return head(value < 0n ? 1 : 0, magnitude)
}

function head(major: number, argument: number | bigint): Buffer {
  const value = BigInt(argument)
  const type = major << 5
  if (value < 24n) return Buffer.of(type | Number(value))
  const all = bytes8(value)
  const size = value < 0x100n ? 1 : value < 0x10000n ? 2 : value < 0x100000000n ? 4 : 8
  return Buffer.concat([Buffer.of(type | (24 + Math.log2(size))), all.subarray(8 - size)])
}

function bytes8(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt.asUintN(64, value))
  return bytes
}

function float(value: number, size: 2 | 4 | 8): Buffer {
  const bytes = Buffer.alloc(size)
  if (size === 8) bytes.writeDoubleBE(value)
  else if (size === 4) bytes.writeFloatBE(value)
  else bytes.writeUInt16BE(half(value))
  return Buffer.concat([Buffer.of(size === 8 ? 0xfb : size === 4 ? 0xfa : 0xf9), bytes])
}

/** Half precision of the numbers that the tests write so. */
function half(value: number): number {
  if (Number.isNaN(value)) return 0x7e00
  if (!Number.isFinite(value)) return value > 0 ? 0x7c00 : 0xfc00
  const exponent = Math.floor(Math.log2(value))
  return ((exponent + 15) << 10) | Math.round((value / 2 ** exponent - 1) * 1024)
}

// ---------- JSON (RFC 8259) ----------

/** Writes a tree as JSON; members in their order, repeated ones repeated. */
export function writeJson(node: Tree): string {
  if (Array.isArray(node)) return `[${Array.from(node, writeJson).join()}]`
  if (isFields(node)) return `{${node.fields.map((field) => member(field)).join()}}`
  if (isObject(node) && 'json' in node) return node.json
  if (isObject(node) && 'float' in node) return String(node.float)
  if (typeof node === 'bigint') return String(node)
  if (isObject(node) || node instanceof Uint8Array) throw new TypeError('has no JSON')
  return JSON.stringify(node ?? null)
}

function member([key, value]: [Tree, Tree]): string {
  return `${isObject(key) && 'json' in key ? key.json : JSON.stringify(String(key))}:${writeJson(value)}`
}
