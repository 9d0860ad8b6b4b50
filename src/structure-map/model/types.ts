import {
  choiceProperty,
  elementInfo,
  isPrimitive,
  isSubtype,
  type PrimitiveCheck,
  primitiveCheck,
  primitiveFault,
  typeInfo,
} from '../../fhir/elements.ts'
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
export const INFERRED: Record<'string' | 'integer' | 'decimal' | 'boolean', Type> = {
  string: { name: 'string', kind: 'primitive', inferred: true, element: none },
  integer: { name: 'integer', kind: 'primitive', inferred: true, element: none },
  decimal: { name: 'decimal', kind: 'primitive', inferred: true, element: none },
  boolean: { name: 'boolean', kind: 'primitive', inferred: true, element: none },
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
      const known = elements.get(property)
      if (known || elements.has(property)) return known
      const element = r4Element(name, property)
      if (element || mayKeep(property, elements, 500)) elements.set(property, element)
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

/** Longest name that is kept though nobody declares it. */
const LONGEST_NAME = 200

/** Whether a name is kept among so many at most: instances have names of strangers, any number of them and of any length. */
export const mayKeep = (name: string, known: ReadonlyMap<string, unknown>, most: number): boolean =>
  known.size < most && name.length <= LONGEST_NAME

/** Last part of a canonical or dotted name. */
export function lastPart(url: string): string {
  return url.slice(Math.max(url.lastIndexOf('/'), url.lastIndexOf('#')) + 1)
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
