/**
 * Who has a database open, and whether it is being filled: each tells the other, so that nobody ever opens half a store, and no store is
 * replaced under a server that has it open. No clock is asked: who counts is there, who does not for a while is not.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Binary, Collection, Db } from 'mongodb'
import { newToken } from '../documents.ts'
import { isConflict, StartError } from '../errors.ts'

/** What stands in the collection `upkeep`. */
export interface UpkeepDocument {
  /** `filling`, or `open:` and a name that no other process has. */
  _id: string
  /** Counted up while the process is there. */
  beat: number
  /** Of a filling: who fills; nobody when it was left. */
  holder?: string
  /** Of a filling: the session of its transactions. */
  session?: Binary | undefined
  /** Of a filling: what it is filled from. */
  source?: string
  /** Of a filling: what the collections that were there before are called now begins with this. */
  aside?: string
  /** Of a filling: the collections that were there before are still being put aside. */
  isPuttingAside?: boolean
  /** Of a filling that is thrown away: they are being put back. */
  isPuttingBack?: boolean
  /** Of a filling: what `aside` was before others took it over. */
  former?: string[]
}

/** The collection. */
export const upkeepOf = (db: Db): Collection<UpkeepDocument> => db.collection('upkeep')

/** Name of the mark of a filling. */
export const FILLING = 'filling'

/** How often a process counts, after what time of silence it is gone, how much is written at once, and how long is waited after a fault. */
export interface Pace {
  beatMilliseconds: number
  silentMilliseconds: number
  /** Documents of a filling that are written at once. */
  batch: number
  /** Pause before what a broken connection has stopped is tried again. */
  againMilliseconds: number
}

/** The pace of all processes over a database. */
export const usualPace: Pace = {
  beatMilliseconds: 3_000,
  silentMilliseconds: 10_000,
  batch: 500,
  againMilliseconds: 2_000,
}

/** Counts, in the document that is found, until the end. @param gone is told when others have taken that away */
export function beating(
  upkeep: Collection<UpkeepDocument>,
  own: { _id: string; holder?: string },
  { beatMilliseconds }: Pick<Pace, 'beatMilliseconds'>,
  gone: () => void = () => {},
): () => void {
  // The next one follows in a moment; what does not come through at all is what others take for an end.
  const count = async () => {
    const found = await upkeep.updateOne(own, { $inc: { beat: 1 } }).catch(() => undefined)
    if (found?.matchedCount === 0) gone()
  }
  const timer = setInterval(() => void count(), beatMilliseconds).unref()
  return () => clearInterval(timer)
}

/** That a process has the database open. */
export interface Presence {
  /** Whether others took it for gone and said so: what is in the database since may be another store. */
  isGone(): boolean
  close(): Promise<void>
}

/**
 * Says that this process has the database open, until it is closed.
 * @throws StartError when the database is being filled, or a filling was interrupted
 */
export async function announce(db: Db, pace: Pace = usualPace): Promise<Presence> {
  const upkeep = upkeepOf(db)
  const name = `open:${newToken()}`
  // First this is said, then looked: who fills does it the other way round, so that one of both sees the other.
  await upkeep.insertOne({ _id: name, beat: 0 })
  const filling = await upkeep.findOne({ _id: FILLING }, { readPreference: 'primary' })
  if (filling) {
    await upkeep.deleteOne({ _id: name })
    throw new StartError(
      `The database of STORAGE_URL is being filled from a ${filling.source?.split(' ')[0] ?? 'store'}, or that was interrupted: run \`vidimus restore\` or \`vidimus storage migrate\` once more.`,
    )
  }
  let isGone = false
  const stop = beating(upkeep, { _id: name }, pace, () => {
    isGone = true
  })
  return {
    isGone: () => isGone,
    async close() {
      stop()
      await upkeep.deleteOne({ _id: name }).catch(() => undefined)
    },
  }
}

/** Waits until each of those that were named has counted, or was silent for long enough. @returns whether one of them is there */
export async function isSomebodyThere(
  upkeep: Collection<UpkeepDocument>,
  filter: { _id: string } | { _id: RegExp },
  { beatMilliseconds, silentMilliseconds }: Pace,
): Promise<boolean> {
  const look = async () =>
    new Map((await upkeep.find(filter, { readPreference: 'primary' }).toArray()).map(({ _id, beat }) => [_id, beat]))
  const first = await look()
  for (const until = performance.now() + silentMilliseconds; first.size > 0; ) {
    if (performance.now() > until) return false
    await sleep(beatMilliseconds / 6)
    const now = await look()
    for (const [name, beat] of first) {
      const current = now.get(name)
      if (current === undefined) first.delete(name)
      else if (current !== beat) return true
    }
  }
  return false
}

/** Those that have the database open. */
export const everybody = { _id: /^open:/ }

/** Makes the mark of a filling; undefined when there is one already, which is told. */
export async function mark(
  upkeep: Collection<UpkeepDocument>,
  made: Omit<UpkeepDocument, '_id' | 'beat'>,
): Promise<UpkeepDocument | undefined> {
  try {
    await upkeep.insertOne({ _id: FILLING, beat: 0, ...made })
    return undefined
  } catch (error) {
    if (!isConflict(error)) throw error
    return (await upkeep.findOne({ _id: FILLING }, { readPreference: 'primary' })) ?? mark(upkeep, made)
  }
}
