import type { CardList } from './card-list.ts'
import type { HashIndex } from './hash-index.ts'

/** What a source of revocation lists holds. */
export interface RevocationContent {
  /** Hash lists of participants; empty for a source of card lists. */
  hashes: HashIndex
  /** Card lists of one issuer, by key id. */
  cards?: { issuer: string; lists: ReadonlyMap<string, CardList> }
  /** When what it holds was made: the newest date of a batch or file; undefined when nothing tells. */
  date?: Date
}
