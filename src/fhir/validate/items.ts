/** What stands in an element of an object, whatever form JSON gives it. Shapes that are not R4 are passed over: they are told elsewhere. */
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import {
  choiceProperty,
  elementInfo,
  type FoundElement,
  isPrimitive,
  isResource,
  isSubtype,
  typeInfo,
} from '../elements.ts'

/** One value of an element. */
export interface Item {
  /** Undefined where a primitive has extensions alone. */
  value: unknown
  /** Id and extensions of a primitive. */
  extra: JsonObject | undefined
  /** Type of the value, or backbone path; of a resource its own. */
  type: string
  /** As in an expression: `name[0]`. */
  segment: string
  /** In a list of JSON. */
  index: number
}

/** The values of an element, by its name without `[x]`; a name such as `valueString` is that one type of a choice. */
export function itemsOf(object: JsonObject, type: string, name: string): Item[] {
  const element = elementInfo(type, name)
  if (!element) return []
  if (!element.choice || element.name !== name || element.types.length === 0)
    return propertyItems(object, name, element)
  const items: Item[] = []
  for (const each of element.types) {
    const property = choiceProperty(name, each)
    if (object[property] === undefined && object[`_${property}`] === undefined) continue
    const found = elementInfo(type, property)
    if (found) items.push(...propertyItems(object, property, found))
  }
  return items
}

/** The values of a JSON property. */
export function propertyItems(object: JsonObject, property: string, element: FoundElement): Item[] {
  const value = object[property]
  const extra = isPrimitive(element.childType) ? object[`_${property}`] : undefined
  if (value === undefined && extra === undefined) return []
  if (!element.isArray) {
    if (Array.isArray(value) || Array.isArray(extra)) return []
    return present({ value, extra, type: element.childType, segment: element.name, index: 0 })
  }
  const values = Array.isArray(value) ? value : []
  const extras = Array.isArray(extra) ? extra : []
  const items: Item[] = []
  for (let index = 0; index < Math.max(values.length, extras.length); index++) {
    const segment = `${element.name}[${index}]`
    items.push(...present({ value: values[index], extra: extras[index], type: element.childType, segment, index }))
  }
  return items
}

function present({ value, extra, type, segment, index }: Omit<Item, 'extra'> & { extra: unknown }): Item[] {
  const beside = isJsonObject(extra) ? extra : undefined
  if (value === null || value === undefined)
    return beside ? [{ value: undefined, extra: beside, type, segment, index }] : []
  return [{ value, extra: beside, type: resourceType(value, type), segment, index }]
}

/** A resource says its type itself. */
function resourceType(value: unknown, type: string): string {
  if (!isJsonObject(value) || typeof value.resourceType !== 'string') return type
  return type === 'Resource' || type === 'DomainResource' ? value.resourceType : type
}

/**
 * Whether a value is of a type that is allowed. A code is no string here, nor an Age a Quantity: what derives from a type counts for
 * resources and for what has no values of its own.
 */
export const isOfType = (type: string, allowed: string): boolean =>
  type === allowed || (isSubtype(type, allowed) && (isResource(type) || typeInfo(allowed)?.abstract === true))

/** The object that holds the children of a value: itself, or what stands beside a primitive. */
export const contentOf = ({ value, extra }: Pick<Item, 'value' | 'extra'>): JsonObject | undefined =>
  isJsonObject(value) ? value : extra

/** The type of that object. */
export const contentTypeOf = ({ value, type }: Pick<Item, 'value' | 'type'>): string =>
  isJsonObject(value) ? type : 'Element'
