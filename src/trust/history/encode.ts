/**
 * Values of trust lists as JSON and back, exactly: whatever a key has, dates, certificates and public keys included. What has no such
 * form is refused, so that nothing is left out unseen when a key gains a member.
 */
import { createPublicKey, KeyObject, X509Certificate } from 'node:crypto'
import { hasExactNumbers } from '../../base/exact-number.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'

/** Marks what is no plain JSON: the kind stands under it. */
const MARK = '$'

/** Encodes a value; each certificate and public key stands once in it, however often it is named. @throws TypeError for what has no form */
export function encodeValue(value: unknown): JsonObject {
  const certificates = new Numbered((certificate: X509Certificate) => certificate.raw.toString('base64'))
  const keys = new Numbered((key: KeyObject) => key.export({ type: 'spki', format: 'der' }).toString('base64'))
  const encode = (each: unknown): Json => {
    if (each === null || typeof each === 'string' || typeof each === 'boolean') return each
    if (typeof each === 'number') return Number.isFinite(each) ? each : { [MARK]: 'number', text: String(each) }
    if (Array.isArray(each)) return each.map(encode)
    if (each instanceof Date) return { [MARK]: 'date', text: each.toISOString() }
    if (each instanceof X509Certificate) return { [MARK]: 'certificate', number: certificates.of(each) }
    if (each instanceof KeyObject && each.type === 'public') return { [MARK]: 'key', number: keys.of(each) }
    if (each instanceof Map) return { [MARK]: 'map', entries: [...each].map(encode) }
    if (each instanceof Set) return { [MARK]: 'set', items: [...each].map(encode) }
    if (typeof each === 'object' && isPlain(each)) return encodeMembers(each, encode)
    throw new TypeError(`${typeof each} has no form in the history of trust lists`)
  }
  const encoded = encode(value)
  return { certificates: certificates.texts, keys: keys.texts, value: encoded }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && !hasExactNumbers(value)
}

function encodeMembers(value: object, encode: (value: unknown) => Json): Json {
  const members = Object.entries(value).filter(([, each]) => each !== undefined)
  const entries = members.map(([name, each]): [string, Json] => [name, encode(each)])
  // Its own members may look like a mark.
  return Object.hasOwn(value, MARK) ? { [MARK]: 'object', entries } : Object.fromEntries(entries)
}

/** Objects by number, each told once. */
class Numbered<T extends object> {
  readonly texts: string[] = []
  readonly #numbers = new Map<string, number>()
  readonly #known = new Map<T, number>()
  readonly #textOf: (item: T) => string

  constructor(textOf: (item: T) => string) {
    this.#textOf = textOf
  }

  of(item: T): number {
    const known = this.#known.get(item)
    if (known !== undefined) return known
    const text = this.#textOf(item)
    const number = this.#numbers.get(text) ?? this.texts.push(text) - 1
    this.#numbers.set(text, number)
    this.#known.set(item, number)
    return number
  }
}

/** Decodes what {@link encodeValue} made. @throws Error for anything else */
export function decodeValue(encoded: Json): unknown {
  if (!isJsonObject(encoded)) throw unreadable()
  const certificates = textsOf(encoded.certificates).map((text) => new X509Certificate(Buffer.from(text, 'base64')))
  const keys = textsOf(encoded.keys).map((text) =>
    createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' }),
  )
  const decode = (each: Json | undefined): unknown => {
    if (Array.isArray(each)) return each.map(decode)
    if (!isJsonObject(each)) return each
    if (!Object.hasOwn(each, MARK))
      return Object.fromEntries(Object.entries(each).map(([name, member]) => [name, decode(member)]))
    const { text, number, entries, items } = each
    switch (each[MARK]) {
      case 'number':
        return Number(text)
      case 'date':
        return new Date(String(text))
      case 'certificate':
        return known(certificates[Number(number)])
      case 'key':
        return known(keys[Number(number)])
      case 'map':
        return new Map(pairsOf(decode(entries)))
      case 'set':
        return new Set(listOf(decode(items)))
      case 'object':
        return Object.fromEntries(pairsOf(decode(entries)).map(([name, member]) => [String(name), member]))
      default:
        throw unreadable()
    }
  }
  return decode(encoded.value)
}

const unreadable = () => new Error('it cannot be read')

function known<T>(value: T | undefined): T {
  if (value === undefined) throw unreadable()
  return value
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw unreadable()
  return value
}

const pairsOf = (value: unknown): [unknown, unknown][] =>
  listOf(value).map((each) => {
    const [name, member] = listOf(each)
    return [name, member]
  })

const textsOf = (value: Json | undefined): string[] =>
  listOf(value).map((each) => {
    if (typeof each !== 'string') throw unreadable()
    return each
  })
