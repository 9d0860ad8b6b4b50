/** Values that stand in expressions: concepts, texts, numbers, days, cardinalities, operators. */
import { faultOfSctid } from '../../sctid.ts'
import type { EclParser, EclReader } from './reader.ts'
import type {
  EclAlternateIdentifier,
  EclCardinality,
  EclConcept,
  EclConceptValue,
  EclEquality,
  EclOrder,
  EclSearchTerm,
} from './syntax.ts'

/** A concept with its term, which may be missing. */
export function conceptReference(reader: EclReader): EclConcept {
  const { at } = reader
  const id = reader.digits()
  if (id === '') reader.expected('an identifier of a concept')
  const wrong = faultOfSctid(id)
  if (wrong !== undefined) reader.fail(`'${id}' is no identifier of SNOMED CT: ${wrong}`, at)
  const term = termBehind(reader)
  return { kind: 'concept', id, ...(term !== undefined && { term }), at }
}

/** `|term|` behind spaces; undefined when there is none, and no space is taken then. */
function termBehind(reader: EclReader): string | undefined {
  const from = reader.at
  reader.space()
  if (!reader.take('|')) {
    reader.at = from
    return undefined
  }
  const end = reader.text.indexOf('|', reader.at)
  if (end < 0) reader.fail("the term has no closing '|'", reader.at - 1)
  const term = reader.text.slice(reader.at, end).trim()
  if (term === '') reader.fail('the term is empty', reader.at - 1)
  reader.at = end + 1
  return term
}

const ALTERNATE = /[a-zA-Z][a-zA-Z0-9-]*#/y
const ALTERNATE_CODE = /[a-zA-Z0-9._-]+/y

/** `scheme#code`, `"scheme#code"` or `scheme#"code"`; undefined when none of them stands there. */
export function alternateIdentifier(reader: EclReader): EclAlternateIdentifier | undefined {
  const { at } = reader
  const isQuoted = reader.take('"')
  const scheme = reader.match(ALTERNATE)?.slice(0, -1)
  if (scheme === undefined) {
    reader.at = at
    return undefined
  }
  const code = isQuoted || reader.take('"') ? quotedCode(reader) : reader.match(ALTERNATE_CODE)
  if (code === undefined || code === '') reader.expected(`a code of ${scheme}`)
  const term = termBehind(reader)
  return { kind: 'alternate', scheme, code, ...(term !== undefined && { term }), at }
}

function quotedCode(reader: EclReader): string {
  const end = reader.text.indexOf('"', reader.at)
  if (end < 0) reader.fail("the identifier has no closing '\"'")
  const code = reader.text.slice(reader.at, end)
  reader.at = end + 1
  return code
}

/** Values in brackets with spaces between them, or one without brackets. */
export function oneOrSeveral<T>(reader: EclReader, read: () => T): T[] {
  if (!reader.take('(')) return [read()]
  return reader.nested(() => {
    const values: T[] = []
    reader.space()
    do values.push(read())
    while (reader.space() && !reader.looksAt(')'))
    reader.need(')')
    return values
  })
}

/** `(id id)`, or an expression. */
export function conceptValue({ reader, subExpression }: EclParser): EclConceptValue {
  if (reader.looksAt('(')) {
    const from = reader.at
    const concepts = reader.attempt(() => oneOrSeveral(reader, () => conceptReference(reader)))
    if (concepts && concepts.length > 1) return { kind: 'list', concepts }
    reader.at = from
  }
  return subExpression()
}

const TEXT = /"((?:[^"\\]|\\["\\*])*)"/y

/** A quoted text with its technique, e.g. `wild:"card*"`. */
export function searchTerm(reader: EclReader): EclSearchTerm {
  let kind: EclSearchTerm['kind'] = 'plain'
  for (const technique of ['match', 'wild'] as const) {
    if (!reader.takeWord(technique)) continue
    reader.space()
    reader.need(':')
    reader.space()
    kind = technique
  }
  const from = reader.at
  const text = reader.match(TEXT)?.slice(1, -1)
  if (text === undefined) {
    if (!reader.looksAt('"')) return reader.expected("a text in '\"'")
    return reader.fail("the text has no closing '\"', or a '\\' that stands before neither '\"' nor '\\'", from)
  }
  if (text.trim() === '') reader.fail('the text to look for is empty', from)
  if (kind !== 'wild' && text.includes('\\*')) reader.fail("'\\*' stands in texts of wild: alone", from)
  return { kind, text }
}

const NUMBER = /[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?/y

/** `#` and a number. */
export function numberValue(reader: EclReader): string {
  reader.need('#')
  const value = reader.match(NUMBER)
  if (value === undefined) return reader.expected("a number behind '#'")
  if (reader.looksAtDigit()) reader.fail('a number begins with 0')
  return value
}

const TIME = /"(?:[1-9][0-9]{3}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01]))?"/y

/** A day `"YYYYMMDD"`, or `""` for none. */
export function timeValue(reader: EclReader): string {
  const value = reader.match(TIME)
  return value === undefined ? reader.expected('a day "YYYYMMDD", or ""') : value.slice(1, -1)
}

const LARGEST_CARDINALITY = 1_000_000

/** `min..max` within square brackets, of which the first was taken. */
export function cardinality(reader: EclReader): EclCardinality {
  const { at } = reader
  const count = () => {
    const digits = reader.digits()
    if (digits === '') return reader.expected('a number of times')
    if (digits.length > 1 && digits.startsWith('0')) reader.fail('a number begins with 0', at)
    if (Number(digits) > LARGEST_CARDINALITY) reader.fail(`a cardinality is above ${LARGEST_CARDINALITY}`, at)
    return Number(digits)
  }
  reader.space()
  const min = count()
  reader.space()
  if (!reader.take('..') && !reader.takeWord('to')) reader.expected("'..'")
  reader.space()
  const max = reader.take('*') || reader.takeWord('many') ? Number.POSITIVE_INFINITY : count()
  reader.space()
  reader.need(']')
  if (min > max) reader.fail(`the cardinality [${min}..${max}] can never be met`, at)
  return { min, max }
}

/** An operator that compares; `!=` also as `<>` and `not =`. Undefined when none stands there, and nothing is read then. */
export function comparisonOperator(reader: EclReader): EclOrder | undefined {
  const from = reader.at
  if (reader.takeWord('not')) {
    reader.space()
    if (reader.take('=')) return '!='
    reader.at = from
    return undefined
  }
  if (reader.take('<>')) return '!='
  for (const operator of ['!=', '<=', '>=', '=', '<', '>'] as const) if (reader.take(operator)) return operator
  return undefined
}

/** `=` or `!=`. @throws EclError for another, and for none */
export function equality(reader: EclReader, what: string): EclEquality {
  const { at } = reader
  const operator = comparisonOperator(reader)
  if (operator === undefined) return reader.expected(`'=' or '!=' behind ${what}`)
  if (operator !== '=' && operator !== '!=') return reader.fail(`${what} is compared by '=' and '!=' alone`, at)
  return operator
}
