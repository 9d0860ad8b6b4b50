/** Settings of kits for verifiers without a network. */
import { members } from './accepts.ts'
import type { Setting } from './setting.ts'

/** The settings, in the order of the README's table. */
export const kitSettings = [
  {
    variable: 'KIT_VALID_HOURS',
    kind: 'count',
    fallback: '168',
    description:
      'For how long a verifier kit is good that is made here; from then on every verdict of it says that it is old.',
  },
  {
    variable: 'KIT_REFUSE_HOURS',
    kind: 'count',
    fallback: '720',
    description: 'For how long it gives verdicts at all, counted from when it was made; no less than KIT_VALID_HOURS.',
  },
  {
    variable: 'KIT_KEYS',
    kind: 'list',
    fallbackText: 'the keys that this installation signs with',
    description:
      'Files of the keys whose kits `vidimus kit` and `vidimus evaluate --kit` take, comma-separated: certificates or a public key (PEM), a JWK, a JWK set or a DID document. A certificate of an authority stands for those that it issues.',
  },
] as const satisfies readonly Setting[]

/** What the settings say. */
export interface KitConfig {
  kits: {
    validSeconds: number
    refuseSeconds: number
    /** Files of pinned keys; none: the installation's own. */
    keys: readonly string[]
  }
}

const hourSeconds = 3600

/** Reads them. */
export function readKitSettings(texts: ReadonlyMap<string, string>): KitConfig {
  const seconds = (name: string) => Number(texts.get(name)) * hourSeconds
  return {
    kits: {
      validSeconds: seconds('KIT_VALID_HOURS'),
      refuseSeconds: Math.max(seconds('KIT_VALID_HOURS'), seconds('KIT_REFUSE_HOURS')),
      keys: members(texts.get('KIT_KEYS')),
    },
  }
}
