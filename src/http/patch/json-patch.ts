import { isDeepStrictEqual } from 'node:util'
import { copyJson, putValue, spliceValues, type Taken, takeValue } from '../../base/exact-number.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { badRequest, type FhirError, unprocessable } from '../../fhir/error.ts'

/** A place in a JSON document: a member of an object or an item of a list. */
interface Place {
  parent: Json
  key: string
}

type Step = (document: Json, operation: JsonObject, path: string) => Json

/**
 * Applies a JSON Patch (RFC 6902); the document given is not changed.
 * @throws FhirError 400 for what is no patch, 422 for one that does not fit or whose test fails
 */
export function applyJsonPatch(document: Json, patch: Json): Json {
  if (!Array.isArray(patch)) throw badRequest('A JSON Patch is a list of operations.', 'structure')
  let current = copyJson(document)
  for (const [index, operation] of patch.entries()) {
    const where = `operation ${index}`
    if (!isJsonObject(operation)) throw badRequest(`JSON Patch, ${where}: it must be an object.`, 'structure')
    const step =
      typeof operation.op === 'string' && Object.hasOwn(steps, operation.op) ? steps[operation.op] : undefined
    if (!step) throw badRequest(`JSON Patch, ${where}: op must be add, remove, replace, move, copy or test.`)
    if (typeof operation.path !== 'string') throw badRequest(`JSON Patch, ${where}: path is missing.`, 'required')
    current = step(current, operation, operation.path)
  }
  return current
}

const steps: Record<string, Step> = {
  add: (document, operation, path) => add(document, path, patchValue(operation)),
  remove: (document, _operation, path) => remove(document, path),
  replace: (document, operation, path) => {
    const value = patchValue(operation)
    return add(path === '' ? document : remove(document, path), path, value)
  },
  move: (document, operation, path) => {
    const from = fromOf(operation)
    if (path.startsWith(`${from}/`)) throw misfit(path, 'nothing can be moved into itself')
    const taken = read(document, from)
    return add(remove(document, from), path, taken)
  },
  copy: (document, operation, path) => {
    const { value, text } = read(document, fromOf(operation))
    return add(document, path, { value: copyJson(value), text })
  },
  test: (document, operation, path) => {
    if (isDeepStrictEqual(read(document, path).value, patchValue(operation).value)) return document
    throw misfit(path, 'the test failed')
  },
}

function patchValue(operation: JsonObject): Taken {
  const taken = takeValue(operation, 'value')
  if (!taken) throw badRequest('JSON Patch: value is missing.', 'required')
  return { value: copyJson(taken.value), text: taken.text }
}

function fromOf(operation: JsonObject): string {
  const { from } = operation
  if (typeof from !== 'string') throw badRequest('JSON Patch: from is missing.', 'required')
  return from
}

function read(document: Json, path: string): Taken {
  if (path === '') return { value: document }
  const { parent, key } = placeOf(document, path)
  return child(parent, key, path)
}

function add(document: Json, path: string, taken: Taken): Json {
  if (path === '') return taken.value
  const { parent, key } = placeOf(document, path)
  if (Array.isArray(parent)) {
    spliceValues(parent, key === '-' ? parent.length : indexOf(key, parent.length, path), 0, [taken])
  } else if (isJsonObject(parent)) putValue(parent, key, taken)
  else throw misfit(path, 'there is no such place')
  return document
}

function remove(document: Json, path: string): Json {
  if (path === '') throw misfit(path, 'the whole document cannot be removed')
  const { parent, key } = placeOf(document, path)
  child(parent, key, path)
  if (Array.isArray(parent)) spliceValues(parent, Number(key), 1)
  else if (isJsonObject(parent)) delete parent[key]
  return document
}

/** JSON Pointer (RFC 6901) to the place it names, whose parent must exist. */
function placeOf(document: Json, path: string): Place {
  if (!path.startsWith('/')) throw badRequest('JSON Patch: a path starts with a slash.')
  const keys = path
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  const last = keys.pop() ?? ''
  let parent = document
  for (const key of keys) parent = child(parent, key, path).value
  return { parent, key: last }
}

function child(parent: Json, key: string, path: string): Taken {
  if (Array.isArray(parent)) indexOf(key, parent.length - 1, path)
  const found = Array.isArray(parent) || isJsonObject(parent) ? takeValue(parent, key) : undefined
  if (!found) throw misfit(path, 'there is no such place')
  return found
}

function indexOf(key: string, maximum: number, path: string): number {
  if (!/^(0|[1-9]\d{0,9})$/.test(key) || Number(key) > maximum) throw misfit(path, 'there is no such item')
  return Number(key)
}

function misfit(path: string, why: string): FhirError {
  return unprocessable({ text: `JSON Patch at "${path.slice(0, 200)}": ${why}.` })
}
