/** Run-time classes of a logical model, compiled once for each type: what an element is read by stands ready, and is called when it is asked for. */
import { isJsonObject } from '../../base/json.ts'
import { keep } from '../../base/keep.ts'
import { addGetters, type FhirClass, instanceClass, type Reader } from '../cql/run/fhir-instance.ts'
import { opaque, systemReaders, type ValueReader } from '../cql/run/system-values.ts'
import {
  allElements,
  ancestry,
  type CqlType,
  classIn,
  type ElementForm,
  type LogicalModel,
  type ModelClass,
  type ModelElement,
} from './logical-model.ts'

/** One class with what else is asked of it. */
export interface LogicalClass extends FhirClass {
  elements: ModelElement[]
  /** Classes that are derived from it, directly or not. */
  derived: LogicalClass[]
}

/** The classes of one model. */
export interface LogicalClasses {
  model: LogicalModel
  /** With which its types begin, as ELM writes them. */
  typePrefix: string
  /** The type of whom instances are about, as ELM writes it. */
  personType: string
  /** By name without the model's. */
  find(name: string): LogicalClass | undefined
  /** Those of an instance's `resourceType`. */
  ofInstance(resourceType: string): LogicalClass | undefined
}

const made = keep<string, LogicalClasses>(50)

/** The classes of a model, made once for each content of it. */
export const logicalClasses = (model: LogicalModel): LogicalClasses => made.of(model.key, () => create(model))

function create(model: LogicalModel): LogicalClasses {
  const byName = new Map(model.classes.map((each) => [each.name, each]))
  const classes = new Map<string, LogicalClass>()
  for (const each of model.classes) classes.set(each.name, emptyClass(each, byName, model))
  for (const [name, each] of classes) {
    for (const above of ancestry(byName, name).slice(1)) classes.get(above.name)?.derived.push(each)
    for (const element of each.elements) addReaders(each, element, classes)
    addGetters(each)
  }
  const instances = instancesByType(model, classes)
  return {
    model,
    typePrefix: `{${model.url}}`,
    personType: `{${model.url}}${model.person}`,
    find: (name) => classes.get(name),
    ofInstance: (resourceType) => instances.get(resourceType),
  }
}

function emptyClass(own: ModelClass, byName: ReadonlyMap<string, ModelClass>, { url }: LogicalModel): LogicalClass {
  const elements = allElements(byName, own.name)
  const told = {
    name: own.name,
    kind: own.kind,
    label: own.label,
    typeNames: [...ancestry(byName, own.name).map(({ name }) => `{${url}}${name}`), '{urn:hl7-org:elm-types:r1}Any'],
    readers: new Map(),
    elementNames: elements.map(({ name }) => name),
    primitive: false,
    primaryCodePath: own.primaryCodePath,
    patientElements: [],
  }
  const extra: Pick<LogicalClass, 'elements' | 'derived'> = { elements, derived: [] }
  return Object.assign(instanceClass(told), extra)
}

/** A canonical means its own model whatever others declare as their type; any other text must mean one alone. */
function instancesByType(
  { classes }: LogicalModel,
  made: ReadonlyMap<string, LogicalClass>,
): ReadonlyMap<string, LogicalClass> {
  const found = new Map<string, LogicalClass | undefined>()
  for (const { name, resourceTypes: [, ...others] = [] } of classes)
    for (const each of others) found.set(each, found.has(each) ? undefined : made.get(name))
  for (const { name, resourceTypes: [canonical] = [] } of classes)
    if (canonical !== undefined) for (const each of [canonical, name]) found.set(each, made.get(name))
  const known = new Map<string, LogicalClass>()
  for (const [text, each] of found) if (each) known.set(text, each)
  return known
}

function addReaders(owner: LogicalClass, element: ModelElement, classes: ReadonlyMap<string, LogicalClass>): void {
  const { name, list, choice, forms } = element
  const readers = forms.map((form) => ({ form, read: propertyReader(form, list, classes) }))
  const [only, ...others] = readers
  if (!only) return
  if (others.length === 0 && !choice) {
    owner.readers.set(name, only.read)
    return
  }
  if (choice) {
    owner.readers.set(name, (json, scope) => {
      for (const { form, read } of readers) if (json[form.property] != null) return read(json, scope)
      return null
    })
    return
  }
  // Several types of one member: the first that makes something of it.
  owner.readers.set(name, (json, scope) => {
    for (const { read } of readers) {
      const value = read(json, scope)
      if (value != null) return value
    }
    return null
  })
}

function propertyReader(
  { property, type, fhir }: ElementForm,
  list: boolean,
  classes: ReadonlyMap<string, LogicalClass>,
): Reader {
  const read = valueReader(type, fhir, classes)
  if (!list)
    return (json, scope) => {
      const value = json[property]
      return value == null ? null : read(value, scope)
    }
  return (json, scope) => {
    const value = json[property]
    return Array.isArray(value) ? value.map((each) => (each === null ? null : read(each, scope))) : null
  }
}

function valueReader(type: CqlType, fhir: string, classes: ReadonlyMap<string, LogicalClass>): ValueReader {
  const name = classIn(type)
  if (name !== undefined) {
    const found = classes.get(name)
    return (value, scope) => (isJsonObject(value) ? (found?.wrap(value, scope) ?? null) : null)
  }
  return systemReaders[type] ?? ((value) => (fhir === '' || typeof value === 'object' ? opaque(value) : value))
}
