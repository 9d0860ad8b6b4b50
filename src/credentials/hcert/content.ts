import { defineMember, isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { hasMisplacedEvents } from '../certificate-input.ts'
import type { Claim, Envelope, Opened } from '../credential-format.ts'
import type { CborMap, CborValue } from '../encoding/cbor.ts'
import { readCborJson } from '../encoding/cbor-json.ts'
import { claimedPeriod, claimKeys, registeredClaims } from './claims.ts'
import { dcc } from './dcc.ts'
import { testResult, vaccination } from './ddcc.ts'
import { dvc } from './dvc.ts'
import { flatForm, flatPeriod, readFlat } from './flat.ts'
import { link } from './link.ts'
import type { Subclaim } from './subclaim.ts'

/** Kinds of certificate in the order of precedence: the first that is present names the credential. A new kind is one file and one line here. */
export const subclaims: readonly Subclaim[] = [dcc, vaccination, testResult, link, dvc]

/**
 * Keys that WHO reserved for a kind of certificate of which it published no model (HCERT, hcert claim keys): nobody can say what
 * such a certificate certifies, so it is told by name and never read.
 */
const reserved = new Map<CborValue, string>([
  [2, 'the regional vaccination certificate of RACSEL (claim 2, domain RACSEL-DDVC), which is reserved and not read'],
])

const reservedIn = (hcert: CborMap) => [...reserved].find(([key]) => hcert.has(key))?.[1]

/** The kind that names the credential, when every known one has its form, seen before the signature; a text says what is wrong. */
export function certificateForm(claims: CborMap): { format: string } | string {
  if (!claims.has(claimKeys.hcert)) return flatForm(claims)
  const hcert = claims.get(claimKeys.hcert)
  if (!(hcert instanceof Map)) return 'claim -260 is not a map'
  const present = subclaims.filter(({ key }) => hcert.has(key))
  for (const { key, formFault } of present) {
    const fault = formFault(hcert.get(key))
    if (fault !== undefined) return fault
  }
  return present[0] ?? unknownKind(hcert)
}

/** When a certificate counts: by its claims, and by what its kinds state themselves; what ends first ends it. */
export function certificatePeriod(claims: CborMap): Envelope['period'] {
  const period = claimedPeriod(claims)
  if (!claims.has(claimKeys.hcert)) return narrowed(period, flatPeriod(claims))
  const hcert = claims.get(claimKeys.hcert)
  if (!(hcert instanceof Map)) return period
  for (const { key, period: own } of subclaims) if (own && hcert.has(key)) narrowed(period, own(hcert.get(key)))
  return period
}

function narrowed(period: Envelope['period'], { notBefore, expires }: Envelope['period']): Envelope['period'] {
  if (notBefore !== undefined) period.notBefore = stricter(period.notBefore, notBefore, Math.max)
  if (expires !== undefined) period.expires = stricter(period.expires, expires, Math.min)
  return period
}

/** One that cannot be read is the strictest. */
function stricter(one: Claim | undefined, other: Claim, choose: (one: number, other: number) => number): Claim {
  if (one === undefined) return other
  return one === 'not-a-number' || other === 'not-a-number' ? 'not-a-number' : choose(one, other)
}

function unknownKind(hcert: CborMap): string {
  const known = reservedIn(hcert)
  return known === undefined ? 'claim -260 holds no known kind of certificate' : `claim -260 holds ${known}`
}

/** Reads the content of a verified HCERT out of its claims; a text says why it is none. */
export function openClaims(claims: CborMap): Opened | string {
  const fault = claimNamesFault(claims)
  if (fault !== undefined) return fault
  const hcert = claims.get(claimKeys.hcert)
  if (hcert === undefined) return openFlat(claims)
  return openHcert(claims, hcert instanceof Map ? hcert : new Map())
}

function claimNamesFault(claims: CborMap): string | undefined {
  let hasTexts = false
  for (const name of claims.keys()) {
    if (typeof name === 'string') hasTexts = true
    else if (typeof name !== 'number') return 'a claim is named by neither integer nor text'
  }
  // Those of one type differ already.
  if (!hasTexts) return undefined
  const names = new Set([...claims.keys()].map(String))
  return names.size < claims.size ? 'two claims have names that are the same as text' : undefined
}

function openFlat(claims: CborMap): Opened | string {
  const read = readObject(claims)
  if (typeof read === 'string') return read
  const opened = readFlat(read.json)
  return typeof opened === 'string' ? opened : { ...opened, remarks: [...read.remarks, ...opened.remarks] }
}

const knownClaims = new Set<unknown>(Object.values(claimKeys))

function openHcert(claims: CborMap, hcert: CborMap): Opened | string {
  const read = readObject(hcert)
  if (typeof read === 'string') return read
  const found = readSubclaims(hcert, read.json)
  if (typeof found === 'string') return found
  const content = registeredClaims(claims)
  const certificate: JsonObject = {}
  for (const { key, opened } of found) defineMember(certificate, key, opened.content)
  defineMember(content, String(claimKeys.hcert), certificate)
  const unknown: string[] = []
  for (const name of claims.keys()) if (!knownClaims.has(name)) unknown.push(String(name))
  if (hasMisplacedEvents(unknown, [])) return 'events stand beside the hcert claim (-260)'
  const opened = merged(found.map((each) => each.opened))
  const remarks = [...read.remarks, ...opened.remarks]
  if (unknown.length > 0) remarks.push('claims that are not known to this server')
  if (hcert.size === found.length) return { ...opened, content, remarks }
  const other = reservedIn(hcert)
  const text = `The certificate holds a kind of certificate beside the known one that this server does not read${other === undefined ? '' : `: ${other}`}`
  const remark = other === undefined ? 'an unknown kind of certificate stands' : `${other}, stands`
  return {
    ...opened,
    content,
    remarks: [...remarks, `${remark} beside the known one`],
    obstacles: [...opened.obstacles, { text, blocks: true }],
  }
}

/** Every known kind is read, by key, in the order of precedence. A key that is the text of a number names none: nobody signs it so. */
function readSubclaims(hcert: CborMap, json: JsonObject): { key: string; opened: Opened }[] | string {
  const found: { key: string; opened: Opened }[] = []
  for (const { key, read } of subclaims) {
    const value = hcert.has(key) ? json[String(key)] : undefined
    if (value === undefined) continue
    const opened = read(value)
    if (typeof opened === 'string') return opened
    found.push({ key: String(key), opened })
  }
  return found.length > 0 ? found : unknownKind(hcert)
}

function merged(all: Opened[]): Omit<Opened, 'content'> {
  const [only] = all
  // Nearly all hold one kind.
  if (only && all.length === 1) return only
  const opened = {
    formats: all.flatMap(({ formats }) => formats),
    events: [...new Set(all.flatMap(({ events }) => events))],
    remarks: all.flatMap(({ remarks }) => remarks),
    obstacles: all.flatMap(({ obstacles }) => obstacles),
    certificateIds: all.flatMap(({ certificateIds }) => certificateIds),
    links: all.flatMap(({ links = [] }) => links),
  }
  if (!all.some(({ formatsUnder }) => formatsUnder)) return opened
  return {
    ...opened,
    formatsUnder: (domain) => all.flatMap((each) => each.formatsUnder?.(domain) ?? each.formats),
  }
}

function readObject(map: CborMap): { json: JsonObject; remarks: string[] } | string {
  const read = readCborJson(map)
  if (typeof read === 'string') return `the certificate holds ${read}`
  return isJsonObject(read.json) ? { json: read.json, remarks: read.remarks } : 'the certificate is not a map'
}
