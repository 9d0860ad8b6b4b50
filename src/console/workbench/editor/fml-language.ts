/** Words of the FHIR Mapping Language (https://hl7.org/fhir/mapping-language.html), as an editor colours them. */
import type { StreamParser, StringStream } from '@codemirror/language'
import { commentAt, commentTokens } from './comments.ts'

const keywords = new Set(
  `map uses alias as source target queried produced imports conceptmap prefix group extends default where check log then let first
  not_first last not_last only_one share collate types type for`.split(/\s+/),
)

const transforms = new Set(
  'create copy truncate escape cast append translate reference dateOp uuid pointer evaluate cc c qty id cp'.split(' '),
)

/** Within what the reader stands at the end of a line. */
export interface FmlState {
  inside: 'code' | 'comment'
}

/** The tokeniser; names of tokens are those of `@lezer/highlight`. */
export const fmlTokens: StreamParser<FmlState> = {
  name: 'fml',
  startState: () => ({ inside: 'code' }),
  copyState: (state) => ({ ...state }),
  token(stream, state) {
    if (state.inside === 'code' && stream.eatSpace()) return null
    if (state.inside === 'code' && stream.match('///')) {
      stream.skipToEnd()
      return 'meta'
    }
    const comment = commentAt(stream, state)
    if (comment) return comment
    if (stream.match(/^"(?:\\.|[^"\\])*"?/)) return 'string'
    if (stream.match(/^'(?:\\.|[^'\\])*'?/)) return 'string'
    if (stream.match(/^`(?:\\.|[^`\\])*`?/)) return 'variableName'
    if (stream.match(/^\d+(?:\.\d+)?/)) return 'number'
    if (stream.match(/^->|^<<|^>>/)) return 'operator'
    return word(stream)
  },
  languageData: {
    commentTokens,
    closeBrackets: { brackets: '([{"' },
  },
}

function word(stream: StringStream): string | null {
  const isPath = stream.pos > 0 && stream.string.charAt(stream.pos - 1) === '.'
  const found = stream.match(/^[A-Za-z_][A-Za-z0-9_]*/)
  if (!found || found === true) {
    const next = stream.next() ?? ''
    if (/[()[\]{}]/.test(next)) return 'bracket'
    return /[=<>+*/|&!~-]/.test(next) ? 'operator' : 'punctuation'
  }
  const [text] = found
  if (isPath) return 'propertyName'
  if (text === 'true' || text === 'false') return 'bool'
  if (transforms.has(text) && /^\s*\(/.test(stream.string.slice(stream.pos))) return 'keyword'
  if (keywords.has(text)) return 'keyword'
  return 'variableName'
}
