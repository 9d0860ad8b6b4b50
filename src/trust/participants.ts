/** Who takes part, as the trust lists tell it. */
import type { KeyIndex } from './keys/key-index.ts'
import { isExpired } from './keys/trusted-key.ts'

/** A participant of the trust lists. */
export interface ListedParticipant {
  /** As lists write it, upper case; mostly alpha-3. */
  participant: string
  /** Keys that count. */
  keys: number
  /** Those of them whose period has ended. */
  expired: number
  domains: string[]
  usages: string[]
  lists: string[]
}

/** Every participant with a key that counts, by its code. Keys that bind nobody, or an address, are nobody's here. */
export function listedParticipants({ keys }: Pick<KeyIndex, 'keys'>, now: Date): ListedParticipant[] {
  const named = keys.filter(({ participant }) => participant !== '')
  return [...Map.groupBy(named, ({ participant }) => participant)]
    .map(([participant, own]) => ({
      participant,
      keys: own.length,
      expired: own.filter((key) => isExpired(key, now)).length,
      domains: sorted(own.map(({ domain }) => domain)),
      usages: sorted(own.map(({ usage }) => usage)),
      lists: sorted(own.flatMap(({ lists }) => lists)),
    }))
    .sort((a, b) => (a.participant < b.participant ? -1 : 1))
}

const sorted = (texts: string[]): string[] => [...new Set(texts)].filter((each) => each !== '').sort()
