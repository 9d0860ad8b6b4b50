/** A MongoDB store as those see it who look after it. */
import { MongoError } from 'mongodb'
import { BackupError, notWhole } from '../../backup/format.ts'
import type { Filling, MaintainedStore, StoreSnapshot } from '../../backup/snapshot.ts'
import { shownUrl } from '../../shown-url.ts'
import { type Connection, connect } from '../connect.ts'
import { storageError } from '../errors.ts'
import { mongoFaults } from './check.ts'
import { fillMongo, holdsSomething } from './filling.ts'
import { FILLING, type Pace, upkeepOf, usualPace } from './presence.ts'
import { mongoSnapshot } from './snapshot.ts'

/** The store of a URL. Nothing is asked before it is wanted. */
export function maintainedMongo(url: string, pace: Pace = usualPace): MaintainedStore {
  const name = shownUrl(url)
  const open = () => connect(url, 'primary')
  const isHalf = async ({ db }: Connection) =>
    (await upkeepOf(db).findOne({ _id: FILLING }, { readPreference: 'primary' })) !== null
  const refuseHalf = async (connection: Connection) => {
    if (await isHalf(connection)) throw notWhole(name)
  }
  const snapshotOf = async (connection: Connection) =>
    readInWords(await mongoSnapshot(connection, { close: () => connection.client.close(), pace }))
  return {
    name,
    folder: undefined,
    standing: () =>
      told(async () => {
        const connection = await open()
        try {
          if (await isHalf(connection)) return 'half'
          return (await holdsSomething(connection.collections)) ? 'whole' : 'none'
        } finally {
          await connection.client.close()
        }
      }),
    snapshot: () =>
      told(async () => {
        const connection = await open()
        try {
          await refuseHalf(connection)
        } catch (error) {
          await connection.client.close()
          throw error
        }
        return snapshotOf(connection)
      }),
    async *faults(progress) {
      const connection = await open()
      try {
        await refuseHalf(connection)
        yield* mongoFaults(connection, progress)
      } catch (error) {
        throw inWords(error)
      } finally {
        await connection.client.close()
      }
    },
    fill: (options) =>
      told(async () => {
        const connection = await open()
        const close = () => connection.client.close()
        try {
          const snapshot = async () => snapshotOf(await open())
          return inWordsOf(await fillMongo({ connection, name, pace, close, snapshot }, options))
        } catch (error) {
          await close()
          throw error
        }
      }),
  }
}

const inWords = (error: unknown): unknown => {
  if (!(error instanceof MongoError)) return error
  const told = storageError(error)
  return new BackupError(told instanceof Error ? told.message : 'The store cannot be used.')
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw inWords(error)
  }
}

async function* toldEach<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* items
  } catch (error) {
    throw inWords(error)
  }
}

/** A snapshot whose errors have no address in them: it is read for as long as the store is large. */
const readInWords = (snapshot: StoreSnapshot): StoreSnapshot => ({
  ...snapshot,
  versions: () => toldEach(snapshot.versions()),
  records: () => toldEach(snapshot.records()),
})

/** A filling whose errors have no address in them. */
const inWordsOf = (filling: Filling): Filling => ({
  ...filling,
  version: (version) => told(() => filling.version(version)),
  record: (record) => told(() => filling.record(record)),
  finish: (progress) => told(() => filling.finish(progress)),
  snapshot: () => told(() => filling.snapshot()),
  commit: () => told(() => filling.commit()),
  abandon: () => told(() => filling.abandon()),
})
