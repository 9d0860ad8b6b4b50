/** How long AuditEvents are kept: who runs the server says it, and the server alone takes them out. */

import type { After } from '../base/after.ts'
import { objectRole, systemObject } from '../fhir/audit-codings.ts'
import type { Resource } from '../fhir/types.ts'

/** What a retention needs. */
export interface RetentionParts {
  days: number
  /** Takes out at most so many AuditEvents that are older than the instant, the oldest first; says how many there were. */
  forget(before: string, most: number): Promise<number>
  /** How many are older. */
  count(before: string): Promise<number>
  write(event: Resource): Promise<void>
  /** Does it when no other process over the store does; undefined when one is at it. */
  alone(work: (isHeld: () => Promise<boolean>) => Promise<number>): Promise<number | undefined>
  software: string
  now(): Date
  after: After
  failed(error: unknown): void
}

/** Between two runs. */
const runMilliseconds = 6 * 3_600_000
/** First run, when a server that starts has other things behind it. */
const firstMilliseconds = 60_000
/** Taken out in one transaction. */
const perSlice = 500
const pauseMilliseconds = 50
const dayMilliseconds = 86_400_000

/** Takes AuditEvents out from time to time. */
export interface Retention {
  /** Runs now. @returns how many were taken out */
  run(): Promise<number>
  start(): void
  close(): Promise<void>
}

/** One that has not run yet. */
export function createRetention(parts: RetentionParts): Retention {
  const { days, forget, count, write, now, after, failed } = parts
  let isClosing = false
  let stop = () => {}
  let running: Promise<number> | undefined
  const pause = () => new Promise<void>((done) => after(pauseMilliseconds, done))
  const run = async (isHeld: () => Promise<boolean>) => {
    const before = new Date(now().getTime() - days * dayMilliseconds).toISOString()
    const due = await count(before)
    if (due === 0) return 0
    // Said before it is done: what is gone and was never said is what must not be.
    await write(removalEvent(parts, before, due))
    let gone = 0
    while (!isClosing && (await isHeld())) {
      const taken = await forget(before, perSlice)
      gone += taken
      if (taken < perSlice) break
      await pause()
    }
    return gone
  }
  const inTurn = async () => (await parts.alone(run)) ?? 0
  const once = () => {
    running ??= inTurn().finally(() => {
      running = undefined
    })
    return running
  }
  const later = (milliseconds: number) => {
    stop = after(milliseconds, () => {
      once()
        .catch(failed)
        .finally(() => isClosing || later(runMilliseconds))
    })
  }
  return {
    run: once,
    start: () => later(firstMilliseconds),
    async close() {
      isClosing = true
      stop()
      await running?.catch(failed)
    },
  }
}

/** AuditEvent that says that others are taken out. */
function removalEvent({ software, now }: RetentionParts, before: string, count: number): Resource {
  return {
    resourceType: 'AuditEvent',
    type: { system: 'http://dicom.nema.org/resources/ontology/DCM', code: '110101', display: 'Audit Log Used' },
    action: 'D',
    recorded: now().toISOString(),
    outcome: '0',
    outcomeDesc: `${count} AuditEvents from before ${before} are taken out, as AUDIT_RETENTION_DAYS says`,
    agent: [{ who: { display: software }, requestor: true }],
    source: { observer: { display: software } },
    entity: [
      {
        type: systemObject,
        role: objectRole('13', 'Security Resource'),
        name: 'AuditEvents',
        detail: [
          { type: 'before', valueString: before },
          { type: 'count', valueString: String(count) },
        ],
      },
    ],
  }
}
