import { hasBase64Letters } from '../../base/crypto/base64.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { scaOf } from '../keys/trusted-key.ts'

/** What a did:web document of the network is, as far as it can be told without trusting it. */
export type DidDocumentKind = 'embedded' | 'reference' | 'v1'

/** Environments of the network, by the JSON-LD context that names their code systems; those of tests first. */
export const listEnvironments = {
  dev: 'https://smart.who.int/trust/tng-context/v1-DEV.jsonld',
  uat: 'https://smart.who.int/trust/tng-context/v1-UAT.jsonld',
  prod: 'https://smart.who.int/trust/tng-context/v1.jsonld',
} as const
/** One of {@link listEnvironments}. */
export type ListEnvironment = keyof typeof listEnvironments

const environmentNames: readonly ListEnvironment[] = ['dev', 'uat', 'prod']

/** A trust list as a did:web document. */
export interface DidTrustList {
  id: string
  /** By whose code systems it names domains, participants and usages; absent when it names no context of the network. */
  environment?: ListEnvironment
  kind: DidDocumentKind
  /** `proof.created`, a date-time in UTC. */
  created: string
  /** Items of an embedded list. */
  items: DidKeyItem[]
  /** Ids of a reference list. */
  references: string[]
}

/** One item of an embedded list: its coded fields decide, not its id. */
export interface DidKeyItem {
  /** The published kid: what follows the first `#` of the id, in plain base64. */
  keyId: string
  domain: string
  participant: string
  usage: string
  /** DID of the list that it was taken from: in a list that merges others, one of those. */
  controller: string
  /** DER of `x5c`, leaf first; empty when it is not base64. */
  certificates: Uint8Array[]
}

/** Kind of a document by its id and its list; undefined when it has no id. */
export function didDocumentKind(document: Json): { id: string; kind: DidDocumentKind } | undefined {
  if (!isJsonObject(document) || typeof document.id !== 'string') return undefined
  const { id, verificationMethod: methods } = document
  if (!id.includes(':v2:')) return { id, kind: 'v1' }
  const isReference = Array.isArray(methods) && methods.length > 0 && methods.every((each) => typeof each === 'string')
  return { id, kind: isReference ? 'reference' : 'embedded' }
}

/** What is not as the shape demands, with its place. */
class ShapeFault extends Error {}

/**
 * Reads a document whose proof holds. What is read must be what was signed, and JSON-LD has many ways to write one statement:
 * so every object has exactly its members, every value exactly its form, at every depth. A text says what is wrong.
 */
export function readDidDocument(document: Json): DidTrustList | string {
  try {
    return readList(document)
  } catch (error) {
    if (error instanceof ShapeFault) return error.message
    throw error
  }
}

const MEMBERS = {
  document: ['@context', 'controller', 'id', 'proof', 'verificationMethod'],
  proof: ['created', 'jws', 'nonce', 'proofPurpose', 'type', 'verificationMethod'],
  item: ['controller', 'domain', 'id', 'keyusage', 'participant', 'publicKeyJwk', 'type'],
  EC: ['crv', 'kid', 'kty', 'x', 'x5c', 'y'],
  RSA: ['e', 'kid', 'kty', 'n', 'x5c'],
  coded: ['code'],
}

/** IRIREF of N-Quads, written out in full: a shorter way to write the same address would be another text for the same statement. */
const DID = /^did:web:[^\s\0-\x20<>"{}|\\^`#]+$/
const DID_WITH_FRAGMENT = /^did:web:[^\s\0-\x20<>"{}|\\^`#]+#[^\s\0-\x20<>"{}|\\^`]+$/
const CODE = /^#[A-Za-z0-9._~-]{1,64}$/
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/

function readList(json: Json): DidTrustList {
  const document = objectOf(json, MEMBERS.document, 'the document')
  const { '@context': context, verificationMethod: methods } = document
  if (!Array.isArray(context) || context.length !== 3 || !context.every((each) => typeof each === 'string')) {
    throw new ShapeFault('@context must be three addresses')
  }
  const id = textOf(document, 'id', DID, 'the document')
  textOf(document, 'controller', DID, 'the document')
  const created = readCreated(document.proof)
  if (!Array.isArray(methods) || methods.length === 0)
    throw new ShapeFault('verificationMethod must be a list, and not empty')
  const references = methods.filter((each) => typeof each === 'string')
  if (new Set(methods.map(idOf)).size < methods.length) throw new ShapeFault('two items have one id')
  const environment = environmentNames.find((name) => context.includes(listEnvironments[name]))
  const head = { id, created, ...(environment ? { environment } : {}) }
  if (references.length < methods.length)
    return { ...head, kind: 'embedded', items: methods.map(readItem), references: [] }
  const wrong = references.findIndex((each) => !DID.test(each))
  if (wrong >= 0) throw new ShapeFault(`verificationMethod[${wrong}] must be a DID`)
  return { ...head, kind: 'reference', items: [], references }
}

const idOf = (method: Json): Json | undefined => (isJsonObject(method) ? method.id : method)

function readCreated(json: Json | undefined): string {
  const proof = objectOf(json, MEMBERS.proof, 'proof')
  textOf(proof, 'type', /^JsonWebSignature2020$/, 'proof')
  textOf(proof, 'proofPurpose', /^assertionMethod$/, 'proof')
  textOf(proof, 'nonce', /^./, 'proof')
  textOf(proof, 'jws', /^./, 'proof')
  textOf(proof, 'verificationMethod', /^did:web:[^\s\0-\x20<>"{}|\\^`]+$/, 'proof')
  const created = textOf(proof, 'created', DATE_TIME, 'proof')
  if (Number.isNaN(Date.parse(created))) throw new ShapeFault('proof.created must be a date-time that exists')
  return created
}

function readItem(json: Json, at: number): DidKeyItem {
  const place = `verificationMethod[${at}]`
  const item = objectOf(json, MEMBERS.item, place)
  textOf(item, 'type', /^JsonWebKey2020$/, place)
  const id = textOf(item, 'id', DID_WITH_FRAGMENT, place)
  return {
    keyId: percentDecoded(id.slice(id.indexOf('#') + 1)),
    domain: codeOf(item, 'domain', place),
    participant: codeOf(item, 'participant', place).toUpperCase(),
    usage: scaOf(codeOf(item, 'keyusage', place)),
    controller: textOf(item, 'controller', DID, place),
    certificates: readJwk(item.publicKeyJwk, `${place}.publicKeyJwk`),
  }
}

/** Of the JWK only `x5c` is read: the others are unreliable in published lists, but belong to its shape. */
function readJwk(json: Json | undefined, place: string): Buffer[] {
  const isRsa = isJsonObject(json) && json.kty === 'RSA'
  const jwk = objectOf(json, isRsa ? MEMBERS.RSA : MEMBERS.EC, place)
  textOf(jwk, 'kty', isRsa ? /^RSA$/ : /^EC$/, place)
  for (const member of isRsa ? ['e', 'kid', 'n'] : ['crv', 'kid', 'x', 'y']) textOf(jwk, member, /^/, place)
  const { x5c } = jwk
  if (!Array.isArray(x5c) || x5c.length === 0) throw new ShapeFault(`${place}.x5c must be a list, and not empty`)
  const texts = x5c.filter((each) => typeof each === 'string')
  if (texts.length < x5c.length) throw new ShapeFault(`${place}.x5c must be a list of texts`)
  return texts.every(hasBase64Letters) ? texts.map((each) => Buffer.from(each, 'base64')) : []
}

/** `{code: "#PH4H"}` without the `#`. */
function codeOf(item: JsonObject, member: string, place: string): string {
  const coded = objectOf(item[member], MEMBERS.coded, `${place}.${member}`)
  return textOf(coded, 'code', CODE, `${place}.${member}`).slice(1)
}

function objectOf(json: Json | undefined, members: string[], place: string): JsonObject {
  if (!isJsonObject(json)) throw new ShapeFault(`${place} must be an object`)
  const own = Object.keys(json)
  const unexpected = own.find((member) => !members.includes(member))
  if (unexpected !== undefined) throw new ShapeFault(`${place} has the unexpected member ${shown(unexpected)}`)
  const missing = members.find((member) => !own.includes(member))
  if (missing !== undefined) throw new ShapeFault(`${place} lacks ${missing}`)
  return json
}

function textOf(object: JsonObject, member: string, form: RegExp, place: string): string {
  const value = object[member]
  if (typeof value === 'string' && form.test(value)) return value
  throw new ShapeFault(`${place}: ${member} has not the form that it must have`)
}

/** A name out of somebody's file, for a message. */
const shown = (text: string): string => JSON.stringify(text.slice(0, 60))

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a lone percent sign stands for itself
  }
}
