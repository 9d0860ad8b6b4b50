/**
 * What only the holder of a filling's mark may do to a database. A process that stood still, and whose filling another one has taken over,
 * goes on where it stood: each of its steps looks at the mark in the transaction in which it changes something, and so changes nothing.
 */
import type { Binary, ClientSession, Collection, Document } from 'mongodb'
import { BackupError } from '../../backup/format.ts'
import type { Connection } from '../connect.ts'
import { FILLING, type UpkeepDocument, upkeepOf } from './presence.ts'

/** Documents that are removed at once. */
const perRemoval = 1_000

/** A mark in hand. */
export interface Held {
  /** Name of the session of all its transactions: whoever takes over ends what is left open in it. */
  session: Binary | undefined
  /** Looks whether it still is, and writes to it. @throws BackupError when it is another's: nothing was touched */
  note(fields?: Pick<UpkeepDocument, 'aside' | 'isPuttingAside' | 'isPuttingBack'>): Promise<void>
  /**
   * Changes something in one transaction, which counts only while the mark is held.
   * @param work may be begun anew
   * @throws BackupError when it is another's: nothing was touched
   */
  change(work: (session: ClientSession) => Promise<unknown>): Promise<void>
  /** Removes what is found, in as many transactions as that takes. @throws BackupError when the mark is another's */
  remove<Kept extends Document>(collection: Collection<Kept>, filter?: Record<string, unknown>): Promise<void>
}

/**
 * @param holder who holds the mark
 * @param name what people know the store by
 */
export function heldBy({ client, db }: Connection, holder: string, name: string): Held {
  const upkeep = upkeepOf(db)
  const session = client.startSession()
  const touch = async (fields: Partial<UpkeepDocument>, session?: ClientSession) => {
    const set = Object.keys(fields).length > 0 ? { $set: fields } : {}
    const update = { $inc: { beat: 1 }, ...set }
    const found = await upkeep.updateOne({ _id: FILLING, holder }, update, session ? { session } : {})
    if (found.matchedCount !== 1) throw takenOver(name)
  }
  const change: Held['change'] = async (work) => {
    const options = {
      readConcern: { level: 'snapshot' },
      writeConcern: { w: 'majority', journal: true },
      readPreference: 'primary',
    } as const
    await session.withTransaction(async () => {
      // First: until this is committed nobody else can take the mark.
      await touch({}, session)
      await work(session)
    }, options)
  }
  return {
    session: session.id?.id,
    note: (fields = {}) => touch(fields),
    change,
    async remove(collection, filter = {}) {
      const all: Collection<Document> = collection as unknown as Collection<Document>
      for (let isMore = true; isMore; )
        await change(async () => {
          const found = all.find(filter, { session, projection: { _id: 1 } }).limit(perRemoval)
          const ids = (await found.toArray()).map(({ _id }) => _id)
          if (ids.length > 0) await all.deleteMany({ _id: { $in: ids } }, { session })
          isMore = ids.length === perRemoval
        })
    },
  }
}

/** Told when the mark is another's. */
export const takenOver = (name: string): BackupError =>
  new BackupError(`Another process has taken over the filling of ${name}: this one has changed nothing since.`)
