/** A sentence of a rule: its author's own in the language that was asked for, or what it lacks in plain words. */
import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { openThings } from '../reply/open-data.ts'

/** The sentence; words that the server has in English alone are marked as such. */
export function Said({ message }: { message: string }) {
  const { rules } = texts().verify
  const things = openThings(message)
  if (!things) return <span dir="auto">{message}</span>
  const known = things.flatMap((thing) => ('datum' in thing ? [rules.data[thing.datum]] : []))
  const others = things.flatMap((thing) => ('words' in thing ? [thing.words] : []))
  return (
    <>
      {known.length > 0 && <span>{fill(rules.lacks, { data: known.join(', ') })} </span>}
      {others.length > 0 && (
        <span lang="en" dir="auto">
          {others.join('; ')}
        </span>
      )}
    </>
  )
}
