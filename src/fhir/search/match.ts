/** What one value of a search condition asks for, typed: the one reading of values, for parser and storages. */
import { badRequest, type FhirError } from '../error.ts'
import { type ParameterCondition, prefixes, type SearchPrefix } from './condition.ts'
import type { SearchParameter } from './search-parameters.ts'
import {
  dateRange,
  foldText,
  identifierType,
  numberRange,
  splitEscaped,
  splitReference,
  splitVersion,
  unescapeValue,
} from './value.ts'

/** The prefix of a value, and the rest of it; a prefix stands before a number or a date alone. */
export function splitPrefix(text: string): { prefix?: SearchPrefix; value: string } {
  const prefix = prefixes.find((each) => text.startsWith(each) && /^[-+\d]/.test(text.slice(2)))
  return prefix ? { prefix, value: text.slice(2) } : { value: text }
}

/** A value of a condition, ready to be compared with index values (index-values.ts says what those are). */
export type SearchMatch =
  | { kind: 'missing'; missing: boolean }
  | { kind: 'words'; words: string[] }
  | { kind: 'string'; folded: string; exact: string }
  /** A part of the text as it stands in the index, whatever the type of the parameter. */
  | { kind: 'part'; how: 'equals' | 'starts' | 'ends' | 'contains'; text: string }
  /** An undefined part is not compared; an empty `system` means "without system". */
  | { kind: 'token'; code?: string; system?: string }
  | { kind: 'uri'; url: string; version: string }
  | { kind: 'reference'; value: string; version: string; id: string; bareId: boolean }
  | { kind: 'range'; of: 'time' | 'number'; low: number; high: number; system?: string; code?: string }
  | { kind: 'composite'; parts: [SearchPart, SearchPart] }

/** One half of a composite value. */
interface SearchPart {
  parameter: SearchParameter
  prefix?: SearchPrefix
  match: SearchMatch
}

/**
 * Reads one value of a condition over `parameter`.
 * @throws FhirError 400 naming the parameter and what it takes.
 */
export function searchMatch(
  parameter: SearchParameter,
  condition: Pick<ParameterCondition, 'modifier'>,
  { value, prefix }: ParameterCondition['values'][number],
): SearchMatch {
  if (condition.modifier === 'missing') {
    if (value !== 'true' && value !== 'false') throw unreadable(parameter, value, 'true or false after :missing')
    return { kind: 'missing', missing: value === 'true' }
  }
  if (value.includes('\u0000')) throw unreadable(parameter, value, 'text without control characters')
  const part = partOf(parameter, condition, value)
  if (part) return part
  if (condition.modifier === 'identifier') return token(value)
  if (condition.modifier === 'of-type') return typedIdentifier(parameter, value)
  if (terminologyModifiers.has(condition.modifier ?? '') && parameter.type === 'token')
    throw unreadable(parameter, value, 'a condition before terminology was asked')
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

/** What `_filter` compares as text: of strings as they are folded, of codes, addresses and references as they stand. */
function partOf(
  { type }: SearchParameter,
  { modifier }: Pick<ParameterCondition, 'modifier'>,
  value: string,
): SearchMatch | undefined {
  const isPart = modifier === 'equals' || modifier === 'starts' || modifier === 'ends'
  // what :contains means of strings and addresses is read with them
  const isContained = modifier === 'contains' && (type === 'token' || type === 'reference')
  if (!isPart && !isContained) return undefined
  const text = unescapeValue(value)
  return { kind: 'part', how: isPart ? modifier : 'contains', text: type === 'string' ? foldText(text) : text }
}

/** Modifiers of a token that ask for codes which terminology tells: they are made a list of codes before a storage sees them. */
const terminologyModifiers: ReadonlySet<string> = new Set(['in', 'not-in', 'above', 'below'])

/** Whether terminology must be asked which codes a condition means. */
export const needsTerminology = ({ type }: SearchParameter, { modifier }: ParameterCondition): boolean =>
  type === 'token' && terminologyModifiers.has(modifier ?? '')

/** Under which name of the index the values of a condition stand: those of `:identifier` and `:of-type` have one of their own. */
export const indexedName = ({ parameter, modifier }: Pick<ParameterCondition, 'parameter' | 'modifier'>): string =>
  modifier === 'identifier' || modifier === 'of-type' ? `${parameter}:${modifier}` : parameter

function string(value: string): SearchMatch {
  const exact = unescapeValue(value)
  return { kind: 'string', folded: foldText(exact), exact }
}

function words(parameter: SearchParameter, value: string): SearchMatch {
  const found = foldText(unescapeValue(value)).match(/[\p{L}\p{N}]+/gu) ?? []
  if (found.length === 0 || found.length > 50) throw unreadable(parameter, value, 'between 1 and 50 words')
  return { kind: 'words', words: found }
}

/** What stands behind the first bar is the code, further bars included: `urn:ietf:rfc:3986|url|version` names one identifier. */
function token(value: string): SearchMatch {
  const [first = '', ...more] = splitEscaped(value, '|').map(unescapeValue)
  if (more.length === 0) return { kind: 'token', code: first }
  const second = more.join('|')
  return second === '' ? { kind: 'token', system: first } : { kind: 'token', system: first, code: second }
}

/** `system|code|value`: an identifier of a type. */
function typedIdentifier(parameter: SearchParameter, value: string): SearchMatch {
  const [system = '', code = '', identifier = '', ...more] = splitEscaped(value, '|').map(unescapeValue)
  if (code === '' || identifier === '' || more.length > 0)
    throw unreadable(parameter, value, 'an identifier with its type, system|code|value')
  return { kind: 'token', system: identifierType(system, code), code: identifier }
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
