import { FhirError } from '../../fhir/error.ts'
import { JobFailure } from '../../workers/job-failure.ts'
import { createJobPool } from '../../workers/job-pool.ts'
import { UnusableSource } from '../lists/trust-source.ts'
import type {
  MessageAnswer,
  MessageAnswers,
  MessageJob,
  OpenedBatch,
  OpenedMasterList,
  SignedStatement,
  StatementVerdict,
} from './open-messages.ts'

/** Opens signed messages, away from the event loop. Each rejects with UnusableSource when its process ends or takes too long. */
export interface MessageOpener {
  /** Who signed each statement, or why it does not count, in their order. */
  statements(statements: readonly SignedStatement[], signers: readonly Uint8Array[]): Promise<StatementVerdict[]>
  /** A text says why it is none. */
  batch(message: string): Promise<OpenedBatch | string>
  /**
   * A master list, signed by one of `signers` or by whom one of them issued a certificate for it; without any the caller answers for who
   * signed it. A text says why it is none.
   */
  masterList(bytes: Uint8Array, signers: readonly Uint8Array[] | undefined): Promise<OpenedMasterList | string>
}

/** Statements of one job: what goes through the channel at a time is small enough to hold nobody up. */
const STATEMENTS_PER_JOB = 200
/** Of one job: the usual takes a tenth of a second. */
const CPU_SECONDS = 60
/** One process, which ends by itself once nothing was asked for a while. */
const POOL = { processes: 1, idleSeconds: 5, jobsPerProcess: 10_000, memoryMegabytes: 1024, programMegabytes: 256 }
/** Readings of all sources share the process; each has one or two jobs at a time. */
const WAITING = { each: 1000, all: 1000 }

const ownProgram = new URL('message-worker.ts', import.meta.url)

/** Makes an opener whose process is started with its first job. */
export function createMessageProcess(now: () => Date, program = ownProgram): MessageOpener {
  const pool = createJobPool<MessageJob, MessageAnswer>(program, { ...POOL, waiting: WAITING })
  const run = async <Job extends MessageJob>(job: Job): Promise<MessageAnswers[Job['kind']]> => {
    try {
      const answer = await pool.run(job, { client: 'trust', cpuSeconds: CPU_SECONDS })
      return answer as MessageAnswers[Job['kind']] // a job's kind decides what its answer is
    } catch (error) {
      if (!(error instanceof JobFailure || error instanceof FhirError)) throw error
      throw new UnusableSource(`its signatures could not be checked: ${error.message}`)
    }
  }
  return {
    async statements(statements, signers) {
      const verdicts: StatementVerdict[] = []
      for (let at = 0; at < statements.length; at += STATEMENTS_PER_JOB) {
        const some = statements.slice(at, at + STATEMENTS_PER_JOB)
        verdicts.push(...(await run({ kind: 'statements', statements: some, signers, now: now().getTime() })))
      }
      return verdicts
    },
    batch: (message) => run({ kind: 'batch', message, now: now().getTime() }),
    masterList: (bytes, signers) => run({ kind: 'master-list', bytes, signers, now: now().getTime() }),
  }
}
