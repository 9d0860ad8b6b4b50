import type { Storage } from '../../storage/storage.ts'
import type { AuditEvent } from './audit-event.ts'

/** Takes AuditEvents and stores them later: who records never waits, and what does not fit is counted. */
export interface AuditRecorder {
  /** Whether the next public read is one of the sample; asking counts as a read. */
  samples(): boolean
  record(event: AuditEvent): void
  /** AuditEvents that were lost: the queue was full, or the store refused them. */
  dropped(): number
  /** AuditEvents that wait to be stored. */
  waiting(): number
  /** Stores what is waiting. */
  flush(): Promise<void>
}

/** What a recorder needs. */
export interface RecorderOptions {
  storage: Pick<Storage, 'write'>
  /** Share of public reads that is recorded, 0 to 1. */
  sampleRate: number
  /** Longest queue. */
  capacity?: number
  /** Takes what the store said when it refused. */
  report(error: unknown): void
}

/** Pause before a batch is stored: one commit for many events, and none in the way of a request. */
const pauseMs = 100
const largestBatch = 200

/**
 * A recorder with a bounded queue. The sample is every n-th read and no lottery: with a rate of 0.01 a hundred reads
 * give exactly one event.
 */
export function createAuditRecorder({ storage, sampleRate, capacity = 5000, report }: RecorderOptions): AuditRecorder {
  const waiting: AuditEvent[] = []
  let lost = 0
  let credit = 0
  let timer: NodeJS.Timeout | undefined
  let storing: Promise<void> | undefined
  const storeBatch = async () => {
    const batch = waiting.splice(0, largestBatch)
    try {
      await storage.write(batch.map((resource) => ({ method: 'POST', type: 'AuditEvent', resource })))
    } catch (error) {
      lost += batch.length
      report(error)
    }
  }
  const drain = async () => {
    while (waiting.length > 0) await storeBatch()
  }
  const flush = async () => {
    clearTimeout(timer)
    timer = undefined
    await storing
    storing ??= drain().finally(() => {
      storing = undefined
    })
    await storing
  }
  return {
    samples() {
      if (sampleRate <= 0) return false
      credit += sampleRate
      // Sums of decimals fall a hair short of 1.
      if (credit < 1 - 1e-9) return false
      credit -= 1
      return true
    },
    record(event) {
      if (waiting.length >= capacity) {
        lost += 1
        return
      }
      waiting.push(event)
      timer ??= setTimeout(flush, pauseMs).unref()
    },
    dropped: () => lost,
    waiting: () => waiting.length,
    flush,
  }
}
