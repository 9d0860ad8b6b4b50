/** What is wrong with an artefact, by type: errors are what an active one must not have. */
import { artefactCanonical, statusOf } from '../../fhir/artefact.ts'
import { isError, issue } from '../../fhir/error.ts'
import { isNotReady } from '../../fhir/not-ready.ts'
import type { Issue, Resource, StructureMap } from '../../fhir/types.ts'
import { narrativeFaults, requiredCodeFaults } from '../../fhir/validate/required-codes.ts'
import { checkWithStore } from '../../structure-map/maps.ts'
import { type CheckEnvironment, librariesOf } from './environment.ts'
import { checkLibrary } from './library.ts'
import { nameFaults } from './name.ts'
import { checkPlan } from './plan.ts'
import { profileFaults } from './profiles.ts'

type Check = (resource: Resource, beside: Resource[], environment: CheckEnvironment) => Promise<Issue[]>

const terminology: Check = (resource, beside, environment) =>
  environment.terminology.check(resource, beside, environment.budget)

/** Checks by resource type; a type that is not listed holds nothing that is acted on. */
const checks: Record<string, Check> = {
  CodeSystem: terminology,
  ValueSet: terminology,
  ConceptMap: terminology,
  Library: async (resource, beside, environment) =>
    resource.resourceType === 'Library'
      ? [...pinnable(resource), ...(await checkLibrary(resource, beside, environment))]
      : [],
  PlanDefinition: async (resource, beside, environment) => {
    if (resource.resourceType !== 'PlanDefinition') return []
    return [...pinnable(resource), ...(await checkPlan(resource, librariesOf(beside), environment))]
  },
  StructureMap: async (resource, beside, { maps, budget }) => {
    if (resource.resourceType !== 'StructureMap') return []
    const supporting = beside.filter(
      (each): each is StructureMap => each.resourceType === 'StructureMap' && each !== resource,
    )
    const names = new Set(beside.flatMap((each) => artefactCanonical(each)?.url ?? []))
    const isBeside = ({ details }: Issue) => details?.text?.split(/[\s,:]+(?!\/\/)/).some((word) => names.has(word))
    const issues = await checkWithStore(resource, supporting, { maps, budget })
    return issues.map(asPublished).filter((each) => !isBeside(each))
  },
}

/** Publication status (http://hl7.org/fhir/ValueSet/publication-status, a required binding): in any other nobody knows where an artefact stands. */
const statuses = ['draft', 'active', 'retired', 'unknown']
const artefactTypes = new Set([...Object.keys(checks), 'StructureDefinition'])

/** A status that FHIR does not have: no artefact is stored with one, not as a draft either. */
export function statusFaults(resource: Resource): Issue[] {
  const type = resource.resourceType
  const status = statusOf(resource)
  // That it is absent is told with everything else that is missing.
  if (!artefactTypes.has(type) || status === undefined || statuses.includes(status)) return []
  const text = `${type}.status is none of FHIR: it is one of ${statuses.join(', ')}`
  return [issue('code-invalid', { text, expression: `${type}.status` })]
}

/**
 * What is refused of anybody who writes here, whatever the status: codes that R4 requires and does not have, and narrative that may do
 * harm to who reads it. Packages of others have both at times, and are told (see `admit`).
 */
export async function standardFaults(
  resource: Resource,
  { codesOf }: Pick<CheckEnvironment, 'codesOf'>,
): Promise<Issue[]> {
  const codes = artefactTypes.has(resource.resourceType) ? await requiredCodeFaults(resource, codesOf) : []
  return [...narrativeFaults(resource), ...codes]
}

/** Issues reported of one artefact; a table of a thousand wrong codes needs no more to be understood. */
const mostIssues = 100

/**
 * Everything that is wrong with a resource.
 * @throws FhirError 5xx when that cannot be told now (the translator is busy); a lookup that waits for content being loaded is a warning
 */
export async function checkArtefact(
  resource: Resource,
  beside: Resource[],
  environment: CheckEnvironment,
): Promise<Issue[]> {
  const type = resource.resourceType
  const check = Object.hasOwn(checks, type) ? checks[type] : undefined
  const named = [...nameFaults(resource), ...profileFaults(resource)]
  if (!check) return named
  try {
    const issues = [...named, ...(await check(resource, beside, environment)), ...unversioned(resource)]
    return issues.slice(0, mostIssues).map((each) => (each.expression ? each : { ...each, expression: [type] }))
  } catch (error) {
    if (!isNotReady(error)) throw error
    const text =
      'Not everything could be checked: content of this server is still being loaded. Write it again later to be sure.'
    return [issue('transient', { severity: 'warning', text })]
  }
}

/** Rules decide verdicts, and a verdict names them by `url|version`. */
function pinnable(resource: Resource): Issue[] {
  const canonical = artefactCanonical(resource)
  const type = resource.resourceType
  if (canonical?.version !== undefined) return []
  const missing = canonical ? 'version' : 'url'
  const text = `${type}.${missing} is absent: without url and version nobody can say later by which rules was decided`
  return [issue('required', { text, expression: `${type}.${missing}` })]
}

/** Other artefacts may go without a version, but then their content may change under who uses them. */
function unversioned(resource: Resource): Issue[] {
  const canonical = artefactCanonical(resource)
  const type = resource.resourceType
  if (statusOf(resource) !== 'active' || !canonical || canonical.version !== undefined) return []
  if (type === 'Library' || type === 'PlanDefinition') return []
  const text = `${type}.version is absent: the content of ${canonical.url} may change under those who use it`
  return [issue('business-rule', { severity: 'warning', text, expression: `${type}.version` })]
}

/**
 * What the store does not have is a remark, for maps and models come in any order, and so is an element that the definitions do not
 * have, for published maps have them; what makes a rule fail whenever it fires is an error.
 */
const asPublished = (each: Issue): Issue => (each.code === 'not-found' || isLenient(each) ? asWarning(each) : each)

const isLenient = ({ details }: Issue): boolean =>
  details?.coding?.some((each) => each.code?.startsWith('fml-lenient-')) === true

const asWarning = (each: Issue): Issue => (isError(each) ? { ...each, severity: 'warning' } : each)
