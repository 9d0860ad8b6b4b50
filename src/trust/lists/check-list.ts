import { type KeyObject, X509Certificate } from 'node:crypto'
import { hasPeriod } from '../../base/crypto/x509.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { FhirError } from '../../fhir/error.ts'
import { parseJson } from '../../fhir/json.ts'
import { trustListContexts } from '../../json-ld/canonize.ts'
import { type ChainEntry, checkChains } from '../keys/chain.ts'
import { keyFault } from '../keys/trusted-key.ts'
import {
  type DidDocumentKind,
  type DidKeyItem,
  type DidTrustList,
  didDocumentKind,
  type ListEnvironment,
  readDidDocument,
} from './did-document.ts'
import { provenQuads, type RefusalReason, type SignedQuads } from './did-proof.ts'
import { keyLine, readSignedQuads } from './signed-quads.ts'

/** A list that is not valid: why, in the words of the command line, and in detail for an administrator. */
export interface RefusedList {
  reason: RefusalReason
  detail?: string
  id?: string
  kind?: DidDocumentKind
}

/** One entry of a list that is valid. */
export interface CheckedItem extends DidKeyItem {
  /** Why the entry may not be used; its certificate can be read unless `isUnreadable`. */
  fault?: string
  isUnreadable?: boolean
  warning?: string
}

/** A list whose proof holds and which two readers read alike. Made of plain values, so that it can be handed between processes. */
export interface CheckedList {
  id: string
  kind: DidDocumentKind
  environment?: ListEnvironment
  created: string
  items: CheckedItem[]
  references: string[]
  warnings: string[]
}

/** Checks the bytes of one list with the pinned keys. */
export type ListChecker = (bytes: Uint8Array, keys: KeyObject[]) => Promise<CheckedList | RefusedList>

/** Whether a list was refused. */
export const isRefused = (checked: CheckedList | RefusedList): checked is RefusedList => 'reason' in checked

/** Largest list that is read. */
const LARGEST_LIST_BYTES = 20_000_000
/** Lists are five levels deep. */
const DEEPEST_LEVEL = 32

/**
 * Checks a trust list: JSON in which no member occurs twice, algorithm, proof, strict shape, then a second reading from what was
 * signed, then the chains. All of it holds a processor for a good while: see list-process.ts.
 */
export const checkTrustList: ListChecker = async (bytes, keys) => {
  const document = readJson(bytes)
  if (typeof document === 'string') return { reason: 'shape', detail: document }
  if (!isJsonObject(document)) return { reason: 'shape', detail: 'the list is no JSON object' }
  const known = didDocumentKind(document)
  const quads = await provenQuads(document, keys, await trustListContexts())
  if (typeof quads === 'string') return { reason: quads, ...known }
  const list = readDidDocument(document)
  if (typeof list === 'string') return { reason: 'shape', detail: list, ...known }
  const difference = differenceOf(list, quads)
  if (difference !== undefined) return { reason: 'shape', detail: difference, ...known }
  return withVerdicts(list)
}

function readJson(bytes: Uint8Array): Json {
  if (bytes.length > LARGEST_LIST_BYTES) return `the list is larger than ${LARGEST_LIST_BYTES} bytes`
  try {
    return parseJson(bytes, { depth: DEEPEST_LEVEL })
  } catch (error) {
    if (error instanceof FhirError) return error.message
    throw error
  }
}

/** What the document says and the signed statements do not, or the other way round; undefined when they agree. */
export function differenceOf(list: DidTrustList, quads: SignedQuads): string | undefined {
  const signed = readSignedQuads(quads)
  if (typeof signed === 'string') return signed
  const read = list.items.map(keyLine)
  if (list.id !== signed.id) return `the list is read as ${list.id} and signed as ${signed.id}`
  if (list.created !== signed.created) return `created is read as ${list.created} and signed as ${signed.created}`
  if (read.length !== signed.keys.length) return `${read.length} keys are read and ${signed.keys.length} are signed`
  if (list.references.length !== signed.references.length) {
    return `${list.references.length} references are read and ${signed.references.length} are signed`
  }
  const unsigned = firstMissing(read, signed.keys) ?? firstMissing(list.references, signed.references)
  if (unsigned !== undefined) return `what is read is not signed: ${unsigned}`
  const unread = firstMissing(signed.keys, read) ?? firstMissing(signed.references, list.references)
  return unread === undefined ? undefined : `what is signed is not read: ${unread}`
}

/** The first of the texts that is not among the others, each counted as often as it occurs. */
function firstMissing(texts: string[], others: string[]): string | undefined {
  const left = new Map<string, number>()
  for (const text of others) left.set(text, (left.get(text) ?? 0) + 1)
  return texts.find((text) => {
    const count = left.get(text) ?? 0
    left.set(text, count - 1)
    return count < 1
  })
}

/** Certificates that are read in one go: some milliseconds. */
const SLICE_ITEMS = 100

async function withVerdicts(list: DidTrustList): Promise<CheckedList> {
  return { ...list, ...(await withChains(list.items)) }
}

/** Items with what their certificates and chains are found to be worth, among each other; what was found before counts no longer. */
export async function withChains(items: readonly DidKeyItem[]): Promise<Pick<CheckedList, 'items' | 'warnings'>> {
  const read: ({ item: DidKeyItem } & ReturnType<typeof readLeaf>)[] = []
  for (const item of items) {
    read.push({ item: plainItem(item), ...readLeaf(item) })
    // Where it is done beside requests, these are answered in between.
    if (read.length % SLICE_ITEMS === 0) await new Promise<void>((done) => setImmediate(done))
  }
  const sound = read.flatMap(({ item, certificate, fault }): ChainEntry[] =>
    certificate && !fault ? [{ ...item, certificate }] : [],
  )
  const { verdicts, warnings } = await checkChains(sound, 'network')
  let next = 0
  const checked = read.map(({ item, certificate, fault }): CheckedItem => {
    if (!certificate) return { ...item, isUnreadable: true, fault: 'its certificate cannot be read' }
    return { ...item, ...(fault ? { fault } : verdicts[next++]) }
  })
  return { items: checked, warnings }
}

const plainItem = ({ keyId, domain, participant, usage, controller, certificates }: DidKeyItem): DidKeyItem => ({
  keyId,
  domain,
  participant,
  usage,
  controller,
  certificates,
})

function readLeaf({ certificates: [leaf] }: DidKeyItem): { certificate?: X509Certificate; fault?: string | undefined } {
  try {
    if (!leaf) return {}
    const certificate = new X509Certificate(leaf)
    if (!hasPeriod(certificate)) return {}
    return { certificate, fault: keyFault(certificate.publicKey) }
  } catch {
    return {} // OpenSSL's codes say nothing to an administrator; the caller names the entry
  }
}
