/** Reading versions, whose texts may be in parts. */
import { createHash } from 'node:crypto'
import type { ClientSession, Filter, ReadPreferenceMode } from 'mongodb'
import type { PublishedVersion, StoredVersion } from '../storage.ts'
import { type Collections, endOfTime, type PartDocument, toVersion, type VersionDocument } from './documents.ts'

/** How a question is asked: within which session, and no longer than what time. */
export interface Asking {
  session: ClientSession
  maxTimeMS?: number
  readPreference?: ReadPreferenceMode
}

/** Bytes of a text that stay in one document with its version. */
const mostInline = 12_000_000
/** Characters of a part: at three bytes for each it stays below what a document may have. */
const partCharacters = 4_000_000

/** A text as it is kept. */
export interface KeptText {
  json: string | null
  hash: string
  size: number
  parts: Omit<PartDocument, '_id' | 'seq'>[]
}

/** How a text is kept; none for a deletion. */
export function keepText(text: string | undefined): KeptText {
  if (text === undefined) return { json: null, hash: '', size: 0, parts: [] }
  const hash = createHash('sha256').update(text).digest('hex')
  if (Buffer.byteLength(text) <= mostInline) return { json: text, hash, size: text.length, parts: [] }
  const parts: KeptText['parts'] = []
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + partCharacters, text.length)
    // A character of two halves stays whole.
    if (end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))) end--
    parts.push({ part: parts.length, text: text.slice(at, end) })
    at = end
  }
  return { json: null, hash, size: text.length, parts }
}

/** What a part is called. */
export const partId = (seq: number, part: number): string => `${seq}/${part}`

/** The text of a version. @throws Error when a part of it is lost */
export async function textOf(
  { contents }: Pick<Collections, 'contents'>,
  { _id, seq, json, parts, size }: Pick<VersionDocument, '_id' | 'seq' | 'json' | 'parts' | 'size'>,
  asking: Asking,
): Promise<string | undefined> {
  if (parts === 0) return json ?? undefined
  const ids = Array.from({ length: parts }, (_, part) => partId(seq, part))
  const found = await contents.find({ _id: { $in: ids } }, asking).toArray()
  found.sort((a, b) => a.part - b.part)
  const text = found.map((each) => each.text).join('')
  if (found.length !== parts || text.length !== size) throw new Error(`The text of ${_id} is not whole in the store.`)
  return text
}

/** One version as the interface shows it. */
export async function findVersion(
  collections: Collections,
  filter: Filter<VersionDocument>,
  asking: Asking,
): Promise<StoredVersion | undefined> {
  const found = await collections.versions.findOne(filter, asking)
  return found ? toVersion(found, await textOf(collections, found, asking)) : undefined
}

/** Versions by their numbers, in that order. */
export async function versionsBySeq(
  collections: Collections,
  numbers: readonly number[],
  asking: Asking,
): Promise<StoredVersion[]> {
  if (numbers.length === 0) return []
  const found = await collections.versions.find({ seq: { $in: [...numbers] } }, asking).toArray()
  const byNumber = new Map(found.map((each) => [each.seq, each]))
  const versions: StoredVersion[] = []
  for (const number of numbers) {
    const each = byNumber.get(number)
    if (each) versions.push(toVersion(each, await textOf(collections, each, asking)))
  }
  return versions
}

/** What is known of versions under one `url|version`, without their texts. */
export type NamedVersion = Pick<VersionDocument, '_id' | 'seq' | 'of' | 'superseded' | 'published' | 'retired'>

/** What {@link NamedVersion} needs of a document. */
export const namedFields = { seq: 1, of: 1, superseded: 1, published: 1, retired: 1 } as const

/** How versions of a type under a `url|version` are looked up. */
export const nameKey = (type: string, { url, version }: { url: string; version: string }): string =>
  `${type} ${url}|${version}`

/**
 * The newest of those versions that was published, and whether it is in force nowhere and was retired.
 * @param isCurrent as the transaction sees it
 */
export function judgePublished(
  named: readonly NamedVersion[],
  isCurrent: (version: NamedVersion) => boolean = ({ superseded }) => superseded === endOfTime,
): { newest: NamedVersion; isRetired: boolean } | undefined {
  const published = named.filter((each) => each.published)
  const [first, ...others] = published
  if (!first) return undefined
  const newest = others.reduce((best, each) => (each.seq > best.seq ? each : best), first)
  const owners = new Set(published.map(({ of }) => of))
  const isRetired = !published.some(isCurrent) && named.some(({ retired, of }) => retired === true && owners.has(of))
  return { newest, isRetired }
}

/** {@link Storage.published} */
export async function publishedVersion(
  collections: Collections,
  as: string,
  asking: Asking,
): Promise<PublishedVersion | undefined> {
  const named = await collections.versions.find({ as }, { ...asking, projection: namedFields }).toArray()
  const judged = judgePublished(named)
  const version = judged && (await findVersion(collections, { _id: judged.newest._id }, asking))
  return version && judged.isRetired ? { ...version, isRetired: true } : version
}
