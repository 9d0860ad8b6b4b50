/** Artefacts that are named where R4 has a text only: in the transforms of maps, and the components of an ImplementationGuide. */
import { isJsonObject, objectsIn } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import type { CanonicalReference } from './reference.ts'

interface Place {
  type: string
  path: string
}

/** References of one object that no element of its own is declared for. */
export function textReferences(object: JsonObject, { type, path }: Place): CanonicalReference[] {
  switch (type) {
    case 'StructureMap.group.rule.target':
      return [...translated(object, path), ...inParameters(object, path)]
    case 'StructureMap.group.rule.source':
      return ['condition', 'check'].flatMap((name) => inExpression(object[name], `${path}.${name}`, type))
    case 'ImplementationGuide.definition.resource':
      return component(object, path)
    default:
      return []
  }
}

/** `translate(source, map, output)`: the second parameter names a ConceptMap (https://hl7.org/fhir/R4/mapping-language.html). */
function translated({ transform, parameter }: JsonObject, path: string): CanonicalReference[] {
  if (transform !== 'translate') return []
  const named = objectsIn(parameter)[1]?.valueString
  // A fragment is a ConceptMap that the map contains.
  if (typeof named !== 'string' || named.startsWith('#')) return []
  const at = `${path}.parameter[1].valueString`
  const element = 'StructureMap.group.rule.target.parameter.valueString'
  return [{ canonical: named, path: at, role: 'needed', element, types: ['ConceptMap'] }]
}

/** FHIRPath of `evaluate`. */
function inParameters({ transform, parameter }: JsonObject, path: string): CanonicalReference[] {
  if (transform !== 'evaluate') return []
  return objectsIn(parameter).flatMap(({ valueString }, index) =>
    inExpression(
      valueString,
      `${path}.parameter[${index}].valueString`,
      'StructureMap.group.rule.target.parameter.valueString',
    ),
  )
}

/** Functions of FHIRPath that take a canonical (https://hl7.org/fhir/R4/fhirpath.html#functions). */
const functions: Readonly<Record<string, string>> = { memberOf: 'ValueSet', conformsTo: 'StructureDefinition' }

function inExpression(text: unknown, path: string, element: string): CanonicalReference[] {
  if (typeof text !== 'string') return []
  const calls = text.matchAll(/\b(memberOf|conformsTo)\s*\(\s*'([^'\\]{1,1000})'\s*\)/g)
  return [...calls].map(([, name = '', canonical = '']) => ({
    canonical,
    path,
    role: 'needed' as const,
    element,
    types: [functions[name] ?? ''],
  }))
}

/** A component is named by reference: what an ImplementationGuide is composed of. */
function component({ reference }: JsonObject, path: string): CanonicalReference[] {
  const text = isJsonObject(reference) ? reference.reference : undefined
  if (typeof text !== 'string' || text.startsWith('#')) return []
  const type = /(?:^|\/)([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}$/.exec(text)?.[1]
  return [
    {
      canonical: text,
      path: `${path}.reference.reference`,
      role: 'needed',
      element: 'ImplementationGuide.definition.resource.reference',
      types: type === undefined ? [] : [type],
    },
  ]
}
