import { isJsonObject } from './json.ts'

/**
 * About how many characters the JSON of a value has, counted no further than a little beyond `most`: far quicker than writing it.
 * Escapes count as one character.
 */
export function jsonSize(value: unknown, most = Number.POSITIVE_INFINITY): number {
  return measure(value, most)
}

function measure(value: unknown, left: number): number {
  if (typeof value === 'string') return value.length + 2
  if (typeof value === 'number') return 8
  if (typeof value !== 'object' || value === null) return 5
  let size = 2
  if (Array.isArray(value)) {
    for (const item of value) {
      size += measure(item, left - size) + 1
      if (size > left) return size
    }
    return size
  }
  if (!isJsonObject(value)) return size
  for (const name in value) {
    const member = value[name]
    if (member === undefined) continue
    size += name.length + 4 + measure(member, left - size)
    if (size > left) return size
  }
  return size
}
