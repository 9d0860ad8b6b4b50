import { Code, Concept, Interval } from 'cql-execution'
import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { lineage, type ModelClass, type ModelElement, type ModelInfo } from '../translate/model-info.ts'
import { compareInstances } from './compare.ts'
import { parseDate, parseDateTime, parseTime } from './temporal.ts'

/** What every value read during one evaluation depends on beside the data. */
export interface ReadScope {
  /** Hours east of UTC that a dateTime without offset is taken to be in: those of the evaluation clock. */
  timezoneOffset: number
}

/** Reads one element of an object. */
export type Reader = (json: JsonObject, scope: ReadScope) => unknown
/** Reads one JSON value of a known type. */
type ValueReader = (value: Json, scope: ReadScope) => unknown

/** One class of the data model, ready to wrap JSON. */
export interface FhirClass {
  name: string
  /** `{http://hl7.org/fhir}Immunization` and its ancestors, nearest first, `{urn:hl7-org:elm-types:r1}Any` last. */
  typeNames: string[]
  /** Element name → reader; explicit choice names (`doseNumberString`) included. */
  readers: Map<string, Reader>
  /** Names without explicit choice names, for comparison and conversion. */
  elementNames: string[]
  /** JSON of it is a bare string, number or Boolean, with `id` and `extension` in a `_sibling`. */
  primitive: boolean
  primaryCodePath: string | undefined
  patientElements: string[]
  /** Of a class of a logical model: what it stands for; absent for a class of FHIR. */
  kind?: 'instance' | 'part' | 'datatype' | 'person'
  /** What people call it, where that is not its name: `vaccination`. */
  label?: string
  wrap(json: JsonObject, scope: ReadScope): FhirInstance
}

const scopeKey = Symbol('scope')
const systemNamespace = '{urn:hl7-org:elm-types:r1}'

/**
 * A FHIR element or resource as the CQL executor sees it. Properties are getters on the prototype of a class per FHIR type, so that
 * wrapping costs one object and reading an element costs that element. Its only own property is the JSON: the executor's normalisation
 * (distinct, union) then compares FHIR values by their JSON.
 */
export class FhirInstance {
  // Own and enumerable on purpose: see above. Declared alone: to define it before it is set would cost as much again.
  declare readonly _json: JsonObject
  declare readonly [scopeKey]: ReadScope
  declare readonly fhirClass: FhirClass

  constructor(json: JsonObject, scope: ReadScope) {
    this._json = json
    this[scopeKey] = scope
  }

  /** Element by name; dotted paths and explicit choice names are understood. Part of the executor's data interface. */
  get(field: string): unknown {
    const dot = field.indexOf('.')
    const value = this.fhirClass.readers.get(dot < 0 ? field : field.slice(0, dot))?.(this._json, this[scopeKey])
    return dot < 0 || !(value instanceof FhirInstance) ? value : value.get(field.slice(dot + 1))
  }

  getId(): unknown {
    return this._json.id
  }

  /** Codes at an element, for the code filter of a retrieve. */
  getCode(field: string): unknown {
    return toCode(valuesAt(this, field.split('.')))
  }

  getDate(field: string): unknown {
    return toPoint(this.get(field))
  }

  getDateOrInterval(field: string): unknown {
    return toPoint(this.get(field))
  }

  _is(specifier: { type: string; name?: string }): boolean {
    return specifier.type === 'NamedTypeSpecifier' && this.fhirClass.typeNames.includes(specifier.name ?? '')
  }

  _typeHierarchy(): { type: string; name: string }[] {
    return this.fhirClass.typeNames.map((name) => ({ type: 'NamedTypeSpecifier', name }))
  }

  /** CQL equality of structured values: null when one side lacks what the other has. */
  equals(other: unknown): boolean | null {
    if (!(other instanceof FhirInstance) || other.fhirClass !== this.fhirClass) return false
    return compareInstances(this, other, this.fhirClass.elementNames)
  }
}

/** The value at a path; of lists on the way all. */
function valuesAt(value: unknown, path: string[]): unknown {
  const [first, ...rest] = path
  if (first === undefined || value == null) return value
  if (Array.isArray(value)) return value.flatMap((each) => valuesAt(each, path) ?? [])
  return value instanceof FhirInstance ? valuesAt(value.get(first), rest) : undefined
}

function toCode(value: unknown): unknown {
  if (value == null || typeof value === 'string' || value instanceof Code) return value
  if (value instanceof Concept) return value.codes
  if (Array.isArray(value)) return value.flatMap(toCode)
  if (!(value instanceof FhirInstance)) return undefined
  if (value.fhirClass.name === 'CodeableConcept') return toCode(value.get('coding'))
  if (value.fhirClass.name !== 'Coding') return value.fhirClass.primitive ? value.get('value') : undefined
  const { code, system, version, display } = value._json
  return new Code(text(code) ?? '', text(system), text(version), text(display))
}

const text = (value: Json | undefined) => (typeof value === 'string' ? value : undefined)

function toPoint(value: unknown): unknown {
  if (!(value instanceof FhirInstance)) return value
  if (value.fhirClass.name !== 'Period') return value.fhirClass.primitive ? value.get('value') : undefined
  return new Interval(value.get('start.value') ?? null, value.get('end.value') ?? null, true, true)
}

/** All classes of a data model, made one by one as they are needed. */
export interface FhirClasses {
  model: ModelInfo
  /** By name without prefix. */
  find(name: string): FhirClass | undefined
}

/** Prepares the classes of a model info. */
export function createFhirClasses(model: ModelInfo): FhirClasses {
  const made = new Map<string, FhirClass>()
  const classes: FhirClasses = {
    model,
    find(name) {
      const known = made.get(name)
      if (known) return known
      const ancestors = lineage(model, name)
      const [own] = ancestors
      if (!own) return undefined
      // Registered before its readers exist: types refer to each other (Extension.extension).
      const fresh = emptyClass(own, ancestors, model)
      made.set(name, fresh)
      for (const each of ancestors.toReversed())
        for (const element of each.elements) addReaders(fresh, element, classes)
      addGetters(fresh)
      return fresh
    },
  }
  return classes
}

function emptyClass(own: ModelClass, ancestors: ModelClass[], model: ModelInfo): FhirClass {
  return instanceClass({
    name: own.name,
    typeNames: [...ancestors.map((each) => `{${model.url}}${each.name}`), `${systemNamespace}Any`],
    readers: new Map(),
    elementNames: [],
    primitive: isPrimitive(own),
    primaryCodePath: own.primaryCodePath,
    patientElements: [...new Set(ancestors.flatMap((each) => each.patientElements))],
  })
}

/** A class that wraps JSON; what its readers are is read through {@link addGetters} once they are known. */
export function instanceClass(told: Omit<FhirClass, 'wrap'>): FhirClass {
  class TypedInstance extends FhirInstance {
    // Said out loud: what is said by default costs more.
    constructor(json: JsonObject, scope: ReadScope) {
      super(json, scope)
    }
  }
  const fhirClass: FhirClass = { ...told, wrap: (json, scope) => new TypedInstance(json, scope) }
  Object.defineProperty(TypedInstance.prototype, 'fhirClass', { value: fhirClass })
  return fhirClass
}

/** Makes each element a property of the instances. */
export function addGetters(fhirClass: FhirClass): void {
  const prototype = Object.getPrototypeOf(fhirClass.wrap({}, { timezoneOffset: 0 }))
  for (const [name, reader] of fhirClass.readers)
    Object.defineProperty(prototype, name, {
      get(this: FhirInstance) {
        return reader(this._json, this[scopeKey])
      },
    })
}

/** FHIR primitives, and the classes the model makes of bound codes (`ImmunizationStatus`): one `value` of a System type. */
function isPrimitive(modelClass: ModelClass): boolean {
  const [only] = modelClass.elements
  if (/^[a-z]/.test(modelClass.name)) return true
  return modelClass.elements.length === 1 && only?.name === 'value' && only.types[0] === 'System.String'
}

function addReaders(fhirClass: FhirClass, element: ModelElement, classes: FhirClasses): void {
  if (!fhirClass.elementNames.includes(element.name)) fhirClass.elementNames.push(element.name)
  if (!element.choice) {
    fhirClass.readers.set(element.name, propertyReader(element.name, element, classes))
    return
  }
  const choices = element.types.map((type) => {
    const property = choiceProperty(element.name, type)
    const reader = propertyReader(property, { ...element, types: [type] }, classes)
    fhirClass.readers.set(property, reader)
    return { property, sibling: `_${property}`, reader }
  })
  fhirClass.readers.set(element.name, (json, scope) => {
    for (const { property, sibling, reader } of choices)
      if (json[property] != null || json[sibling] != null) return reader(json, scope)
    return undefined
  })
}

/** JSON name of a choice: `value` + `FHIR.dateTime` → `valueDateTime`; a SimpleQuantity is written as Quantity. */
function choiceProperty(name: string, type: string): string {
  const local = type.slice(type.indexOf('.') + 1).replace('SimpleQuantity', 'Quantity')
  return `${name}${local.charAt(0).toUpperCase()}${local.slice(1)}`
}

function propertyReader(property: string, element: ModelElement, classes: FhirClasses): Reader {
  const [type = ''] = element.types
  if (type.startsWith('System.')) {
    const read = systemReaders[type.slice('System.'.length)] ?? asIs
    return (json, scope) => (json[property] == null ? json[property] : read(json[property], scope))
  }
  const name = type.slice(type.indexOf('.') + 1)
  const target = classes.model.classes.get(name)
  if (target && isPrimitive(target)) return primitiveReader(property, element.list, lazyClass(name, classes))
  const wrap =
    name === 'Resource' || name === 'DomainResource' ? resourceWrapper(classes) : complexWrapper(name, classes)
  return (json, scope) => {
    const value = json[property]
    if (value == null) return value
    return Array.isArray(value) ? value.map((each) => wrap(each, scope)) : wrap(value, scope)
  }
}

function lazyClass(name: string, classes: FhirClasses): () => FhirClass | undefined {
  let found: FhirClass | undefined
  return () => {
    found ??= classes.find(name)
    return found
  }
}

function complexWrapper(name: string, classes: FhirClasses): ValueReader {
  const find = lazyClass(name, classes)
  return (value, scope) => (isJsonObject(value) ? find()?.wrap(value, scope) : undefined)
}

/** A resource inside a resource has the class of its own type. */
function resourceWrapper(classes: FhirClasses): ValueReader {
  return (value, scope) => {
    if (!isJsonObject(value)) return undefined
    return (classes.find(String(value.resourceType)) ?? classes.find('Resource'))?.wrap(value, scope)
  }
}

/** A primitive becomes `{value, id?, extension?}`, put together from `x` and `_x` (https://hl7.org/fhir/R4/json.html#primitive). */
function primitiveReader(property: string, list: boolean, find: () => FhirClass | undefined): Reader {
  const sibling = `_${property}`
  const wrapOne = (value: Json | undefined, extra: Json | undefined, scope: ReadScope) => {
    if (value == null && extra == null) return value
    const own: JsonObject = value == null ? {} : { value }
    return find()?.wrap(isJsonObject(extra) ? { ...own, ...extra } : own, scope)
  }
  return (json, scope) => {
    const value = json[property]
    const extra = json[sibling]
    if (value == null && extra == null) return value
    if (!list) return wrapOne(value, extra, scope)
    const values = Array.isArray(value) ? value : []
    const extras = Array.isArray(extra) ? extra : []
    return Array.from({ length: Math.max(values.length, extras.length) }, (_, i) =>
      wrapOne(values[i], extras[i], scope),
    )
  }
}

const asIs: ValueReader = (value) => value

const systemReaders: Record<string, ValueReader> = {
  DateTime: (value, scope) => parseDateTime(value, scope.timezoneOffset),
  Date: (value) => parseDate(value),
  Time: (value) => parseTime(value),
}
