/** Requirements on data as FHIR says them (https://hl7.org/fhir/R4/metadatatypes.html#DataRequirement), of what is reached in ELM. */
import { isJsonObject, objectsIn } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { formatCanonical } from '../../../fhir/canonical.ts'
import { elementInfo, isPrimitive, typeInfo } from '../../../fhir/elements.ts'
import type { Coding, DataRequirement, ParameterDefinition, Parameters, Period } from '../../../fhir/types.ts'
import { allElements, classIn, type LogicalModel, type ModelElement } from '../../models/logical-model.ts'
import { type Define, formatType, type ParameterDeclaration, type TypeSpecifier } from '../translate/elm.ts'
import type { CompiledLibrary } from '../translate/libraries.ts'
import { declared, type ReachedName } from './declared.ts'
import type { ReachedRetrieve } from './flow.ts'

/** One requirement for each retrieve that asks for other data; paths of equal ones are put together. */
export function dataRequirements(
  retrieves: readonly ReachedRetrieve[],
  parameters: Parameters | undefined,
): DataRequirement[] {
  const distinct = new Map<string, DataRequirement>()
  for (const retrieve of retrieves) {
    const { mustSupport = [], ...rest } = requirementOf(retrieve, parameters)
    const key = JSON.stringify(rest)
    const known = distinct.get(key)?.mustSupport ?? []
    const all = [...new Set([...known, ...mustSupport])].sort()
    distinct.set(key, { ...rest, ...(all.length > 0 ? { mustSupport: all } : {}) })
  }
  return [...distinct.values()]
}

function requirementOf({ node, library, paths }: ReachedRetrieve, parameters: Parameters | undefined): DataRequirement {
  const qualified = String(node.dataType)
  const type = qualified.replace(/^\{.*\}/, '')
  const logical = library.models.find(({ url }) => qualified.startsWith(`{${url}}`))
  // R4 has no type for instances of a logical model: its StructureDefinition says which they are.
  const requirement: DataRequirement = { type: asTypeName(logical ? 'Any' : type) }
  if (typeof node.templateId === 'string') requirement.profile = [node.templateId]
  else if (logical) requirement.profile = [logical.url]
  const codeFilter = codeFilterOf(node, library)
  if (codeFilter) requirement.codeFilter = [codeFilter]
  if (typeof node.dateProperty === 'string' && node.dateRange !== undefined) {
    const valuePeriod = periodOf(node.dateRange, library, parameters)
    requirement.dateFilter = [{ path: node.dateProperty, ...(valuePeriod ? { valuePeriod } : {}) }]
  }
  const looked = [node.codeProperty, node.dateProperty, ...paths].flatMap((path) =>
    typeof path === 'string' ? (logical ? logicalPaths(logical, type, path) : elementPaths(type, path)) : [],
  )
  const mustSupport = [...new Set(looked)].sort()
  return mustSupport.length > 0 ? { ...requirement, mustSupport } : requirement
}

/** Names of types are told as the library has them, translated over the model of R4. */
const asTypeName = (type: string) => type as DataRequirement['type']

/** A path with all before it, as far as R4 has elements of those names; `value` of a primitive is the primitive itself. */
function elementPaths(type: string, path: string): string[] {
  const found: string[] = []
  let at = type
  let whole = ''
  for (const name of path.split('.')) {
    const element = elementInfo(at, name)
    if (!element || isPrimitive(at)) return found
    whole = whole === '' ? name : `${whole}.${name}`
    found.push(whole)
    at = element.childType
    if (typeInfo(at) === undefined) return found
  }
  return found
}

/** The same of a class of a logical model. */
function logicalPaths({ classes }: LogicalModel, type: string, path: string): string[] {
  const byName = new Map(classes.map((each) => [each.name, each]))
  const found: string[] = []
  let at: string | undefined = type
  let whole = ''
  for (const name of path.split('.')) {
    const elements: ModelElement[] = at === undefined ? [] : allElements(byName, at)
    const element = elements.find((each) => each.name === name)
    if (!element) return found
    whole = whole === '' ? name : `${whole}.${name}`
    found.push(whole)
    const [form] = element.forms
    at = form && classIn(form.type)
  }
  return found
}

type CodeFilter = NonNullable<DataRequirement['codeFilter']>[number]

/** Codes that are told by the data itself filter nothing that could be said here: then all are required. */
function codeFilterOf(node: JsonObject, library: CompiledLibrary): CodeFilter | undefined {
  if (typeof node.codeProperty !== 'string') return undefined
  const path = node.codeProperty
  const named = valueSetOf(node.codes, library)
  if (named) return { path, valueSet: valueSetCanonical(named) }
  const code = codesOf(node.codes, library)
  return code && code.length > 0 ? { path, code } : undefined
}

function valueSetOf(node: Json | undefined, library: CompiledLibrary): ReachedName | undefined {
  if (!isJsonObject(node)) return undefined
  if (node.type === 'ValueSetRef') return declared(node, 'valueSets', { library })
  if (node.type === 'ExpandValueSet') return valueSetOf(node.operand, library)
  return node.type === 'Property' && node.path === 'codes' ? valueSetOf(node.source, library) : undefined
}

/** `url|version` of a value set or code system that a library declares. */
export const valueSetCanonical = ({ definition: { id, version } }: ReachedName): string =>
  formatCanonical(String(id), typeof version === 'string' ? version : undefined)

/** The codes of a filter; undefined where not all of them stand in the text. */
function codesOf(node: Json | undefined, library: CompiledLibrary): Coding[] | undefined {
  if (Array.isArray(node)) {
    const all = node.map((each) => codesOf(each, library))
    return all.every((each) => each !== undefined) ? all.flat() : undefined
  }
  if (!isJsonObject(node)) return undefined
  switch (node.type) {
    case 'CodeRef': {
      const found = declared(node, 'codes', { library })
      return found && [codingOf(found)]
    }
    case 'ConceptRef': {
      const found = declared(node, 'concepts', { library })
      const codes = objectsIn(found?.definition.code).map((each) =>
        found ? declared(each, 'codes', { library: found.library }) : undefined,
      )
      return codes.flatMap((each) => (each ? [codingOf(each)] : []))
    }
    case 'ToList':
    case 'ToConcept':
    case 'As':
      return codesOf(node.operand, library)
    case 'List':
      return codesOf(node.element, library)
    case 'Property':
      return node.path === 'codes' ? codesOf(node.source, library) : undefined
    default:
      return undefined
  }
}

/** A code that a library declares. */
export function codingOf({ definition, library }: ReachedName): Coding {
  const system = isJsonObject(definition.codeSystem)
    ? declared(definition.codeSystem, 'codeSystems', { library })?.definition
    : undefined
  return {
    ...(typeof system?.id === 'string' ? { system: system.id } : {}),
    ...(typeof system?.version === 'string' ? { version: system.version } : {}),
    code: String(definition.id),
    ...(typeof definition.display === 'string' ? { display: definition.display } : {}),
  }
}

/** A period that a parameter is given as; one that is worked out is known when the library runs. */
function periodOf(node: Json, library: CompiledLibrary, parameters: Parameters | undefined): Period | undefined {
  if (!isJsonObject(node) || node.type !== 'ParameterRef') return undefined
  const found = declared(node, 'parameters', { library })
  return parameters?.parameter?.find(({ name }) => name === found?.definition.name)?.valuePeriod
}

const systemTypes: Readonly<Record<string, string>> = {
  'System.Boolean': 'boolean',
  'System.Integer': 'integer',
  'System.Long': 'integer',
  'System.Decimal': 'decimal',
  'System.String': 'string',
  'System.Date': 'date',
  'System.DateTime': 'dateTime',
  'System.Time': 'time',
  'System.Quantity': 'Quantity',
  'System.Ratio': 'Ratio',
  'System.Code': 'Coding',
  'System.Concept': 'CodeableConcept',
  'Interval<System.Date>': 'Period',
  'Interval<System.DateTime>': 'Period',
  'Interval<System.Quantity>': 'Range',
}

const cqlType = 'http://hl7.org/fhir/StructureDefinition/cqf-cqlType'

/** A CQL parameter, as what goes in. */
export const parameterIn = ({ name, type }: ParameterDeclaration): ParameterDefinition =>
  parameterDefinition(name, 'in', type)

/** A define, as what comes out. */
export const parameterOut = ({ name, type }: Define): ParameterDefinition => parameterDefinition(name, 'out', type)

/** FHIR has fewer types than CQL: the type of CQL stands beside it. */
function parameterDefinition(name: string, use: 'in' | 'out', type: TypeSpecifier | undefined): ParameterDefinition {
  const item = type?.elementType ?? type
  const text = formatType(item)
  const fhir = systemTypes[text] ?? /^FHIR\.(\w+)$/.exec(text)?.[1] ?? ''
  const known = systemTypes[text] !== undefined || typeInfo(fhir) !== undefined
  return {
    extension: [{ url: cqlType, valueString: formatType(type) }],
    name,
    use,
    min: 0,
    max: type?.elementType ? '*' : '1',
    type: asTypeName(known ? fhir : 'Any'),
  }
}
