/** Sees to it, as long as the server runs, that gateways list what it publishes. Nothing waits for it. */
import type { After } from '../../base/after.ts'
import { AFTER_PUBLICATION, createJob, type GatewayState, type JobOptions, type SeenGateway } from './job.ts'

/** What the registrar is given. */
export interface RegistrarOptions extends JobOptions {
  gateways: readonly SeenGateway[]
  after: After
}

/** Runs beside the server. */
export interface Registrar {
  /** Something was published: what is wanted may be another. */
  published(): void
  states(): { id: string; state: GatewayState }[]
  /** Ends it, and waits for a run under way. */
  close(): Promise<void>
}

/** Starts. */
export function startRegistrar(options: RegistrarOptions): Registrar {
  const workers = options.gateways.map((gateway) => startWorker(gateway, options))
  return {
    published: () => {
      for (const worker of workers) worker.published()
    },
    states: () => workers.map((worker) => worker.state()),
    async close() {
      await Promise.all(workers.map((worker) => worker.close()))
    },
  }
}

interface Worker {
  published(): void
  state(): { id: string; state: GatewayState }
  close(): Promise<void>
}

function startWorker(gateway: SeenGateway, options: RegistrarOptions): Worker {
  const { client } = gateway
  const job = createJob(gateway, options)
  let failures = 0
  let isOver = false
  let isPublished = false
  let callOff: (() => void) | undefined
  let running: Promise<void> | undefined
  const schedule = (milliseconds: number) => {
    callOff?.()
    if (!isOver) callOff = options.after(milliseconds, begin)
  }
  const begin = () => {
    callOff = undefined
    running ??= once().finally(() => {
      running = undefined
    })
  }
  const once = async () => {
    const isOnlyPublished = isPublished
    isPublished = false
    const next = await job.run({ isOver: () => isOver, isOnlyPublished, failures })
    failures = next.failures
    schedule(isPublished && failures === 0 ? AFTER_PUBLICATION : next.wait)
  }
  schedule(0)
  return {
    published() {
      // A gateway that does not answer, or refuses this server, is not asked more often because something is published.
      if (isOver || failures > 0) return
      isPublished = true
      if (!running) schedule(AFTER_PUBLICATION)
    },
    state: () => ({ id: client.id, state: job.state() }),
    async close() {
      isOver = true
      callOff?.()
      await running
    },
  }
}
