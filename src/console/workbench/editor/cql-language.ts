/** Words of CQL, as an editor colours them: the lexical part of the grammar (CQL 1.5, appendix B) and nothing of its meaning. */
import type { StreamParser, StringStream } from '@codemirror/language'
import { commentAt, commentTokens } from './comments.ts'

const keywords = new Set(
  `after aggregate all and are as asc ascending at before between bind by called case cast code codes codesystem codesystems collapse
  concept concepts contains context convert date day days default define desc descending difference difference display distinct div
  duration during else end ends except exists expand false flatten fluent from function hour hours if implies in include included
  includes intersect is let library like list maximum meets millisecond milliseconds minimum minute minutes mod month months not null
  occurs of on or or-after or-before overlaps parameter per point predecessor private properly public return same second seconds
  singleton sort start starting starts such successor that then timezoneoffset to true union using valueset valuesets version week weeks
  when where width with within without xor year years`.split(/\s+/),
)

const types = new Set(
  'Any Boolean Integer Long Decimal String Date DateTime Time Quantity Ratio Code Concept ValueSet CodeSystem Interval List Tuple Choice Vocabulary'.split(
    ' ',
  ),
)

const constants = new Set(['true', 'false', 'null'])

/** Within what the reader stands at the end of a line. */
export interface CqlState {
  inside: 'code' | 'comment' | 'text' | 'name' | 'tick'
  /** Whether the name that comes is one that is being defined. */
  defines: boolean
}

const ends = { text: "'", name: '"', tick: '`' } as const

/** The tokeniser; names of tokens are those of `@lezer/highlight`. */
export const cqlTokens: StreamParser<CqlState> = {
  name: 'cql',
  startState: () => ({ inside: 'code', defines: false }),
  copyState: (state) => ({ ...state }),
  token(stream, state) {
    if (state.inside === 'code' && stream.eatSpace()) return null
    const comment = commentAt(stream, state)
    if (comment) return comment
    if (state.inside !== 'code') return restOfQuoted(stream, state)
    for (const [inside, end] of [
      ['text', "'"],
      ['name', '"'],
      ['tick', '`'],
    ] as const)
      if (stream.eat(end)) {
        state.inside = inside
        return restOfQuoted(stream, state)
      }
    if (stream.match(/^@T?\d[\dT:.+-]*Z?|^@T\d[\d:.]*/)) return 'literal'
    if (stream.match(/^\d+(?:\.\d+)?L?/)) return 'number'
    return word(stream, state)
  },
  languageData: {
    commentTokens,
    closeBrackets: { brackets: '([{' },
  },
}

function restOfQuoted(stream: StringStream, state: CqlState): string {
  const { inside } = state
  if (inside === 'code' || inside === 'comment') return 'invalid'
  const end = ends[inside]
  for (let next = stream.next(); next !== undefined; next = stream.next()) {
    if (next === '\\') stream.next()
    else if (next === end) {
      state.inside = 'code'
      break
    }
  }
  if (inside === 'text') return 'string'
  return nameToken(state)
}

function nameToken(state: CqlState): string {
  if (!state.defines) return 'variableName'
  state.defines = false
  return 'variableName.definition'
}

/** Words after which a name is declared. */
const declaring = new Set([
  'define',
  'function',
  'parameter',
  'valueset',
  'codesystem',
  'code',
  'concept',
  'library',
  'called',
])
/** Words that may stand between such a word and the name. */
const between = new Set(['function', 'fluent', 'private', 'public'])

function word(stream: StringStream, state: CqlState): string | null {
  const found = stream.match(/^[A-Za-z_][A-Za-z0-9_]*/)
  if (!found || found === true) {
    const next = stream.next()
    if (next !== undefined && /[([{]/.test(next)) return 'bracket'
    if (next !== undefined && /[)\]}]/.test(next)) return 'bracket'
    if (next !== undefined && /[=<>+*/^~!|&-]/.test(next)) return 'operator'
    return 'punctuation'
  }
  const [text] = found
  if (constants.has(text)) return 'bool'
  if (keywords.has(text)) {
    if (declaring.has(text)) state.defines = text !== 'code' || stream.sol() || /^\s*code\b/.test(stream.string)
    else if (!between.has(text)) state.defines = false
    return 'keyword'
  }
  if (types.has(text)) return 'typeName'
  return nameToken(state)
}
