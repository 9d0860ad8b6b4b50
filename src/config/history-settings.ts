/** Settings of the history of trust lists. */
import type { Setting } from './setting.ts'

/** The settings, in the order of the README's table. */
export const historySettings = [
  {
    variable: 'TRUST_HISTORY_DAYS',
    kind: 'bound',
    fallback: '400',
    description:
      'How long a server that listens keeps how its trust lists stood (`DATA_DIR/trust/history`), in days: so far back `$evaluate` answers `asOf`. `off` keeps nothing, and refuses `asOf`.',
  },
  {
    variable: 'TRUST_HISTORY_BYTES',
    kind: 'count',
    fallback: '1000000000',
    description:
      'Most bytes of that history; the oldest goes first. Lists that take more than a tenth of it are not kept.',
  },
] as const satisfies readonly Setting[]

/** What is kept of the history; undefined days: nothing. */
export function readTrustHistory(texts: ReadonlyMap<string, string>): { days: number | undefined; bytes: number } {
  const days = texts.get('TRUST_HISTORY_DAYS')
  return {
    days: days === undefined || days === 'off' ? undefined : Number(days),
    bytes: Number(texts.get('TRUST_HISTORY_BYTES')),
  }
}
