/** Questions to the store, each of which sees at least what this process knows to be there, whichever member answers it. */
import type { ClientSession, Timestamp } from 'mongodb'
import type { Closing } from '../closing.ts'
import { type Connection, slowestAnswer } from './connect.ts'
import type { Collections } from './documents.ts'
import { guarded, unreachable } from './errors.ts'
import type { Asking } from './versions.ts'

/** A store that is read. */
export interface Reading {
  collections: Collections
  /** Asks one question after another, or writes, in one session. @throws FhirError 503 when the store does not answer */
  read<T>(work: (asking: Asking) => Promise<T>): Promise<T>
  /** What a session has seen or written: later questions see it, too. */
  note(session: ClientSession): void
}

/**
 * Reading of an open database (causal consistency, https://www.mongodb.com/docs/manual/core/causal-consistency-read-write-concerns/).
 * @param isDown whether the store has not answered for a while: then nobody waits for it any more
 * @param closing runs what is asked, as long as the store is not closed
 */
export function createReading(
  { client, collections }: Connection,
  isDown: () => boolean,
  closing: Pick<Closing, 'run'>,
): Reading {
  let latest: Timestamp | undefined
  const note = ({ operationTime }: ClientSession) => {
    if (operationTime && (latest === undefined || operationTime.greaterThan(latest))) latest = operationTime
  }
  return {
    collections,
    note,
    read: (work) =>
      closing.run(() =>
        guarded(async () => {
          if (isDown()) throw unreachable()
          const session = client.startSession({ causalConsistency: true })
          try {
            if (latest) session.advanceOperationTime(latest)
            const answer = await work({ session, maxTimeMS: slowestAnswer })
            note(session)
            return answer
          } finally {
            await session.endSession()
          }
        }),
      ),
  }
}
