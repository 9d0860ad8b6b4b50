import type { PendingContent } from '../publish/base-content/pending.ts'
import type { TrustListStatus } from '../trust/trust.ts'
import type { ReadinessPart } from './context.ts'

/** What tells whether a server is ready. */
interface Standing {
  maintenance: boolean
  content: ReturnType<PendingContent['state']>
  lists: TrustListStatus[]
}

/** What answers depend on, and whether it is there. Own content and trust lists are read before anything listens. */
export function readiness({ maintenance, content: { status, detail }, lists }: Standing): ReadinessPart[] {
  return [
    { name: 'service', ready: !maintenance, state: maintenance ? 'maintenance' : 'up' },
    { name: 'own content', ready: true, state: 'loaded' },
    {
      name: 'trust lists',
      ready: true,
      state: `${lists.filter((each) => each.usable).length} of ${lists.length} usable`,
      ...listDetail(lists),
    },
    {
      name: 'base content',
      ready: status === 'loaded' || status === 'none',
      state: status === 'none' ? 'not loaded by this server' : status,
      ...(detail === undefined ? {} : { detail }),
    },
  ]
}

/** Lists that failed, by their names alone: why is for the administrator, who has paths in it. */
function listDetail(lists: TrustListStatus[]): { detail?: string } {
  const failed = lists.filter((each) => each.failure !== undefined)
  if (failed.length === 0) return {}
  return { detail: failed.map(({ name, usable }) => `${name}: ${usable ? 'old copy' : 'not usable'}`).join(', ') }
}
