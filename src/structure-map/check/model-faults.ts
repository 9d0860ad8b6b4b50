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
  visitObject(instance, type, faults)
  return faults
}

/** Faults are noted by where they are in what is visited; who visits it puts its own name before. Most instances have none. */
function visitObject(object: JsonObject, type: Type, faults: ModelFaults): void {
  // Data types of R4 tell no names: of them nothing is required.
  if (type.names)
    for (const { name, properties } of requiredOf(type)) if (!isPresent(object, properties)) faults.missing.push(name)
  for (const name in object) {
    const element = type.element(name)
    const value = object[name]
    if (!element || value === undefined) continue
    const { missing, misshapen } = faults
    const before = missing.length
    const others = misshapen.length
    visitElement(value, element, faults)
    if (missing.length > before) putUnder(name, missing, before)
    if (misshapen.length > others) putUnder(name, misshapen, others)
  }
}

/** Puts what was added to a list of paths since it had so many under a name; a path that begins with an index needs no point. */
function putUnder(name: string, paths: string[], from: number): void {
  for (let at = from; at < paths.length; at++) {
    const path = paths[at] ?? ''
    paths[at] = path === '' || path.startsWith('[') ? `${name}${path}` : `${name}.${path}`
  }
}

/** An element of a logical model that has to be there, and the properties under which it may stand. */
interface Required {
  name: string
  properties: string[]
}

const requiredOf = keepPerObject((type: Type): Required[] =>
  (type.names?.() ?? []).flatMap((name) => {
    const element = type.element(name)
    if (!element || minOf(element, type, name) === 0) return []
    const { variants } = element
    return [
      {
        name: element.name,
        properties: variants.length > 0 ? variants.map(({ property }) => property) : [element.name],
      },
    ]
  }),
)

function minOf(element: ElementType, type: Type, name: string): number {
  return element.min ?? type.base?.element(name)?.min ?? 0
}

function isPresent(object: JsonObject, properties: string[]): boolean {
  for (const property of properties) if (!isEmpty(object[property])) return true
  return false
}

function visitElement(value: Json, { types, isArray }: ElementType, faults: ModelFaults): void {
  const type = types[0] ?? UNKNOWN
  if (Array.isArray(value) !== isArray) faults.misshapen.push('')
  else if (type === UNKNOWN || types.length > 1) return
  else if (!Array.isArray(value)) visitValue(value, type, faults)
  else
    for (let at = 0; at < value.length; at++) {
      const missing = faults.missing.length
      const misshapen = faults.misshapen.length
      visitValue(value[at] ?? null, type, faults)
      if (faults.missing.length === missing && faults.misshapen.length === misshapen) continue
      putUnder(`[${at}]`, faults.missing, missing)
      putUnder(`[${at}]`, faults.misshapen, misshapen)
    }
}

function visitValue(value: Json, type: Type, faults: ModelFaults): void {
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value)
  if (isObject === (type.kind === 'primitive')) faults.misshapen.push('')
  else if (isObject) visitObject(value, type, faults)
}
