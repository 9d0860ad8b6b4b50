/** Why one key counts or does not: every list that holds it, in use, left out, waiting, or only shown as evidence. */

import type { X509Certificate } from 'node:crypto'
import { sha256Hex } from '../base/crypto/sha256.ts'
import { isJsonObject } from '../base/json.ts'
import type { Json } from '../base/json-value.ts'
import { isSignedBy } from './keys/chain.ts'
import type { KeyIndex } from './keys/key-index.ts'
import { normalKeyId } from './keys/objections.ts'
import {
  derivedKeyId,
  isExpired,
  type KeyStatus,
  keyAlgorithm,
  readCertificate,
  type TrustedKey,
} from './keys/trusted-key.ts'
import { wrappedKeyIds } from './keys/wrapped-keys.ts'
import { type DidDocumentKind, didDocumentKind } from './lists/did-document.ts'
import { parseJson } from './lists/did-source.ts'
import { type TrustReaders, UnusableSource } from './lists/trust-source.ts'
import type { Trust, TrustListStatus } from './trust.ts'
import type { SourceState } from './upkeep/source-state.ts'

/** What is said of one key id. */
export interface KeyExplanation {
  kid: string
  at: string
  /** Whether at least one entry counts now. */
  counts: boolean
  /** In one sentence. */
  verdict: string
  entries: KeyEntry[]
  /** Lists that are no proof of anything and hold the key id. */
  evidence: KeyEvidence[]
  /** Lists that cannot be read, and may hold it. */
  unread: { list: string; why: string }[]
}

/** One entry of one list. */
export interface KeyEntry {
  list: string
  kind: string
  listState: TrustListStatus['state']
  kid: string
  participant: string
  issuer?: string
  domain: string
  usage: string
  thumbprint: string
  /** Other gateways that a federated entry comes from. */
  sourceGateways?: string[]
  algorithm: string
  validFrom?: string
  validTo?: string
  expired: boolean
  /** The worst that any list says. */
  status: KeyStatus
  /** The only frameworks that a certificate serves which wraps a raw key. */
  frameworks?: string[]
  chain: { state: 'verified' | 'not-verified' | 'no-authority' | 'authority' | 'not-checked'; authority?: string }
  counts: boolean
  /** Why not, or what is to be said although it does. */
  why: string[]
}

/** A list that was not verified, or that never can be. */
interface KeyEvidence {
  /** File, or name of the source that is refused. */
  list: string
  kind: DidDocumentKind | 'unknown'
  entries: number
  text: string
}

/** What is explained by. */
export interface ExplainOptions {
  at: Date
  readers: Pick<TrustReaders, 'readFile'>
  /** Files of lists that are searched and not believed. */
  evidence?: readonly string[]
}

/** Explains a key id (in any spelling of base64, or of a framework) or a thumbprint in hex. Rejects when a file of evidence cannot be read. */
export async function explainKey(trust: Trust, kid: string, options: ExplainOptions): Promise<KeyExplanation> {
  const { at } = options
  const index = trust.keys()
  const status = new Map(trust.status().map((each) => [each.name, each]))
  const states = trust.sources()
  const entries = states.flatMap((state) =>
    entriesOf(state, kid).map((found) =>
      entryLine(found, { state, states, index, at, status: status.get(state.source.name) }),
    ),
  )
  const evidence = await evidenceFor(kid, states, options)
  const unread = states.flatMap(({ source, content, failure }) =>
    content ? [] : [{ list: source.name, why: failure ?? 'it was not read yet' }],
  )
  const counts = entries.some((entry) => entry.counts)
  const told = { kid, at: at.toISOString(), counts, entries, evidence, unread }
  return { ...told, verdict: verdictOf(told, index) }
}

interface FoundEntry {
  key: TrustedKey
  /** Why its own list leaves it out. */
  reason?: string
  isWaiting?: boolean
}

function entriesOf({ content, waiting }: SourceState, kid: string): FoundEntry[] {
  const found: FoundEntry[] = [
    ...(content?.keys ?? []).map((key) => ({ key })),
    ...(content?.leftOut ?? []).flatMap(({ key, reason }) => (key ? [{ key, reason }] : [])),
    ...(waiting?.content.keys ?? []).map((key) => ({ key, isWaiting: true })),
  ]
  return found.filter(({ key }) => isNamed(key, kid))
}

function isNamed(key: TrustedKey, kid: string): boolean {
  if (/^[0-9a-f]{64}$/i.test(kid)) return [key.thumbprint, key.publicKeyThumbprint].includes(kid.toLowerCase())
  const names = [key.keyId, ...key.otherKeyIds, ...[...(wrappedKeyIds(key)?.values() ?? [])].flat()]
  return names.some((name) => normalKeyId(name) === normalKeyId(kid))
}

interface Surroundings {
  state: SourceState
  states: readonly SourceState[]
  index: KeyIndex
  at: Date
  status: TrustListStatus | undefined
}

function entryLine({ key, reason, isWaiting = false }: FoundEntry, around: Surroundings): KeyEntry {
  const { state, index, at, status } = around
  const { name, kind } = state.source
  const listed = index.keys.find((each) => isSame(each, key))
  const worst = listed?.status ?? index.leftOut.find((each) => isSame(each.key, key))?.key.status ?? key.status
  const { validFrom, validTo } = listed ?? key
  const wrapped = wrappedKeyIds(key)
  const against = [
    ...(isWaiting ? ['it stands in a newer list that waits to be accepted'] : []),
    ...objections(key, reason, around),
    ...(worst === 'current' ? [] : [`a list says that it is ${worst}`]),
    ...(validTo && validTo < at ? [`it expired on ${validTo.toISOString()}`] : []),
    ...(validFrom && validFrom > at ? [`it is valid only from ${validFrom.toISOString()}`] : []),
  ]
  const counts = against.length === 0 && listed !== undefined
  return {
    list: name,
    kind,
    listState: status?.state ?? 'absent',
    kid: key.keyId,
    participant: key.participant,
    ...(key.issuer === undefined ? {} : { issuer: key.issuer }),
    domain: key.domain,
    usage: key.usage,
    thumbprint: key.thumbprint,
    ...(key.sourceGateways ? { sourceGateways: key.sourceGateways } : {}),
    algorithm: keyAlgorithm(key.publicKey),
    ...(validFrom ? { validFrom: validFrom.toISOString() } : {}),
    ...(validTo ? { validTo: validTo.toISOString() } : {}),
    expired: isExpired(listed ?? key, at),
    status: worst,
    ...(wrapped ? { frameworks: [...wrapped.keys()] } : {}),
    chain: chainOf(key, state),
    counts,
    why: [...new Set([...against, ...(listed ? (index.remarksOn?.(listed) ?? []) : []), ...remarksOf(key, around)])],
  }
}

/** What its own list, other lists, and the age of its list say against it. */
function objections(key: TrustedKey, reason: string | undefined, { index, state }: Surroundings): string[] {
  const elsewhere = index.leftOut.filter((each) => isSame(each.key, key)).map((each) => each.reason)
  const { unavailable } = index
  return [
    ...(reason === undefined ? [] : [reason]),
    ...elsewhere,
    ...(unavailable === undefined ? [] : [unavailable]),
    ...(index.isTooOld(state.source.name) ? [`the list ${state.source.name} is too old to be used`] : []),
  ]
}

function remarksOf(key: TrustedKey, { states }: Surroundings): string[] {
  const required = states.filter(({ source }) => source.required && !key.lists.includes(source.name))
  return [
    ...key.warnings,
    ...required.map(({ source, content }) => {
      const stands = content?.keys.some((each) => each.publicKeyThumbprint === key.publicKeyThumbprint)
      return `it ${stands ? 'stands' : 'does not stand'} in the required list ${source.name}`
    }),
  ]
}

const isSame = (a: TrustedKey, b: TrustedKey): boolean =>
  a.thumbprint === b.thumbprint &&
  a.keyId === b.keyId &&
  a.participant === b.participant &&
  a.issuer === b.issuer &&
  a.domain === b.domain &&
  a.usage === b.usage

/** Under which authority of its own list a document signer stands. */
function chainOf(key: TrustedKey, { content, waiting }: SourceState): KeyEntry['chain'] {
  const { certificate, participant, usage } = key
  if (usage === 'SCA') return { state: 'authority' }
  if (usage !== 'DSC' || !certificate) return { state: 'not-checked' }
  const all = [...(content?.keys ?? []), ...(waiting?.content.keys ?? [])]
  const named = all.filter(
    (each) =>
      each.usage === 'SCA' && each.participant === participant && each.certificate?.subject === certificate.issuer,
  )
  const signer = named.find((each) => each.certificate && isSignedBy(certificate, each.certificate))
  if (signer) return { state: 'verified', authority: `SCA ${signer.keyId} of ${signer.participant}` }
  return { state: named.length > 0 ? 'not-verified' : 'no-authority' }
}

type Told = Omit<KeyExplanation, 'verdict'>

function verdictOf({ counts, entries, evidence, unread }: Told, { unavailable }: KeyIndex): string {
  const listsOf = (some: KeyEntry[]) => [...new Set(some.map(({ list }) => list))].join(', ')
  if (counts) return `counts: listed in ${listsOf(entries.filter((entry) => entry.counts))}`
  const [first] = entries
  if (first) return `does not count: ${first.why[0] ?? unavailable ?? 'no list vouches for it'} (${listsOf(entries)})`
  const v1 = evidence.filter(({ kind }) => kind === 'v1')
  const only = 'on a v1 list only, which cannot be verified'
  if (v1.length > 0) return `does not count: ${only} (${v1.map(({ list }) => list).join(', ')})`
  const shown = evidence.map(({ list }) => list).join(', ')
  if (shown !== '') return `does not count: on a list only that was not verified (${shown})`
  const missing = unread.length === 0 ? '' : `; not read: ${unread.map(({ list }) => list).join(', ')}`
  return `unknown: no list holds it${missing}`
}

async function evidenceFor(
  kid: string,
  states: readonly SourceState[],
  { readers, evidence = [] }: ExplainOptions,
): Promise<KeyEvidence[]> {
  const found: KeyEvidence[] = []
  for (const file of evidence) found.push(...search(await readers.readFile(file), file, { kid, place: file }))
  for (const { source, content } of states) {
    if (content || source.kind !== 'did-v2') continue
    // A list that is refused may still tell where somebody has the key from.
    const bytes = await readers.readFile(source.location).catch(() => undefined)
    if (bytes) found.push(...searchIfJson(bytes, source.name, { kid, place: source.location }))
  }
  return found
}

function searchIfJson(...[bytes, list, wanted]: Parameters<typeof search>): KeyEvidence[] {
  try {
    return search(bytes, list, wanted)
  } catch (error) {
    if (error instanceof UnusableSource) return []
    throw error
  }
}

/** Entries of a document that nobody has proven, by key id alone. */
function search(bytes: Buffer, list: string, { kid, place }: { kid: string; place: string }): KeyEvidence[] {
  const json = parseJson(bytes, place)
  const kind = didDocumentKind(json)?.kind ?? 'unknown'
  const methods = isJsonObject(json) && Array.isArray(json.verificationMethod) ? json.verificationMethod : []
  const entries = methods.filter((method) => idsOf(method).some((id) => normalKeyId(id) === normalKeyId(kid))).length
  if (entries === 0) return []
  const text = kind === 'v1' ? 'a v1 list, which cannot be verified' : 'a list that was not verified'
  return [{ list, kind, entries, text }]
}

function idsOf(method: Json): string[] {
  if (!isJsonObject(method)) return []
  const { id, publicKeyJwk: jwk } = method
  const { kid, x5c } = isJsonObject(jwk) ? jwk : {}
  const [leaf] = Array.isArray(x5c) ? x5c : []
  const certificate = typeof leaf === 'string' ? certificateOf(leaf) : undefined
  const derived = certificate ? [derivedKeyId(certificate), sha256Hex(certificate.raw)] : []
  const fragment = typeof id === 'string' && id.includes('#') ? [id.slice(id.indexOf('#') + 1)] : []
  return [...fragment, ...(typeof kid === 'string' ? [kid] : []), ...derived]
}

const certificateOf = (base64: string): X509Certificate | undefined => readCertificate(Buffer.from(base64, 'base64'))
