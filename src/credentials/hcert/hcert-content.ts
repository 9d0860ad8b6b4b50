import { isJsonObject } from '../../base/json-object.ts'
import type { JsonObject } from '../../base/json-value.ts'
import type { Opened } from '../credential-format.ts'
import type { CborMap } from '../encoding/cbor.ts'
import { type JsonReading, readCborJson } from '../encoding/cbor-json.ts'
import { defineMember } from '../encoding/define-member.ts'
import { plainText } from '../encoding/plain-text.ts'
import { claimKeys, timeClaim } from './claim-set.ts'
import { readFlat } from './flat.ts'
import { hasMisplacedEvents } from './members.ts'
import type { SubclaimContent } from './subclaim-content.ts'
import { subclaims } from './subclaims.ts'

/** Registered claims that are handed on beside the certificate (RFC 8392, 3.1). Claim 7 is a byte string. */
const textClaims = [claimKeys.iss, claimKeys.sub, claimKeys.aud] as const
const timeClaims = [claimKeys.exp, claimKeys.nbf, claimKeys.iat] as const
const known = new Set<unknown>([...Object.values(claimKeys)])

/** Reads the content of a verified HCERT out of its claims; a text says why it is none. */
export function openClaims(claims: CborMap): Opened | string {
  const hcert = claims.get(claimKeys.hcert)
  const names = [...claims.keys()]
  if (names.some((name) => typeof name !== 'number' && typeof name !== 'string'))
    return 'a claim is named by neither integer nor text'
  if (new Set(names.map(String)).size < names.length) return 'two claims have names that are the same as text'
  return hcert === undefined ? openFlat(claims) : openHcert(claims, hcert instanceof Map ? hcert : new Map())
}

function openFlat(claims: CborMap): Opened | string {
  const read = cleanJson(readCborJson(claims))
  if (typeof read === 'string') return read
  const found = readFlat(read.json)
  if (typeof found === 'string') return found
  return { ...common([found]), remarks: [...read.remarks, ...found.remarks], content: found.value }
}

function openHcert(claims: CborMap, hcert: CborMap): Opened | string {
  const read = cleanJson(readCborJson(hcert))
  if (typeof read === 'string') return read
  const found = readSubclaims(read.json)
  if (typeof found === 'string') return found
  const content = registeredClaims(claims)
  const certificate: JsonObject = {}
  for (const { key, content: each } of found.read)
    defineMember(certificate, String(key), each.format === 'hcert-link' ? (read.json[String(key)] ?? null) : each.value)
  defineMember(content, String(claimKeys.hcert), certificate)
  const unknown = [...claims.keys()].filter((name) => !known.has(name))
  if (hasMisplacedEvents(unknown.map(String), [])) return 'events stand beside the hcert claim (-260)'
  const remarks = [...read.remarks, ...found.read.flatMap(({ content: each }) => each.remarks)]
  if (unknown.length > 0) remarks.push('claims that are not known to this server')
  const all = common(found.read.map(({ content: each }) => each))
  if (!found.hasUnknown) return { ...all, content, remarks }
  const text = 'The certificate holds a kind of certificate beside the known one that this server does not read'
  return {
    ...all,
    content,
    remarks: [...remarks, 'an unknown kind of certificate stands beside the known one'],
    obstacles: [...all.obstacles, { text, blocks: true }],
  }
}

interface Subclaims {
  read: { key: number; content: SubclaimContent }[]
  hasUnknown: boolean
}

/** Every known kind is read, in the order of precedence; the first names the credential. */
function readSubclaims(hcert: JsonObject): Subclaims | string {
  const found: Subclaims = { read: [], hasUnknown: false }
  for (const { key, read } of subclaims) {
    const value = hcert[String(key)]
    if (value === undefined) continue
    const content = read(value)
    if (typeof content === 'string') return content
    found.read.push({ key, content })
  }
  found.hasUnknown = Object.keys(hcert).length > found.read.length
  return found.read.length > 0 ? found : 'claim -260 holds no known kind of certificate'
}

function common(found: SubclaimContent[]): Omit<Opened, 'content' | 'remarks'> {
  const opened = {
    formats: found.map(({ format }) => format),
    events: [...new Set(found.flatMap(({ events }) => events))],
    obstacles: found.flatMap(({ obstacles = [] }) => obstacles),
    certificateIds: found.flatMap(({ certificateIds }) => certificateIds),
  }
  if (!found.some(({ formatUnder }) => formatUnder)) return opened
  return {
    ...opened,
    formatsUnder: (domain) => found.map(({ format, formatUnder }) => formatUnder?.(domain) ?? format),
  }
}

/** Claims with text keys, times as seconds (credentials.md, section 8). */
function registeredClaims(claims: CborMap): JsonObject {
  const json: JsonObject = {}
  for (const key of textClaims) {
    const value = claims.get(key)
    const text = typeof value === 'string' ? plainText(value) : null
    if (text !== null) defineMember(json, String(key), text)
  }
  for (const key of timeClaims) {
    const time = claims.has(key) ? timeClaim(claims.get(key)) : 'not-a-number'
    if (time !== 'not-a-number') defineMember(json, String(key), time)
  }
  const id = claims.get(claimKeys.cti)
  if (id instanceof Uint8Array) defineMember(json, String(claimKeys.cti), Buffer.from(id).toString('base64'))
  return json
}

function cleanJson(read: JsonReading): { json: JsonObject; remarks: string[] } | string {
  if (read.fault !== undefined) return `the certificate holds ${read.fault}`
  return isJsonObject(read.json) ? { json: read.json, remarks: read.remarks } : 'the certificate is not a map'
}
