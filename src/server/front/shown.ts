/** What the rooms of a server tell of themselves to those who watch it. */
import type { Config } from '../../config.ts'
import type { App } from '../../http/app.ts'
import type { ReadinessPart } from '../../http/context.ts'
import { readiness } from '../../http/readiness-parts.ts'
import type { PendingContent } from '../../publish/base-content/pending.ts'
import type { Trust } from '../../trust/trust.ts'
import type { Contexts } from '../context.ts'
import type { Registration } from '../gateway.ts'
import type { Mirror } from '../mirror.ts'
import type { Front, ShownSources } from './front.ts'

/** The rooms that answers depend on. */
interface Standing {
  front: Pick<Front, 'readiness'>
  config: Pick<Config, 'maintenance'>
  pending: Pick<PendingContent, 'state'>
  trust: Pick<Trust, 'status' | 'keys'>
}

/** What answers depend on, of the machine and of the rooms. */
export function readinessOf({ front, config: { maintenance }, pending, trust }: Standing): ReadinessPart[] {
  const { unavailable } = trust.keys()
  const rooms = readiness({ maintenance, content: pending.state(), lists: trust.status(), unavailable })
  return [...front.readiness(), ...rooms]
}

interface Shown extends Standing {
  registration: Pick<Registration, 'states'>
  contexts: Pick<Contexts, 'everybody' | 'authors'>
  mirror: Pick<Mirror, 'status'>
  recorder(): App['audit']
  sinks: ShownSources['auditSinks']
  now(): Date
}

/** Where the numbers of a server are read. */
export function shownBy(rooms: Shown): ShownSources {
  const { trust, registration, contexts, mirror, recorder, sinks, now } = rooms
  const { everybody, authors } = contexts
  const processes = (of: (context: typeof everybody) => number[]) => new Set([everybody, authors].flatMap(of)).size
  return {
    audit: () => ({ waiting: recorder().waiting(), dropped: recorder().dropped() }),
    auditSinks: sinks,
    readiness: () => readinessOf(rooms),
    trust,
    gateways: registration.states,
    mirrored: async () => (await mirror.status()).references,
    jobs: () => ({
      maps: processes(({ mapJobs }) => mapJobs.pids()),
      images: processes(({ images }) => images.pids()),
      translator: processes(({ rules }) => rules.translatorPids()),
    }),
    storage: authors.storage,
    now,
  }
}
