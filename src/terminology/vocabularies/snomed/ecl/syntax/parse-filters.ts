/** Filters and history supplements: what stands in double braces (ECL 2.2, 5.1). */

import { faultOfSctid } from '../../sctid.ts'
import { dialectFilter } from './parse-dialect.ts'
import { readComparison } from './parse-refinement.ts'
import { comparisonOperator, conceptValue, equality, oneOrSeveral, searchTerm, timeValue } from './parse-values.ts'
import type { EclParser, EclReader } from './reader.ts'
import type {
  EclComponentFilter,
  EclConceptFilter,
  EclDescriptionFilter,
  EclFilterBlock,
  EclHistory,
  EclMemberFieldFilter,
  EclMemberFilter,
  EclSubExpression,
  EclTypeToken,
} from './syntax.ts'

const OF_COMPONENTS = ['moduleid', 'effectivetime', 'active'] as const
const OF_CONCEPTS = ['definitionstatus', 'definitionstatusid', ...OF_COMPONENTS] as const
const OF_DESCRIPTIONS = ['term', 'language', 'type', 'typeid', 'dialect', 'dialectid', 'id', ...OF_COMPONENTS] as const

/** All that stands in double braces behind a focus. */
export function filters(
  parser: EclParser,
  isMemberOf: boolean,
): Pick<EclSubExpression, 'memberFilters' | 'filters' | 'history'> {
  const { reader } = parser
  const memberFilters: EclMemberFilter[][] = []
  const blocks: EclFilterBlock[] = []
  let history: EclHistory | undefined
  for (;;) {
    const end = reader.at
    reader.space()
    const { at } = reader
    if (!reader.take('{{')) {
      reader.at = end
      return { memberFilters, filters: blocks, ...(history && { history }) }
    }
    if (history) reader.fail('a filter stands behind a history supplement, which is the last of them', at)
    const block = reader.nested(() => readBlock(parser, at))
    if ('history' in block) history = block.history
    else if (block.kind !== 'M') blocks.push(block)
    else if (!isMemberOf) reader.fail("a filter of members stands behind something without '^'", at)
    else if (blocks.length > 0) reader.fail('filters of members stand before those of concepts and descriptions', at)
    else memberFilters.push(block.filters)
  }
}

type Block = EclFilterBlock | { kind: 'M'; filters: EclMemberFilter[] } | { history: EclHistory }

function readBlock(parser: EclParser, open: number): Block {
  const { reader } = parser
  reader.space()
  const block = reader.take('+') ? { history: historySupplement(parser) } : filterBlock(parser)
  reader.space()
  if (reader.isAtEnd) reader.fail("the filter is not closed: expected '}}' before the end", open)
  reader.need('}}')
  return block
}

function filterBlock(parser: EclParser): EclFilterBlock | { kind: 'M'; filters: EclMemberFilter[] } {
  switch (blockKind(parser.reader)) {
    case 'C':
      return { kind: 'C', filters: listed(parser, () => conceptFilter(parser)) }
    case 'M':
      return { kind: 'M', filters: listed(parser, () => memberFilter(parser)) }
    default:
      return { kind: 'D', filters: listed(parser, () => descriptionFilter(parser)) }
  }
}

/** The letter that says what is filtered; none is D. The letter may stand right before the first name. */
function blockKind(reader: EclReader): 'C' | 'D' | 'M' {
  const word = reader.word()
  const letter = word.charAt(0).toUpperCase()
  if (letter !== 'C' && letter !== 'D' && letter !== 'M') return 'D'
  const rest = word.slice(1).toLowerCase()
  const known: readonly string[] = letter === 'C' ? OF_CONCEPTS : letter === 'D' ? OF_DESCRIPTIONS : OF_COMPONENTS
  if (rest !== '' && !known.includes(rest)) return 'D'
  reader.at++
  reader.space()
  return letter
}

function listed<T>({ reader }: EclParser, read: () => T): T[] {
  const values: T[] = []
  do {
    reader.space()
    values.push(read())
    reader.space()
  } while (reader.take(','))
  return values
}

/** Takes a name of those that are known. */
function fieldName<T extends string>(reader: EclReader, known: readonly T[], what: string): T {
  const word = reader.word().toLowerCase()
  const field = known.find((each) => each === word)
  if (field === undefined) return reader.expected(`a filter of ${what} (${known.join(', ')})`)
  reader.at += word.length
  reader.space()
  return field
}

function conceptFilter(parser: EclParser): EclConceptFilter {
  const { reader } = parser
  const field = fieldName(reader, OF_CONCEPTS, 'concepts')
  if (field === 'definitionstatus') {
    const operator = operatorOf(reader, 'definitionStatus')
    const tokens = oneOrSeveral(reader, () => token(reader, STATUSES))
    return { field: 'definitionStatus', operator, tokens }
  }
  if (field === 'definitionstatusid') {
    const operator = operatorOf(reader, 'definitionStatusId')
    return { field: 'definitionStatusId', operator, value: conceptValue(parser) }
  }
  return componentFilter(parser, field)
}

function descriptionFilter(parser: EclParser): EclDescriptionFilter {
  const { reader } = parser
  const field = fieldName(reader, OF_DESCRIPTIONS, 'descriptions')
  switch (field) {
    case 'term': {
      const operator = operatorOf(reader, 'term')
      return { field, operator, terms: oneOrSeveral(reader, () => searchTerm(reader)) }
    }
    case 'language': {
      const operator = operatorOf(reader, 'language')
      return { field, operator, codes: oneOrSeveral(reader, () => languageCode(reader)) }
    }
    case 'type': {
      const operator = operatorOf(reader, 'type')
      return { field, operator, tokens: oneOrSeveral(reader, () => token(reader, TYPES)) }
    }
    case 'typeid': {
      const operator = operatorOf(reader, 'typeId')
      return { field: 'typeId', operator, value: conceptValue(parser) }
    }
    case 'dialect':
      return dialectFilter(parser, 'dialect')
    case 'dialectid':
      return dialectFilter(parser, 'dialectId')
    case 'id': {
      const operator = operatorOf(reader, 'id')
      return { field, operator, ids: oneOrSeveral(reader, () => descriptionId(reader)) }
    }
    default:
      return componentFilter(parser, field)
  }
}

function operatorOf(reader: EclReader, field: string) {
  const operator = equality(reader, field)
  reader.space()
  return operator
}

function componentFilter(parser: EclParser, field: (typeof OF_COMPONENTS)[number]): EclComponentFilter {
  const { reader } = parser
  if (field === 'effectivetime') {
    const operator = comparisonOperator(reader)
    if (operator === undefined) return reader.expected("an operator such as '=' behind effectiveTime")
    reader.space()
    return { field: 'effectiveTime', operator, times: oneOrSeveral(reader, () => timeValue(reader)) }
  }
  if (field === 'moduleid') {
    const operator = operatorOf(reader, 'moduleId')
    return { field: 'moduleId', operator, value: conceptValue(parser) }
  }
  const operator = operatorOf(reader, 'active')
  return { field, operator, value: activeValue(reader) }
}

function activeValue(reader: EclReader): boolean | '*' {
  for (const quote of ['"', '']) {
    const from = reader.at
    if (!reader.take(quote)) continue
    const value = reader.take('*')
      ? '*'
      : reader.take('1') || reader.takeWord('true')
        ? true
        : reader.take('0') || reader.takeWord('false')
          ? false
          : undefined
    if (value !== undefined && reader.take(quote) && !reader.looksAtDigit()) return value
    reader.at = from
  }
  return reader.expected("1, 0, true, false or '*'")
}

const STATUSES = new Map<string, 'primitive' | 'defined'>([
  ['primitive', 'primitive'],
  ['defined', 'defined'],
])

const TYPES = new Map<string, EclTypeToken>([
  ['syn', 'syn'],
  ['synonym', 'syn'],
  ['fsn', 'fsn'],
  ['fullyspecifiedname', 'fsn'],
  ['def', 'def'],
  ['definition', 'def'],
])

function token<T>(reader: EclReader, known: ReadonlyMap<string, T>): T {
  const word = reader.word()
  const value = known.get(word.toLowerCase())
  if (value === undefined) return reader.expected(`one of ${[...known.keys()].join(', ')}`)
  reader.at += word.length
  return value
}

function languageCode(reader: EclReader): string {
  const code = reader.word()
  if (code.length !== 2) return reader.expected('a language of two letters')
  reader.at += 2
  return code.toLowerCase()
}

function descriptionId(reader: EclReader): string {
  const { at } = reader
  const id = reader.digits()
  const fault = id === '' ? undefined : faultOfSctid(id)
  if (id === '') return reader.expected('an identifier of a description')
  return fault === undefined ? id : reader.fail(`'${id}' is no identifier of SNOMED CT: ${fault}`, at)
}

function memberFilter(parser: EclParser): EclMemberFilter {
  const { reader } = parser
  const { at } = reader
  const name = reader.word()
  if (name === '') return reader.expected('a field of a reference set')
  reader.at += name.length
  reader.space()
  const known = OF_COMPONENTS.find((each) => each === name.toLowerCase())
  if (known !== undefined) return componentFilter(parser, known)
  return { field: 'member', name, at, comparison: memberComparison(parser, name) }
}

/** As of an attribute; quoted days compare by order too, and `""` is the day that is missing. */
function memberComparison(parser: EclParser, name: string): EclMemberFieldFilter['comparison'] {
  const { reader } = parser
  const from = reader.at
  const operator = comparisonOperator(reader)
  reader.space()
  const isTime =
    operator !== undefined && (operator.startsWith('<') || operator.startsWith('>') || reader.looksAt('""'))
  if (isTime && !reader.looksAt('#'))
    return { kind: 'time', operator, times: oneOrSeveral(reader, () => timeValue(reader)) }
  reader.at = from
  return readComparison(parser, name)
}

function historySupplement(parser: EclParser): EclHistory {
  const { reader } = parser
  reader.space()
  if (!reader.takeWord('history')) return reader.expected('HISTORY')
  if (reader.take('-') || reader.take('_')) {
    const profile = (['MIN', 'MOD', 'MAX'] as const).find((each) => reader.takeWord(each))
    return profile === undefined ? reader.expected('MIN, MOD or MAX') : { profile }
  }
  reader.space()
  if (!reader.take('(')) return { profile: 'MAX' }
  return reader.nested(() => {
    reader.space()
    const refsets = parser.expression()
    reader.space()
    reader.need(')')
    return { refsets }
  })
}
