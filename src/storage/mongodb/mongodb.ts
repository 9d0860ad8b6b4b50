/** The MongoDB store: what replicas share. One write is one transaction of a replica set; each replica learns of the others' writes. */
import type { MongoClient } from 'mongodb'
import { type Closing, createClosing, shuttingDown } from '../closing.ts'
import { takeTurn } from '../lease.ts'
import type { AuditKeeping, Reachability, Storage, Write, Written } from '../storage.ts'
import { createAuditKeeping } from './audit-keeping.ts'
import { type Connection, connect, prepareStore, startError } from './connect.ts'
import { endOfTime } from './documents.ts'
import { unreachable } from './errors.ts'
import { count, findCanonical, past, publications } from './lists.ts'
import { createReading } from './reading.ts'
import { createRevision } from './revision.ts'
import { indexName } from './search/entries.ts'
import { history } from './search/pages.ts'
import { reindex } from './search/reindex.ts'
import { purge, search } from './search/search-pages.ts'
import { createTransactions, type Transactions } from './transactions.ts'
import { announce } from './upkeep/presence.ts'
import { createDerived, createRecords } from './values.ts'
import { findVersion, nameKey, publishedVersion } from './versions.ts'
import { carryOut } from './write.ts'
import { createWriters } from './writers.ts'

/** How a MongoDB store behaves; what is not given has the default. */
export interface MongoOptions {
  /** Milliseconds since 1970; the system's clock. */
  now?: () => number
  /** How long page links work, 3600 s. */
  cursorSeconds?: number
  /** How long a write waits for others, 10000 ms. */
  busyMilliseconds?: number
  /** Where it reads: `nearest` for a replica that is far from the primary. */
  reads?: 'primary' | 'nearest'
  /** How old what is known of the newest revision may be before the store is asked, 2000 ms. */
  maxStaleMilliseconds?: number
}

/**
 * Opens the database in the path of a URL (`vidimus` where there is none), or makes it a store.
 * @throws StartError that says what is wrong with URL, server or database
 */
export async function openMongo(
  url: string,
  options: MongoOptions = {},
): Promise<Storage & AuditKeeping & Reachability> {
  const {
    now = Date.now,
    cursorSeconds = 3600,
    busyMilliseconds = 10_000,
    reads = 'primary',
    maxStaleMilliseconds = 2000,
  } = options
  const connection = await connect(url, reads)
  const { client, collections } = connection
  const index = indexName()
  const closing = createClosing()
  const reading = createReading(connection, () => revision.isDown(), closing)
  let presence: Awaited<ReturnType<typeof announce>> | undefined
  const end = async () => {
    await presence?.close()
    await client.close()
  }
  const state = await orClosed(client, end, async () => {
    presence = await announce(connection.db)
    return prepareStore(connection, index)
  })
  const { read } = reading
  const superseded = forgetting(collections, cursorSeconds)
  const writers = createWriters(collections, client.db('admin'))
  const carriedOut = createTransactions(client, writers, busyMilliseconds, reading.note)
  const transactions: Transactions = { ...carriedOut, run: (work) => closing.run(() => carriedOut.run(work)) }
  const revision = createRevision(connection, reading, maxStaleMilliseconds, () => presence?.isGone() ?? false)
  const records = createRecords(reading, transactions)
  const close = async () => {
    await closing.close()
    await transactions.close()
    await superseded.close()
    await revision.close()
    await end()
  }
  await orClosed(client, close, async () => {
    // Several replicas of a new version may start at once: entries are made by one of them.
    if (state.index !== index) await takeTurn({ records, job: 'search entries' }, () => reindex(connection, index))
    await revision.ask()
  })

  async function write(writes: Write[]): Promise<Written[]> {
    if (writes.length === 0) return []
    if (closing.isClosing()) throw shuttingDown()
    if (revision.isDown()) throw unreachable()
    superseded.forget(now())
    const { written, state } = await transactions.run((attempt) =>
      carryOut(writes, attempt, collections, { clock: now(), index }),
    )
    revision.learn(state)
    return written
  }

  return {
    read: (type, id) =>
      read((asking) => findVersion(collections, { of: `${type}/${id}`, superseded: endOfTime }, asking)),
    readVersion: async (type, id, versionId) => {
      // 1 and 01 would be one number and are two version ids
      if (!/^[1-9]\d{0,14}$/.test(versionId)) return undefined
      return read((asking) => findVersion(collections, { _id: `${type}/${id}/${versionId}` }, asking))
    },
    history: (query) => history(reading, query),
    search: (query) => search(reading, query, now),
    findCanonical: (type, url) => findCanonical(reading, type, url),
    publications: () => publications(reading),
    count: () => count(reading),
    past: past(reading),
    ...createAuditKeeping(reading, transactions),
    published: (type, canonical) => read((asking) => publishedVersion(collections, nameKey(type, canonical), asking)),
    write,
    ...untilClosed(closing, revision),
    subscribe: revision.subscribe,
    reachable: revision.reachable,
    derived: createDerived(reading),
    records,
    close: once(close),
  }
}

/** What is known of the newest revision, as long as the store is not closed. */
function untilClosed(
  closing: Pick<Closing, 'isClosing'>,
  { revision, catchUp }: Pick<Storage, 'revision' | 'catchUp'>,
): Pick<Storage, 'revision' | 'catchUp'> {
  return {
    revision(types) {
      if (closing.isClosing()) throw shuttingDown()
      return revision(types)
    },
    catchUp: (how) => (closing.isClosing() ? Promise.reject(shuttingDown()) : catchUp(how)),
  }
}

/** The same end for whoever asks for it. */
function once(end: () => Promise<void>): () => Promise<void> {
  let ended: Promise<void> | undefined
  return () => {
    ended ??= end()
    return ended
  }
}

/** A step of opening: what cannot be opened is closed again. */
async function orClosed<T>(client: MongoClient, close: () => Promise<void>, step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    await close()
    throw startError(error, client)
  }
}

/** Forgets now and then what no cursor can look at any more: beside the writes, none of which waits for it or fails with it. */
function forgetting(collections: Connection['collections'], cursorSeconds: number) {
  const pause = cursorSeconds * 250
  let next = 0
  let isEnding = false
  let running: Promise<void> | undefined
  return {
    /** Begins it when it is time for it. */
    forget(time: number): void {
      if (running || time < next) return
      next = time + pause
      running = purge(collections, time - cursorSeconds * 1000, () => isEnding)
        .catch(() => {
          // What was not forgotten is there, and of use to nobody: the first write of a minute later begins anew.
          next = time + Math.min(pause, retryMilliseconds)
        })
        .finally(() => {
          running = undefined
        })
    },
    /** Waits for the step that is under way. */
    close: async (): Promise<void> => {
      isEnding = true
      await running
    },
  }
}

/** When forgetting is tried again that has failed. */
const retryMilliseconds = 60_000
