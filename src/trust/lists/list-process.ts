import type { KeyObject } from 'node:crypto'
import { createForkedProgram } from '../../workers/forked-program.ts'
import type { CheckedList, ListChecker, RefusedList } from './check-list.ts'
import { UnusableSource } from './trust-source.ts'

/** What the process is sent: the list, and the pinned keys in PEM. */
export interface ListJob {
  bytes: Uint8Array
  keys: string[]
}

/** What the process sends. */
export type ListAnswer = { ready: true } | { checked: CheckedList | RefusedList }

/** Bounds of a {@link ListProcess}. A list of 20 MB, the largest that is read, takes a tenth of the time and half of the memory. */
export interface ListProcessLimits {
  /** For one list, from the start of the process on: a busy machine may need many times the usual second. */
  timeoutSeconds: number
  heapMegabytes: number
}

const DEFAULT_LIMITS: ListProcessLimits = { timeoutSeconds: 120, heapMegabytes: 1024 }

/** Checks lists in a process of its own, so that no list, however made, holds up the server or ends it. */
export interface ListProcess {
  /** One list at a time. Rejects with UnusableSource when the process ends or takes too long; the next list gets a new one. */
  check: ListChecker
  /** Ends the process. */
  close(): void
}

/** Makes a list process; it is started with its first list and must be closed after the last. */
export function createListProcess(limits: ListProcessLimits = DEFAULT_LIMITS, program = ownProgram): ListProcess {
  const forked = createForkedProgram<ListJob, ListAnswer, CheckedList | RefusedList>(program, {
    ...limits,
    resultOf: (answer) => ('checked' in answer ? answer.checked : undefined),
    failure: (text) => new UnusableSource(`the list could not be checked: ${text}`),
  })
  return { close: forked.close, check: (bytes, keys) => forked.run(jobOf(bytes, keys)) }
}

const ownProgram = new URL('list-worker.ts', import.meta.url)

const jobOf = (bytes: Uint8Array, keys: KeyObject[]): ListJob => ({
  bytes,
  keys: keys.map((key) => key.export({ type: 'spki', format: 'pem' }).toString()),
})
