import type { Json, JsonObject } from '../../src/base/json-value.ts'
import type { CborInput } from '../../src/demo/cbor-encode.ts'

/** What a case says in JSON as a CBOR item: `$tag`, `$float`, `$bytes`, `$bigint`, `$nan`, `$undefined`, `$map`, `$text` for what JSON has not. */
export function cborOf(json: Json): CborInput {
  if (Array.isArray(json)) return json.map(cborOf)
  if (typeof json !== 'object' || json === null) return json
  const { $tag, $float, $bytes, $bigint, $map, value } = json
  if (typeof $tag === 'number') return { tag: $tag, value: cborOf(value ?? null) }
  if (typeof $float === 'number') return { float: $float }
  if (typeof $bytes === 'string') return Buffer.from($bytes, 'hex')
  if (typeof $bigint === 'string') return BigInt($bigint)
  if ('$nan' in json) return Number.NaN
  if ('$undefined' in json) return undefined
  if (Array.isArray($map)) return new Map($map.map((each) => [cborOf(Object(each)[0]), cborOf(Object(each)[1])]))
  return new Map(Object.entries(json).map(([name, each]) => [name, cborOf(each)]))
}

/** Changes values by path (`v/0/dn`; the empty path is the whole) and drops others. */
export function changed(json: Json, set: JsonObject = {}, drop: string[] = []): Json {
  let whole: Json = structuredClone(json)
  for (const [path, value] of Object.entries(set)) {
    if (path === '') whole = value
    else {
      const { holder, last } = placeOf(whole, path)
      holder[last] = value
    }
  }
  for (const path of drop) {
    const { holder, last } = placeOf(whole, path)
    if (!(last in holder)) throw new Error(`${path} is not there`)
    Reflect.deleteProperty(holder, last)
  }
  return whole
}

/** The value at a path; undefined when there is none. */
export function valueAt(json: unknown, path: string): unknown {
  return path.split('/').reduce<unknown>((at, name) => (at === undefined ? undefined : Object(at)[name]), json)
}

function placeOf(json: Json, path: string): { holder: JsonObject; last: string } {
  const steps = path.split('/')
  const last = steps.pop() ?? ''
  const holder = steps.length === 0 ? json : valueAt(json, steps.join('/'))
  if (typeof holder !== 'object' || holder === null) throw new Error(`nothing holds ${path}`)
  return { holder: holder as JsonObject, last }
}
