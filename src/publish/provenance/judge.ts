/** Whether the signatures of a Provenance that is to be stored hold; what does not hold is not stored. */

import { artefactName } from '../../fhir/artefact.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import type { Provenance, Resource } from '../../fhir/types.ts'
import type { Signer } from '../../provenance/signature/signer.ts'
import type { ProvenanceVerdict, SignatureVerdict } from '../../provenance/signature/verify.ts'

/** Judges the signatures of a Provenance over a resource, now. */
export type Verify = (provenance: Provenance, resource: Resource) => ProvenanceVerdict

/** Whom the signatures are of. */
export interface Judgement {
  /** Whose signature as an author holds, by what it is about. */
  authors: ReadonlyMap<Resource, Signer>
}

/** Steps whose failure says that somebody may not, and not that something is wrong. */
const forbidding: readonly string[] = ['key', 'chain', 'revocation', 'authority']

/**
 * Holds every signature against what the Provenance is about: each must hold over one of the resources.
 * @throws FhirError 422 for a signature over something else or of another form, 403 for one of a key that is not trusted or has no
 * authority
 */
export function judgeSignatures(
  provenance: Provenance,
  resources: readonly Resource[],
  { verify, place }: { verify: Verify; place: string },
): Judgement {
  const authors = new Map<Resource, Signer>()
  const count = provenance.signature?.length ?? 0
  if (count === 0) return { authors }
  if (resources.length === 0)
    throw refused(422, 'a signature is over an artefact, and none that it may be about is here', place)
  const verdicts = resources.map((resource) => ({ resource, ...verify(provenance, resource) }))
  for (let index = 0; index < count; index++) {
    const found = verdicts.find(({ signatures }) => signatures[index]?.result)
    const verdict = found?.signatures[index]
    if (!found || !verdict)
      throw refusedBy(furthest(verdicts, index), nameOf(resources), `${place}.signature[${index}]`)
    if (verdict.isAuthors && verdict.signer) authors.set(found.resource, verdict.signer)
  }
  return { authors }
}

/** The verdict that says most: on what the signature says that it is about, the one that came furthest. */
function furthest(verdicts: readonly ProvenanceVerdict[], index: number): SignatureVerdict | undefined {
  const failedAt = ({ steps }: SignatureVerdict) => steps.findIndex(({ outcome }) => outcome === 'fail')
  return verdicts
    .flatMap(({ signatures }) => signatures[index] ?? signatures[0] ?? [])
    .filter(({ isOfOtherTarget }) => !isOfOtherTarget)
    .reduce<SignatureVerdict | undefined>(
      (best, each) => (best && failedAt(best) >= failedAt(each) ? best : each),
      undefined,
    )
}

/** The artefact that a signature is over, where it can be one alone. */
function nameOf([only, ...others]: readonly Resource[]): string {
  return only && others.length === 0 ? ` over ${artefactName(only)}` : ''
}

function refusedBy(verdict: SignatureVerdict | undefined, over: string, expression: string): FhirError {
  const step = verdict?.steps.find(({ outcome }) => outcome === 'fail')
  const status = forbidding.includes(step?.name ?? '') ? 403 : 422
  const text = `the signature${over} does not hold, by the step ${step?.name ?? 'parse'}: ${step?.detail ?? 'it cannot be read'}`
  return refused(status, step?.name === 'signature' ? `${text}. ${whatIsSigned}` : text, expression)
}

/** What somebody has to change whose signature is over something else. */
const whatIsSigned =
  'What is signed is the artefact as it will be stored, its id included, without meta and text, in canonical form (RFC 8785): send it by PUT'

function refused(status: 403 | 422, text: string, expression: string): FhirError {
  const code = status === 403 ? 'forbidden' : 'business-rule'
  return new FhirError(status, issue(code, { text: `${text[0]?.toUpperCase()}${text.slice(1)}.`, expression }))
}
