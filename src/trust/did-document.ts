import { isJsonObject } from '../fhir/json-object.ts'
import type { Json, JsonObject } from '../fhir/types.ts'
import { x5cCertificates } from './jwk.ts'
import { certificateMembers, derivedKeyId, readCertificate, type TrustedKey } from './trusted-key.ts'

/** What a did:web document of the network is, as far as it can be told without trusting it. */
export type DidDocumentKind = 'embedded' | 'reference' | 'v1'

/** A trust list as a did:web document (trust-network.md, section 1, Shape). */
export interface DidTrustList {
  id: string
  kind: DidDocumentKind
  /** `proof.created`. */
  created: string | undefined
  /** Items of an embedded list. */
  items: DidKeyItem[]
  /** Items that are none: skipped, the list is kept (credentials.md, section 3). */
  unreadableItems: number
  /** Ids of a reference list. */
  references: string[]
}

/** One item of an embedded list: its coded fields decide, not its id. */
export interface DidKeyItem {
  /** The published kid: what follows the first `#`, in plain base64. */
  keyId: string
  domain: string
  participant: string
  usage: string
  jwk: JsonObject
}

const DOCUMENT_MEMBERS = ['@context', 'controller', 'id', 'proof', 'verificationMethod']
const ITEM_MEMBERS = ['controller', 'domain', 'id', 'keyusage', 'participant', 'publicKeyJwk', 'type']

/** Kind of a document by its id and its list; undefined when it has no id. */
export function didDocumentKind(document: Json): { id: string; kind: DidDocumentKind } | undefined {
  if (!isJsonObject(document) || typeof document.id !== 'string') return undefined
  const { id, verificationMethod: methods } = document
  if (!id.includes(':v2:')) return { id, kind: 'v1' }
  const isReference = Array.isArray(methods) && methods.length > 0 && methods.every((each) => typeof each === 'string')
  return { id, kind: isReference ? 'reference' : 'embedded' }
}

/** Reads a document whose proof holds; undefined when it has not the shape of a version 2 trust list. */
export function readDidDocument(document: Json): DidTrustList | undefined {
  const known = didDocumentKind(document)
  if (!known || !isJsonObject(document)) return undefined
  const { proof, verificationMethod: methods } = document
  const hasMembers = Object.keys(document).sort().join() === DOCUMENT_MEMBERS.join()
  if (!hasMembers || !isContextList(document['@context']) || !Array.isArray(methods)) return undefined
  if (hasRepeatedIds(methods)) return undefined
  const items = known.kind === 'embedded' ? methods.map(readItem).filter((item) => item !== undefined) : []
  return {
    ...known,
    created: isJsonObject(proof) && typeof proof.created === 'string' ? proof.created : undefined,
    items,
    unreadableItems: known.kind === 'embedded' ? methods.length - items.length : 0,
    references: methods.filter((each) => typeof each === 'string'),
  }
}

/** Two items of one id would be merged into one by JSON-LD. */
function hasRepeatedIds(methods: Json[]): boolean {
  const ids = methods.map((each) => (isJsonObject(each) ? each.id : each))
  return new Set(ids).size < ids.length
}

const isContextList = (value: Json | undefined): boolean =>
  Array.isArray(value) && value.length === 3 && value.every((each) => typeof each === 'string')

/** Unknown members are left to the proof, whose safe mode names them. */
function readItem(item: Json): DidKeyItem | undefined {
  if (!isJsonObject(item) || item.type !== 'JsonWebKey2020' || typeof item.id !== 'string') return undefined
  if (!ITEM_MEMBERS.every((member) => member in item)) return undefined
  const domain = code(item.domain)
  const participant = code(item.participant)
  const usage = code(item.keyusage)
  if (!domain || !participant || !usage || !isJsonObject(item.publicKeyJwk)) return undefined
  const hash = item.id.indexOf('#')
  if (hash < 0) return undefined
  const fragment = item.id.slice(hash + 1)
  return {
    keyId: fragment.includes('%') ? percentDecoded(fragment) : fragment,
    domain,
    participant: participant.toUpperCase(),
    usage: usage === 'CSCA' ? 'SCA' : usage,
    jwk: item.publicKeyJwk,
  }
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a lone percent sign stands for itself
  }
}

/** `{code: "#PH4H"}` without the `#`. */
function code(coded: Json | undefined): string | undefined {
  const text = isJsonObject(coded) ? coded.code : undefined
  return typeof text === 'string' ? text.replace(/^#/, '') : undefined
}

/** The trusted key of an item, taken from its certificate: its JWK is unreliable. Undefined when that cannot be read. */
export function keyOfItem(item: DidKeyItem, listName: string): TrustedKey | undefined {
  const [leaf, ...chain] = x5cCertificates(item.jwk).map(readCertificate)
  if (!leaf) return undefined
  const derived = derivedKeyId(leaf)
  const { keyId, domain, participant, usage } = item
  return {
    ...certificateMembers(leaf),
    keyId,
    domain,
    participant,
    usage,
    chain: chain.filter((each) => each !== undefined),
    lists: [listName],
    status: 'current',
    warnings: keyId === derived ? [] : [`key id ${keyId} is not derived from the certificate (${derived})`],
  }
}
