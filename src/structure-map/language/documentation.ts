import type { Cursor } from './cursor.ts'
import type { Comment } from './lexer.ts'

/** Comments read so far, but for those on their own line before the token under the cursor: they belong to what follows. */
export function ownComments(cursor: Cursor): Comment[] {
  const next = new Set(cursor.token.comments)
  const taken = cursor.takeComments()
  cursor.returnComments([...next].filter((each) => !each.trailing))
  return taken.filter((each) => each.trailing || !next.has(each))
}

/** Adds comments to the documentation of an element, one line each. */
export function document(element: { documentation?: string | undefined }, comments: Comment[]): void {
  const lines = comments
    .flatMap((each) => each.text.split('\n').map((line) => line.trim()))
    .filter((line) => line !== '')
  if (lines.length === 0) return
  element.documentation = [...(element.documentation !== undefined ? [element.documentation] : []), ...lines].join('\n')
}
