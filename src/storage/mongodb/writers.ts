/**
 * Which sessions write. A process that is killed in the middle of a transaction leaves it open, and all others would wait for a minute
 * until the server ends it: whoever is in its way looks whether it has been silent, and ends it.
 */
import { Binary, type ClientSession, type Db } from 'mongodb'
import type { Collections } from './documents.ts'

/** The sessions of this process, and those of others. */
export interface Writers {
  /** Says that this session is about to write. */
  tell(session: ClientSession): Promise<void>
  /** Goes on saying so while work goes on. */
  during<T>(session: ClientSession, work: () => Promise<T>): Promise<T>
  /** Ends what silent ones have left open; now and then, however often it is called. */
  endDead(): Promise<void>
  /** Says no more that this one is alive. */
  leave(): void
}

/** How often a writer says that it is alive, milliseconds. */
const everyMilliseconds = 2000
/** After what time of silence it is taken for dead. */
const silentMilliseconds = 6000

/** @param admin the database that commands for the whole server go to */
export function createWriters({ writers }: Collections, admin: Db): Writers {
  let told = Number.NEGATIVE_INFINITY
  let looked = Number.NEGATIVE_INFINITY
  const tell = async (session: ClientSession) => {
    if (performance.now() - told < everyMilliseconds) return
    const { id } = session.id ?? {}
    if (!(id instanceof Binary)) return
    await writers.updateOne({ _id: id }, { $currentDate: { seen: true } }, { upsert: true })
    told = performance.now()
  }
  return {
    tell,
    async during(session, work) {
      // What it fails by shows in the transaction itself.
      const telling = setInterval(() => tell(session).catch(() => undefined), everyMilliseconds)
      try {
        return await work()
      } finally {
        clearInterval(telling)
      }
    },
    async endDead() {
      if (performance.now() - looked < 1000) return
      looked = performance.now()
      const { localTime } = await admin.command({ hello: 1 })
      const seen = { $lt: new Date(Number(localTime) - silentMilliseconds) }
      const dead = await writers.find({ seen }, { readPreference: 'primary' }).limit(100).toArray()
      if (dead.length === 0) return
      await admin.command({ killSessions: dead.map(({ _id }) => ({ id: _id })) })
      await writers.deleteMany({ _id: { $in: dead.map(({ _id }) => _id) }, seen })
    },
    leave: () => {
      told = Number.NEGATIVE_INFINITY
    },
  }
}
