/** Members of the JSON in a kit, read strictly: what is of another kind, missing or not known may be what a verdict leans on. */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { KitError } from '../kit-error.ts'
import { refuseStrange } from '../manifest.ts'

/** Reads one object of a file of a kit. Every function throws a KitError that names the file and the member. */
export interface Members {
  text(name: string): string
  optionalText(name: string): string | undefined
  /** An integer that counts or measures something: not below 0. */
  count(name: string): number
  optionalCount(name: string): number | undefined
  /** `true`, or absent. */
  flag(name: string): boolean
  /** A list, or absent: then an empty one. */
  list(name: string): readonly Json[]
  texts(name: string): string[]
  /** A list of objects, or absent; each is read with the members that are known of it. */
  objects(name: string, known: readonly string[]): Members[]
  /** An object, or absent. */
  object(name: string, known: readonly string[]): Members | undefined
  has(name: string): boolean
  /** As it stands. */
  value(name: string): Json | undefined
  date(name: string): Date
  optionalDate(name: string): Date | undefined
}

/** As `toISOString` writes it: a year beyond 9999, when some keys end, has six digits and a sign. */
const instant = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/

/**
 * The members of an object.
 * @param known every name that it may have
 * @param file where it stands
 * @throws KitError when it is no object, or has others
 */
export function membersOf(json: Json | undefined, known: readonly string[], file: string): Members {
  if (!isJsonObject(json)) throw new KitError('content', `${file}: something in it that should be an object is none`)
  refuseStrange(json, known, file)
  return reader(json, file)
}

function reader(json: JsonObject, file: string): Members {
  const value = (name: string): Json | undefined => (Object.hasOwn(json, name) ? json[name] : undefined)
  const wrong = (name: string, kind: string) => new KitError('content', `${file}: ${name} is no ${kind}`)
  const optionalText = (name: string): string | undefined => {
    const found = value(name)
    if (found !== undefined && typeof found !== 'string') throw wrong(name, 'text')
    return found
  }
  const optionalCount = (name: string): number | undefined => {
    const found = value(name)
    if (found === undefined) return undefined
    if (typeof found !== 'number' || !Number.isSafeInteger(found) || found < 0) throw wrong(name, 'count')
    return found
  }
  const optionalDate = (name: string): Date | undefined => {
    const text = optionalText(name)
    if (text === undefined) return undefined
    const date = new Date(instant.test(text) ? text : Number.NaN)
    if (Number.isNaN(date.getTime())) throw wrong(name, 'instant')
    return date
  }
  const list = (name: string): readonly Json[] => {
    const found = value(name) ?? []
    if (!Array.isArray(found)) throw wrong(name, 'list')
    return found
  }
  const required = <T>(found: T | undefined, name: string, kind: string): T => {
    if (found === undefined) throw wrong(name, kind)
    return found
  }
  return {
    value,
    has: (name) => value(name) !== undefined,
    optionalText,
    text: (name) => required(optionalText(name), name, 'text'),
    optionalCount,
    count: (name) => required(optionalCount(name), name, 'count'),
    flag(name) {
      const found = value(name)
      if (found !== undefined && found !== true) throw wrong(name, 'true')
      return found === true
    },
    list,
    texts: (name) =>
      list(name).map((each) => {
        if (typeof each !== 'string') throw wrong(name, 'list of texts')
        return each
      }),
    objects: (name, known) => list(name).map((each) => membersOf(each, known, file)),
    object: (name, known) => (value(name) === undefined ? undefined : membersOf(value(name), known, file)),
    optionalDate,
    date: (name) => required(optionalDate(name), name, 'instant'),
  }
}
