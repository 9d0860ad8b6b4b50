import { choiceProperty, elementInfo, isPrimitive, isSubtype, typeInfo } from '../../fhir/elements.ts'
import { type PrimitiveCheck, primitiveCheck, primitiveFault } from '../../fhir/primitives.ts'
import type { StructureDefinition } from '../../fhir/types.ts'
import { narrativeFault } from '../../fhir/xml/narrative.ts'

/** One element of a type, as reading and writing need it. */
export interface ElementType {
  /** Name without `[x]`. */
  name: string
  isArray: boolean
  /** Least number of occurrences; absent where a definition leaves it to the type that it is derived from. */
  min?: number | undefined
  /** What it may hold; more than one for a choice, none when unknown. */
  types: Type[]
  /** Properties of a choice with their types, e.g. `valueString`; empty when it is none or one variant was asked for. */
  variants: { property: string; type: Type }[]
  /** How a logical model writes it in XML: `xmlAttr`, `xmlText`, `typeAttr`. */
  representation?: string[]
}

/** A type: of R4, of a logical model, or unknown. One object per type, so identity compares. */
export interface Type {
  /** `Patient`, `Bundle.entry`, `date`; last part of the type of a logical model. */
  readonly name: string
  /** Canonical of a logical model; for a profile that of the profile. */
  readonly url?: string
  readonly kind: 'primitive' | 'complex' | 'resource' | 'logical' | 'unknown'
  /** Taken from the JSON and not from a definition: a string may be any string-like type. */
  readonly inferred?: boolean
  /** Of a primitive type of R4: why a value is none; absent where the type was inferred. */
  readonly check?: PrimitiveCheck | undefined
  /** The type it is derived from. */
  readonly base?: Type | undefined
  element(property: string): ElementType | undefined
  /** Names of the elements of a logical model, inherited ones first. */
  names?(): string[]
  /** XML namespace of a logical model. */
  readonly namespace?: string | undefined
}

const none = () => undefined

/** Type of objects of which nothing is known. */
export const UNKNOWN: Type = { name: '', kind: 'unknown', inferred: true, element: none }
/** Types of JSON primitives whose definition is not known. */
export const INFERRED = {
  string: { name: 'string', kind: 'primitive', inferred: true, element: none } as Type,
  integer: { name: 'integer', kind: 'primitive', inferred: true, element: none } as Type,
  decimal: { name: 'decimal', kind: 'primitive', inferred: true, element: none } as Type,
  boolean: { name: 'boolean', kind: 'primitive', inferred: true, element: none } as Type,
}

const r4Types = new Map<string, Type>()

/** A type or backbone path of R4; undefined for other names. */
export function r4Type(name: string): Type | undefined {
  const known = r4Types.get(name)
  if (known) return known
  const info = typeInfo(name)
  if (!info) return undefined
  const kind = info.kind === 'primitive-type' ? 'primitive' : info.kind === 'resource' ? 'resource' : 'complex'
  const elements = new Map<string, ElementType | undefined>()
  const base = info.base ? r4Type(info.base) : undefined
  const type: Type = {
    name,
    kind,
    ...(base ? { base } : {}),
    ...(kind === 'primitive' ? { check: name === 'xhtml' ? checkNarrative : primitiveCheck(name) } : {}),
    element(property) {
      if (elements.has(property)) return elements.get(property)
      const element = r4Element(name, property)
      if (element || elements.size < 500) elements.set(property, element)
      return element
    },
  }
  r4Types.set(name, type)
  return type
}

function checkNarrative(value: unknown): string | undefined {
  return primitiveFault('xhtml', value) ?? narrativeFault(String(value))
}

function r4Element(parent: string, property: string): ElementType | undefined {
  const info = elementInfo(parent, property)
  if (!info) return undefined
  const single = info.types.length === 1
  const types = single ? [r4Type(info.childType) ?? UNKNOWN] : info.types.map((each) => r4Type(each) ?? UNKNOWN)
  const generic = info.choice && property === info.name
  const variants = generic
    ? info.types.map((each) => ({ property: choiceProperty(info.name, each), type: r4Type(each) ?? UNKNOWN }))
    : []
  return { name: info.choice && !generic ? property : info.name, isArray: info.isArray, min: info.min, types, variants }
}

/** Finds types by name or canonical; made once per compiled map, after its definitions have been loaded. */
export interface TypeTable {
  /** By canonical, R4 name or name of a logical model. */
  find(urlOrName: string): Type | undefined
}

/** `System.String`, plain `String` and `FHIR.string` as the R4 type of that JSON; other names as they are. */
export function plainTypeName(name: string): string {
  const bare = /^(?:System\.)?(String|Boolean|Integer|Decimal|Date|DateTime|Time)$/.exec(name)?.[1]
  if (bare !== undefined) return bare.charAt(0).toLowerCase() + bare.slice(1)
  return name.replace(/^(FHIR\.|System\.(?=Quantity$))/, '')
}

/** The canonical of an R4 definition, with or without the version in its path. */
const R4_PREFIX = /^http:\/\/hl7\.org\/fhir\/(?:4\.[03]\/)?StructureDefinition\//

/** Name of the R4 type that a canonical or name stands for. */
export function r4Name(urlOrName: string): string | undefined {
  const bare = urlOrName.split('|')[0] ?? urlOrName
  const name = bare.replace(R4_PREFIX, '')
  if (name.startsWith('http://hl7.org/fhirpath/System.')) return systemType(name.slice(name.lastIndexOf('.') + 1))
  return typeInfo(name) && !name.includes('.') ? name : undefined
}

function systemType(name: string): string {
  const lower = name.charAt(0).toLowerCase() + name.slice(1)
  return isPrimitive(lower) ? lower : 'string'
}

/** Canonicals that a definition needs beside itself: its base, and the logical models of its elements. */
export function neededTypes(definition: StructureDefinition): string[] {
  const needed = new Set<string>()
  if (definition.baseDefinition) needed.add(definition.baseDefinition)
  for (const element of definition.snapshot?.element ?? definition.differential?.element ?? []) {
    for (const type of element.type ?? []) {
      needed.add(type.code)
      if (!r4Name(type.code)) for (const profile of type.profile ?? []) needed.add(profile)
    }
  }
  return [...needed].filter((each) => !r4Name(each))
}

/** A table over definitions by the canonical they were asked for. */
export function createTypeTable(definitions: ReadonlyMap<string, StructureDefinition>): TypeTable {
  const byUrl = new Map<string, Type>()
  const byName = new Map<string, StructureDefinition>()
  for (const definition of definitions.values()) {
    for (const name of [definition.name, lastPart(definition.type), definition.type, definition.id]) {
      if (name && !byName.has(name)) byName.set(name, definition)
    }
  }
  const table: TypeTable = {
    find(urlOrName) {
      const bare = urlOrName.split('|')[0] ?? urlOrName
      const definition = definitions.get(urlOrName) ?? definitions.get(bare)
      if (definition) return build(definition)
      const r4 = r4Name(bare)
      if (r4) return r4Type(r4)
      const named = byName.get(bare)
      return named ? build(named) : undefined
    },
  }
  const build = (definition: StructureDefinition): Type | undefined => {
    const known = byUrl.get(definition.url)
    if (known) return known
    const type =
      definition.derivation === 'constraint' && definition.kind !== 'logical'
        ? profileOf(definition)
        : logicalType(definition, table)
    if (type) byUrl.set(definition.url, type)
    return type
  }
  return table
}

/** A profile is its base type; the url tells what it was asked for. */
function profileOf(definition: StructureDefinition): Type | undefined {
  const base = r4Type(r4Name(definition.type) ?? definition.type)
  return base ? { ...base, url: definition.url, base } : undefined
}

/** Last part of a canonical or dotted name. */
export function lastPart(url: string): string {
  return url.slice(Math.max(url.lastIndexOf('/'), url.lastIndexOf('#')) + 1)
}

type Definition = NonNullable<StructureDefinition['differential']>['element'][number]

function logicalType(definition: StructureDefinition, table: TypeTable): Type {
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
      if (elements.has(property)) return elements.get(property)
      const own = logicalElement(scope, property)
      const element = own && (own.types.length > 0 || !type.base) ? own : (type.base?.element(property) ?? own)
      if (elements.size < 1000) elements.set(property, element)
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
    const type = makeLogical({ ...scope, path: target }, { name: target, base: none })
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

/** Whether a type is the other one or derived from it; profiles count as their type. */
export function isA(type: Type, ancestor: Type): boolean {
  if (type === ancestor) return true
  if (ancestor.url && ancestor.kind !== 'logical') return isSubtype(type.name, ancestor.name)
  if (type.kind !== 'logical' && ancestor.kind !== 'logical') return isSubtype(type.name, ancestor.name)
  for (let each: Type | undefined = type; each; each = each.base) {
    if (each === ancestor || (each.url !== undefined && each.url === ancestor.url)) return true
  }
  return false
}
