import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { primitiveFault, uncarried } from '../../fhir/elements.ts'
import type { Findings } from './faults.ts'
import type { Named, Organization } from './product.ts'

/** One row of a catalogue: its members by path, what is wrong with one is a fault of the file. */
export interface Row {
  place: string
  /** A text without blanks at its ends; undefined where there is none. */
  text(path: string): string | undefined
  /** An id: letters, digits and `._/-`, 64 at most. */
  id(path: string): string | undefined
  /** A day that exists, written as 2024-05-06; only so many characters of the text are looked at. */
  day(path: string, characters?: number): string | undefined
  /** True or false; anything else is a fault, and false. */
  flag(path: string): boolean
  /** A FHIR dateTime, or a day. */
  moment(path: string): string | undefined
  /** A positive count, from a number or digits; anything else is left out and told. */
  count(path: string): number | undefined
  /** Objects of a list; one object counts as a list of one. */
  rows(path: string): Row[]
  fault(text: string): void
  remark(text: string): void
}

const ID = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,62}[A-Za-z0-9])?$/

/** WHO's first prequalification of a vaccine was in 1987: an earlier year is a slip that would make a product good too early. */
const firstYear = 1987

/** Reads a row. */
export function rowOf(value: Json, place: string, findings: Findings): Row {
  const fault = (text: string) => findings.fault(place, text)
  const text = (path: string): string | undefined => {
    const found = at(value, path)
    if (found === undefined || found === null) return undefined
    if (typeof found !== 'string') return void fault(`${path} is ${kindOf(found)} and no text`)
    const trimmed = found.trim().replace(/\s+/g, ' ')
    if (trimmed === '') return undefined
    const why = textFault(found)
    return why === undefined ? trimmed : void fault(`${path} ${why}`)
  }
  const checked = (path: string, type: string, wanted: string, characters = Number.POSITIVE_INFINITY) => {
    const found = text(path)?.slice(0, characters)
    if (found === undefined || primitiveFault(type, found) === undefined) return found
    return void fault(`${path} '${found.slice(0, 40)}' is ${wanted}`)
  }
  return {
    place,
    text,
    fault,
    remark: (told) => findings.remark(place, told),
    id(path) {
      const found = text(path)
      if (found === undefined || ID.test(found)) return found
      return void fault(`${path} '${found.slice(0, 40)}' is no id: letters, digits and . _ / - count, 64 at most`)
    },
    flag(path) {
      const found = at(value, path)
      if (typeof found !== 'boolean') fault(`${path} is neither true nor false`)
      return found === true
    },
    day(path, characters) {
      const found = checked(path, 'date', 'no day that exists, written as 2024-05-06', characters)
      if (found === undefined) return undefined
      if (found.length !== 10) return void fault(`${path} '${found}' is no whole day, written as 2024-05-06`)
      if (Number(found.slice(0, 4)) < firstYear)
        return void fault(`${path} ${found} is before ${firstYear}, when there was no prequalification`)
      return found
    },
    moment: (path) => checked(path, 'dateTime', 'no time that exists, written as 2024-05-06T07:08:09Z'),
    count(path) {
      const found = at(value, path)
      if (found === undefined || found === null || found === '') return undefined
      const digits = typeof found === 'number' ? String(found) : typeof found === 'string' ? found.trim() : ''
      if (/^[1-9]\d{0,5}$/.test(digits)) return Number(digits)
      return void findings.remark(place, `${path} is no count and was left out`)
    },
    rows(path) {
      const found = at(value, path)
      if (found === undefined || found === null) return []
      const list = Array.isArray(found) ? found : [found]
      return list.flatMap((each, index) => {
        if (isJsonObject(each)) return [rowOf(each, place, findings)]
        fault(`${path}[${index}] is ${kindOf(each)} and no object`)
        return []
      })
    },
  }
}

/** The value at a path of names; undefined where a name is absent or stands in no object. */
function at(value: Json, path: string): Json | undefined {
  let current: Json | undefined = value
  for (const name of path.split('.')) {
    if (!isJsonObject(current)) return undefined
    current = Object.hasOwn(current, name) ? current[name] : undefined
  }
  return current
}

/** What stands in a place, for people. */
export function kindOf(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

const mostLetters = 1000

/** Characters that turn the direction of a line, so that a name reads as another one (Unicode, UAX 9). */
const turning = /[\u202a-\u202e\u2066-\u2069]/u

/**
 * Why a text is none that a catalogue may bring; undefined when it is one. Spreadsheets run a cell that begins with `=`, `+`, `@`, a
 * tab or a minus without digit, and what is served here is exported into them.
 */
function textFault(text: string): string | undefined {
  if (text.length > mostLetters) return `is longer than ${mostLetters} characters`
  if (text.includes('\ufffd')) return 'holds U+FFFD: characters were lost when the file was written in another encoding'
  if (turning.test(text)) return 'holds characters that turn the direction of writing'
  const odd = uncarried(text)
  if (odd !== undefined) return odd
  return /^[=+@\t\r]|^\s*[=+@]|^\s*-(?!\s*\d)/.test(text)
    ? `begins with '${text.trim().slice(0, 1) || 'a tab'}', which spreadsheets run as a formula`
    : undefined
}

/** A code made of a name: letters and digits of it, as WHO makes codes of the words of its database. */
export const codeOf = (name: string): string => name.replace(/[^A-Za-z0-9]+/g, '').slice(0, 64)

/** An organisation at a path with `Id` and `Name`; one without id is known by its name. */
export function organizationAt(row: Row, path: string, country?: string): Organization | undefined {
  const named = namedAt(row, { code: `${path}.Id`, display: `${path}.Name` })
  return named && { ...named, ...(country !== undefined && { country }) }
}

/** A code with its words; the code is made of the words where there is none. */
function namedAt(row: Row, at: { code: string; display: string }): Named | undefined {
  const code = row.id(at.code)
  const display = row.text(at.display)
  const made = code ?? (display === undefined ? '' : codeOf(display))
  if (made === '') {
    if (display !== undefined) row.remark(`${at.display} has no letter or digit and was left out`)
    return undefined
  }
  return { code: made, display: display ?? made }
}
