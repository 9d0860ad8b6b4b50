import type { Json, JsonObject } from '../../base/json-value.ts'
import { elementInfo, type FoundElement } from '../../fhir/elements.ts'
import { unprocessable } from '../../fhir/error.ts'
import { compileFhirPath } from '../../fhir/fhirpath/fhirpath.ts'

/** Where an element stands: a member of an object, or an item of a list that is one. */
export interface Place {
  owner: JsonObject
  property: string
  index?: number
}

/** `parent.name` or `parent.name[2]`: paths whose end is the element itself, which may be a primitive. */
const namedEnd = /^(.+)\.([A-Za-z_][A-Za-z0-9_]*)(?:\[(\d{1,6})\])?$/s

/**
 * The places of all elements that a path fits.
 * @throws FhirError 422 for an expression that cannot be evaluated
 */
export function placesOf(document: JsonObject, path: string): Place[] {
  const named = namedEnd.exec(path)
  if (!named) return objectsOf(document, path).flatMap((object) => placeOfObject(document, object) ?? [])
  const [, parent = '', name = '', index] = named
  const places: Place[] = []
  for (const owner of objectsOf(document, parent)) {
    const property = propertyOf(document, owner, name)
    const value = property === undefined ? undefined : owner[property]
    if (property === undefined || value === undefined) continue
    if (!Array.isArray(value)) {
      if (index === undefined || index === '0') places.push({ owner, property })
    } else {
      for (const position of value.keys()) {
        if (index === undefined || Number(index) === position) places.push({ owner, property, index: position })
      }
    }
  }
  return places
}

/** The only object that a path fits, and its type. @throws FhirError 422 */
export function findObject(document: JsonObject, path: string): { object: JsonObject; type: string } {
  const [object, ...more] = objectsOf(document, path)
  if (!object || more.length > 0) throw notOne(path)
  return { object, type: typeOfObject(document, object) }
}

/** The only element that a path fits, and what the standard says of it. @throws FhirError 422 */
export function findElement(document: JsonObject, path: string): { place: Place; info: FoundElement | undefined } {
  const [place, ...more] = placesOf(document, path)
  if (!place || more.length > 0) throw notOne(path)
  const type = typeOfObject(document, place.owner)
  const name = namedEnd.exec(path)?.[2] ?? place.property
  return { place, info: elementInfo(type, name) ?? elementInfo(type, place.property) }
}

/** The only list that a path fits. @throws FhirError 422 */
export function findList(document: JsonObject, path: string): { list: Json[]; info: FoundElement } {
  const [, parent, name] = namedEnd.exec(path) ?? []
  const owners = parent === undefined ? [] : objectsOf(document, parent)
  const [owner] = owners
  if (!owner || name === undefined || owners.length > 1) throw notOne(path)
  const list = owner[name]
  const info = elementInfo(typeOfObject(document, owner), name)
  if (!Array.isArray(list) || !info) throw notOne(path)
  return { list, info }
}

function objectsOf(document: JsonObject, expression: string): JsonObject[] {
  const found = compileFhirPath(expression)(document)
  return found.filter((each): each is JsonObject => typeof each === 'object' && each !== null && !Array.isArray(each))
}

/** The member of that name, or the one of a choice: `value` → `valueString`. */
function propertyOf(document: JsonObject, owner: JsonObject, name: string): string | undefined {
  if (Object.hasOwn(owner, name)) return name
  const type = typeOfObject(document, owner)
  if (elementInfo(type, name)?.choice !== true) return undefined
  return Object.keys(owner).find((each) => elementInfo(type, each)?.name === name)
}

function placeOfObject(document: JsonObject, object: JsonObject): Place | undefined {
  return trail(document, object)?.at(-1)
}

/** The places from the document down to an object in it; undefined when it is not in it. */
function trail(owner: JsonObject, object: JsonObject): Place[] | undefined {
  if (owner === object) return []
  for (const [property, value] of Object.entries(owner)) {
    const items = Array.isArray(value) ? [...value.entries()] : [[undefined, value] as const]
    for (const [index, item] of items) {
      if (typeof item !== 'object' || item === null || Array.isArray(item)) continue
      const rest = trail(item, object)
      if (rest) return [index === undefined ? { owner, property } : { owner, property, index }, ...rest]
    }
  }
  return undefined
}

function typeOfObject(document: JsonObject, object: JsonObject): string {
  if (typeof object.resourceType === 'string') return object.resourceType
  const last = trail(document, object)?.at(-1)
  if (!last) throw unprocessable('FHIRPath Patch: the path leads out of the resource.')
  return elementInfo(typeOfObject(document, last.owner), last.property)?.childType ?? 'Element'
}

function notOne(path: string) {
  return unprocessable(`FHIRPath Patch: ${path.slice(0, 200)} must fit exactly one place.`)
}
