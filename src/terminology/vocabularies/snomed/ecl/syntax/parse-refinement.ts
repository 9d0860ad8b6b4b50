/** Refinements: what stands behind ':' (ECL 2.2, 5.1: eclRefinement and what it is made of). */
import { cardinality, comparisonOperator, numberValue, oneOrSeveral, searchTerm } from './parse-values.ts'
import type { EclParser, EclReader } from './reader.ts'
import type { EclAttribute, EclCardinality, EclComparison, EclOrder, EclRefinement } from './syntax.ts'

/** Parts joined by one operator. */
export function refinement(parser: EclParser): EclRefinement {
  return joined(parser, () => part(parser, false))
}

/** What stands in a group has no groups within. */
function attributeSet(parser: EclParser): EclRefinement {
  return joined(parser, () => part(parser, true))
}

function joined({ reader }: EclParser, read: () => EclRefinement): EclRefinement {
  const operands = [read()]
  let kind: 'and' | 'or' | undefined
  for (;;) {
    const end = reader.at
    reader.space()
    const { at } = reader
    const operator = joiningOperator(reader)
    if (operator === undefined) {
      reader.at = end
      const [only] = operands
      return kind === undefined && only ? only : { kind: kind ?? 'and', operands }
    }
    if (kind !== undefined && operator !== kind)
      reader.fail('AND and OR in one refinement: mixed operators take brackets', at)
    kind = operator
    reader.space()
    operands.push(read())
  }
}

function joiningOperator(reader: EclReader): 'and' | 'or' | undefined {
  if (reader.take(',')) return 'and'
  const word = reader.word().toLowerCase()
  if (word !== 'and' && word !== 'or') return undefined
  reader.at += word.length
  if (!reader.space() && !reader.isAtEnd) reader.fail(`${word.toUpperCase()} has no space behind it`)
  return word
}

function part(parser: EclParser, isInGroup: boolean): EclRefinement {
  const { reader } = parser
  const { at } = reader
  if (reader.looksAt('(') && !isAttributeName(reader)) return bracketed(parser, isInGroup)
  const times = reader.take('[') ? cardinality(reader) : undefined
  reader.space()
  if (!reader.looksAt('{')) return attribute(parser, at, times)
  if (isInGroup) reader.fail('a group stands within a group')
  return reader.nested(() => {
    const open = reader.at
    reader.need('{')
    reader.space()
    const inner = attributeSet(parser)
    reader.space()
    if (reader.isAtEnd) reader.fail("the group is not closed: expected '}' before the end", open)
    reader.need('}')
    return { kind: 'group', ...(times && { cardinality: times }), refinement: inner }
  })
}

function bracketed(parser: EclParser, isInGroup: boolean): EclRefinement {
  const { reader } = parser
  return reader.nested(() => {
    const open = reader.at
    reader.need('(')
    reader.space()
    const inner = isInGroup ? attributeSet(parser) : refinement(parser)
    reader.space()
    if (reader.isAtEnd) reader.fail("the bracket is not closed: expected ')' before the end", open)
    reader.need(')')
    return inner
  })
}

/** Whether the bracket here holds the name of an attribute: then a comparison or a filter stands behind it. */
function isAttributeName(reader: EclReader): boolean {
  const from = reader.at
  const behind = reader.behindClosing(from)
  if (behind === undefined) return false
  reader.at = behind
  reader.space()
  const is = reader.looksAt('{{') || comparisonOperator(reader) !== undefined
  reader.at = from
  return is
}

function attribute(parser: EclParser, at: number, times: EclCardinality | undefined): EclAttribute {
  const { reader } = parser
  const isReversed = reverseFlag(reader)
  const name = parser.subExpression()
  reader.space()
  const comparison = readComparison(parser, 'an attribute')
  return { kind: 'attribute', at, ...(times && { cardinality: times }), isReversed, name, comparison }
}

/** `R`, a capital letter, or `reverseOf`. */
function reverseFlag(reader: EclReader): boolean {
  const word = reader.word()
  if (word !== 'R' && word.toLowerCase() !== 'reverseof') return false
  if (/[-#]/.test(reader.text[reader.at + word.length] ?? '')) return false
  reader.at += word.length
  reader.space()
  return true
}

/** An operator and a value. */
export function readComparison(parser: EclParser, what: string): EclComparison {
  const { reader } = parser
  const { at } = reader
  const operator = comparisonOperator(reader)
  if (operator === undefined) return reader.expected(`an operator such as '=' behind ${what}`)
  reader.space()
  if (reader.looksAt('#')) return { kind: 'number', operator, value: numberValue(reader) }
  if (!isEquality(operator))
    return reader.fail(`'${operator}' compares with numbers: expected '#', found ${reader.found()}`, at)
  const terms = searchTerms(reader)
  if (terms) return { kind: 'text', operator, terms }
  const word = reader.word()
  const isBoolean = /^(?:true|false)$/i.test(word) && reader.text[reader.at + word.length] !== '#'
  if (!isBoolean) return { kind: 'expression', operator, value: parser.subExpression() }
  reader.at += word.length
  return { kind: 'boolean', operator, value: word.toLowerCase() === 'true' }
}

const isEquality = (operator: EclOrder) => operator === '=' || operator === '!='

const QUOTED_IDENTIFIER = /^"[a-zA-Z][a-zA-Z0-9-]*#[^"]/
const longestScheme = 100

/** Texts, where a text stands next, or a bracket with a text next in it. */
function searchTerms(reader: EclReader) {
  if (!looksAtText(reader)) return undefined
  const read = () => oneOrSeveral(reader, () => searchTerm(reader))
  // In brackets an identifier in quotes may begin an expression.
  return /\(\s*"[a-zA-Z][a-zA-Z0-9-]*#/y.test(reader.text.slice(reader.at, reader.at + longestScheme))
    ? reader.attempt(read)
    : read()
}

function looksAtText(reader: EclReader): boolean {
  // A text without brackets that reads as an alternate identifier is one: the grammar names those first.
  if (QUOTED_IDENTIFIER.test(reader.text.slice(reader.at, reader.at + longestScheme))) return false
  const from = reader.at
  if (reader.take('(')) reader.space()
  const word = reader.word().toLowerCase()
  const technique = word === 'match' || word === 'wild'
  const is = reader.looksAt('"') || (technique && reader.text[reader.at + word.length] !== '#')
  reader.at = from
  return is
}
