/** What every language has: a text of the same name and places for each of English. */
import type { texts } from './en/en.ts'
import type { Counted } from './fill.ts'

/** The same tables with any texts in them; what counts may count in the language's own ways. */
type Like<T> = T extends string
  ? string
  : T extends string[]
    ? string[]
    : T extends Counted
      ? Counted
      : { [Name in keyof T]: Like<T[Name]> }

/** All texts of a language, by view. */
export type Texts = Like<typeof texts>
