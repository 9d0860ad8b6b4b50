/** What is in the collections of a MongoDB store, and how a version in them is one of the interface. */
import { randomUUID } from 'node:crypto'
import type { Binary, Collection, Db } from 'mongodb'
import type { StoredVersion } from '../storage.ts'
import { resourceOf } from '../write.ts'

/** `superseded` and `until` of what is current. */
export const endOfTime = Number.MAX_SAFE_INTEGER

/** Schema that this software writes. */
export const schemaVersion = 1

/** One version of a resource. It never changes, but for `superseded`, which is set once. */
export interface VersionDocument {
  /** `<type>/<id>/<versionId>` */
  _id: string
  /** Number of the write, in the order of commits. */
  seq: number
  /** `<type>/<id>` */
  of: string
  type: string
  id: string
  vid: number
  /** Milliseconds. */
  updated: number
  /** When the next version of the resource was written, milliseconds; {@link endOfTime} for the current one. */
  superseded: number
  method: 'POST' | 'PUT' | 'DELETE'
  /** JSON text; null for a deletion, and for one that is kept in parts. */
  json: string | null
  /** Documents of `contents` that have the text; 0 where it is here. */
  parts: number
  /** It has decimals whose text is kept. */
  exact: boolean
  /** Characters of the text. */
  size: number
  /** SHA-256 of the text, hex; empty for a deletion. */
  hash: string
  /** Names by which {@link Storage.findCanonical} finds it. */
  names: { url: string; version: string }[]
  /** `<type> <url>|<version>` of what has both. */
  as?: string
  /** It was active under that name when it was stored, and this is recorded. */
  published?: true
  retired?: true
  /** Which transaction wrote it: told from another when nobody knows whether it was committed. */
  write: string
}

/** A part of a text that is too long for one document. */
export interface PartDocument {
  /** `<seq>/<part>` */
  _id: string
  seq: number
  part: number
  text: string
}

/** The one document that every write changes: two writes at once conflict in it, and what it counts goes on without a gap. */
export interface StateDocument {
  _id: 'store'
  schema: number
  /** Which search entries are made, see entries.ts. */
  index: string
  /** Number of the last write, and by type. */
  n: number
  types: Record<string, number>
  /** Time of the last write, milliseconds. */
  updated: number
  /** The transaction that wrote last. */
  write: string
  /** Types of which a version once had more search entries than go into one document; where it is not told, any may have. */
  more?: Record<string, true>
}

/** What else stands beside the state: `purged`, and what a probe leaves behind where transactions are none. */
interface MarkDocument {
  _id: string
  /** States before this write are not complete any more: a cursor that looks at one has expired. */
  until?: number
}

/** One value of a string, token, uri or reference parameter (fhir/search/index-values.ts). */
export interface TextEntry {
  /** `<parameter>=<beginning of the value>`: what the database looks up. */
  k: string
  v: string
  q: string
  x: string
}

/** One value of a date, number or quantity parameter. */
interface RangeEntry {
  p: string
  lo: number
  hi: number
  s: string
  c: string
}

/** Two values that stand together. */
export interface PairEntry {
  /** The composite parameter. */
  p: string
  l: Omit<TextEntry, 'k'>
  r: Omit<TextEntry, 'k'> | Omit<RangeEntry, 'p'>
}

/** Search entries; those that find no place with the version are in documents of their own. */
export interface EntryLists {
  ix?: TextEntry[]
  rx?: RangeEntry[]
  cx?: PairEntry[]
  /** `n:` and words of the narrative, `c:` and words of the content, cut. */
  words?: string[]
  /** Those that were cut, whole. */
  long?: string[]
}

/** A version as searches see it: from its write until another, and for as long as cursors live. */
export interface SearchableDocument extends EntryLists {
  /** Number of the version. */
  _id: number
  of: string
  type: string
  id: string
  updated: number
  /** From this write on it is not seen any more. */
  until: number
  /** When that was, milliseconds. */
  superseded?: number
  size: number
  /** Parameters that have a value. */
  has: string[]
  names: { url: string; version: string }[]
  /** By parameter: what it is sorted by upwards and downwards. */
  lo: Record<string, string | number>
  hi: Record<string, string | number>
}

/** Entries of a version that has more than go into one document. */
export interface MoreDocument extends EntryLists {
  /** `<seq>/<part>` */
  _id: string
  seq: number
  type: string
}

/** A record, or a derived value. */
interface ValueDocument {
  /** JSON of kind and key. */
  _id: string
  kind: string
  key: string
  value: string
}

/** A session in which writes are made. */
interface WriterDocument {
  _id: Binary
  /** By the clock of the database. */
  seen: Date
}

/** The collections of a store. */
export interface Collections {
  state: Collection<StateDocument>
  marks: Collection<MarkDocument>
  versions: Collection<VersionDocument>
  contents: Collection<PartDocument>
  searchable: Collection<SearchableDocument>
  more: Collection<MoreDocument>
  records: Collection<ValueDocument>
  derived: Collection<ValueDocument>
  writers: Collection<WriterDocument>
}

/** The collections of a database. */
export const collectionsOf = (db: Db): Collections => ({
  state: db.collection('meta'),
  marks: db.collection('meta'),
  versions: db.collection('versions'),
  contents: db.collection('contents'),
  searchable: db.collection('searchable'),
  more: db.collection('searchable_more'),
  records: db.collection('records'),
  derived: db.collection('derived'),
  writers: db.collection('writers'),
})

/** What searches and lists look up; made at every start, which changes nothing when they are there. */
export const indexes: Partial<Record<keyof Collections, Record<string, 1 | -1>[]>> = {
  versions: [
    { of: 1, superseded: 1 },
    { seq: 1 },
    { type: 1, seq: 1 },
    { type: 1, updated: 1, seq: 1 },
    { type: 1, 'names.url': 1, superseded: 1 },
    { as: 1, seq: 1 },
    { published: 1, seq: 1 },
  ],
  searchable: [
    { type: 1, _id: -1 },
    { type: 1, id: 1 },
    { until: 1, type: 1 },
    { type: 1, 'ix.k': 1 },
    { type: 1, 'rx.p': 1, 'rx.lo': 1 },
    { type: 1, words: 1 },
    { type: 1, 'names.url': 1 },
    { superseded: 1 },
  ],
  more: [{ seq: 1 }, { type: 1, 'ix.k': 1 }, { type: 1, 'rx.p': 1, 'rx.lo': 1 }, { type: 1, words: 1 }],
  records: [{ kind: 1, key: 1 }],
}

/** {@link StateDocument.more}, as it is. */
export async function typesOfMore({ more }: Pick<Collections, 'more'>): Promise<Record<string, true>> {
  const types = await more.distinct('type', {}, { readPreference: 'primary' })
  return Object.fromEntries(types.map((type) => [type, true]))
}

/** How a record or derived value is found. */
export const valueId = (kind: string, key: string): string => JSON.stringify([kind, key])

/** A name that no other transaction or probe has. */
export const newToken = (): string => randomUUID()

/** A version of the interface. @param text of it, where there is one */
export function toVersion(
  { type, id, vid, updated, method, exact }: Omit<VersionDocument, 'json'>,
  text: string | undefined,
): StoredVersion {
  const lastUpdated = new Date(updated).toISOString()
  const resource = text === undefined ? undefined : resourceOf({ text, exact })
  return { type, id, versionId: String(vid), lastUpdated, resource, method }
}
