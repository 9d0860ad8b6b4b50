import { isUrl, type SourceContent, type TrustSource } from '../lists/trust-source.ts'

/** What a new list is held against. */
export interface Floor {
  /** When each signed document was made that was ever in use, by DID. */
  createdOf: Readonly<Record<string, string>>
  /** How many entries the list in use has. */
  entries: number
  /** How many of them count; undefined where that is not known. */
  keys?: number
}

/** Nothing was ever in use. */
export const noFloor: Floor = { createdOf: {}, entries: 0 }

/** Entries of a list, those that do not count included. */
export const entriesIn = ({ keys, leftOut }: SourceContent): number => keys.length + leftOut.length

/** Most DIDs whose times are remembered. */
const MOST_DIDS = 5_000

/** The floor once a list is in use: no time is forgotten, also not of a document that is gone for now. */
export function floorOf(content: SourceContent, before: Floor): Floor {
  const now = content.createdOf ?? {}
  const earlier = Object.entries(before.createdOf).filter(([did]) => !Object.hasOwn(now, did))
  const createdOf = Object.fromEntries([...earlier, ...Object.entries(now)].slice(-MOST_DIDS))
  return { createdOf, entries: entriesIn(content), keys: content.keys.length }
}

/** Why a list is an earlier one that comes back; undefined when it is not. `than` names what it is held against. */
export function replayFault(
  { createdOf = {} }: Pick<SourceContent, 'createdOf'>,
  { createdOf: floor = {} }: Pick<SourceContent, 'createdOf'>,
  than = 'the one in use',
): string | undefined {
  for (const [did, created] of Object.entries(createdOf)) {
    const known = Object.hasOwn(floor, did) ? floor[did] : undefined
    if (known !== undefined && Date.parse(created) < Date.parse(known))
      return `the list ${did} is older (made ${created}) than ${than} (made ${known})`
  }
  return undefined
}

/**
 * Whether a list of this source that lost most of its keys is more likely a fault than a change. A file was put there by the operator,
 * and a list that withdraws may shrink.
 */
export const isHeldToSize = ({ kind, location }: TrustSource): boolean =>
  kind !== 'distrusted' && kind !== 'revocation' && (isUrl(location) || kind === 'gateway')

/** Why a list waits until somebody accepts it: empty, or under half as many keys as before. Undefined when it need not. */
export function sizeDoubt(content: SourceContent, { entries, keys = 0 }: Floor, name: string): string | undefined {
  const now = entriesIn(content)
  const wait = `it waits for \`vidimus trust accept ${name}\`, and the one in use stays`
  if (now === 0) return `the newest list is empty: ${wait}`
  if (now * 2 < entries) return `the newest list has ${now} entries, and the one in use ${entries}: ${wait}`
  if (content.keys.length * 2 < keys)
    return `of the newest list ${content.keys.length} keys count, and of the one in use ${keys}: ${wait}`
  return undefined
}
