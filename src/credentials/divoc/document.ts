import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { isCredentialContext } from '../../json-ld/credential-contexts.ts'

/** Most values of a document, each of which becomes at most one statement. A certificate has about fifty. */
const MOST_VALUES = 2000
/** Certificates have two; reading one over and over costs time. */
const MOST_CONTEXTS = 4

/** Why a document without its proof is no certificate that can be verified, judged before the signature; undefined when it is one. */
export function documentFault(document: JsonObject): { check: 'envelope' | 'payload'; detail: string } | undefined {
  const context = contextFault(document)
  if (context !== undefined) return { check: 'envelope', detail: context }
  const payload = (detail: string) => ({ check: 'payload' as const, detail })
  const { credentialSubject, evidence } = document
  if (hasKeywords(document)) return payload('the document uses keywords of JSON-LD')
  if (!isJsonObject(credentialSubject)) return payload('the document names no person')
  return Array.isArray(evidence) && evidence.length > 0 ? undefined : payload('the document has no list of evidence')
}

/** What makes a document one that no proof can be computed of; undefined when nothing does. No text quotes it. */
function contextFault(document: JsonObject): string | undefined {
  const contexts = document['@context']
  if (!Array.isArray(contexts) || contexts.length === 0) return 'no list of contexts'
  if (contexts.length > MOST_CONTEXTS) return `more than ${MOST_CONTEXTS} contexts`
  // What a context says decides what is signed, so that none is taken from the document and none is fetched.
  if (!contexts.every((each) => typeof each === 'string' && isCredentialContext(each)))
    return 'an unknown or inline context'
  const { '@context': _, ...members } = document
  if (countValues(members) > MOST_VALUES) return `more than ${MOST_VALUES} values`
  return hasMember(members, (name) => name === '@context') ? 'an inline context' : undefined
}

/**
 * Whether a document uses keywords of JSON-LD (`@graph`, `@included`, `@reverse`, `@value`, …): certificates have none, and they say
 * things in a way that no reader of plain JSON sees.
 */
const hasKeywords = ({ '@context': _, ...members }: JsonObject): boolean =>
  hasMember(members, (name) => name.startsWith('@') || name === '__proto__')

/** Values of a document, objects and lists among them. */
export function countValues(value: Json): number {
  if (typeof value !== 'object' || value === null) return 1
  let count = 1
  for (const each of Object.values(value)) count += countValues(each)
  return count
}

function hasMember(value: Json, isLookedFor: (name: string) => boolean): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some((each) => hasMember(each, isLookedFor))
  return Object.entries(value).some(([name, each]) => isLookedFor(name) || hasMember(each, isLookedFor))
}

/** Terms that contexts of credentials define as prefixes: an address that begins so is another one when it is signed. */
const PREFIXES = /^(?:schema|vac|cred|sec|xsd|dc|_):/

/**
 * Whether what belongs to which thing is signed. A proof covers statements about things, not the JSON: two parts with one address are
 * one thing in it, so that members can be moved from one to the other, and a part be written twice.
 */
export function isUnambiguous(document: JsonObject): boolean {
  const addresses: string[] = []
  collectAddresses(document, addresses)
  const { issuer } = document
  const all = typeof issuer === 'string' ? [...addresses, issuer] : addresses
  return new Set(addresses).size === addresses.length && !all.some((each) => PREFIXES.test(each))
}

/** The `id` of a verifier is a text, in the contexts of all kinds. */
function collectAddresses(value: Json, into: string[], name = ''): void {
  if (typeof value !== 'object' || value === null) return
  if (isJsonObject(value) && typeof value.id === 'string' && name !== 'verifier') into.push(value.id)
  for (const [member, each] of Object.entries(value)) collectAddresses(each, into, member)
}
