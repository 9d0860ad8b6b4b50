/**
 * The life of an artefact: what may become of it (https://hl7.org/fhir/uv/crmi/, artifact lifecycle). Nothing here looks at content;
 * `identity.ts` does.
 */
import { artefactCanonical, artefactName, isRefused, statusOf } from '../../fhir/artefact.ts'
import { elementInfo } from '../../fhir/elements.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import type { Resource } from '../../fhir/types.ts'

/** Publication status (http://hl7.org/fhir/ValueSet/publication-status). */
export type PublicationStatus = 'draft' | 'active' | 'retired' | 'unknown'

/** Where an artefact may stand: not yet there, at a status, deleted. */
export type Stage = 'none' | PublicationStatus | 'gone'

/** What a step is called. */
type Action = 'submit' | 'publish' | 'record' | 'revise' | 'release' | 'withdraw' | 'update' | 'retire' | 'remove'

/**
 * Every step that there is, from → to; what is not in it is refused. `record`: content comes in as it stands elsewhere, from a package or
 * a mirror. `update`: an active or retired artefact gets other narrative, tags or, where it has no version, content.
 */
export const transitions: Record<Exclude<Stage, 'gone'>, Partial<Record<Stage, Action>>> = {
  none: { draft: 'submit', active: 'publish', retired: 'record', unknown: 'record' },
  draft: { draft: 'revise', unknown: 'revise', active: 'release', gone: 'withdraw' },
  unknown: { draft: 'revise', unknown: 'revise', active: 'release', retired: 'retire', gone: 'withdraw' },
  active: { active: 'update', retired: 'retire' },
  retired: { retired: 'update', gone: 'remove' },
}

/** Why a step is not there, as the end of a sentence that names the artefact, and what to do. */
const refusals: Partial<Record<PublicationStatus, Partial<Record<Stage, string>>>> = {
  draft: { retired: 'a draft was never in force, so that it cannot be retired: delete it' },
  active: {
    draft: 'an active artefact is never a draft again: write the draft with a higher version and an id of its own',
    unknown: 'of an active artefact it is known where it stands: it can be active or retired',
    gone: 'an active artefact is not deleted: write it as it is with the status retired first',
  },
  retired: {
    draft: 'what is retired never becomes a draft again: raise the version',
    active: 'what is retired never comes into force again: raise the version',
    unknown: 'of a retired artefact it is known where it stands',
  },
}

const isStatus = (status: string | undefined): status is PublicationStatus =>
  status !== undefined && Object.hasOwn(transitions, status) && status !== 'none'

/** Whether resources of that type have a publication status, and so a life that is judged here. */
export function hasLifecycle(type: string): boolean {
  // All canonical resources of R4 can be experimental, and nothing else; only a NamingSystem has no such element.
  return type === 'NamingSystem' || (elementInfo(type, 'experimental') && elementInfo(type, 'status')) !== undefined
}

/** Where a stored resource stands; undefined for one that has no publication status. */
export function stageOf(resource: Resource): PublicationStatus | undefined {
  const status = statusOf(resource)
  return hasLifecycle(resource.resourceType) && isStatus(status) ? status : undefined
}

/** Whether two resources are the same version of one artefact, as far as their names tell. */
function isSameVersion(current: Resource, given: Resource): boolean {
  const [before, after] = [artefactCanonical(current), artefactCanonical(given)]
  return before?.url === after?.url && before?.version === after?.version
}

/**
 * Why a stored resource cannot become another one under its id, as far as their statuses tell; undefined when it can, and when the
 * other one is another version or artefact, which begins its own life.
 */
export function stepFault(current: Resource, given: Resource): FhirError | undefined {
  const from = stageOf(current)
  const to = stageOf(given)
  if (from === undefined || !isSameVersion(current, given)) return undefined
  // Its publisher had it active: that an import found it unfit does not keep him from retiring it.
  if (from === 'draft' && to === 'retired' && isRefused(current)) return undefined
  if (to !== undefined && transitions[from][to]) return undefined
  return refusal(current, { from, to, expression: `${given.resourceType}.status` })
}

/** Why a stored resource cannot be deleted; undefined when it can, as far as its own status tells. */
export function removalFault(current: Resource): FhirError | undefined {
  const from = stageOf(current)
  if (from === undefined || transitions[from].gone) return undefined
  return refusal(current, { from, to: 'gone', expression: `${current.resourceType}.status` })
}

/** Why an artefact that was retired here cannot be brought back under the same name; undefined when it can. */
export function returnFault(given: Resource): FhirError | undefined {
  const to = stageOf(given)
  if (to === undefined || transitions.retired[to]) return undefined
  return refusal(given, { from: 'retired', to, expression: `${given.resourceType}.status` })
}

function refusal(
  artefact: Resource,
  { from, to, expression }: { from: PublicationStatus; to: Stage | undefined; expression: string },
): FhirError {
  const why = (to && refusals[from]?.[to]) ?? `it is ${from}, and cannot be ${to ?? 'without status'}`
  const text = `${artefact.resourceType} ${artefactName(artefact)} is ${from}: ${why}.`
  return new FhirError(422, issue('business-rule', { text, expression }))
}
