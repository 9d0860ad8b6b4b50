/** Sets a value at a path of a resource that is being made: the Simple FHIRPath Subset of dynamic values. */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import {
  choiceProperty,
  elementInfo,
  type FoundElement,
  isPrimitive,
  isResource,
  primitiveFault,
} from '../../fhir/elements.ts'
import type { TypedValue } from './expressions.ts'

/** One step of a path: a name, which of several, and of which type of a choice. */
interface Step {
  name: string
  index: number | undefined
  type: string | undefined
  /** `extension(url)` */
  url: string | undefined
}

/** Items of one element that a path may reach. */
const mostItems = 100
const stepPattern =
  /^(?:extension\(\s*'([^']{1,500})'\s*\)|([A-Za-z][A-Za-z0-9]*)(?:\[x\])?(?:\[(\d{1,3})\])?)((?:\.(?:as|ofType)\(\s*(?:FHIR\.)?([A-Za-z]+)\s*\))?)(?:\.|$)/

/** The steps of a path; undefined for what is no path of the subset. */
function readPath(path: string): Step[] | undefined {
  const steps: Step[] = []
  let rest = path.trim()
  while (rest !== '') {
    const found = stepPattern.exec(rest)
    if (!found || steps.length > 20) return undefined
    const [whole, url, name = 'extension', index, , type] = found
    steps.push({ name, index: index === undefined ? undefined : Number(index), type, url })
    rest = rest.slice(whole.length)
    if (rest === '' && whole.endsWith('.')) return undefined
  }
  return steps.length > 0 ? steps : undefined
}

/**
 * Sets what an expression gave; nothing at all takes away what stood there. A target in which it cannot be set is of no use any more.
 * @param type of `target`: a resource type, or the path of a backbone element
 * @returns why it cannot be set, as the rest of a sentence; undefined when it was
 */
export function setValue(target: JsonObject, type: string, path: string, values: TypedValue[]): string | undefined {
  const steps = readPath(path)
  if (!steps) return 'is no path of names and indexes'
  if (steps.length > 1 && steps[0]?.name === type) steps.shift()
  try {
    setAt({ target, type }, steps, values)
    return undefined
  } catch (error) {
    if (error instanceof PathError) return error.message
    throw error
  }
}

class PathError extends Error {}

interface Place {
  target: JsonObject
  type: string
}

function setAt({ target, type }: Place, [step, ...others]: Step[], values: TypedValue[]): void {
  if (!step) return
  const element = elementInfo(type, step.name)
  if (!element) throw new PathError(`leads to ${step.name}, which ${type} does not have`)
  if (step.url !== undefined) setExtension(target, step.url, others, values)
  else if (others.length === 0) setLast(target, step, element, values)
  else setBelow({ target, type, element, step }, others, values)
}

function setBelow(
  { target, type, element, step }: Place & { element: FoundElement; step: Step },
  others: Step[],
  values: TypedValue[],
): void {
  const property = propertyBelow(target, step, element)
  const isOpen = element.choice && element.childType === 'Element'
  const childType = isOpen ? (elementInfo(type, property)?.childType ?? '') : element.childType
  if (isPrimitive(childType)) throw new PathError(`goes on below ${property}, which is a ${childType}`)
  const child = childOf(target, property, { isArray: element.isArray, index: step.index })
  setAt({ target: child, type: childType }, others, values)
}

function childOf(
  target: JsonObject,
  property: string,
  { isArray, index = 0 }: { isArray: boolean; index?: number | undefined },
): JsonObject {
  const known = target[property]
  if (!isArray) {
    if (index !== 0) throw new PathError(`has an index at ${property}, which is there once`)
    const child = isJsonObject(known) ? known : {}
    target[property] = child
    return child
  }
  const list = Array.isArray(known) ? known : []
  if (index > list.length || index >= mostItems)
    throw new PathError(`names item ${index} of ${property}, of which there are ${list.length}`)
  const item = list[index]
  const child = isJsonObject(item) ? item : {}
  list[index] = child
  target[property] = list
  return child
}

/** The property of a choice that a path goes through: of the type it says, or the one that is there. */
function propertyBelow(target: JsonObject, { name, type }: Step, element: FoundElement): string {
  if (!element.choice || name !== element.name) return name
  if (type !== undefined && element.types.includes(type)) return choiceProperty(name, type)
  const present = element.types.map((each) => choiceProperty(name, each)).filter((each) => target[each] !== undefined)
  const [only, other] = present
  if (type === undefined && only !== undefined && other === undefined) return only
  throw new PathError(`does not say which type of ${name} is meant`)
}

function setExtension(target: JsonObject, url: string, others: Step[], values: TypedValue[]): void {
  const list = Array.isArray(target.extension) ? target.extension : []
  const known = list.find((each) => isJsonObject(each) && each.url === url)
  const extension: JsonObject = isJsonObject(known) ? known : { url }
  const steps: Step[] =
    others.length > 0 ? others : [{ name: 'value', index: undefined, type: undefined, url: undefined }]
  setAt({ target: extension, type: 'Extension' }, steps, values)
  if (known === undefined && Object.keys(extension).length > 1) list.push(extension)
  if (list.length > 0) target.extension = list
}

function setLast(target: JsonObject, step: Step, element: FoundElement, values: TypedValue[]): void {
  const { name, index } = step
  const isOpenChoice = element.choice && name === element.name
  const properties = isOpenChoice ? element.types.map((each) => choiceProperty(name, each)) : [name]
  if (values.length === 0) {
    if (index === undefined) for (const each of properties) removeProperty(target, each)
    return
  }
  const types = step.type === undefined ? element.types : element.types.filter((each) => each === step.type)
  const converted = values.map((value) => convert(value, types))
  const [first] = converted
  if (!first) return
  const property = isOpenChoice ? choiceProperty(name, first.type) : name
  if (!element.isArray) {
    if (converted.length > 1)
      throw new PathError(`leads to ${name}, which is there once; the expression gave ${converted.length} values`)
    for (const each of properties) removeProperty(target, each)
    target[property] = first.value
    return
  }
  if (index === undefined) {
    removeProperty(target, property)
    target[property] = converted.map(({ value }) => value)
    return
  }
  const list = Array.isArray(target[property]) ? target[property] : []
  if (converted.length > 1 || index > list.length || index >= mostItems)
    throw new PathError(`names item ${index} of ${name}, of which there are ${list.length}`)
  list[index] = first.value
  target[property] = list
}

/** With what stands beside a primitive value. */
function removeProperty(target: JsonObject, property: string): void {
  delete target[property]
  delete target[`_${property}`]
}

const texts = ['string', 'code', 'uri', 'url', 'canonical', 'id', 'markdown', 'oid', 'uuid']
const integers = ['integer', 'positiveInt', 'unsignedInt']
const quantities = ['Quantity', 'SimpleQuantity', 'Age', 'Duration', 'Count', 'Distance']
const families = [texts, [...integers, 'decimal'], quantities, ['date', 'dateTime', 'instant']]

/** The value in one of the types; the first that it is, or can be without loss. */
function convert({ type, value }: TypedValue, types: readonly string[]): { type: string; value: Json } {
  const exact = types.find((each) => each === type)
  if (exact !== undefined && fits(value, exact)) return { type: exact, value }
  const family = families.find((each) => type !== undefined && each.includes(type)) ?? []
  const near = types.find((each) => family.includes(each) && fits(value, each))
  if (near !== undefined) return { type: near, value }
  for (const each of types) {
    const made = wrapped({ type, value }, each)
    if (made !== undefined) return { type: each, value: made }
  }
  throw new PathError(`takes ${types.slice(0, 4).join(' or ')}; the expression gave ${type ?? 'a value without type'}`)
}

function fits(value: Json, type: string): boolean {
  if (!isPrimitive(type)) return isJsonObject(value)
  return primitiveFault(type, value) === undefined
}

/** A value in a type that holds it. */
function wrapped({ type, value }: TypedValue, into: string): Json | undefined {
  if (into === 'CodeableConcept' && type === 'Coding') return { coding: [value] }
  if (into === 'CodeableConcept' && type === 'string') return { text: value }
  if (into === 'Annotation' && (type === 'string' || type === 'markdown')) return { text: value }
  if (
    into === 'Coding' &&
    type === 'CodeableConcept' &&
    isJsonObject(value) &&
    Array.isArray(value.coding) &&
    value.coding.length === 1
  )
    return value.coding[0]
  if (
    into === 'Reference' &&
    type !== undefined &&
    isResource(type) &&
    isJsonObject(value) &&
    typeof value.id === 'string'
  )
    return { reference: `${type}/${value.id}` }
  // A tuple has the names of the type's elements, or it is none of it.
  if (
    type === undefined &&
    isJsonObject(value) &&
    !isPrimitive(into) &&
    Object.keys(value).every((name) => elementInfo(into, name))
  )
    return value
  return undefined
}
