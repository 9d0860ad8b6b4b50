import type { KeyIndex } from './keys/key-index.ts'
import { type Distrust, idleNames } from './keys/objections.ts'
import { isExpired, type TrustedKey } from './keys/trusted-key.ts'
import { entryName, isRemote, type LeftOut, type SourceContent, type TrustSourceKind } from './lists/trust-source.ts'
import type { RevocationContent } from './revocation/revocation-content.ts'
import { entriesIn } from './upkeep/plausible.ts'
import type { SourceState } from './upkeep/source-state.ts'

/** State of one trust source, for `vidimus trust status` and the start-up report. */
export interface TrustListStatus {
  name: string
  kind: TrustSourceKind
  location: string
  /** Whether keys of it are in use (also those of an earlier reading), or what it withdraws is. */
  usable: boolean
  /**
   * `ok`: in use and the newest that is known; `stale`: in use, and the last reading failed or is long ago; `failed`: what is there
   * cannot be used; `absent`: nothing is there.
   */
  state: 'ok' | 'stale' | 'failed' | 'absent'
  /** Why the last reading failed. */
  failure?: string
  /** Keys of it that count. */
  keys: number
  /** Those of them whose period has ended. */
  expired: number
  /** When the list says it was made. */
  created?: string
  /** When what is in use was read from its location, ISO 8601. */
  readAt?: string
  /** Of a remote source: when its server last said that it is the newest. */
  checkedAt?: string
  /** Set when what is in use came from the last good copy, or from the file that stands in for the location. */
  from?: 'copy' | 'first copy'
  /** Entries of a newer list that waits for `vidimus trust accept`. */
  waiting?: number
  /** References that lead out of the list and are not followed. */
  foreignReferences?: number
  warnings: string[]
  /** Entries that do not count, and why; absent when all do. */
  leftOut?: { entry: string; reason: string }[]
  /** How many participants, thumbprints and key ids it withdraws in every list. */
  withdraws?: number
  /** How many of its keys come from other gateways, by the name that rows give those. */
  sourceGateways?: Record<string, number>
  /** What a revocation list holds; absent for other kinds, and for one that was never read. */
  revokes?: { hashes: number; batches: number; cards: number; participants: string[]; expires?: string }
  /** Set when a key counts only if it stands in this list, too. */
  required?: boolean
}

interface Whole {
  index: KeyIndex
  entries: TrustedKey[]
  now: Date
}

/** The state of one source, for a person. */
export function statusOf(state: SourceState, { index, entries, now }: Whole): TrustListStatus {
  const { source, content, failure, copyFault, readAt, checkedAt, from, waiting } = state
  const { name, kind, location, required } = source
  const keys = index.keys.filter(({ lists }) => lists.includes(name))
  const later = index.leftOut.filter(({ key }) => key.lists.includes(name))
  const leftOut = [
    ...(content?.leftOut ?? []).map(({ entry, reason }) => ({ entry, reason })),
    ...later.map(({ key, reason }) => ({ entry: entryName(key), reason })),
  ]
  const remote = isRemote(source)
  const usable = isUsable(state, index)
  return {
    name,
    kind,
    location,
    usable,
    state: wordFor(state, { usable, index }),
    ...(failure === undefined ? {} : { failure }),
    keys: keys.length,
    expired: keys.filter((key) => isExpired(key, now)).length,
    ...(content?.created === undefined ? {} : { created: content.created }),
    ...(readAt && content ? { readAt: readAt.toISOString() } : {}),
    ...(remote && checkedAt && content ? { checkedAt: checkedAt.toISOString() } : {}),
    ...(content && from && from !== 'location' ? { from } : {}),
    ...(waiting ? { waiting: entriesIn(waiting.content) } : {}),
    ...(content?.foreignReferences === undefined ? {} : { foreignReferences: content.foreignReferences }),
    warnings: [
      ...(copyFault === undefined ? [] : [copyFault]),
      ...(content ? (index.standingRemark(name) ?? []) : []),
      ...warningsOf(content, entries),
      ...crowdedIds(name, index),
    ],
    ...(leftOut.length > 0 ? { leftOut } : {}),
    ...(content?.distrust ? { withdraws: countOf(content.distrust) } : {}),
    ...sourcesOf(keys),
    ...(content?.revocation ? { revokes: revokesOf(content.revocation) } : {}),
    ...(required ? { required } : {}),
  }
}

function sourcesOf(keys: readonly TrustedKey[]): Pick<TrustListStatus, 'sourceGateways'> {
  const counts = new Map<string, number>()
  for (const name of keys.flatMap(({ sourceGateways = [] }) => sourceGateways))
    counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts.size > 0 ? { sourceGateways: Object.fromEntries(counts) } : {}
}

function isUsable({ content, withdrawsUnknown, source: { name } }: SourceState, index: KeyIndex): boolean {
  return content !== undefined && !withdrawsUnknown && !index.isTooOld(name)
}

function wordFor(
  { content, failure, isAbsent, source: { name } }: SourceState,
  { usable, index }: { usable: boolean; index: KeyIndex },
): TrustListStatus['state'] {
  if (!usable) return content === undefined && isAbsent ? 'absent' : 'failed'
  return failure === undefined && index.standingRemark(name) === undefined ? 'ok' : 'stale'
}

function warningsOf(content: SourceContent | undefined, entries: TrustedKey[]): string[] {
  if (!content) return []
  const { leftOut, warnings, keys, distrust } = content
  const idle = distrust ? idleNames(distrust, entries) : []
  return [...leftOut.map(leftOutText), ...warnings, ...keys.flatMap((key) => key.warnings), ...idle]
}

/** An entry that does not count, as one line. */
export const leftOutText = ({ entry, reason }: Pick<LeftOut, 'entry' | 'reason'>): string => `${entry}: ${reason}`

/** Key ids of a list that stand for very many keys: each credential with that id costs a try of every one. */
function crowdedIds(name: string, index: KeyIndex): string[] {
  return [...index.crowded]
    .filter(([keyId]) => index.find({ keyId }).some(({ lists }) => lists.includes(name)))
    .map(([keyId, count]) => `${count} keys stand under the key id ${keyId}`)
}

function revokesOf({ hashes, cards }: RevocationContent): NonNullable<TrustListStatus['revokes']> {
  const figures = hashes.countries()
  const sum = (count: (each: (typeof figures)[number]) => number) => figures.reduce((all, each) => all + count(each), 0)
  const last = Math.max(...figures.map(({ expires }) => expires.getTime()))
  return {
    hashes: sum((each) => each.hashes),
    batches: sum((each) => each.batches),
    cards: [...(cards?.lists.values() ?? [])].reduce((all, { entries }) => all + entries, 0),
    participants: figures.map(({ country }) => country),
    ...(Number.isFinite(last) ? { expires: new Date(last).toISOString() } : {}),
  }
}

const countOf = ({ participants, thumbprints, keyIds }: Distrust): number =>
  participants.length + thumbprints.length + keyIds.length
