import { decode, Tag } from 'cbor2'
import type { Plain } from './declared.ts'

const base45 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'

/** RFC 9285. @throws Error */
export function fromBase45(text: string): Buffer {
  const bytes: number[] = []
  for (let at = 0; at < text.length; at += 3) {
    const digits = [...text.slice(at, at + 3)].map((each) => base45.indexOf(each))
    const value = digits.reduce((sum, digit, place) => sum + digit * 45 ** place, 0)
    if (digits.length === 1 || digits.includes(-1) || value >= 256 ** (digits.length - 1)) throw new Error('base45')
    bytes.push(...(digits.length === 3 ? [value >> 8, value & 255] : [value]))
  }
  return Buffer.from(bytes)
}

/** RFC 4648, section 5: one text for one value. @throws Error */
export function fromBase64Url(text: unknown): Buffer {
  const bytes = Buffer.from(String(text), 'base64url')
  if (bytes.toString('base64url') !== String(text).replace(/=+$/, '')) throw new Error('base64url')
  return bytes
}

/** JSON in which no object has a member twice and every text is well-formed. @throws Error */
export function strictJson(text: string): Plain {
  const json: Plain = JSON.parse(text)
  const open: (Set<string> | undefined)[] = []
  let isName = false
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]/g)) {
    if (token === '{' || token === '[') open.push(token === '{' ? new Set() : undefined)
    if (token === '}' || token === ']') open.pop()
    const name = token.startsWith('"') ? String(JSON.parse(token)) : ''
    if (!name.isWellFormed() || (token.startsWith('"') && isName && open.at(-1)?.has(name))) throw new Error('JSON')
    if (token.startsWith('"') && isName) open.at(-1)?.add(name)
    isName = token === '{' || (token === ',' && open.at(-1) !== undefined)
  }
  return json
}

/** A CBOR map as its entries, so that no key is lost. */
export interface Entries {
  entries: [key: unknown, value: unknown][]
}

/** One CBOR item (RFC 8949): integers as bigint, floats as number, every tag kept. @throws Error */
export const fromCbor = (bytes: Uint8Array): unknown =>
  decode(bytes, {
    preferBigInt: true,
    ignoreGlobalTags: true,
    tags: new Map(),
    createObject: (pairs) => ({ entries: pairs.map(([key, value]) => [key, value]) }),
  })

/** Whether an item is a map. */
export const isEntries = (item: unknown): item is Entries => Object.keys(Object(item)).join() === 'entries'

/** Value of an integer key. */
export const entryOf = (item: unknown, key: bigint): unknown =>
  isEntries(item) ? item.entries.find(([each]) => each === key)?.[1] : undefined

/** The text that a map key would be in JSON. */
function keyText(key: unknown): string {
  if (key instanceof Tag) return keyText(key.contents)
  return key instanceof Uint8Array ? String(BigInt(`0x0${Buffer.from(key).toString('hex')}`)) : String(key)
}

/** CBOR as JSON; what that would hide (keys that coincide, tags, depth) becomes a fault. */
export function toPlain(item: unknown, faults: string[], depth = 0): Plain {
  if (depth > 32) faults.push('nested too deep')
  if (depth > 32 || item === null || item === undefined) return null
  if (typeof item === 'bigint') return Number(item)
  if (typeof item === 'number' || typeof item === 'string' || typeof item === 'boolean') return item
  if (Array.isArray(item)) return item.map((each) => toPlain(each, faults, depth + 1))
  if (item instanceof Tag) return taggedTime(item, faults)
  if (!isEntries(item)) return null
  const names = item.entries.map(([key]) => keyText(key))
  if (new Set(names).size < names.length) faults.push('map keys that coincide as text')
  if (item.entries.some(([key]) => key instanceof Tag)) faults.push('tagged map key')
  return Object.fromEntries(item.entries.map(([, value], at) => [names[at], toPlain(value, faults, depth + 1)]))
}

/** A time under tag 0 or 1 (RFC 8949, 3.4), null when it is none; no other tag may stand on data. */
function taggedTime({ tag, contents }: Tag, faults: string[]): Plain {
  if (Number(tag) === 0) return typeof contents === 'string' ? contents : null
  if (Number(tag) !== 1) faults.push(`tag ${tag} on data`)
  const milliseconds = typeof contents === 'object' ? Number.NaN : Number(contents) * 1000
  return Math.abs(milliseconds) < 8.64e15 ? new Date(milliseconds).toISOString() : null
}

/** A map in which only an integer key has an integer's name: the text "1" and the number 1.0 become `?1`. */
export function byInteger(item: unknown, replaced: [bigint, unknown][] = []): unknown {
  if (!isEntries(item)) return item
  const named = (key: unknown) => (typeof key === 'bigint' || /^[a-z]/i.test(String(key)) ? key : `?${key}`)
  const value = ([key, own]: [unknown, unknown]) => replaced.find(([each]) => each === key)?.[1] ?? own
  return { entries: item.entries.map((entry) => [named(entry[0]), value(entry)]) }
}

/** What stands at a path of members and positions; undefined when it is not there. */
export function at(value: Plain | undefined, ...path: (string | number)[]): Plain | undefined {
  const [name, ...rest] = path
  if (name === undefined) return value
  const isThere = typeof value === 'object' && value !== null && Object.hasOwn(value, name)
  return isThere ? at(Object(value)[name], ...rest) : undefined
}
