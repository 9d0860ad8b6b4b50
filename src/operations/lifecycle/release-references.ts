/** What the artefacts of a release refer to: whether it is there and in force, and in which version it is named from now on. */
import { artefactCanonical, artefactName, statusOf } from '../../fhir/artefact.ts'
import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { isError, issue } from '../../fhir/error.ts'
import { asJson } from '../../fhir/json.ts'
import type { OperationCall } from '../../fhir/operation.ts'
import type { Issue, Resource } from '../../fhir/types.ts'
import { type DependencyTree, dependencyTree } from '../../publish/dependencies/dependency-tree.ts'
import type { CanonicalReference } from '../../publish/dependencies/reference.ts'
import type { OperationContext } from '../context.ts'
import { treeEnvironment } from '../package/environment.ts'
import type { Held } from './artefact.ts'

/** What of its references a release demands. */
export interface ReferenceDemands {
  /** Each names a version. */
  requiresVersions: boolean
  /** Each leads to what is active, and so on. */
  requiresActive: boolean
  /** The newest version of a value set is asked of its origin. */
  asksOrigin: boolean
  /** What is said when something that is not experimental refers to what is: none, warn, error. */
  experimental: string
}

/** One artefact of a release: as it is stored, and as it will be, its references aside. */
export interface Released {
  held: Held
  made: Resource
}

type Node = DependencyTree['nodes'][number]
type Reference = Node['references'][number]

/** Texts by their places, for each artefact of a release. */
type Pins = Map<Resource, Map<string, string>>

const noBindings = {
  fallback: new Map<string, string>(),
  required: new Map<string, string>(),
  forced: new Map<string, string>(),
}

/**
 * Judges the references of a release.
 * @returns issues, errors among them refuse it; and the texts that name versions: of what is released with it always, of others when demanded
 */
export async function settleReferences(
  released: readonly Released[],
  demands: ReferenceDemands,
  { call, context }: { call: OperationCall; context: OperationContext },
): Promise<{ issues: Issue[]; pins: Pins }> {
  const [first] = released
  if (!first) return { issues: [], pins: new Map() }
  const faults: Issue[] = []
  const environment = treeEnvironment(call, context, { root: first.held.resource, bindings: noBindings, faults })
  const tree = await dependencyTree(first.made, {
    ...environment,
    follows: ({ role }) => role === 'needed',
    find: async (reference, from) => {
      const together = released.find(({ held }) => isMeant(reference, held.resource))
      return together ? [{ resource: together.made }] : environment.find(reference, from)
    },
  })
  const nodes = new Map(tree.nodes.map((node) => [node.key, node]))
  const made = new Set(released.map((each) => each.made))
  const issues: Issue[] = faults.filter(isError)
  const pins: Pins = new Map()
  for (const node of tree.nodes) {
    const texts = new Map<string, string>()
    for (const reference of node.references) {
      const target = reference.target === undefined ? undefined : nodes.get(reference.target)?.resource
      const place = { reference, from: node.resource, target }
      issues.push(...standingIssues(place, { made, demands }))
      if (!made.has(node.resource)) continue
      issues.push(...experimentalIssues(place, demands))
      const pin = target && (made.has(target) || demands.requiresVersions) ? versionOf(target) : undefined
      const isOpen = parseCanonical(reference.canonical).version === undefined
      if (pin !== undefined && (isOpen || (target && made.has(target)))) issues.push(...write(texts, reference, pin))
      else if (demands.requiresVersions && isOpen && reference.known === undefined) issues.push(unpinned(reference))
    }
    if (made.has(node.resource)) pins.set(node.resource, texts)
  }
  return { issues: distinct(issues), pins }
}

/** Whether a reference means an artefact that is released, by what that was called before. */
function isMeant({ canonical, types }: CanonicalReference, resource: Resource): boolean {
  const { url, version } = parseCanonical(canonical)
  const own = artefactCanonical(resource)
  const isType = types.length === 0 || types.includes(resource.resourceType)
  return isType && own?.url === url && (version === undefined || own.version === undefined || version === own.version)
}

interface Place {
  reference: Reference
  from: Resource
  target: Resource | undefined
}

function standingIssues(
  { reference, from, target }: Place,
  { made, demands }: { made: ReadonlySet<Resource>; demands: ReferenceDemands },
): Issue[] {
  const { canonical, path: expression } = reference
  const name = artefactName(from)
  const issues: Issue[] = []
  if (demands.requiresActive && reference.absent !== undefined) {
    const text = `${name} refers to ${canonical}: ${reference.absent} (requireActiveReferences).`
    issues.push(issue('not-found', { text, expression }))
  }
  if (!target || made.has(target)) return issues
  const status = statusOf(target)
  if (demands.requiresActive && status !== undefined && status !== 'active') {
    const text = `${name} refers to ${artefactName(target)}, which is ${status} (requireActiveReferences).`
    issues.push(issue('business-rule', { text, expression }))
  }
  const origin = demands.asksOrigin ? originOf(target) : undefined
  if (origin !== undefined) {
    const text = `${artefactName(target)} comes from ${origin}, which this server does not ask for newer versions (latestFromTxServer): import the version that is wanted.`
    issues.push(issue('not-supported', { text, expression }))
  }
  return issues
}

/** Where a value set is maintained (http://hl7.org/fhir/StructureDefinition/valueset-authoritativeSource). */
function originOf(resource: Resource): string | undefined {
  const { extension } = asJson(resource)
  if (resource.resourceType !== 'ValueSet' || !Array.isArray(extension)) return undefined
  for (const each of extension) {
    if (typeof each !== 'object' || each === null || Array.isArray(each)) continue
    const url = 'http://hl7.org/fhir/StructureDefinition/valueset-authoritativeSource'
    if (each.url === url && typeof each.valueUri === 'string') return each.valueUri
  }
  return undefined
}

function experimentalIssues({ reference, from, target }: Place, { experimental }: ReferenceDemands): Issue[] {
  if (experimental === 'none' || !target || !isExperimental(target) || isExperimental(from)) return []
  const text = `${artefactName(from)} refers to ${artefactName(target)}, which is experimental.`
  const severity = experimental === 'error' ? 'error' : 'warning'
  return [issue('business-rule', { severity, text, expression: reference.path })]
}

const isExperimental = (resource: Resource): boolean => 'experimental' in resource && resource.experimental === true

const versionOf = (resource: Resource): string | undefined => artefactCanonical(resource)?.version

/** Notes the version at the place of a reference; one that stands in the text of a library cannot be written there. */
function write(texts: Map<string, string>, reference: Reference, version: string): Issue[] {
  const { url, version: said } = parseCanonical(reference.canonical)
  if (said === version) return []
  if (reference.element === 'Library.content.data') return [unpinned(reference)]
  if (reference.versionPath === undefined) texts.set(reference.path, formatCanonical(url, version))
  else texts.set(reference.versionPath, version)
  return []
}

function unpinned({ canonical, path: expression, absent, element }: Reference): Issue {
  const why =
    element === 'Library.content.data'
      ? 'its text names it so, and a text is changed by its author'
      : (absent ?? 'what it leads to has no version')
  const text = `${expression} names ${canonical}, and no version of it can be put there: ${why}.`
  return issue('business-rule', { text, expression })
}

const distinct = (issues: Issue[]): Issue[] => [...new Map(issues.map((each) => [JSON.stringify(each), each])).values()]
