/** Which artefacts of a tree a package holds (CRMI `$package`: include, includeUri, exclude, excludeUri, packageOnly). */
import { artefactCanonical, artefactName } from '../../fhir/artefact.ts'
import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { badRequest, unprocessable } from '../../fhir/error.ts'
import type { Resource } from '../../fhir/types.ts'
import { canonicalTypes } from './find.ts'

/** What a request says of the contents. */
export interface Selection {
  include: readonly string[]
  includeUri: readonly string[]
  exclude: readonly string[]
  excludeUri: readonly string[]
  packageOnly: boolean
}

const terminology = ['CodeSystem', 'ValueSet', 'NamingSystem', 'ConceptMap']
const conformance = ['StructureDefinition', 'StructureMap', 'SearchParameter', 'CompartmentDefinition']
const knowledge = ['ActivityDefinition', 'Library', 'PlanDefinition', 'Measure', 'Questionnaire']

type Test = (resource: Resource, root: Resource) => boolean
const ofTypes =
  (types: readonly string[]): Test =>
  ({ resourceType }) =>
    types.includes(resourceType)
const definesType =
  (type: string, is: boolean): Test =>
  (each) =>
    each.resourceType === 'StructureDefinition' && (each.type === type) === is && each.derivation === 'constraint'

/** By the codes of the operation; a resource type stands for itself. */
const kinds: Readonly<Record<string, Test>> = {
  all: () => true,
  artifact: (each, root) => each === root,
  canonical: (each) => artefactCanonical(each) !== undefined,
  terminology: ofTypes(terminology),
  conformance: ofTypes(conformance),
  profiles: definesType('Extension', false),
  extensions: definesType('Extension', true),
  knowledge: ofTypes(knowledge),
  ...Object.fromEntries(canonicalTypes.map((type) => [type, ofTypes([type])])),
}

/** Codes of the operation for what this server does not tell apart from other content. */
const unknowable = ['tests', 'examples']

/**
 * What tells whether an artefact is packaged. What is excluded is left out, whoever includes it.
 * @throws FhirError 400 for an unknown code, 422 for one that cannot be told here, and for `packageOnly` of a root that is of no package
 */
export function selector(selection: Selection, root: Resource): (resource: Resource) => boolean {
  const included = testsOf(selection.include, 'include')
  const excluded = testsOf(selection.exclude, 'exclude')
  const isIncluded = namedBy(selection.includeUri)
  const isExcluded = namedBy(selection.excludeUri)
  const all = included.length === 0 && selection.includeUri.length === 0
  const prefix = selection.packageOnly ? packageOf(root) : undefined
  return (each) => {
    if (isExcluded(each) || excluded.some((test) => test(each, root))) return false
    if (prefix !== undefined && !artefactCanonical(each)?.url.startsWith(prefix)) return false
    return all || isIncluded(each) || included.some((test) => test(each, root))
  }
}

function testsOf(codes: readonly string[], parameter: string): Test[] {
  const expression = `Parameters.parameter.where(name='${parameter}')`
  return codes.map((code) => {
    const test = Object.hasOwn(kinds, code) ? kinds[code] : undefined
    if (test) return test
    if (unknowable.includes(code)) {
      const text = `${parameter} ${code} is not supported: this server does not know which artefacts are ${code}`
      throw unprocessable({ text, expression }, 'not-supported')
    }
    const known = Object.keys(kinds).join(', ')
    throw badRequest({ text: `${parameter} takes one of ${known}`, expression }, 'code-invalid')
  })
}

/** Whether one of many canonicals, with version or without, names a resource. */
function namedBy(uris: readonly string[]): (resource: Resource) => boolean {
  const names = new Set(uris.map(nameOf))
  return (resource) => namesOf(resource).some((each) => names.has(each))
}

function nameOf(canonical: string): string {
  const { url, version } = parseCanonical(canonical)
  return formatCanonical(url, version)
}

function namesOf(resource: Resource): string[] {
  const own = artefactCanonical(resource)
  return own ? [own.url, formatCanonical(own.url, own.version)] : []
}

/** The part of a canonical that the artefacts of one guide or specification share. */
function packageOf(root: Resource): string {
  const url = artefactCanonical(root)?.url ?? ''
  const end = url.indexOf(`/${root.resourceType}/`)
  if (end > 0) return url.slice(0, end + 1)
  const text = `packageOnly is not supported for ${artefactName(root)}: its url does not say which package it belongs to`
  throw unprocessable({ text, expression: "Parameters.parameter.where(name='packageOnly')" }, 'not-supported')
}

/** Canonicals of `includeUri` that no artefact of the tree has. */
export function unmet({ includeUri }: Selection, resources: readonly Resource[]): string[] {
  const names = new Set(resources.flatMap(namesOf))
  return includeUri.filter((uri) => !names.has(nameOf(uri)))
}
