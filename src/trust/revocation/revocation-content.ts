import type { CardList } from './card-list.ts'
import type { BatchBook } from './gateway/batch-book.ts'
import type { HashIndex } from './hash-index.ts'

/** What a source of revocation lists holds. */
export interface RevocationContent {
  /** Hash lists of participants; empty for a source of card lists. */
  hashes: HashIndex
  /** Card lists of one issuer, by key id. */
  cards?: { issuer: string; lists: ReadonlyMap<string, CardList> }
  /** Batches that are known to be there and are not held, by country as they are listed. */
  missing?: readonly { country: string; count: number }[]
  /** Why nobody knows of which countries there are batches beside these. */
  incomplete?: string
  /** Where a gateway's list was left off. */
  book?: BatchBook
  /** It is about every country, as a gateway's is, without its book. */
  isOfEveryCountry?: true
  /** When what it holds was made: the newest date of a batch or file; undefined when nothing tells. */
  date?: Date | undefined
}
