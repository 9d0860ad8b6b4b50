import type { Json, JsonObject } from '../../base/json-value.ts'
import { keepPerObject } from '../../base/keep.ts'
import { isEmpty } from '../model/nodes.ts'
import { type ElementType, type Type, UNKNOWN } from '../model/types.ts'

/** What an instance of a logical model is not as the model has it; paths begin below the instance. */
export interface ModelFaults {
  /** Canonical of the model, or its name. */
  model: string
  /** Elements with min ≥ 1 that are not there although what they belong to is. */
  missing: string[]
  /** Elements whose JSON is of another shape: a text for an object, one for a list. */
  misshapen: string[]
}

/** Compares an instance with its model (https://hl7.org/fhir/R4/elementdefinition.html, `min`, `max`, `type`). */
export function modelFaults(instance: JsonObject, type: Type): ModelFaults {
  const faults: ModelFaults = { model: type.url ?? type.name, missing: [], misshapen: [] }
  visitObject(instance, type, [], faults)
  return faults
}

function visitObject(object: JsonObject, type: Type, path: string[], faults: ModelFaults): void {
  for (const element of requiredOf(type))
    if (!isPresent(object, element)) faults.missing.push([...path, element.name].join('.'))
  for (const name in object) {
    const element = type.element(name)
    const value = object[name]
    if (!element || value === undefined) continue
    path.push(name)
    visitElement(value, element, path, faults)
    path.pop()
  }
}

/** The elements of a logical model that have to be there; looked up once. */
const requiredOf = keepPerObject((type: Type): ElementType[] =>
  (type.names?.() ?? []).flatMap((name) => {
    const element = type.element(name)
    return element && minOf(element, type, name) > 0 ? [element] : []
  }),
)

function minOf(element: ElementType, type: Type, name: string): number {
  return element.min ?? type.base?.element(name)?.min ?? 0
}

function isPresent(object: JsonObject, { name, variants }: ElementType): boolean {
  const properties = variants.length > 0 ? variants.map(({ property }) => property) : [name]
  return properties.some((property) => !isEmpty(object[property]))
}

function visitElement(value: Json, element: ElementType, path: string[], faults: ModelFaults): void {
  const [type = UNKNOWN] = element.types
  if (Array.isArray(value) !== element.isArray) faults.misshapen.push(path.join('.'))
  else if (type === UNKNOWN || element.types.length > 1) return
  else if (!Array.isArray(value)) visitValue(value, type, path, faults)
  else {
    for (const [index, each] of value.entries()) {
      const name = path.pop() ?? ''
      path.push(`${name}[${index}]`)
      visitValue(each, type, path, faults)
      path[path.length - 1] = name
    }
  }
}

function visitValue(value: Json, type: Type, path: string[], faults: ModelFaults): void {
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value)
  if (isObject === (type.kind === 'primitive')) faults.misshapen.push(path.join('.'))
  else if (isObject) visitObject(value, type, path, faults)
}
