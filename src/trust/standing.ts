/** What all sources together say at one time: what the index of keys and the revocation lists are made of. */
import { createKeyIndexInSlices, type IndexRules, type KeyIndex, type ListStanding } from './keys/key-index.ts'
import type { TrustedKey } from './keys/trusted-key.ts'
import { isRemote, type SourceContent, type TrustSource } from './lists/trust-source.ts'
import { type RevocationLists, type RevocationSource, revocationLists } from './revocation/revocation-lists.ts'
import type { SourceState } from './upkeep/source-state.ts'

/** Everything that decides which keys count and what is withdrawn, but for the clock. */
export interface Standing {
  /** Keys of each list that is in use, in configured order. */
  lists: TrustedKey[][]
  /** Names of these lists. */
  names: string[]
  rules: Omit<IndexRules, 'now' | 'serves'>
  /** Undefined where no source gives any. */
  revocations: readonly RevocationSource[] | undefined
}

/** The standing of all sources, as {@link overridden} leaves them. */
export function standingOf(states: readonly SourceState[]): Standing {
  const own = states.filter(({ source }) => isOfRevocation(source)).map(revocationSource)
  return { ...partsOfIndex(states), revocations: own.length > 0 ? own : undefined }
}

/** The keys of a standing, by a clock. */
export const keysOf = ({ lists, rules }: Pick<Standing, 'lists' | 'rules'>, now: () => Date): Promise<KeyIndex> =>
  createKeyIndexInSlices(lists, { ...rules, now })

/**
 * The revocation lists of a standing, for its keys.
 * @param fed those that come otherwise than from a source
 */
export function revocationsOf(
  { revocations }: Standing,
  index: KeyIndex,
  fed?: () => readonly RevocationSource[],
): RevocationLists | undefined {
  if (!revocations && !fed) return undefined
  return revocationLists(() => [...(revocations ?? []), ...(fed?.() ?? [])], index)
}

/** A remote list or a revocation list that is older is remarked upon, unless its source says otherwise. */
const defaultMaxAgeSeconds = 7 * 86_400

/** Whether a source holds revocation lists, and no keys. */
const isOfRevocation = ({ kind }: TrustSource): boolean => kind === 'revocation' || kind === 'gateway-revocation'

function revocationSource({ source, content, failure, checkedAt }: SourceState): RevocationSource {
  const { name, participant, issuer, maxAgeSeconds = defaultMaxAgeSeconds } = source
  const revocation = content?.revocation
  // Of a remote list it counts when its server last said that it is the newest.
  const date =
    isConfirmed(source) && checkedAt && !(revocation?.date && revocation.date > checkedAt)
      ? checkedAt
      : revocation?.date
  const dated = revocation && { ...revocation, ...(date ? { date } : {}) }
  return { name, content: dated, failure, participant, issuer, maxAgeSeconds }
}

/** Whether a reading of a remote source confirms all of it. A gateway's batches say so themselves: some may be missing. */
const isConfirmed = (source: TrustSource): boolean => isRemote(source) && source.kind !== 'gateway-revocation'

/** Keys that the lists leave out, and those that what is not in use withdraws. */
const leftOutKeys = (states: readonly SourceState[]): TrustedKey[] =>
  states.flatMap(({ content, withdrawals = [] }) => [
    ...(content?.leftOut.flatMap(({ key }) => key ?? []) ?? []),
    ...withdrawals.flatMap(({ keys, leftOut }) =>
      [...keys, ...leftOut.flatMap(({ key }) => key ?? [])].filter(({ status }) => status !== 'current'),
    ),
  ])

/** Everything that lists say, in use or only withdrawing. */
const contentsOf = (states: readonly SourceState[]): SourceContent[] =>
  states.flatMap(({ content, withdrawals = [] }) => [...(content ? [content] : []), ...withdrawals])

/** Every key that a list names. */
export function entriesOf(states: readonly SourceState[]): TrustedKey[] {
  return [...states.flatMap(({ content }) => content?.keys ?? []), ...leftOutKeys(states)]
}

/** What the index of all sources is made of. */
export function partsOfIndex(states: readonly SourceState[]): Omit<Standing, 'revocations'> {
  const contents = contentsOf(states)
  return {
    lists: states.flatMap(({ content }) => (content ? [content.keys] : [])),
    names: states.flatMap(({ source, content }) => (content ? [source.name] : [])),
    rules: {
      leftOut: leftOutKeys(states),
      distrust: contents.flatMap(({ distrust }) => distrust ?? []),
      suspended: [...contents, ...states].flatMap(({ suspended }) => suspended ?? []),
      required: states
        .filter(({ source }) => source.required)
        .map(({ source, content }) => ({ name: source.name, keys: content?.keys ?? [] })),
      unavailable: states.map(reasonForNone).find((reason) => reason !== undefined),
      standings: new Map(states.flatMap(ageOf)),
      gap: gapOf(states),
    },
  }
}

/** Why no key of any list may count because of this source. */
function reasonForNone({ source, content, withdrawsUnknown }: SourceState): string | undefined {
  if (withdrawsUnknown) return `${source.name}, which withdraws keys, cannot be read`
  if (source.required && !content) return `${source.name}, which is required, cannot be read`
  return undefined
}

function ageOf({ source, content, checkedAt, waiting }: SourceState): [string, ListStanding][] {
  const { name, kind, required = false, rejectAgeSeconds } = source
  if (!content || isOfRevocation(source)) return []
  const warnAfterSeconds = source.maxAgeSeconds ?? (isRemote(source) ? defaultMaxAgeSeconds : undefined)
  if (warnAfterSeconds === undefined && rejectAgeSeconds === undefined && !waiting) return []
  const newer = waiting && new Set(waiting.content.keys.map(({ thumbprint }) => thumbprint))
  // A file is as old as what it says of itself; a remote list, as its server's last word.
  const made = content.created === undefined ? undefined : new Date(content.created)
  const since = isRemote(source) ? checkedAt : made
  return [
    [
      name,
      {
        since,
        warnAfterSeconds,
        rejectAfterSeconds: rejectAgeSeconds,
        concernsAll: kind === 'distrusted' || required,
        ...(newer ? { newer } : {}),
      },
    ],
  ]
}

/** Lists that would give keys and are not there. */
function gapOf(states: readonly SourceState[]): string | undefined {
  const names = states
    .filter(({ source, content }) => !content && source.kind !== 'distrusted' && !isOfRevocation(source))
    .map(({ source }) => source.name)
  return names.length === 0 ? undefined : `these trust lists are not there: ${names.join(', ')}`
}
