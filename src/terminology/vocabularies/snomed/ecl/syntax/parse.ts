import { filters } from './parse-filters.ts'
import { refinement } from './parse-refinement.ts'
import { alternateIdentifier, conceptReference } from './parse-values.ts'
import { type EclParser, EclReader } from './reader.ts'
import type { EclCompound, EclExpression, EclFocus, EclOperator, EclSubExpression } from './syntax.ts'

/**
 * Reads an expression constraint, in brief or long syntax (ECL 2.2, 5.1 and 5.2).
 * @throws EclError with line and column of the first thing that is not of the language
 */
export function parseEcl(text: string): EclExpression {
  const reader = new EclReader(text)
  const parser: EclParser = {
    reader,
    expression: () => expression(parser),
    subExpression: () => subExpression(parser),
  }
  reader.space()
  if (reader.isAtEnd) reader.fail('the expression is empty')
  const read = parser.expression()
  reader.space()
  if (!reader.isAtEnd) {
    const what = reader.looksAt(')')
      ? "')' closes no bracket"
      : `${reader.found()} stands behind the end of the expression`
    reader.fail(what)
  }
  return read
}

/** An expression that ends where something stands that it cannot go on with. */
function expression(parser: EclParser): EclExpression {
  const { reader } = parser
  const first = parser.subExpression()
  const end = reader.at
  reader.space()
  if (reader.take(':')) {
    reader.space()
    const refined = { kind: 'refined' as const, focus: first, refinement: refinement(parser) }
    refuseMore(parser, 'a refined expression')
    return refined
  }
  if (reader.looksAt('.')) return dotted(parser, first)
  const kind = binaryOperator(parser)
  if (kind === undefined) {
    reader.at = end
    return first
  }
  return compound(parser, kind, first)
}

function dotted(parser: EclParser, focus: EclSubExpression): EclExpression {
  const { reader } = parser
  const attributes: EclSubExpression[] = []
  let end = reader.at
  while (reader.take('.')) {
    reader.space()
    attributes.push(parser.subExpression())
    end = reader.at
    reader.space()
  }
  refuseMore(parser, 'an expression with dots')
  reader.at = end
  return { kind: 'dotted', focus, attributes }
}

function compound(parser: EclParser, kind: EclCompound['kind'], first: EclSubExpression): EclExpression {
  const { reader } = parser
  const operands = [first]
  let operator: EclCompound['kind'] | undefined = kind
  let end = reader.at
  while (operator === kind) {
    if (kind === 'minus' && operands.length === 2) refuseMixed(parser, end, kind)
    reader.space()
    operands.push(parser.subExpression())
    end = reader.at
    reader.space()
    operator = binaryOperator(parser)
  }
  if (operator !== undefined) refuseMixed(parser, end, kind)
  if (reader.looksAt(':') || reader.looksAt('.'))
    reader.fail(
      `'${reader.text[reader.at]}' behind operands joined by ${kind.toUpperCase()}: which of them it belongs to takes brackets`,
    )
  reader.at = end
  return { kind, operands }
}

function refuseMixed({ reader }: EclParser, end: number, kind: string): never {
  reader.at = end
  reader.space()
  const reason =
    kind === 'minus'
      ? 'MINUS joins two operands: more of them take brackets'
      : `an operator behind operands joined by ${kind.toUpperCase()} is another one: mixed operators take brackets`
  return reader.fail(reason)
}

/** Refinements and dots end an expression: what follows them takes brackets. */
function refuseMore(parser: EclParser, what: string): void {
  const { reader } = parser
  const from = reader.at
  reader.space()
  const { at } = reader
  if (reader.looksAt(':') || binaryOperator(parser) !== undefined)
    reader.fail(`an operator behind ${what}, which takes brackets around it`, at)
  reader.at = from
}

/** Takes AND, OR, MINUS or a comma; words have a space behind them. */
function binaryOperator({ reader }: EclParser): EclCompound['kind'] | undefined {
  if (reader.take(',')) return 'and'
  const word = reader.word().toLowerCase()
  if (word !== 'and' && word !== 'or' && word !== 'minus') return undefined
  reader.at += word.length
  if (!reader.space() && !reader.isAtEnd) reader.fail(`${word.toUpperCase()} has no space behind it`)
  return word
}

const SYMBOLS: readonly EclOperator[] = ['!!>', '!!<', '<<!', '>>!', '<<', '<!', '>>', '>!', '<', '>']

const WORDS: ReadonlyMap<string, EclOperator> = new Map([
  ['descendantof', '<'],
  ['descendantorselfof', '<<'],
  ['childof', '<!'],
  ['childorselfof', '<<!'],
  ['ancestorof', '>'],
  ['ancestororselfof', '>>'],
  ['parentof', '>!'],
  ['parentorselfof', '>>!'],
  ['top', '!!>'],
  ['bottom', '!!<'],
])

function subExpression(parser: EclParser): EclSubExpression {
  const { reader } = parser
  const { at } = reader
  const operator = constraintOperator(parser)
  const memberOf = memberOperator(parser)
  const focus = readFocus(parser)
  const behind = filters(parser, memberOf !== undefined)
  return {
    kind: 'sub',
    at,
    ...(operator !== undefined && { operator }),
    ...(memberOf !== undefined && { memberOf }),
    focus,
    ...behind,
  }
}

function constraintOperator({ reader }: EclParser): EclOperator | undefined {
  const symbol = SYMBOLS.find((each) => reader.take(each))
  if (symbol !== undefined) {
    reader.space()
    return symbol
  }
  const word = reader.word()
  const operator = WORDS.get(word.toLowerCase())
  if (operator === undefined || isAlias(reader, word)) return undefined
  reader.at += word.length
  if (!reader.space() && !reader.isAtEnd) reader.fail(`${word} has no space behind it`)
  return operator
}

/** Whether a word is the scheme of an alternate identifier, which may be spelt like a keyword. */
const isAlias = (reader: EclReader, word: string) => /[-#0-9]/.test(reader.text[reader.at + word.length] ?? '')

function memberOperator({ reader }: EclParser): EclSubExpression['memberOf'] {
  const word = reader.word()
  const isWord = word.toLowerCase() === 'memberof' && !/[-#]/.test(reader.text[reader.at + word.length] ?? '')
  if (isWord) reader.at += word.length
  else if (!reader.take('^')) return undefined
  reader.space()
  const fields: string[] = []
  if (reader.take('[')) {
    reader.space()
    if (reader.take('*') || reader.takeWord('any')) fields.push('*')
    else {
      do {
        reader.space()
        const field = reader.word()
        if (field === '') reader.expected('a field of a reference set')
        reader.at += field.length
        fields.push(field)
        reader.space()
      } while (reader.take(','))
    }
    reader.space()
    reader.need(']')
    reader.space()
  }
  return { fields }
}

function readFocus(parser: EclParser): EclFocus {
  const { reader } = parser
  if (reader.take('(')) {
    const open = reader.at - 1
    return reader.nested(() => {
      reader.space()
      const inner = parser.expression()
      reader.space()
      if (reader.isAtEnd) reader.fail("the bracket is not closed: expected ')' before the end", open)
      reader.need(')')
      return { kind: 'nested', expression: inner }
    })
  }
  if (reader.take('*')) return { kind: 'any' }
  if (reader.looksAtDigit()) return conceptReference(reader)
  const alternate = reader.looksAt('"') || reader.looksAtLetter() ? alternateIdentifier(reader) : undefined
  if (alternate) return alternate
  if (reader.takeWord('any')) return { kind: 'any' }
  return reader.expected("a concept, '*' or '('")
}
