/** What one server alone does beside requests, and what the others do to see its results. */
import type { After } from '../../base/after.ts'
import type { Config } from '../../config.ts'
import { refreshTrust } from '../../trust/lists/refresh.ts'
import { isRemote } from '../../trust/lists/trust-source.ts'
import type { Trust } from '../../trust/trust.ts'
import type { Tell } from '../front/log.ts'
import type { Registration } from '../gateway.ts'
import { configuredSources } from '../trust.ts'
import type { Replica } from './replicas.ts'
import type { Together } from './together.ts'
import { followLead } from './worker.ts'

/** What is begun and ended. */
export interface LeadParts {
  config: Config
  together: Together
  trust: Trust
  tell: Tell
  after: After | undefined
  /** History of the trust lists. */
  announced: { begin(trust: Trust): Promise<void> }
  audit: { start(): void; close(): Promise<void> }
  registration: Pick<Registration, 'start' | 'close' | 'states'>
  mirror: { start(): void; close(): Promise<void> }
  /** This one among others over the same store. */
  replica: Pick<Replica, 'begin' | 'end'> | undefined
}

/** Work beside requests. */
export interface WorkBeside {
  start(): Promise<void>
  close(): Promise<void>
}

/** How often the lead says how it stands at its gateways. */
const newsMilliseconds = 1000

/** Not begun yet. */
export function workBeside(parts: LeadParts): WorkBeside {
  const { together, trust, audit, registration, mirror, replica } = parts
  let endRefresh: (() => Promise<void>) | undefined
  let telling: NodeJS.Timeout | undefined
  let isStarted = false
  const refresh = async (follows: boolean) => {
    await endRefresh?.()
    endRefresh = beginRefresh(parts, follows)
  }
  const end = async () => {
    clearInterval(telling)
    await Promise.all([endRefresh?.(), audit.close(), registration.close(), mirror.close(), replica?.end()])
  }
  return {
    async start() {
      if (isStarted) return
      isStarted = true
      const { sources } = together
      sources?.onRead(async (names) => {
        await trust.reload(names ?? filesOf(parts))
        return trust.news()
      })
      if (sources && !together.isLead()) {
        sources.follow((news) => followLead(news, trust, sources))
        await refresh(true)
        const news = await sources.current()
        if (news) await followLead(news, trust, sources)
      }
      await together.lead({
        async begin() {
          await replica?.begin()
          await parts.announced.begin(trust)
          await refresh(false)
          audit.start()
          registration.start()
          mirror.start()
          if (together.sources) {
            telling = setInterval(
              () => together.tellNews({ gateways: registration.states() }),
              newsMilliseconds,
            ).unref()
          }
        },
        end,
      })
    },
    close: end,
  }
}

/** Sources that a process that begins reads for itself: names of those that are not remote. */
const filesOf = ({ config }: LeadParts): string[] =>
  configuredSources(config).flatMap((source) => (isRemote(source) ? [] : source.name))

/** Reads trust lists again from now on; what it returns ends that. */
function beginRefresh({ trust, config, after, tell }: LeadParts, follows: boolean): () => Promise<void> {
  return refreshTrust(trust, configuredSources(config), {
    after,
    follows,
    remoteSeconds: config.trustRefreshSeconds,
    changed: ({ name, failure }) =>
      tell(`trust list ${name}: ${failure ?? 'is in use'}`, failure === undefined ? 'info' : 'warn'),
    failed: (error) => tell(`trust lists: ${errorStack(error)}`, 'error'),
  })
}

const errorStack = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error))

/** Registration as it stands with the lead, which alone registers. */
export const asTheLead = (registration: Registration, together: Together): Registration => ({
  ...registration,
  states: () => together.leadNews()?.gateways ?? registration.states(),
})
