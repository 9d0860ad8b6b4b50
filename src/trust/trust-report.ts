import type { KeyObject } from 'node:crypto'
import type { Json } from '../fhir/types.ts'
import { trustListContexts } from './canonize.ts'
import { type DidTrustList, didDocumentKind, keyOfItem } from './did-document.ts'
import type { RefusalReason } from './did-proof.ts'
import { readSigningKey, verifyDid } from './did-source.ts'
import { participantOfIssuer, sameParticipant } from './participant-codes.ts'
import type { TrustReaders } from './trust-source.ts'
import { isExpired, type KeySource, keyAlgorithm, type TrustedKey } from './trusted-key.ts'

/** One line of `vidimus trust verify` (trust-network.md, section 3, Command line). */
export type TrustListReport =
  | { file: string; valid: false; id?: string; kind?: string; reason: RefusalReason }
  | ({ file: string; valid: true; id: string; kind: string; created?: string } & (KeyFigures | ReferenceFigures))

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

/** Verifies trust list files offline with the pinned key, in the order given. Rejects when a file cannot be read. */
export async function verifyTrustListFiles(
  files: string[],
  options: { key: string; at: Date; readers: TrustReaders },
): Promise<TrustListReport[]> {
  const key = await readSigningKey(options.key, options.readers)
  const reports: TrustListReport[] = []
  for (const file of files)
    reports.push(await verifyTrustListFile(file, { key, at: options.at, readers: options.readers }))
  return reports
}

/** Verifies one trust list file. Rejects when it cannot be read; what is read but is no list is a report. */
async function verifyTrustListFile(
  file: string,
  options: { key: KeyObject; at: Date; readers: TrustReaders },
): Promise<TrustListReport> {
  const bytes = await options.readers.readFile(file)
  let document: Json
  try {
    document = JSON.parse(bytes.toString('utf8'))
  } catch {
    return { file, valid: false, reason: 'shape' }
  }
  const { list, reason } = await verifyDid(document, [options.key], await trustListContexts())
  if (!list) return { file, valid: false, ...didDocumentKind(document), reason }
  const { id, kind, created } = list
  const figures = kind === 'reference' ? referenceFigures(list) : keyFigures(list, options.at)
  return { file, valid: true, id, kind, ...(created === undefined ? {} : { created }), ...figures }
}

/** A list may name what lies below its own DID; for the embedded lists of reference leaves, the DID without `-ref`. */
function referenceFigures({ id, references }: DidTrustList): ReferenceFigures {
  const own = [id, id.replace(':trustlist-ref', ':trustlist')]
  const isOwn = (reference: string) => own.some((each) => reference === each || reference.startsWith(`${each}:`))
  return { references: references.length, foreignReferences: references.filter((reference) => !isOwn(reference)) }
}

function keyFigures(list: DidTrustList, at: Date): KeyFigures {
  const found = list.items.map((item) => keyOfItem(item, list.id))
  const keys = found.filter((key) => key !== undefined)
  return {
    keys: list.items.length + list.unreadableItems,
    distinctKids: new Set(list.items.map(({ keyId }) => keyId)).size,
    distinctCertificates: new Set(keys.map(({ thumbprint }) => thumbprint)).size,
    domains: countBy(list.items, ({ domain }) => domain),
    usages: countBy(list.items, ({ usage }) => usage),
    participants: countBy(list.items, ({ participant }) => participant),
    algorithms: countBy(keys, ({ publicKey }) => keyAlgorithm(publicKey)),
    expired: keys.filter((key) => isExpired(key, at)).length,
    notYetValid: keys.filter(({ validFrom }) => validFrom !== undefined && validFrom > at).length,
    unusable: found.length - keys.length + list.unreadableItems,
    warnings: keys.flatMap(({ warnings }) => warnings),
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
    ...(usage === undefined ? {} : { usage: [usage === 'CSCA' ? 'SCA' : usage] }),
  })
  return found.filter((key) => isOfParticipant(key, participant)).map((key) => keyLine(key, at))
}

/** Unlike an issuer's name in a credential, a participant that is no code here fits nobody. */
function isOfParticipant(key: TrustedKey, participant: string | undefined): boolean {
  return participant === undefined || sameParticipant(key.participant, participantOfIssuer(participant) ?? participant)
}

function keyLine(key: TrustedKey, at: Date): KeyLine {
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
  }
}
