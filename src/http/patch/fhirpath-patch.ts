import { copyJson, putValue, spliceValues, type Taken, takeValue } from '../../base/exact-number.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { choiceProperty, elementInfo, type FoundElement } from '../../fhir/elements.ts'
import { badRequest, type FhirError, unprocessable } from '../../fhir/error.ts'
import { asJson, asResource } from '../../fhir/json.ts'
import { parameterValue } from '../../fhir/operation.ts'
import type { Parameter, Parameters, Resource } from '../../fhir/types.ts'
import { findElement, findList, findObject, type Place, placesOf } from './places.ts'

type Step = (document: JsonObject, operation: Operation) => void

/** The parts of one operation, by name. */
interface Operation {
  path: string
  part(name: string): Parameter | undefined
  number(name: string): number
}

/**
 * Applies a FHIRPath Patch (https://hl7.org/fhir/R4/fhirpatch.html); the resource given is not changed.
 * @throws FhirError 400 for what is no patch, 422 for one that does not fit
 */
export function applyFhirPathPatch(resource: Resource, patch: Parameters): Resource {
  const document = copyJson(asJson(resource))
  for (const parameter of patch.parameter ?? []) {
    if (parameter.name !== 'operation') throw badRequest('FHIRPath Patch: every parameter is named operation.')
    const operation = readOperation(parameter)
    const type = parameterValue(operation.part('type'))
    const step = typeof type === 'string' && Object.hasOwn(steps, type) ? steps[type] : undefined
    if (!step) throw badRequest('FHIRPath Patch: type must be add, insert, delete, replace or move.')
    step(document, operation)
  }
  return asResource(document)
}

function readOperation(parameter: Parameter): Operation {
  const part = (name: string) => parameter.part?.find((each) => each.name === name)
  const path = parameterValue(part('path'))
  if (typeof path !== 'string') throw badRequest('FHIRPath Patch: path is missing.', 'required')
  const number = (name: string) => {
    const value = parameterValue(part(name))
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value
    throw badRequest(`FHIRPath Patch: ${name} must be a whole number, 0 or more.`, 'required')
  }
  return { path, part, number }
}

const steps: Record<string, Step> = {
  add: (document, { path, part }) => {
    const { object, type } = findObject(document, path)
    const name = parameterValue(part('name'))
    if (typeof name !== 'string') throw badRequest('FHIRPath Patch: name is missing.', 'required')
    const info = elementInfo(type, name)
    if (!info) throw unprocessable(`FHIRPath Patch: ${type} has no element of that name.`)
    const value = patchValue(part('value'), info.childType)
    const property = info.choice ? choiceProperty(name, typeOf(part('value'))) : name
    if (info.isArray) append(object, property, value)
    else putValue(object, property, value)
  },
  insert: (document, { path, part, number }) => {
    const { list, info } = findList(document, path)
    const index = number('index')
    if (index > list.length) throw outside(path)
    spliceValues(list, index, 0, [patchValue(part('value'), info.childType)])
  },
  delete: (document, { path }) => {
    const places = placesOf(document, path)
    if (places.length > 1) throw unprocessable(`FHIRPath Patch: ${shown(path)} fits several elements.`)
    for (const place of places) remove(place)
  },
  replace: (document, { path, part }) => {
    const { place, info } = findElement(document, path)
    const value = patchValue(part('value'), info?.childType ?? 'Element')
    const { owner, property, index } = place
    const list = owner[property]
    if (index !== undefined && Array.isArray(list)) putValue(list, String(index), value)
    else if (info?.choice) {
      remove(place)
      putValue(owner, choiceProperty(info.name, typeOf(part('value'))), value)
    } else putValue(owner, property, value)
  },
  move: (document, { path, number }) => {
    const { list } = findList(document, path)
    const [source, destination] = [number('source'), number('destination')]
    const moved = takeValue(list, String(source))
    if (!moved || destination >= list.length) throw outside(path)
    spliceValues(list, source, 1)
    spliceValues(list, destination, 0, [moved])
  },
}

function remove({ owner, property, index }: Place): void {
  const list = owner[property]
  if (index !== undefined && Array.isArray(list)) spliceValues(list, index, 1)
  if (index !== undefined && Array.isArray(list) && list.length > 0) return
  delete owner[property]
  delete owner[`_${property}`]
}

/** The value of a part: `value[x]`, a resource, or an object made of parts for a type without a name. */
function patchValue(part: Parameter | undefined, type: string): Taken {
  const given = part && asJson(part)
  const member = given && Object.keys(given).find((name) => name.startsWith('value') || name === 'resource')
  const taken = given && member !== undefined ? takeValue(given, member) : undefined
  if (taken) return { value: copyJson(taken.value), text: taken.text }
  if (!part?.part) throw badRequest('FHIRPath Patch: value is missing.', 'required')
  const object: JsonObject = {}
  for (const each of part.part) {
    const info: FoundElement | undefined = elementInfo(type, each.name)
    if (!info) throw unprocessable(`FHIRPath Patch: ${type} has no element of that name.`)
    const property = info.choice ? choiceProperty(each.name, typeOf(each)) : each.name
    const value = patchValue(each, info.childType)
    if (info.isArray) append(object, property, value)
    else putValue(object, property, value)
  }
  return { value: object }
}

/** Adds an item to a list, which may be its first. */
function append(object: JsonObject, property: string, item: Taken): void {
  const list = object[property]
  if (Array.isArray(list)) spliceValues(list, list.length, 0, [item])
  else {
    const made: Json[] = []
    spliceValues(made, 0, 0, [item])
    object[property] = made
  }
}

/** `valueQuantity` → `Quantity`: which of its types a choice gets. */
function typeOf(part: Parameter | undefined): string {
  const member = Object.keys(part ?? {}).find((name) => name.startsWith('value'))
  return member?.slice('value'.length) ?? ''
}

function outside(path: string): FhirError {
  return unprocessable(`FHIRPath Patch: the list ${shown(path)} has no such position.`)
}

function shown(path: string): string {
  return path.slice(0, 200)
}
