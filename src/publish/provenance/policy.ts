/** Which artefacts become active with the signature of an author alone. */

import { isBelow, readPrefix } from '../../authority/canonical-prefix.ts'
import { isOfJurisdiction } from '../../authority/jurisdiction.ts'
import { participantKey } from '../../authority/participant.ts'
import { objectsIn } from '../../base/json.ts'
import { artefactCanonical, artefactName, statusOf } from '../../fhir/artefact.ts'
import { issue } from '../../fhir/error.ts'
import { asJson } from '../../fhir/json.ts'
import type { Issue, Resource } from '../../fhir/types.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Verify } from './judge.ts'
import { signedAlready } from './stored.ts'

/** One rule: what meets all that it names needs a signature. */
export interface SignatureRule {
  types?: readonly string[]
  /** As `readJurisdiction` gives them. An artefact that states none meets every one: it may be meant for all. */
  jurisdictions?: readonly string[]
  canonicalPrefixes?: readonly string[]
}

/** Whether a resource that becomes active needs the signature of an author. */
export type IsRequired = (resource: Resource) => boolean

/** The policy of rules; any of them is enough. */
export const requiredBy =
  (rules: readonly SignatureRule[]): IsRequired =>
  (resource) =>
    statusOf(resource) === 'active' &&
    artefactCanonical(resource) !== undefined &&
    rules.some((each) => meets(each, resource))

function meets({ types, jurisdictions, canonicalPrefixes }: SignatureRule, resource: Resource): boolean {
  const { url = '' } = artefactCanonical(resource) ?? {}
  return (
    (types === undefined || types.includes(resource.resourceType)) &&
    (canonicalPrefixes === undefined || canonicalPrefixes.some((each) => isNear(url, readPrefix(each)))) &&
    (jurisdictions === undefined || isFor(jurisdictions, resource))
  )
}

/** A url in a spelling that cannot be judged is as if it were below every prefix: no spelling leads around the policy. */
const isNear = (url: string, prefix: string): boolean =>
  isBelow(url, prefix) ||
  url
    .toLowerCase()
    .replaceAll(/%[0-9a-f]{2}/g, decoded)
    .startsWith(prefix.toLowerCase())

function decoded(octet: string): string {
  return String.fromCharCode(Number.parseInt(octet.slice(1), 16))
}

function isFor(jurisdictions: readonly string[], resource: Resource): boolean {
  const codings = objectsIn(asJson(resource).jurisdiction).flatMap(({ coding }) => objectsIn(coding))
  if (codings.length === 0) return true
  return codings.some(({ system, code }) => {
    const told = { ...(typeof system === 'string' ? { system } : {}), ...(typeof code === 'string' ? { code } : {}) }
    return (
      isOfJurisdiction(told, jurisdictions) ||
      (typeof code === 'string' && jurisdictions.includes(participantKey(code)))
    )
  })
}

/** What a signature is looked for in. */
export interface SignedContent {
  isRequired: IsRequired
  verify: Verify
  storage: Pick<Storage, 'read' | 'search'>
}

/**
 * Why an artefact that comes with others does not become active: it needs the signature of an author, and neither they nor the store
 * have one over this content.
 */
export async function unsignedAmong(
  resource: Resource,
  beside: readonly Resource[],
  { isRequired, verify, storage }: SignedContent,
): Promise<Issue | undefined> {
  if (!isRequired(resource)) return undefined
  const holds = (each: Resource) =>
    each.resourceType === 'Provenance' &&
    verify(each, resource).signatures.some(({ isAuthors, result }) => isAuthors && result)
  if (beside.some(holds) || (await signedAlready(resource, { storage, verify }))) return undefined
  return unsigned(resource)
}

/** Why an artefact does not become active. */
export function unsigned(resource: Resource): Issue {
  const text = `${artefactName(resource)} becomes active with the valid signature of an author alone (REQUIRE_SIGNATURE): send it with X-Provenance, or in a transaction with its Provenance. As a draft it is stored.`
  return issue('business-rule', { text, expression: `${resource.resourceType}.status` })
}
