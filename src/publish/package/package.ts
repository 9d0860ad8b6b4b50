/** A package: an artefact with all that it leans on, and what is missing of it told. */
import { jsonSize } from '../../base/json-size.ts'
import { artefactCanonical, artefactName, artefactTypes, statusOf } from '../../fhir/artefact.ts'
import { compareVersions } from '../../fhir/canonical.ts'
import { FhirError, isError, issue, unprocessable } from '../../fhir/error.ts'
import type { Issue, Parameters, Resource, ValueSet } from '../../fhir/types.ts'
import { type DependencyTree, dependencyTree, type TreeEnvironment } from '../dependencies/dependency-tree.ts'
import { bound, expansionParameters, overridden, type VersionBindings } from './bindings.ts'
import { type Selection, selector, unmet } from './selection.ts'

/** What is packaged, and how. */
export interface PackageRequest {
  root: Resource
  selection: Selection
  bindings: VersionBindings
  /** Value sets come with their members, and nothing that running needs may be missing. */
  isExecutable: boolean
  /** Largest package, in bytes of its JSON. */
  mostBytes: number
}

/** What is needed to make one. */
export interface PackageEnvironment extends TreeEnvironment {
  /** The members of a value set, as `$expand` answers. @throws FhirError */
  expand(parameters: Parameters): Promise<ValueSet>
}

/** The artefacts, the root first, the others by type, url and version; and what is to be told. */
export interface Package {
  resources: Resource[]
  issues: Issue[]
}

/**
 * Makes a package.
 * @throws FhirError 422 for an executable one in which something is missing, for a name that nothing of it has, and for one that is too
 * large; what `find`, `named` and `expand` throw
 */
export async function makePackage(request: PackageRequest, environment: PackageEnvironment): Promise<Package> {
  const { root, selection, bindings, isExecutable } = request
  const isSelected = selector(selection, root)
  const tree = await dependencyTree(root, environment)
  const all = tree.nodes.map(({ resource }) => resource)
  const nowhere = unmet(selection, all)
  if (nowhere.length > 0) {
    const text = `includeUri names what the artefact does not lean on, as far as it is known here: ${nowhere.slice(0, 5).join(', ')}`
    throw unprocessable({ text, expression: "Parameters.parameter.where(name='includeUri')" }, 'not-found')
  }
  const issues = issuesOf(tree, request)
  if (isExecutable && issues.some(isError)) throw new FhirError(422, issues.filter(isError).slice(0, mostIssues))
  const selected = all.filter(isSelected)
  const left = all.filter((each) => !isSelected(each))
  if (left.length > 0) issues.push(leftOut(left))
  const resources: Resource[] = []
  let bytes = 0
  for (const each of [
    ...selected.filter((one) => one === root),
    ...selected.filter((one) => one !== root).sort(order),
  ]) {
    const made = isExecutable && each.resourceType === 'ValueSet' ? await expanded(each, bindings, environment) : each
    bytes += jsonSize(made, request.mostBytes)
    if (bytes > request.mostBytes)
      throw unprocessable(
        `The package has more than ${request.mostBytes} bytes; take it in parts by include`,
        'too-costly',
      )
    resources.push(made)
  }
  return { resources, issues: issues.slice(0, mostIssues) }
}

/** More than anybody reads. */
const mostIssues = 1000

function order(a: Resource, b: Resource): number {
  const [first, second] = [artefactCanonical(a), artefactCanonical(b)]
  const rank = ({ resourceType }: Resource) => artefactTypes.indexOf(resourceType)
  return (
    rank(b) - rank(a) ||
    compareText(a.resourceType, b.resourceType) ||
    compareText(first?.url ?? '', second?.url ?? '') ||
    compareVersions(first?.version ?? '', second?.version ?? '') ||
    compareText(a.id ?? '', b.id ?? '')
  )
}

/** By code units: the same everywhere, whatever the language of the machine. */
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Systems that are not here are no loss where the members of each value set are. */
const mayBeAbsent = (types: readonly string[]): boolean => types.length === 1 && types[0] === 'CodeSystem'

function issuesOf({ nodes, missing }: DependencyTree, { root, bindings, isExecutable }: PackageRequest): Issue[] {
  const issues: Issue[] = []
  if (statusOf(root) !== 'active') {
    const text = `${artefactName(root)} is ${statusOf(root) ?? 'without status'}: what it leans on is packaged as it stands here, active or not`
    issues.push(issue('business-rule', { severity: 'warning', text }))
  }
  for (const { canonical, path, by, absent, isNeeded, types } of missing) {
    const text = `${by} names ${canonical} (${path}), which is not in this package: ${absent}`
    const severity = !isNeeded ? 'information' : isExecutable && !mayBeAbsent(types) ? 'error' : 'warning'
    issues.push(issue('not-found', { severity, text, expression: path }))
  }
  const told = new Set<string>()
  for (const { resource, references } of nodes)
    for (const { canonical, known, target, path } of references) {
      const at = `${artefactName(resource)} ${path}`
      if (target !== undefined && bindings.forced.size > 0) {
        const taken = bound(canonical, bindings)
        if (taken !== canonical && canonical.includes('|')) issues.push(overridden(canonical, taken, at))
      }
      if (known === undefined || told.has(canonical) || known.includes('FHIR R4')) continue
      told.add(canonical)
      const text = `${at} names ${canonical}, which is not in this package: ${known}`
      issues.push(issue('informational', { severity: 'information', text }))
    }
  return issues
}

function leftOut(left: Resource[]): Issue {
  const names = left.slice(0, 20).map(artefactName).join(', ')
  const more = left.length > 20 ? ` and ${left.length - 20} more` : ''
  const text = `Left out, as the request says: ${names}${more}`
  return issue('informational', { severity: 'information', text })
}

async function expanded(
  valueSet: ValueSet,
  bindings: VersionBindings,
  { expand }: PackageEnvironment,
): Promise<ValueSet> {
  const parameter: Parameters['parameter'] = [
    { name: 'valueSet', resource: valueSet },
    ...expansionParameters(bindings),
  ]
  const { expansion } = await expand({ resourceType: 'Parameters', parameter }).catch((error: unknown) => {
    if (!(error instanceof FhirError)) throw error
    const named = error.issues.map((each) => ({
      ...each,
      details: {
        ...each.details,
        text: `${artefactName(valueSet)} cannot be expanded: ${each.details?.text ?? each.code}`,
      },
    }))
    throw new FhirError(error.status, named, error.headers)
  })
  if (!expansion) throw unprocessable(`${artefactName(valueSet)} cannot be expanded`)
  return { ...valueSet, expansion }
}
