import type { KeyObject } from 'node:crypto'
import { participantOfIssuer, sameParticipant } from '../base/participant-codes.ts'
import { isExpired, type KeySource, type KeyStatus, keyAlgorithm, scaOf, type TrustedKey } from './keys/trusted-key.ts'
import { wrappedKeyIds } from './keys/wrapped-keys.ts'
import { type CheckedList, checkTrustList, isRefused, type ListChecker, type RefusedList } from './lists/check-list.ts'
import { keysOfList, readSigningKey } from './lists/did-source.ts'
import { type TrustReaders, UnusableSource } from './lists/trust-source.ts'

/** One line of `vidimus trust verify`. */
export type TrustListReport =
  | ({ file: string; valid: false } & RefusedList)
  | ({ file: string; valid: true; id: string; kind: string; created: string } & (KeyFigures | ReferenceFigures))

/** Figures of an embedded list. */
interface KeyFigures {
  keys: number
  distinctKids: number
  distinctCertificates: number
  domains: Record<string, number>
  usages: Record<string, number>
  participants: Record<string, number>
  algorithms: Record<string, number>
  expired: number
  notYetValid: number
  /** Items whose certificate cannot be read. */
  unusable: number
  warnings: string[]
}

/** Figures of a reference list. */
interface ReferenceFigures {
  references: number
  /** Ids outside the list's own namespace, never followed. */
  foreignReferences: string[]
}

/** What trust list files are verified with. */
export interface VerifyOptions {
  /** File of the pinned key. */
  key: string
  at: Date
  readers: TrustReaders
  /** How lists are proven; by default in this process. */
  check?: ListChecker
}

/** Verifies trust list files offline with the pinned key, in the order given. Rejects when a file cannot be read. */
export async function verifyTrustListFiles(files: string[], options: VerifyOptions): Promise<TrustListReport[]> {
  const key = await readSigningKey(options.key, options.readers)
  const reports: TrustListReport[] = []
  for (const file of files) reports.push(await verifyTrustListFile(file, key, options))
  return reports
}

/** Verifies one trust list file. Rejects when it cannot be read; what is read but is no list is a report. */
async function verifyTrustListFile(
  file: string,
  key: KeyObject,
  { readers, at, check = checkTrustList }: VerifyOptions,
): Promise<TrustListReport> {
  const list = await checkedOrRefused(check(await readers.readFile(file), [key]))
  if (isRefused(list)) return { file, valid: false, ...list }
  const { id, kind, created } = list
  const figures = kind === 'reference' ? referenceFigures(list) : await keyFigures(list, at)
  return { file, valid: true, id, kind, created, ...figures }
}

/** A list that cannot be checked at all, because it takes too much, is none of the shape that lists have. */
async function checkedOrRefused(checked: ReturnType<ListChecker>): Promise<CheckedList | RefusedList> {
  try {
    return await checked
  } catch (error) {
    if (error instanceof UnusableSource) return { reason: 'shape', detail: error.message }
    throw error
  }
}

/** A list may name what lies below its own DID; for the embedded lists of reference leaves, the DID without `-ref`. */
function referenceFigures({ id, references }: CheckedList): ReferenceFigures {
  const own = [id, id.replace(':trustlist-ref', ':trustlist')]
  const isOwn = (reference: string) => own.some((each) => reference === each || reference.startsWith(`${each}:`))
  return { references: references.length, foreignReferences: references.filter((reference) => !isOwn(reference)) }
}

async function keyFigures(list: CheckedList, at: Date): Promise<KeyFigures> {
  const { items } = list
  const entries = await keysOfList(list, list.id)
  const keys = entries.map(({ key }) => key).filter((key) => key !== undefined)
  const leftOut = entries.flatMap(({ entry, reason }) => (reason === undefined ? [] : `${entry}: ${reason}`))
  return {
    keys: items.length,
    distinctKids: new Set(items.map(({ keyId }) => keyId)).size,
    distinctCertificates: new Set(keys.map(({ thumbprint }) => thumbprint)).size,
    domains: countBy(items, ({ domain }) => domain),
    usages: countBy(items, ({ usage }) => usage),
    participants: countBy(items, ({ participant }) => participant),
    algorithms: countBy(keys, ({ publicKey }) => keyAlgorithm(publicKey)),
    expired: keys.filter((key) => isExpired(key, at)).length,
    notYetValid: keys.filter(({ validFrom }) => validFrom !== undefined && validFrom > at).length,
    unusable: items.length - keys.length,
    warnings: [...leftOut, ...list.warnings, ...keys.flatMap(({ warnings }) => warnings)],
  }
}

function countBy<Item>(items: Item[], name: (item: Item) => string): Record<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(name(item), (counts.get(name(item)) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** One line of `vidimus trust keys`. */
export interface KeyLine {
  kid: string
  participant: string
  domain: string
  usage: string
  thumbprint: string
  algorithm: string
  validFrom?: string
  validTo?: string
  expired: boolean
  lists: string[]
  /** Other gateways that a federated entry comes from. */
  sourceGateways?: string[]
  /** The worst that a list says of it, unless that is `current`. */
  status?: KeyStatus
  /** The only frameworks that a certificate serves which wraps a raw key. */
  frameworks?: string[]
}

/** Which keys to list; participant in any spelling. */
export interface KeyFilter {
  kid?: string
  participant?: string
  domain?: string
  usage?: string
}

/** The keys of `vidimus trust keys`, in the order of the lists. */
export function listKeys(keys: KeySource, filter: KeyFilter, at: Date): KeyLine[] {
  const { kid, participant, domain, usage } = filter
  const found = keys.find({
    ...(kid === undefined ? {} : { keyId: kid }),
    ...(domain === undefined ? {} : { domain: [domain] }),
    ...(usage === undefined ? {} : { usage: [scaOf(usage)] }),
  })
  return found.filter((key) => isOfParticipant(key, participant)).map((key) => keyLine(key, at))
}

/** Unlike an issuer's name in a credential, a participant that is no code here fits nobody. */
function isOfParticipant(key: TrustedKey, participant: string | undefined): boolean {
  return participant === undefined || sameParticipant(key.participant, participantOfIssuer(participant) ?? participant)
}

function keyLine(key: TrustedKey, at: Date): KeyLine {
  const wrapped = wrappedKeyIds(key)
  return {
    kid: key.keyId,
    participant: key.participant,
    domain: key.domain,
    usage: key.usage,
    thumbprint: key.thumbprint,
    algorithm: keyAlgorithm(key.publicKey),
    ...(key.validFrom ? { validFrom: key.validFrom.toISOString() } : {}),
    ...(key.validTo ? { validTo: key.validTo.toISOString() } : {}),
    expired: isExpired(key, at),
    lists: key.lists,
    ...(key.sourceGateways ? { sourceGateways: key.sourceGateways } : {}),
    ...(key.status === 'current' ? {} : { status: key.status }),
    ...(wrapped ? { frameworks: [...wrapped.keys()] } : {}),
  }
}
