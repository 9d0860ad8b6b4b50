/** Requests that go on after their answer, see jobs.ts. */
import type { FhirReply } from '../message/exchange.ts'

/** What a job works with. */
export interface JobCall {
  /** Tells how far it is, in a few words. */
  progress(text: string): void
  /** It was cancelled. */
  signal: AbortSignal
}

/** A job to be started. */
export interface NewJob {
  /** Who may ask for it, see `Requester.client`. */
  owner: string
  requestId: string
  work(call: JobCall): Promise<FhirReply>
  /** Such jobs run one after the other, one of each owner at a time, and a restart is told to who asks afterwards. */
  exclusive?: boolean
}

/** A job that runs. */
export interface RunningJob {
  id: string
  /** Settles when it is done, and never rejects. */
  settled: Promise<void>
  /** Takes the reply, and forgets the job. @throws what the job threw */
  take(): FhirReply
}

/** Jobs of one server. */
export interface AsyncJobs {
  /** @throws FhirError 429 when the owner has too many, 503 when there are too many, or they are being closed */
  start(job: NewJob): Promise<RunningJob>
  /** 202 while it runs, 200 with a Bundle of its reply when it is done. @throws FhirError 404 */
  status(id: string, owner: string): Promise<FhirReply>
  /** Ends it, or forgets its result. @throws FhirError 404 */
  cancel(id: string, owner: string): Promise<FhirReply>
  /** Refuses what comes, and ends what runs; what has not ended after some seconds is not waited for. */
  close(): Promise<void>
}
