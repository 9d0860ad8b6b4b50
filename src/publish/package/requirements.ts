/** What an artefact needs to be used: data, parameters, other artefacts (CRMI `$data-requirements`), as a module-definition Library. */
import { artefactName } from '../../fhir/artefact.ts'
import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { issue, operationOutcome, unprocessable } from '../../fhir/error.ts'
import { asJson, isOfType } from '../../fhir/json.ts'
import type {
  Coding,
  DataRequirement,
  Issue,
  Library,
  ParameterDefinition,
  Parameters,
  Resource,
} from '../../fhir/types.ts'
import { type Rules, unquote } from '../../rules/rules.ts'
import { type DependencyTree, dependencyTree, type TreeEnvironment } from '../dependencies/dependency-tree.ts'
import { type RuleExpression, ruleExpressions } from '../dependencies/expressions.ts'
import { asReferences, type NamedReference } from '../dependencies/named.ts'

/** What is analysed. */
export interface RequirementsRequest {
  root: Resource
  /** Defines that count alone; all that the artefact uses where there are none. */
  expressions: readonly string[]
  /** Values of CQL parameters. */
  parameters: Parameters | undefined
}

/** What is needed for it. */
export interface RequirementsEnvironment extends TreeEnvironment {
  rules: Pick<Rules, 'requirements' | 'checkQuestion'>
}

/** A library, and what of it counts; the whole where nothing is named. */
interface Part {
  library: Library
  defines: string[]
  texts: string[]
  isWhole: boolean
}

type Found = Awaited<ReturnType<Rules['requirements']>>

/**
 * Analyses an artefact.
 * @throws FhirError 422 for a library that is missing or has faults, an expression or parameter that none has; what `find` throws
 */
export async function requirementsOf(
  request: RequirementsRequest,
  environment: RequirementsEnvironment,
): Promise<Library> {
  const { root, expressions, parameters } = request
  const parts = await partsOf(request, environment)
  if (parameters && parts.length > 0) {
    const sources = parts.map(({ library }) => ({ library: artefactName(library), expressions: [] }))
    await environment.rules.checkQuestion(sources, parameters)
  }
  const found: Found[] = []
  const reached = new Map<Resource, NamedReference[]>()
  for (const { library, defines, texts, isWhole } of parts) {
    const named = isWhole ? {} : { defines, texts }
    const each = await environment.rules.requirements({ library, parameters, ...named })
    found.push(each)
    reached.set(library, asReferences(each.names))
  }
  const limited: TreeEnvironment['named'] = async (resource) => reached.get(resource) ?? []
  const tree = await dependencyTree(root, expressions.length > 0 ? { ...environment, named: limited } : environment)
  return moduleDefinition(root, tree, found)
}

async function partsOf(
  { root, expressions }: RequirementsRequest,
  environment: RequirementsEnvironment,
): Promise<Part[]> {
  const own = isOfType(root, 'Library') ? [{ library: root, defines: [], texts: [], isWhole: true }] : []
  const parts: Part[] = own.length > 0 ? own : await usedParts(root, environment)
  if (expressions.length === 0) return parts
  if (parts.length === 0) throw unknownExpression(expressions[0] ?? '', 'the artefact uses no library')
  const chosen: Part[] = []
  for (const { library } of parts) {
    const defines = await definesOf(library, environment)
    const fit = expressions.filter((each) => defines.includes(each))
    if (fit.length > 0) chosen.push({ library, defines: fit, texts: [], isWhole: false })
  }
  const unknown = expressions.find((each) => !chosen.some(({ defines }) => defines.includes(each)))
  if (unknown !== undefined) throw unknownExpression(unknown, 'no library that the artefact uses defines it')
  return chosen
}

function unknownExpression(name: string, why: string) {
  // Names come from the caller: no more of one than helps.
  const shown = name.replace(/[^\p{L}\p{N} ._-]/gu, '?').slice(0, 80)
  const text = `The expression "${shown}" cannot be analysed: ${why}`
  return unprocessable({ text, expression: "Parameters.parameter.where(name='expression')" }, 'not-found')
}

async function definesOf(library: Library, { rules }: RequirementsEnvironment): Promise<string[]> {
  const { parameters } = await rules.requirements({ library })
  return parameters.flatMap(({ use, name }) => (use === 'out' && name !== undefined ? [name] : []))
}

/** Libraries of an artefact, with the defines that its expressions name; whole where none does. */
async function usedParts(root: Resource, environment: RequirementsEnvironment): Promise<Part[]> {
  const named = 'library' in root && Array.isArray(root.library) ? root.library : []
  const expressions = ruleExpressions(root)
  const parts = new Map<Library, Part>()
  const partOf = async (canonical: string, path: string): Promise<Part> => {
    const library = await findLibrary(canonical, path, { root, environment })
    const known = parts.get(library) ?? { library, defines: [], texts: [], isWhole: false }
    parts.set(library, known)
    return known
  }
  for (const each of expressions) {
    const canonical = each.library ?? (named.length === 1 ? named[0] : undefined)
    if (canonical === undefined) throw withoutLibrary(root, each, named.length)
    const part = await partOf(canonical, `${root.resourceType}.library`)
    if (each.define !== undefined) part.defines.push(unquote(each.define))
    if (each.text !== undefined) part.texts.push(each.text)
  }
  for (const canonical of named) {
    const part = await partOf(canonical, `${root.resourceType}.library`)
    if (part.defines.length + part.texts.length === 0 && expressions.length === 0) part.isWhole = true
  }
  return [...parts.values()].filter((each) => each.isWhole || each.defines.length + each.texts.length > 0)
}

function withoutLibrary(root: Resource, { define, text }: RuleExpression, count: number) {
  const what = define ?? text ?? ''
  const why = count === 0 ? 'and the artefact none' : `and the artefact ${count}`
  return unprocessable(
    `${artefactName(root)}: the expression "${what.slice(0, 80)}" names no library, ${why}`,
    'required',
  )
}

async function findLibrary(
  canonical: string,
  path: string,
  { root, environment }: { root: Resource; environment: RequirementsEnvironment },
): Promise<Library> {
  const reference = { canonical, path, element: path, role: 'needed' as const, types: ['Library'] }
  for (const found of await environment.find(reference, root)) {
    if ('resource' in found && isOfType(found.resource, 'Library')) return found.resource
    const why = 'absent' in found ? found.absent : 'it cannot be read'
    throw unprocessable(
      { text: `${artefactName(root)} names the Library ${canonical}: ${why}`, expression: path },
      'not-found',
    )
  }
  throw new Error('unreachable: a reference leads somewhere or is told why not')
}

const typeSystem = 'http://terminology.hl7.org/CodeSystem/library-type'
const directCode = 'http://hl7.org/fhir/StructureDefinition/cqf-directReferenceCode'
const messages = 'http://hl7.org/fhir/StructureDefinition/cqf-messages'

function moduleDefinition(root: Resource, tree: DependencyTree, found: Found[]): Library {
  const codes = distinct(found.flatMap((each) => each.codes))
  const issues = issuesOf(tree)
  const data = merged(found.flatMap((each) => each.data))
  const parameter = distinct<ParameterDefinition>(found.flatMap((each) => each.parameters))
  const relatedArtifact = dependsOn(tree).map((resource) => ({ type: 'depends-on' as const, resource }))
  const extension = [
    ...(issues.length > 0 ? [{ url: messages, valueReference: { reference: '#messages' } }] : []),
    ...codes.map((valueCoding: Coding) => ({ url: directCode, valueCoding })),
  ]
  return {
    resourceType: 'Library',
    ...(issues.length > 0 ? { contained: [{ ...operationOutcome(issues), id: 'messages' }] } : {}),
    ...(extension.length > 0 ? { extension } : {}),
    name: 'EffectiveDataRequirements',
    title: `What ${artefactName(root)} needs`,
    status: 'active',
    type: { coding: [{ system: typeSystem, code: 'module-definition' }] },
    ...(relatedArtifact.length > 0 ? { relatedArtifact } : {}),
    ...(parameter.length > 0 ? { parameter } : {}),
    ...(data.length > 0 ? { dataRequirement: data } : {}),
  }
}

/** Everything that is named, in the version that it was found in; what was not found as it is named. */
function dependsOn({ nodes }: DependencyTree): string[] {
  const names = new Set(nodes.slice(1).map(({ resource }) => artefactName(resource)))
  for (const { references } of nodes)
    for (const { canonical, known, absent } of references) {
      const isOfFhir = known?.includes('FHIR R4') === true
      if ((known === undefined && absent === undefined) || isOfFhir) continue
      const { url, version } = parseCanonical(canonical)
      names.add(formatCanonical(url, version))
    }
  return [...names]
}

function issuesOf({ missing }: DependencyTree): Issue[] {
  return missing.map(({ canonical, by, path, absent, isNeeded }) => {
    const text = `${by} names ${canonical} (${path}): ${absent}`
    return issue('not-found', { severity: isNeeded ? 'warning' : 'information', text, expression: path })
  })
}

/** Requirements of several libraries that ask for the same data are one. */
function merged(all: DataRequirement[]): DataRequirement[] {
  const found = new Map<string, DataRequirement>()
  for (const { mustSupport = [], ...rest } of all) {
    const key = JSON.stringify(rest)
    const paths = [...new Set([...(found.get(key)?.mustSupport ?? []), ...mustSupport])].sort()
    found.set(key, { ...rest, ...(paths.length > 0 ? { mustSupport: paths } : {}) })
  }
  return [...found.values()]
}

const distinct = <T extends object>(list: T[]): T[] => [
  ...new Map(list.map((each) => [JSON.stringify(asJson(each)), each])).values(),
]
