/**
 * The whole of a MongoDB store at one revision. Versions never change, so that those up to a number are read as they are, however long it
 * takes; records do, and are read in one transaction into a file first.
 */
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClientSession, MongoError } from 'mongodb'
import type { KeptRecord, KeptVersion } from '../../backup/format.ts'
import type { StoreSnapshot } from '../../backup/snapshot.ts'
import type { Connection } from '../connect.ts'
import type { VersionDocument } from '../documents.ts'
import { textOf } from '../versions.ts'
import type { Pace } from './presence.ts'

/** Versions that are asked for at once: the database ends an answer at 16 MB. */
const perAnswer = 200

/** How often a broken connection is tried again. */
const tries = 5

/** How it is read. */
interface SnapshotOptions {
  /** Ends the connection. */
  close(): Promise<void>
  pace: Pick<Pace, 'againMilliseconds'>
}

/** The store as it stands now. */
export async function mongoSnapshot(
  connection: Connection,
  { close, pace: { againMilliseconds } }: SnapshotOptions,
): Promise<StoreSnapshot> {
  const { collections } = connection
  const folder = await mkdtemp(join(tmpdir(), 'vidimus-records-'))
  const file = join(folder, 'records')
  const end = async () => {
    await rm(folder, { recursive: true, force: true })
    await close()
  }
  try {
    const revision = await again(() => keepRecords(connection, file), againMilliseconds)
    const versionCount = await collections.versions.countDocuments({ seq: { $lte: revision } })
    return {
      revision,
      versionCount,
      versions: () => versionsUpTo(connection, revision, againMilliseconds),
      records: () => recordsIn(file),
      close: end,
    }
  } catch (error) {
    await end()
    throw error
  }
}

/** Writes all records into a file of one line each. @returns the number of the last write at that moment */
async function keepRecords({ client, collections }: Connection, file: string): Promise<number> {
  const session = client.startSession()
  const handle = await open(file, 'w', 0o600)
  try {
    session.startTransaction({ readConcern: { level: 'snapshot' }, readPreference: 'primary' })
    const state = await collections.state.findOne({ _id: 'store' }, { session })
    const found = collections.records.find({}, { session }).sort({ kind: 1, key: 1 })
    for await (const { kind, key, value } of found) await handle.write(`${lineOf({ kind, key, value })}\n`)
    return state?.n ?? 0
  } finally {
    await handle.close()
    await ended(session)
  }
}

async function ended(session: ClientSession): Promise<void> {
  // It has only read.
  await session.abortTransaction().catch(() => undefined)
  await session.endSession()
}

/** A line of JSON in which nothing ends a line, for whoever reads lines. */
const lineOf = (record: KeptRecord): string =>
  JSON.stringify(record).replace(/[\u2028\u2029]/g, (each) => `\\u${each.charCodeAt(0).toString(16)}`)

async function* recordsIn(file: string): AsyncGenerator<KeptRecord> {
  const handle = await open(file, 'r')
  try {
    for await (const line of handle.readLines()) {
      // Written by this process a moment ago.
      const record: KeptRecord = JSON.parse(line)
      yield record
    }
  } finally {
    await handle.close()
  }
}

async function* versionsUpTo(
  { client, collections }: Connection,
  revision: number,
  pause: number,
): AsyncGenerator<KeptVersion> {
  let last = 0
  for (let failures = 0; last < revision; ) {
    const session = client.startSession()
    try {
      const options = { session, batchSize: perAnswer }
      const found = collections.versions.find({ seq: { $gt: last, $lte: revision } }, options).sort({ seq: 1 })
      for await (const each of found) {
        const content = await textOf(collections, each, { session })
        last = each.seq
        failures = 0
        yield keptOf(each, content)
      }
      return
    } catch (error) {
      if (!(error instanceof MongoError) || ++failures > tries) throw error
      await sleep(pause)
    } finally {
      await session.endSession()
    }
  }
}

function keptOf(document: VersionDocument, text: string | undefined): KeptVersion {
  const { seq, type, id, vid, updated, method, exact, published } = document
  return { seq, type, id, vid, updated, method, exact, published: published === true, content: text }
}

async function again<T>(work: () => Promise<T>, pause: number): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof MongoError) || ++failures > tries) throw error
      await sleep(pause)
    }
  }
}
