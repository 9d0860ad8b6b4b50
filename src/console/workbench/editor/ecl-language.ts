/** Words of the Expression Constraint Language of SNOMED CT, as an editor colours them. */
import type { StreamParser } from '@codemirror/language'
import { commentAt, commentTokens } from './comments.ts'

const keywords = new Set(
  `and or minus descendantof descendantorselfof childof childorselfof ancestorof ancestororselfof parentof parentorselfof memberof any
  top bottom c d m history true false`.split(/\s+/),
)

/** Within what the reader stands at the end of a line. */
export interface EclState {
  inside: 'code' | 'comment'
}

/** The tokeniser; names of tokens are those of `@lezer/highlight`. */
export const eclTokens: StreamParser<EclState> = {
  name: 'ecl',
  startState: () => ({ inside: 'code' }),
  copyState: (state) => ({ ...state }),
  token(stream, state) {
    if (state.inside === 'code' && stream.eatSpace()) return null
    const comment = commentAt(stream, state)
    if (comment) return comment
    // A term says to people what the number before it means.
    if (stream.match(/^\|[^|]*\|?/)) return 'string'
    if (stream.match(/^"(?:\\.|[^"\\])*"?/)) return 'string'
    if (stream.match(/^#?\d+(?:\.\d+)?/)) return 'number'
    const word = stream.match(/^[A-Za-z_][A-Za-z0-9_-]*/)
    if (word && word !== true) return keywords.has(word[0].toLowerCase()) ? 'keyword' : 'variableName'
    if (stream.match(/^(?:<<!|>>!|<!|>!|<<|>>|!!<|!!>|!=|<=|>=|[<>^*=!.,:])/)) return 'operator'
    return /[()[\]{}]/.test(stream.next() ?? '') ? 'bracket' : 'punctuation'
  },
  languageData: { commentTokens, closeBrackets: { brackets: '([{"' } },
}
