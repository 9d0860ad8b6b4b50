/** The filter of dialects, which says how acceptable a description is in them (ECL 2.2, 5.1: dialectFilter). */
import { conceptReference, equality, oneOrSeveral } from './parse-values.ts'
import type { EclParser, EclReader } from './reader.ts'
import type { EclAcceptability, EclDialectFilter } from './syntax.ts'

/** What stands behind the keyword. */
export function dialectFilter(parser: EclParser, field: EclDialectFilter['field']): EclDialectFilter {
  const { reader } = parser
  const operator = equality(reader, field)
  reader.space()
  const dialects = field === 'dialect' ? aliases(reader) : referenceSets(parser)
  const acceptability = acceptabilityBehind(reader)
  return { field, operator, dialects, ...(acceptability && { acceptability }) }
}

type Dialects = EclDialectFilter['dialects']

const ALIAS = /[a-zA-Z][a-zA-Z0-9-]*/y

function aliases(reader: EclReader): Dialects {
  const alias = () => {
    const dialect = reader.match(ALIAS)?.toLowerCase()
    return dialect ?? reader.expected('an alias of a dialect, such as en-us')
  }
  return reader.looksAt('(') ? accepted(reader, alias) : [{ dialect: alias() }]
}

/** References in brackets, each with its acceptability; or one expression. */
function referenceSets({ reader, subExpression }: EclParser): Dialects {
  const from = reader.at
  if (reader.looksAt('(')) {
    const dialects = reader.attempt(() => accepted(reader, () => conceptReference(reader)))
    if (dialects) return dialects
    reader.at = from
  }
  return [{ dialect: subExpression() }]
}

function accepted(reader: EclReader, read: () => Dialects[number]['dialect']): Dialects {
  return oneOrSeveral(reader, () => {
    const dialect = read()
    const acceptability = acceptabilityBehind(reader)
    return { dialect, ...(acceptability && { acceptability }) }
  })
}

/** `(prefer)` and the like behind spaces; undefined when there is none, and no space is taken then. */
function acceptabilityBehind(reader: EclReader): EclAcceptability | undefined {
  const from = reader.at
  reader.space()
  if (reader.looksAt('(')) return oneOrSeveral(reader, () => acceptability(reader))
  reader.at = from
  return undefined
}

const TOKENS = new Map<string, 'accept' | 'prefer'>([
  ['accept', 'accept'],
  ['acceptable', 'accept'],
  ['prefer', 'prefer'],
  ['preferred', 'prefer'],
])

function acceptability(reader: EclReader): EclAcceptability[number] {
  if (reader.looksAtDigit()) return conceptReference(reader)
  const word = reader.word()
  const token = TOKENS.get(word.toLowerCase())
  if (token === undefined) return reader.expected('accept, prefer or an identifier of an acceptability')
  reader.at += word.length
  return token
}
