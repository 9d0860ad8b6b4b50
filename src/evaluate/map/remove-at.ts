import { isJsonObject } from '../../base/json-object.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { Resource } from '../../fhir/types.ts'

/** One step of a path: the name of an element, without the type of a choice, and the index in a list. */
interface Step {
  name: string
  index: number | undefined
}

/**
 * Takes an element out of a resource, given the path that a check of its structure reports, and what is left empty by that.
 * Answers whether there was such an element.
 */
export function removeAt(resource: Resource, expression: string): boolean {
  const steps = expression.split('.').slice(1).map(readStep)
  return steps.length > 0 && remove(resource as unknown as JsonObject, steps) // a resource is a JSON object
}

function readStep(text: string): Step {
  const [, name = text, index] = /^([^[]+)\[(\d+)\]$/.exec(text) ?? []
  return { name, index: index === undefined ? undefined : Number(index) }
}

function remove(holder: JsonObject, [step, ...rest]: Step[]): boolean {
  const property = step && propertyOf(holder, step.name)
  if (!step || property === undefined) return false
  const { index } = step
  const found = holder[property]
  const value = index === undefined ? found : Array.isArray(found) ? found[index] : undefined
  if (value === undefined) return false
  if (rest.length > 0) {
    if (!isJsonObject(value) || !remove(value, rest)) return false
    if (Object.keys(value).length > 0) return true
  }
  if (index === undefined || !Array.isArray(found)) delete holder[property]
  else removeItem(holder, property, { list: found, index })
  return true
}

/** The property of an element; a choice has the name of its type behind its own. */
function propertyOf(holder: JsonObject, name: string): string | undefined {
  if (Object.hasOwn(holder, name)) return name
  return Object.keys(holder).find((each) => each.startsWith(name) && /^[A-Z]/.test(each.slice(name.length)))
}

/** Values and what comes with them are lists of one length: null keeps the place. */
function removeItem(holder: JsonObject, property: string, { list, index }: { list: Json[]; index: number }): void {
  if (holder[`_${property}`] !== undefined) list[index] = null
  else list.splice(index, 1)
  if (list.length === 0) delete holder[property]
}
