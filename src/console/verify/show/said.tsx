/** A sentence of a rule: its author's own in the language that was asked for, or what it lacks in plain words. */
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { openThings } from '../reply/open-data.ts'

/**
 * The sentence; words that the server has in English alone are marked as such.
 * @param isServers the whole is the server's own, and no author's
 */
export function Said({ message, isServers = false }: { message: string; isServers?: boolean }) {
  const { rules } = texts().verify
  const things = openThings(message)
  if (!things)
    return (
      <span dir="auto" {...(isServers && { lang: 'en' })}>
        {message}
      </span>
    )
  const known = things.flatMap((thing) => ('datum' in thing ? [rules.data[thing.datum]] : []))
  const unlisted = things.flatMap((thing) => ('unlisted' in thing ? [thing.unlisted] : []))
  const others = things.flatMap((thing) => ('words' in thing ? [thing.words] : []))
  return (
    <>
      {known.length > 0 && <span>{fill(rules.lacks, { data: known.join(', ') })} </span>}
      {unlisted.map((product) => (
        // Isolated: the product stands in its own direction.
        <span>{fill(rules.unlisted, { product: `\u2068${product}\u2069` })} </span>
      ))}
      {others.length > 0 && (
        <span lang="en" dir="auto">
          {others.join('; ')}
        </span>
      )}
    </>
  )
}
