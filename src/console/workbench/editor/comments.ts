/** Comments, which CQL and FML write alike: from two slashes to the end of a line, or between marks over several. */
import type { StringStream } from '@codemirror/language'

/** For the editor's own commands. */
export const commentTokens = { line: '//', block: { open: '/*', close: '*/' } }

/** Reads a comment that begins or goes on here, if one does; undefined otherwise. `state.inside` tells whether it goes on. */
export function commentAt(stream: StringStream, state: { inside: string }): string | undefined {
  if (state.inside === 'comment') return restOfComment(stream, state)
  if (state.inside !== 'code') return undefined
  if (stream.match('//')) {
    stream.skipToEnd()
    return 'lineComment'
  }
  if (!stream.match('/*')) return undefined
  state.inside = 'comment'
  return restOfComment(stream, state)
}

function restOfComment(stream: StringStream, state: { inside: string }): string {
  if (stream.match(/^.*?\*\//)) state.inside = 'code'
  else stream.skipToEnd()
  return 'blockComment'
}
