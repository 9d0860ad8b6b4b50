import assert from 'node:assert/strict'
import type { Json } from '../../../src/base/json-value.ts'
import { decodeBase45, encodeBase45 } from '../../../src/credentials/encoding/base45.ts'
import { type CborValue, decodeCbor } from '../../../src/credentials/encoding/cbor.ts'
import { canonicalJson, decodeBase64Url, parseStrictJson } from '../../../src/credentials/encoding/strict-json.ts'
import { walkSections } from '../../support/sections.ts'

interface TextCase {
  text: string
  /** Hex; null when the text is refused. */
  bytes: string | null
}

walkSections<TextCase>('base45.json', import.meta.url, ({ text, bytes }) => {
  assert.equal(decodeBase45(text)?.toString('hex') ?? null, bytes)
  if (bytes !== null) assert.equal(encodeBase45(Buffer.from(bytes, 'hex')), text)
})

walkSections<TextCase>('base64url.json', import.meta.url, ({ text, bytes }) => {
  assert.equal(decodeBase64Url(text)?.toString('hex') ?? null, bytes)
})

interface CborCase {
  hex: string
  refused?: true
  value?: Json
  bigint?: string
  bytes?: string
  map?: [Json, Json][]
  float?: number
  simple?: number
  tag?: [number, Json]
  nan?: true
  undefined?: true
  /** An array so deep, with 0 at the bottom. */
  deep?: number
}

function expected(each: CborCase): CborValue {
  if (each.bigint !== undefined) return BigInt(each.bigint)
  if (each.bytes !== undefined) return Buffer.from(each.bytes, 'hex')
  if (each.map) return new Map(each.map) as CborValue
  if (each.float !== undefined) return { float: each.float }
  if (each.simple !== undefined) return { simple: each.simple }
  if (each.tag) return { tag: each.tag[0], value: each.tag[1] as CborValue }
  if (each.nan) return Number.NaN
  if (each.undefined) return undefined
  if (each.deep !== undefined) return Array.from({ length: each.deep }).reduce<CborValue>((inner) => [inner], 0)
  return each.value as CborValue
}

walkSections<CborCase>('cbor.json', import.meta.url, (each) => {
  const decoded = decodeCbor(Buffer.from(each.hex, 'hex'), { depth: 32, items: 20_000 })
  if (each.refused) assert.equal(decoded, undefined)
  else assert.deepEqual(decoded, { value: expected(each) })
})

interface JsonCase {
  text: string
  refused?: true
  value?: Json
  deep?: number
  /** Null where there is no canonical form. */
  canonical?: string | null
}

walkSections<JsonCase>('json.json', import.meta.url, ({ text, refused, value, deep, canonical }) => {
  const read = parseStrictJson(text, 64)
  if (refused) return assert.equal(read, undefined)
  assert.ok(read !== undefined)
  if (canonical !== undefined) assert.equal(canonicalJson(read) ?? null, canonical)
  else if (deep !== undefined) assert.equal(JSON.stringify(read).length, 2 * deep)
  else assert.deepEqual(read, value)
})
