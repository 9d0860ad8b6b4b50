/** What one value of a search condition asks for, typed: the one reading of values, for parser and storages. */
import { badRequest, type FhirError } from '../error.ts'
import type { SearchParameter } from './search-parameters.ts'
import { dateRange, foldText, numberRange, splitEscaped, splitReference, splitVersion, unescapeValue } from './value.ts'

/** Modifiers that a storage evaluates. */
export type SearchModifier = 'exact' | 'contains' | 'missing' | 'not' | 'above' | 'below' | 'text'
/** Comparisons of ordered values. */
export type SearchPrefix = (typeof prefixes)[number]

const prefixes = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const

/** The prefix of a value, and the rest of it; a prefix stands before a number or a date alone. */
export function splitPrefix(text: string): { prefix?: SearchPrefix; value: string } {
  const prefix = prefixes.find((each) => text.startsWith(each) && /^[-+\d]/.test(text.slice(2)))
  return prefix ? { prefix, value: text.slice(2) } : { value: text }
}

/** One search condition over an indexed parameter; conditions are ANDed, values of one are ORed. */
export interface SearchCondition {
  /** Search parameter name, e.g. `url`, `_lastUpdated`. */
  parameter: string
  modifier?: SearchModifier
  /** Values as in the URL, `\|`, `\$`, `\,` and `\\` still escaped (see `escapeValue`). */
  values: { prefix?: SearchPrefix; value: string }[]
}

/** A value of a condition, ready to be compared with index values (index-values.ts says what those are). */
export type SearchMatch =
  | { kind: 'missing'; missing: boolean }
  | { kind: 'words'; words: string[] }
  | { kind: 'string'; folded: string; exact: string }
  /** An undefined part is not compared; an empty `system` means "without system". */
  | { kind: 'token'; code?: string; system?: string }
  | { kind: 'uri'; url: string; version: string }
  | { kind: 'reference'; value: string; version: string; id: string; bareId: boolean }
  | { kind: 'range'; of: 'time' | 'number'; low: number; high: number; system?: string; code?: string }
  | { kind: 'composite'; parts: [SearchPart, SearchPart] }

/** One half of a composite value. */
interface SearchPart {
  parameter: SearchParameter
  prefix?: SearchCondition['values'][number]['prefix']
  match: SearchMatch
}

/**
 * Reads one value of a condition over `parameter`.
 * @throws FhirError 400 naming the parameter and what it takes.
 */
export function searchMatch(
  parameter: SearchParameter,
  condition: Pick<SearchCondition, 'modifier'>,
  { value, prefix }: SearchCondition['values'][number],
): SearchMatch {
  if (condition.modifier === 'missing') {
    if (value !== 'true' && value !== 'false') throw unreadable(parameter, value, 'true or false after :missing')
    return { kind: 'missing', missing: value === 'true' }
  }
  if (value.includes('\u0000')) throw unreadable(parameter, value, 'text without control characters')
  switch (parameter.type) {
    case 'string':
      return parameter.name === '_text' || parameter.name === '_content' ? words(parameter, value) : string(value)
    case 'token':
      return condition.modifier === 'text' ? string(value) : token(value)
    case 'uri': {
      const [url, version] = splitVersion(unescapeValue(value))
      return { kind: 'uri', url, version }
    }
    case 'reference':
      return reference(value)
    case 'date': {
      const range = dateRange(value)
      if (!range) throw unreadable(parameter, value, 'a date such as 2024, 2024-05, 2024-05-01 or 2024-05-01T12:00:00Z')
      return { kind: 'range', of: 'time', ...range }
    }
    case 'composite':
      return composite(parameter, value)
    default:
      return quantity(parameter, value, prefix)
  }
}

function string(value: string): SearchMatch {
  const exact = unescapeValue(value)
  return { kind: 'string', folded: foldText(exact), exact }
}

function words(parameter: SearchParameter, value: string): SearchMatch {
  const found = foldText(unescapeValue(value)).match(/[\p{L}\p{N}]+/gu) ?? []
  if (found.length === 0 || found.length > 50) throw unreadable(parameter, value, 'between 1 and 50 words')
  return { kind: 'words', words: found }
}

function token(value: string): SearchMatch {
  const [first = '', second] = splitEscaped(value, '|').map(unescapeValue)
  if (second === undefined) return { kind: 'token', code: first }
  return second === '' ? { kind: 'token', system: first } : { kind: 'token', system: first, code: second }
}

function reference(value: string): SearchMatch {
  const parts = splitReference(unescapeValue(value))
  const bareId = /^[A-Za-z0-9\-.]{1,64}$/.test(parts.value)
  return { kind: 'reference', value: parts.value, version: parts.version, id: parts.id, bareId }
}

function quantity(parameter: SearchParameter, value: string, prefix: string | undefined): SearchMatch {
  const [number = '', system, code] = splitEscaped(value, '|').map(unescapeValue)
  const range = numberRange(number)
  if (!range) throw unreadable(parameter, value, 'a number such as 5.4, or 5.4|http://unitsofmeasure.org|mg')
  const isExact = prefix !== undefined && ['gt', 'lt', 'ge', 'le', 'sa', 'eb'].includes(prefix)
  const made: SearchMatch = {
    kind: 'range',
    of: 'number',
    low: isExact ? range.value : range.low,
    high: isExact ? range.value : range.high,
  }
  if (system) made.system = system
  if (code) made.code = code
  return made
}

function composite(parameter: SearchParameter, value: string): SearchMatch {
  const [left, right] = splitEscaped(value, '$')
  const [first, second] = parameter.parts ?? []
  if (!first || !second || !left || !right) throw unreadable(parameter, value, 'two values joined by $')
  return { kind: 'composite', parts: [part(first, left), part(second, right)] }
}

function part(parameter: SearchParameter, text: string): SearchPart {
  const value = parameter.type === 'quantity' ? splitPrefix(text) : { value: text }
  const made: SearchPart = { parameter, match: searchMatch(parameter, {}, value) }
  if ('prefix' in value && value.prefix) made.prefix = value.prefix
  return made
}

function unreadable(parameter: SearchParameter, value: string, accepted: string): FhirError {
  const shown = value.length > 60 ? `${value.slice(0, 60)}…` : value
  return badRequest({
    text: `Search parameter ${parameter.name}: "${shown}" is not ${accepted}.`,
    expression: `http.${parameter.name}`,
  })
}
