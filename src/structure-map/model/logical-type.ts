import { choiceProperty } from '../../fhir/elements.ts'
import type { StructureDefinition } from '../../fhir/types.ts'
import { type ElementType, lastPart, mayKeep, type Type, UNKNOWN } from './types.ts'

/** Finds types by name or canonical; made once per compiled map, after its definitions have been loaded. */
export interface TypeTable {
  /** By canonical, R4 name or name of a logical model. */
  find(urlOrName: string): Type | undefined
}

type Definition = NonNullable<StructureDefinition['differential']>['element'][number]

/** The type of a logical model, or of any definition with elements of its own. */
export function logicalType(definition: StructureDefinition, table: TypeTable): Type {
  const elements = definition.snapshot?.element ?? definition.differential?.element ?? []
  const root = elements[0]?.path.split('.')[0] ?? definition.type
  const byPath = new Map<string, Definition>()
  const parents = new Set<string>()
  for (const element of elements) {
    // A slice repeats its element; the first stands for all.
    if (!byPath.has(element.path)) byPath.set(element.path, element)
    parents.add(element.path.slice(0, Math.max(0, element.path.lastIndexOf('.'))))
  }
  const base = baseOf(definition, table)
  return makeLogical(
    { path: root, byPath, parents, table },
    { name: lastPart(definition.type), url: definition.url, base, namespace: namespaceOf(definition) },
  )
}

function namespaceOf(definition: StructureDefinition): string | undefined {
  return definition.extension?.find((each) => /\/(xml|elementdefinition)-namespace$/.test(each.url))?.valueUri
}

function baseOf(definition: StructureDefinition, table: TypeTable): () => Type | undefined {
  return () =>
    definition.baseDefinition && definition.baseDefinition !== definition.url
      ? table.find(definition.baseDefinition)
      : undefined
}

interface LogicalScope {
  path: string
  byPath: Map<string, Definition>
  parents: Set<string>
  table: TypeTable
}

function makeLogical(
  scope: LogicalScope,
  of: { name: string; url?: string; base: () => Type | undefined; namespace?: string | undefined },
): Type {
  const elements = new Map<string, ElementType | undefined>()
  let resolved: Type | undefined
  let asked = false
  const type: Type = {
    name: of.name,
    kind: 'logical',
    ...(of.url ? { url: of.url } : {}),
    get base() {
      if (!asked) {
        asked = true // before the look-up: a definition may be its own base by mistake
        resolved = of.base()
      }
      return resolved
    },
    ...(of.namespace ? { namespace: of.namespace } : {}),
    names() {
      const inherited = type.base?.names?.() ?? []
      return [...inherited, ...ownNames(scope).filter((each) => !inherited.includes(each))]
    },
    element(property) {
      const known = elements.get(property)
      if (known || elements.has(property)) return known
      const own = logicalElement(scope, property)
      const element = own && (own.types.length > 0 || !type.base) ? own : (type.base?.element(property) ?? own)
      if (mayKeep(property, elements, 1000)) elements.set(property, element)
      return element
    },
  }
  return type
}

function ownNames({ byPath, path }: LogicalScope): string[] {
  const start = `${path}.`
  return [...byPath.keys()]
    .filter((each) => each.startsWith(start) && !each.includes('.', start.length))
    .map((each) => each.slice(start.length).replace(/\[x\]$/, ''))
}

function logicalElement(scope: LogicalScope, property: string): ElementType | undefined {
  const path = `${scope.path}.${property}`
  const element = scope.byPath.get(path) ?? scope.byPath.get(`${path}[x]`)
  if (!element) return logicalVariant(scope, property)
  if (element.contentReference) {
    const target = element.contentReference.slice(element.contentReference.indexOf('#') + 1)
    const type = makeLogical({ ...scope, path: target }, { name: target, base: () => undefined })
    return { name: property, isArray: repeats(element), min: element.min, types: [type], variants: [] }
  }
  const choice = !scope.byPath.has(path)
  const types = elementTypes(scope, path, element)
  const variants = choice ? types.map((type) => ({ property: choiceProperty(property, type.name), type })) : []
  const written = element.representation ? { representation: [...element.representation] } : {}
  return { name: property, isArray: repeats(element), min: element.min, types, variants, ...written }
}

function logicalVariant(scope: LogicalScope, property: string): ElementType | undefined {
  for (const [path, element] of scope.byPath) {
    if (!path.endsWith('[x]') || path.lastIndexOf('.') !== scope.path.length || !path.startsWith(scope.path)) continue
    const name = path.slice(scope.path.length + 1, -3)
    if (!property.startsWith(name)) continue
    const type = elementTypes(scope, path, element).find((each) => choiceProperty(name, each.name) === property)
    if (type) return { name: property, isArray: repeats(element), min: element.min, types: [type], variants: [] }
  }
  return undefined
}

function repeats(element: Definition): boolean {
  const max = element.base?.max ?? element.max
  return max === '*' || Number(max ?? '1') > 1
}

function elementTypes(scope: LogicalScope, path: string, element: Definition): Type[] {
  if (scope.parents.has(path)) {
    const code = element.type?.[0]?.code
    const base = () => (code ? scope.table.find(code) : undefined)
    return [makeLogical({ ...scope, path }, { name: path, base })]
  }
  return (element.type ?? []).map((each) => {
    const profile = each.profile?.map((url) => scope.table.find(url)).find((type) => type?.kind === 'logical')
    const type = profile ?? scope.table.find(each.code)
    // What an unknown or abstract type holds is not known.
    return type && type.name !== 'BackboneElement' && type.name !== 'Element' && type.name !== 'Base' ? type : UNKNOWN
  })
}
