import type { PendingContent } from '../publish/base-content/pending.ts'
import type { TrustListStatus } from '../trust/trust.ts'
import type { ReadinessPart } from './context.ts'

/** What tells whether a server is ready. */
interface Standing {
  maintenance: boolean
  content: ReturnType<PendingContent['state']>
  lists: TrustListStatus[]
  /** Why no key of any list counts. */
  unavailable?: string | undefined
}

/** What answers depend on, and whether it is there. Own content and trust lists are read before anything listens. */
export function readiness({ maintenance, content, lists, unavailable }: Standing): ReadinessPart[] {
  const { status, detail } = content
  return [
    { name: 'service', ready: !maintenance, state: maintenance ? 'maintenance' : 'up' },
    { name: 'own content', ready: true, state: 'loaded' },
    {
      name: 'trust lists',
      ready: unavailable === undefined && haveKeys(lists),
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

/** Kinds that give no keys. */
const withdrawing: readonly string[] = ['distrusted', 'revocation', 'gateway-revocation']

/** Whether any list that gives keys can be used; without one every genuine credential would be called not trusted. None configured: none is missing. */
function haveKeys(lists: TrustListStatus[]): boolean {
  const giving = lists.filter(({ kind }) => !withdrawing.includes(kind))
  return giving.length === 0 || giving.some(({ usable }) => usable)
}

/** Lists that failed, by their names alone: why is for the administrator, who has paths in it. */
function listDetail(lists: TrustListStatus[]): { detail?: string } {
  const failed = lists.filter((each) => each.failure !== undefined)
  if (failed.length === 0) return {}
  return { detail: failed.map(({ name, usable }) => `${name}: ${usable ? 'old copy' : 'not usable'}`).join(', ') }
}
