import { at } from './bytes.ts'
import type { Certified, Person, Plain } from './declared.ts'

const date = /^\d{4}(-\d\d(-\d\d(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?)?)?$/

/** A date or dateTime of the calendar, maybe partial; undefined for everything else. */
export function dateText(value: Plain | undefined): string | undefined {
  if (typeof value !== 'string' || !date.test(value) || value.startsWith('0000')) return undefined
  const day = new Date(value.slice(0, 10))
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value.slice(0, 10)) ? value : undefined
}

/** A count that FHIR's positiveInt can hold; `2.0` and `"2"` are the number 2. */
export function count(value: Plain | undefined): number | undefined {
  const number = typeof value === 'string' && /^[1-9]\d*$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) && number >= 1 && number < 2 ** 31 ? number : undefined
}

/** A text in NFC; empty for everything else. */
export const text = (value: Plain | undefined): string => (typeof value === 'string' ? value.normalize('NFC') : '')

/** `system|code` of a Coding or a list of them. */
export const codings = (value: Plain | undefined): string[] =>
  [value].flat().map((each) => `${text(at(each, 'system'))}|${text(at(each, 'code'))}`)

const resultSystem = 'http://(?:snomed[.]info|id[.]who[.]int|smart[.]who[.]int)/[^|]*[|]'
const positive = new RegExp(`^(?:${resultSystem})?(?:10828004|260373001|RA01[.]0|positive)$`)
const negative = new RegExp(`^(?:${resultSystem})?(?:260385009|260415000|QA02|RA01[.]1|negative)$`)

/** What the codes of one result say together; an unknown code says nothing. */
export function detection(codes: string[]): Certified['detected'] {
  const [isPositive, isNegative] = [positive, negative].map((each) => codes.some((code) => each.test(code)))
  return isPositive && isNegative ? 'both' : isPositive || isNegative ? isPositive === true : undefined
}

/** A person; a partial date of birth may be written 1963-XX. */
export function person(names: string[], birthDate: Plain | undefined, identifiers: Plain[]): Person {
  const born = dateText(typeof birthDate === 'string' ? birthDate.replace(/(-XX)+$/i, '') : birthDate)
  const spelt = names.map((each) => each.trim()).filter(Boolean)
  return { names: spelt, birthDate: born?.slice(0, 10), identifiers: identifiers.map(text).filter(Boolean) }
}
