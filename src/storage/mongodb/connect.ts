/** Opens the database that a URL names, and proves that it keeps what this store leans on. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type ClientSession,
  type Db,
  MongoClient,
  type MongoClientOptions,
  MongoError,
  MongoServerSelectionError,
  ReadConcern,
} from 'mongodb'
import { type Collections, collectionsOf, indexes, newToken, type StateDocument, schemaVersion } from './documents.ts'
import { isConflict, isDenied, isTransient, StartError } from './errors.ts'

/** A database that is open. */
export interface Connection {
  client: MongoClient
  db: Db
  collections: Collections
}

/** How long anything is waited for, milliseconds, where the URL does not say: nothing hangs. */
const waits = {
  serverSelectionTimeoutMS: 5000,
  connectTimeoutMS: 5000,
  socketTimeoutMS: 30_000,
  waitQueueTimeoutMS: 10_000,
}

/** What is written is there, on most members and their disks, before it is acknowledged; what is read was so. */
const concerns = {
  writeConcern: { w: 'majority', journal: true },
  readConcern: new ReadConcern('majority'),
} as const

/** A question to the database is broken off after that time, milliseconds. */
export const slowestAnswer = 20_000

/**
 * @param reads where to read: `nearest` for a replica far from the primary
 * @throws StartError that says what is wrong with the URL or the server; the URL is not in it
 */
export async function connect(url: string, reads: 'primary' | 'nearest'): Promise<Connection> {
  const isSet = (name: string) => new RegExp(`[?&]${name}=`, 'i').test(url)
  const ownWaits = Object.fromEntries(Object.entries(waits).filter(([name]) => !isSet(name)))
  const options: MongoClientOptions = {
    ...ownWaits,
    ...concerns,
    appName: 'vidimus',
    maxPoolSize: 30,
    retryWrites: true,
  }
  let client: MongoClient
  try {
    client = new MongoClient(url, options)
  } catch {
    throw new StartError(
      'STORAGE_URL is no connection string of MongoDB: mongodb://user:password@host:27017/database?replicaSet=name.',
    )
  }
  try {
    await client.connect()
    const db = client.db(databaseName(url), { ...concerns, readPreference: reads })
    await refuseStandalone(db)
    const connection = { client, db, collections: collectionsOf(db) }
    await refuseWithoutTransactions(connection)
    return connection
  } catch (error) {
    await client.close().catch(() => undefined)
    throw startError(error, client)
  }
}

/** Connects and ends that. @throws StartError as {@link connect} */
export async function tryConnection(url: string): Promise<void> {
  await (await connect(url, 'primary')).client.close()
}

/** The name in the path of the URL. */
const databaseName = (url: string): string => {
  const name = /^mongodb(?:\+srv)?:\/\/[^/?]+\/([^?]+)/.exec(url)?.[1]
  return name === undefined ? 'vidimus' : decodeURIComponent(name)
}

/** What stops the start, without what the driver says of addresses and users. */
export function startError(error: unknown, client?: MongoClient): unknown {
  if (!(error instanceof MongoError)) return error
  if (isDenied(error))
    return new StartError(
      'STORAGE_URL: the database refuses the user or the password, or lets him do too little (readWrite on the database is needed).',
    )
  const hosts = client?.options.hosts.map((each) => each.toString()).join(', ') ?? ''
  if (error instanceof MongoServerSelectionError || /ECONN|ENOTFOUND|timed out|network/i.test(error.message))
    return new StartError(
      `The store at ${hosts} does not answer. Is it running, and the replicaSet of STORAGE_URL its name?`,
      'STORE_NOT_REACHABLE',
    )
  return new StartError(`The store at ${hosts} cannot be used (${error.name}).`, 'STORE_NOT_REACHABLE')
}

const needed = 'STORAGE_URL needs a replica set (one member is enough)'

async function refuseStandalone(db: Db): Promise<void> {
  const hello = await db.admin().command({ hello: 1 })
  if (typeof hello.setName === 'string') return
  const what = hello.msg === 'isdbgrid' ? 'this is a router of shards' : 'this server stands alone'
  throw new StartError(`${needed}: ${what}, which has no transactions that this store can lean on. See rs.initiate().`)
}

/** A transaction that is broken off leaves nothing: told by trying. */
async function refuseWithoutTransactions({ db, client, collections: { marks } }: Connection): Promise<void> {
  const names = await db.listCollections({ name: marks.collectionName }, { nameOnly: true }).toArray()
  // In a transaction it could be made only where nobody else does.
  if (names.length === 0) await unlessThere(() => db.createCollection(marks.collectionName))
  const probe = { _id: `probe:${newToken()}` }
  const session = client.startSession()
  try {
    await breakOff(session, () => marks.insertOne(probe, { session }))
  } catch (error) {
    if (isDenied(error) || error instanceof MongoServerSelectionError) throw error
    throw new StartError(`${needed}: transactions do not work on this server.`)
  } finally {
    await session.endSession()
  }
  if (!(await marks.findOne(probe, { readPreference: 'primary' }))) return
  await marks.deleteOne(probe)
  throw new StartError(`${needed}: what a transaction wrote stays on this server when it is broken off.`)
}

/** Does something in a transaction that is broken off; again, when another came in between. */
async function breakOff(session: ClientSession, work: () => Promise<unknown>): Promise<void> {
  for (let tries = 1; ; tries++) {
    session.startTransaction({ readConcern: { level: 'snapshot' }, writeConcern: concerns.writeConcern })
    try {
      await work()
      return await session.abortTransaction()
    } catch (error) {
      await session.abortTransaction()
      if (!isTransient(error) || tries === 20) throw error
      await sleep(Math.random() * 50)
    }
  }
}

/**
 * Makes an empty database a store; one that is a store stays as it is.
 * @param index name of the search entries that this software makes
 * @returns the state it is in
 * @throws StartError for a database of another program, or of a newer version of this one
 */
export async function prepareStore({ collections }: Connection, index: string): Promise<StateDocument> {
  const { state, marks, versions } = collections
  const known = await stateOf(collections)
  if (!known) {
    if (await versions.findOne({}, { projection: { _id: 1 }, readPreference: 'primary' }))
      throw new StartError(
        'The database of STORAGE_URL is not usable: it has versions of resources and no state of a store.',
      )
    const first: StateDocument = {
      _id: 'store',
      schema: schemaVersion,
      index,
      n: 0,
      types: {},
      more: {},
      updated: 0,
      write: '',
    }
    await unlessThere(() => state.insertOne(first))
    await unlessThere(() => marks.insertOne({ _id: 'purged', until: 0 }))
  } else if (known.schema > schemaVersion)
    throw new StartError(
      `The database of STORAGE_URL is not usable: it was written by a newer version of vidimus (schema ${known.schema}, this version knows up to ${schemaVersion}).`,
    )
  for (const [name, keys] of Object.entries(indexes))
    await collections[name as keyof Collections].createIndexes(keys.map((key) => ({ key })))
  const made = await stateOf(collections)
  if (!made) throw new StartError('The database of STORAGE_URL loses what is written to it.')
  return made
}

/** The state as it stands at the primary. */
const stateOf = ({ state }: Collections): Promise<StateDocument | null> =>
  state.findOne({ _id: 'store' }, { readPreference: 'primary' })

/** Makes what another replica may have made in the same moment. */
async function unlessThere(make: () => Promise<unknown>): Promise<void> {
  try {
    await make()
  } catch (error) {
    if (!isConflict(error)) throw error
  }
}
