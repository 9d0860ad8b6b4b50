/**
 * The one way in: what an artefact must pass before it is stored, whoever brings it. REST refuses what is not fit to be
 * `active`; an import stores it as a draft that nothing uses. Drafts are stored whatever is wrong with them, and told what is.
 */
import {
  artefactCanonical,
  artefactName,
  asRefused,
  notFit,
  statusOf,
  withoutRefusal,
  withPublicity,
} from '../fhir/artefact.ts'
import { isError, issue } from '../fhir/error.ts'
import type { OperationBudget } from '../fhir/operation.ts'
import type { Issue, Resource } from '../fhir/types.ts'
import type { Storage, Write } from '../storage/storage.ts'
import { checkArtefact, standardFaults, statusFaults } from './check/artefact.ts'
import type { CheckEnvironment } from './check/environment.ts'
import { conflictWith, contentHash, displacement, judgedRemoval, judgedWrite } from './identity.ts'

/** A resource as it may be stored. */
interface Admission {
  /** A draft, with a tag, in place of an active one that is not fit. */
  resource: Resource
  /** Errors are those for which it was made a draft. */
  issues: Issue[]
  isRefused: boolean
}

/** What is stored goes through here. */
export interface Publish {
  /**
   * Judges a resource that is to be written: errors refuse it. A draft has none but a status that FHIR does not have; what an active one would be refused for is a
   * warning with the coding `not-fit`. `beside` are resources that are to be stored in the same transaction. `budget` pays, where
   * nobody has to be known for it.
   * @throws FhirError 422 where the budget is spent, 5xx when it cannot be judged now
   */
  check(resource: Resource, beside?: Resource[], budget?: OperationBudget): Promise<Issue[]>
  /** The same for a resource that is to be stored anyhow. */
  admit(resource: Resource, beside?: Resource[]): Promise<Admission>
  /**
   * What was published under the `url|version` of a resource, ever, or is published by `earlier` ones of the same transaction:
   * nothing, the same content, or other content.
   */
  compare(resource: Resource, earlier?: Resource[]): Promise<Comparison>
  /** Why an active resource is not to become active though it is fit: it lacks the signature that the operator wants. */
  unsigned(resource: Resource, beside?: readonly Resource[]): Promise<Issue | undefined>
  /** Why a resource cannot be stored under its id: it would take what is in force out of force. Undefined when it can. */
  displaces(resource: Resource): Promise<Issue | undefined>
  /** The write with what it is judged by inside its transaction. */
  write(write: Write): Write
  /** The same of an author who has taken the resource in hand: what an import thought of it counts no more, and his draft is not for everybody. */
  writeInHand(write: Write): Write
}

/** `isRetired`: the same content is stored, and its author has retired it. */
type Comparison = { kind: 'new' } | { kind: 'same'; isRetired: boolean } | { kind: 'other'; issue: Issue }

/** What is checked against, the store, and whether drafts that authors write are for everybody. */
type PublishEnvironment = CheckEnvironment & {
  storage: Pick<Storage, 'published' | 'read'>
  drafts: 'public' | 'not-public'
  unsigned?: Unsigned
}

/** Makes the one way in over what the server has. */
export function createPublish(environment: PublishEnvironment): Publish {
  const { storage } = environment
  const judged = (write: Write): Write => {
    if (write.method === 'DELETE') return { ...write, ...judgedRemoval }
    return write.resource ? { ...write, ...judgedWrite(write.resource) } : write
  }
  const unsigned: Publish['unsigned'] = async (resource, beside = []) => environment.unsigned?.(resource, beside)
  return {
    unsigned,
    async check(resource, beside = [], budget = undefined) {
      const within = budget ? { ...environment, budget } : environment
      const unknown = statusFaults(resource)
      if (unknown.length > 0) return unknown
      const standard = await standardFaults(resource, environment)
      if (standard.some(isError)) return standard
      const issues = await checkArtefact(resource, beside, within)
      return [...standard, ...(statusOf(resource) === 'active' ? issues : issues.map(told))]
    },
    async admit(resource, beside = []) {
      const unknown = statusFaults(resource)
      if (unknown.length > 0) return { resource: asRefused(resource), issues: unknown, isRefused: true }
      const issues = await checkArtefact(resource, beside, environment)
      const remarks = (await standardFaults(resource, environment)).map(asRemark)
      if (statusOf(resource) !== 'active')
        return { resource, issues: [...issues.map(told), ...remarks], isRefused: false }
      const missing = await unsigned(resource, beside)
      if (missing) issues.push(missing)
      const isRefused = issues.some(isError)
      return { resource: isRefused ? asRefused(resource) : resource, issues: [...issues, ...remarks], isRefused }
    },
    async compare(resource, earlier = []) {
      const { url, version } = artefactCanonical(resource) ?? {}
      if (url === undefined || version === undefined) return { kind: 'new' }
      const rival = earlier.find(
        (each) =>
          each.resourceType === resource.resourceType &&
          statusOf(each) === 'active' &&
          artefactName(each) === artefactName(resource),
      )
      const known = await storage.published(resource.resourceType, { url, version })
      const published = known?.resource
      if (!published && !rival) return { kind: 'new' }
      const [issue] = [published, rival].flatMap((each) => (each && conflictWith(each, resource)?.issues) || [])
      if (!published && !issue) return { kind: 'new' }
      if (issue) return { kind: 'other', issue }
      return { kind: 'same', isRetired: known?.isRetired === true }
    },
    async displaces(resource) {
      const current = (await storage.read(resource.resourceType, String(resource.id)))?.resource
      if (current?.resourceType === 'Provenance') return keptProvenance(current, resource)
      // As the store tells it within a write: active, and never published here. A draft that never was active is somebody's own.
      const { url, version } = (current && statusOf(current) === 'active' && artefactCanonical(current)) || {}
      const isActive = url !== undefined && version !== undefined
      const isShipped = isActive && !(await storage.published(resource.resourceType, { url, version }))
      return current && displacement(current, resource, isShipped)?.issues[0]
    },
    write: judged,
    writeInHand: ({ resource, ...write }) =>
      judged(
        resource
          ? { ...write, resource: withPublicity(withoutRefusal(resource), { drafts: environment.drafts }) }
          : write,
      ),
  }
}

/** Why an artefact that is fit does not become active: it lacks the signature that the operator wants. */
type Unsigned = (resource: Resource, beside: readonly Resource[]) => Promise<Issue | undefined>

/** A Provenance is not changed, whoever brings another one under its id. */
function keptProvenance(stored: Resource, given: Resource): Issue | undefined {
  if (contentHash(stored) === contentHash(given)) return undefined
  const text = `Provenance/${stored.id} is stored, and a Provenance is not changed: a correction is a new one.`
  return issue('conflict', { text, expression: 'Provenance' })
}

/** What others have published is not mended here, and not kept from those who need it either. */
const asRemark = (issue: Issue): Issue => (isError(issue) ? { ...issue, severity: 'warning' } : issue)

/** A fault of what is not active: it is stored, and its author is told. */
function told(issue: Issue): Issue {
  if (!isError(issue)) return issue
  const coding = [...(issue.details?.coding ?? []), notFit]
  return { ...issue, severity: 'warning', details: { ...issue.details, coding } }
}
