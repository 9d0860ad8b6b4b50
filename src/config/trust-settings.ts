import type { Setting } from './setting.ts'

/** Settings of trust lists that are fetched. */
export const trustSettings = [
  {
    variable: 'TRUST_REFRESH_SECONDS',
    kind: 'count',
    fallback: '3600',
    description:
      'How often remote trust lists are asked for that do not say so themselves (`refreshSeconds`), ten per cent sooner or later; after a failure from a minute on, doubling up to an hour.',
  },
] as const satisfies readonly Setting[]
