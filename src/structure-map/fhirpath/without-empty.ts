import { exactNumber, keepExactNumber } from '../../base/exact-number.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { isEmpty, setMember } from '../model/nodes.ts'
import { type Run, spend } from '../run/run.ts'

/** The source of a run without its empty parts; looked through once. */
export function rootOf(run: Run): Json | undefined {
  run.wholeRoot ??= { value: withoutEmpty(run.root.value, run) }
  return run.wholeRoot.value
}

/**
 * A value for the FHIRPath engine, to which an empty text is a value and an empty object a thing: to a map they are absent. The value
 * itself when nothing in it is empty, as in every valid resource.
 */
export function withoutEmpty(value: Json | undefined, run: Run): Json | undefined {
  return value === undefined || !hasEmpty(value, run) ? value : copy(value)
}

function hasEmpty(value: Json, run: Run): boolean {
  if (typeof value !== 'object' || value === null) return false
  spend(run, 1)
  // null in a list keeps the place of what stands beside it.
  if (Array.isArray(value)) return value.some((each) => (isEmpty(each) ? each !== null : hasEmpty(each, run)))
  for (const name in value) if (isEmpty(value[name]) || hasEmpty(value[name] ?? null, run)) return true
  return false
}

function copy(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.filter((each) => each === null || !isEmpty(each)).map(copy)
  const made: JsonObject = {}
  for (const name in value) {
    const member = value[name]
    if (member === undefined || isEmpty(member)) continue
    setMember(made, name, copy(member))
    const text = typeof member === 'number' ? exactNumber(value, name) : undefined
    if (text !== undefined) keepExactNumber(made, name, text)
  }
  return made
}
