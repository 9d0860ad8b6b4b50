import { defineMember, isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import { isAbsent } from './certificate-input.ts'
import type { Obstacle } from './credential-format.ts'
import { code, type Datum, deciding, text } from './data.ts'

/** Members that a map is known to have. */
export type Fields = Record<string, Datum>

/** What became of a map: its members as they go on, and remarks that name known members alone. */
interface MapReading {
  value: JsonObject
  remarks: string[]
  /** Members that decide, were given and could not be read. */
  lost: string[]
}

/**
 * Reads the known members of a map. A list, a map or a number where one text belongs is no value: one reader would take its first
 * part, another all of it. Members that are not known stay as they are: nobody reads them.
 */
export function readFields(source: JsonObject, fields: Fields, name: string): MapReading {
  const read: MapReading = { value: {}, remarks: [], lost: [] }
  for (const member of Object.keys(source)) {
    const value = source[member] ?? null
    const datum = Object.hasOwn(fields, member) ? fields[member] : undefined
    const { value: kept, remark, isLost } = datum && value !== null ? datum(value) : { value }
    // What a map within says begins with the name of its member: `.date is not …`.
    if (remark !== undefined) read.remarks.push(`${name}.${member}${remark.startsWith('.') ? '' : ' '}${remark}`)
    if (kept !== undefined) defineMember(read.value, member, kept)
    if (isLost && datum?.decides && !isAbsent(value)) read.lost.push(member)
  }
  return read
}

/** What stands in the way where a map was not read as a whole; nothing where all that decides was. */
export function lostObstacles(lost: readonly string[], name: string): Obstacle[] {
  if (lost.length === 0) return []
  const members = [...new Set(lost)].join(', ')
  return [{ text: `What decides could not be read in ${name}: ${members}`, blocks: true }]
}

/** One map with these members. */
export const mapOf =
  (fields: Fields): Datum =>
  (value) => {
    if (!isJsonObject(value)) return { remark: 'is not one map and was left out', isLost: true }
    const { value: read, remarks, lost } = readFields(value, fields, '')
    return readingOf(read, remarks, lost.length > 0)
  }

/** A list of such values; one that cannot be read is left out. */
export const listOf =
  (datum: Datum): Datum =>
  (value) => {
    if (!Array.isArray(value)) return { remark: 'is not a list and was left out', isLost: true }
    const read = value.map((each: Json) => datum(each))
    const remarks = [...new Set(read.flatMap(({ remark }) => remark ?? []))]
    const kept = read.flatMap(({ value: each }) => (each === undefined ? [] : [each]))
    return readingOf(
      kept,
      remarks,
      read.some(({ isLost }) => isLost),
    )
  }

function readingOf(value: Json, remarks: readonly string[], isLost: boolean): ReturnType<Datum> {
  const reading: ReturnType<Datum> = { value }
  if (remarks.length > 0) reading.remark = remarks.join(', ')
  if (isLost) reading.isLost = true
  return reading
}

const codingMap = mapOf({ system: deciding(text), code: deciding(code), display: text, version: text })

/** One code: a Coding, or the code alone. */
export const coding: Datum = (value) => (typeof value === 'string' ? code(value) : codingMap(value))
