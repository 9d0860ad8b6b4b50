import { defineMember, isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import { code, type Datum, text } from './data.ts'

/** Members that a map is known to have. */
export type Fields = Record<string, Datum>

/** What became of a map: its members as they go on, and remarks that name known members alone. */
interface MapReading {
  value: JsonObject
  remarks: string[]
}

/**
 * Reads the known members of a map. A list, a map or a number where one text belongs is no value: one reader would take its first
 * part, another all of it. Members that are not known stay as they are: nobody reads them.
 */
export function readFields(source: JsonObject, fields: Fields, name: string): MapReading {
  const read: MapReading = { value: {}, remarks: [] }
  for (const member of Object.keys(source)) {
    const value = source[member] ?? null
    const datum = Object.hasOwn(fields, member) ? fields[member] : undefined
    const { value: kept, remark } = datum && value !== null ? datum(value) : { value, remark: undefined }
    // What a map within says begins with the name of its member: `.date is not …`.
    if (remark !== undefined) read.remarks.push(`${name}.${member}${remark.startsWith('.') ? '' : ' '}${remark}`)
    if (kept !== undefined) defineMember(read.value, member, kept)
  }
  return read
}

/** One map with these members. */
export const mapOf =
  (fields: Fields): Datum =>
  (value) => {
    if (!isJsonObject(value)) return { remark: 'is not one map and was left out' }
    const { value: read, remarks } = readFields(value, fields, '')
    return remarks.length === 0 ? { value: read } : { value: read, remark: remarks.join(', ') }
  }

/** A list of such values; one that cannot be read is left out. */
export const listOf =
  (datum: Datum): Datum =>
  (value) => {
    if (!Array.isArray(value)) return { remark: 'is not a list and was left out' }
    const read = value.map((each: Json) => datum(each))
    const remarks = [...new Set(read.flatMap(({ remark }) => remark ?? []))]
    const kept = read.flatMap(({ value: each }) => (each === undefined ? [] : [each]))
    return remarks.length === 0 ? { value: kept } : { value: kept, remark: remarks.join(', ') }
  }

const codingMap = mapOf({ system: text, code, display: text, version: text })

/** One code: a Coding, or the code alone. */
export const coding: Datum = (value) => (typeof value === 'string' ? code(value) : codingMap(value))
