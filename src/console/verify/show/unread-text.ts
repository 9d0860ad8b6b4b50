/** What is wrong with an identity document, in the page's language. */
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import type { DocumentStanding } from '../desk/desk.ts'

/** What is to be read again, or is missing of it; undefined where it can be sent. */
export function unreadText(standing: DocumentStanding): string | undefined {
  const { document: words } = texts().verify
  if (standing.is === 'open') {
    const { read, of } = standing.lines
    return fill(words.lines, { count: read.join(', '), of })
  }
  if (standing.is !== 'misread') return undefined
  return standing.what === 'birthDate' ? words.badDate : words.misread
}
