/** The SQLite store: one file, `node:sqlite`, write-ahead log, a commit waits for the disk. */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseCanonical } from '../../fhir/canonical.ts'
import { FhirError } from '../../fhir/error.ts'
import type { Resource } from '../../fhir/types.ts'
import { byVersionAndStatus } from '../canonical-order.ts'
import { type Closing, createClosing, shuttingDown } from '../closing.ts'
import type { AuditKeeping, Publication, Reachability, RecordChange, Storage, Write, Written } from '../storage.ts'
import { workAtOnce, writeOne } from '../write.ts'
import { columns, type Database, endOfTime, lastSequence, lastSequenceOf, openDatabase, toVersion } from './database.ts'
import { countOld, forgetOld } from './forget.ts'
import { purge, reindexIfOutdated } from './index-values.ts'
import { history, type Store, search } from './pages.ts'
import { past } from './past.ts'
import { beginWrites, createIndexWriter, publishedVersion } from './write.ts'
import { beginSlices, mostAtOnce, writeSlices } from './write-slices.ts'

/** How a SQLite store behaves; what is not given has the default. */
export interface SqliteOptions {
  /** Milliseconds since 1970; the system's clock. */
  now?: () => number
  /** How long page links work, 3600 s. */
  cursorSeconds?: number
  /** How long a write waits for another process, 5000 ms. */
  busyMilliseconds?: number
  /** A clock that only moves forward, for the time between two looks at the revision; `performance.now`. */
  elapsed?: () => number
}

/**
 * Opens or creates the store in `file`; `:memory:` for one that dies with the process. Several processes may open
 * one file.
 * @throws Error when the file is damaged, foreign or newer than this program.
 */
export function openSqlite(file: string, options: SqliteOptions = {}): Storage & AuditKeeping & Reachability {
  return openSqliteOver(openDatabase(file, options.busyMilliseconds), file, options)
}

/** The store of an open file. */
export function openSqliteOver(
  database: Database,
  file: string,
  options: SqliteOptions = {},
): Storage & AuditKeeping & Reachability {
  const busyMilliseconds = options.busyMilliseconds ?? 5000
  const index = createIndexWriter(database)
  reindexIfOutdated(database, index)
  // From here on requests are served: SQLite's own waiting would hold all of them up.
  database.connection.exec(`PRAGMA busy_timeout = ${Math.min(busyMilliseconds, longestHoldMilliseconds)}`)
  const store: Store = {
    database,
    index,
    now: options.now ?? Date.now,
    cursorSeconds: options.cursorSeconds ?? 3600,
    purgedAt: 0,
  }
  const { revision, forget } = createRevision(database, options.elapsed ?? (() => performance.now()))
  const watch = createWatch(revision)
  const closing = createClosing()
  const whenFree = createWhenFree(busyMilliseconds, closing)
  let closed: Promise<void> | undefined
  return {
    read: async (type, id) => {
      const from = 'current c JOIN version v ON v.seq = c.seq'
      return toVersion(database.get(`SELECT ${columns} FROM ${from} WHERE c.type = ? AND c.id = ?`, type, id))
    },
    readVersion: async (type, id, versionId) => {
      // 1 and 01 would be one number and are two version ids
      if (!/^[1-9]\d{0,14}$/.test(versionId)) return undefined
      const where = 'v.type = ? AND v.id = ? AND v.vid = ?'
      return toVersion(database.get(`SELECT ${columns} FROM version v WHERE ${where}`, type, id, Number(versionId)))
    },
    history: async (query) => database.transaction('read', () => history(store, query)),
    search: async (query) => database.transaction('read', () => search(store, query)),
    findCanonical: async (type, url) => findCanonical(database, type, url),
    published: async (type, canonical) => publishedVersion(database, type, canonical),
    publications: async () => publications(database),
    write: async (writes) => {
      try {
        if (writes.length <= mostAtOnce || file === ':memory:') return await whenFree(() => write(store, writes))
        const begin = () => beginSlices(file, store.now, writes)
        return await closing.run(async () => writeSlices(await whenFree(begin), writes, closing.signal))
      } finally {
        forget()
        watch.look()
      }
    },
    count: async () => count(database),
    revision,
    subscribe: watch.subscribe,
    // The file itself is asked: nothing that is kept is older than that, as long as it is open.
    catchUp(how) {
      if (!database.isOpen()) return Promise.reject(shuttingDown())
      if (how?.asks) forget()
      return undefined
    },
    reachable: () => ({ isReachable: true }),
    past: past(database),
    derived: {
      get: async (kind, key) => {
        const row = database.get('SELECT value FROM derived WHERE kind = ? AND key = ?', kind, key)
        return row && String(row.value)
      },
      set: async (kind, key, value) => {
        const replace = 'INSERT OR REPLACE INTO derived (kind, key, value) VALUES (?, ?, ?)'
        await whenFree(() => database.transaction('write', () => database.run(replace, kind, key, value)))
      },
    },
    records: createRecords(database, whenFree),
    oldAuditEvents: async (before) => countOld(database, before),
    forgetAuditEvents: (before, most) => whenFree(() => forgetOld(database, before, most)),
    close: () => {
      database.end()
      watch.end()
      closed ??= closing.close().then(() => database.close())
      return closed
    },
  }
}

function createRecords(database: Database, whenFree: WhenFree): Storage['records'] {
  const read = (kind: string, key: string) => {
    const row = database.get('SELECT value FROM record WHERE kind = ? AND key = ?', kind, key)
    return row && String(row.value)
  }
  const put = ({ kind, key, to }: RecordChange) => {
    if (to === undefined) database.run('DELETE FROM record WHERE kind = ? AND key = ?', kind, key)
    else database.run('INSERT OR REPLACE INTO record (kind, key, value) VALUES (?, ?, ?)', kind, key, to)
  }
  const change = (changes: readonly RecordChange[]): Promise<boolean> =>
    whenFree(() =>
      database.transaction('write', () => {
        if (changes.some(({ kind, key, from }) => read(kind, key) !== from)) return false
        for (const each of changes) put(each)
        return true
      }),
    )
  return {
    get: async (kind, key) => read(kind, key),
    all: async (kind, { after, most } = { after: undefined, most: -1 }) => {
      const order = `key ${after === undefined ? '>=' : '>'} ? ORDER BY key LIMIT ?`
      return database
        .all(`SELECT key, value FROM record WHERE kind = ? AND ${order}`, kind, after ?? '', most)
        .map(({ key, value }) => ({ key: String(key), value: String(value) }))
    },
    replace: (kind, key, from, to) => change([{ kind, key, from, to }]),
    change,
  }
}

/** How long the event loop may stand still for the lock of another process, and the pause between two tries. */
const longestHoldMilliseconds = 20
const pauseMilliseconds = 10

/** Carries out a write; while another process writes, tries again in between other work. @throws FhirError 503 after that time */
type WhenFree = <Result>(work: () => Result) => Promise<Result>

function createWhenFree(busyMilliseconds: number, closing: Pick<Closing, 'run'>): WhenFree {
  return async (work) => {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error) || longestHoldMilliseconds >= busyMilliseconds) throw error
    }
    return closing.run(async () => {
      for (let waited = longestHoldMilliseconds; ; ) {
        await sleep(pauseMilliseconds)
        waited += pauseMilliseconds + longestHoldMilliseconds
        try {
          return work()
        } catch (error) {
          if (!isBusy(error) || waited >= busyMilliseconds) throw error
        }
      }
    })
  }
}

const isBusy = (error: unknown): boolean =>
  error instanceof FhirError && error.status === 503 && error.issues.some(({ code }) => code === 'lock-error')

/** How long a write of another process may go unseen by `Storage.revision`. */
const longestBlindMilliseconds = 5

/**
 * `Storage.revision`: asked many times for every request, where a look into the file would be the dearest part of many
 * an answer. So a look is taken once in a while, and at once after a write through this store (`forget`); what it
 * answers by types is kept until the number of the last version of all has changed. Whether others have committed anything
 * is cheaper to ask than that number.
 */
function createRevision(
  database: Database,
  elapsed: () => number,
): { revision: Storage['revision']; forget: () => void } {
  // Another number after every commit of another connection (https://www.sqlite.org/pragma.html#pragma_data_version).
  const ofOthers = database.connection.prepare('PRAGMA data_version')
  let last = -1
  let seen: unknown
  let byTypes = new WeakMap<readonly string[], number>()
  let validUntil = Number.NEGATIVE_INFINITY
  const look = () => {
    const now = elapsed()
    if (now < validUntil) return
    // Asked first: what is committed between the two is in the second, and shows in the first the next time.
    const found = ofOthers.get()?.data_version
    if (found === undefined || found !== seen) {
      const current = lastSequence(database)
      if (current !== last) byTypes = new WeakMap()
      last = current
      seen = found
    }
    validUntil = now + longestBlindMilliseconds
  }
  return {
    revision: (types) => {
      // What is kept of a store that is closed may be outdated, and nobody can tell any more.
      if (!database.isOpen()) throw shuttingDown()
      look()
      if (!types) return last
      const known = byTypes.get(types)
      if (known !== undefined) return known
      const revision = lastSequenceOf(database, types)
      byTypes.set(types, revision)
      return revision
    },
    forget: () => {
      validUntil = Number.NEGATIVE_INFINITY
      seen = undefined
    },
  }
}

/** How long a write of another process may be there before who has subscribed is told. */
const lookMilliseconds = 200

/** `Storage.subscribe`: a file tells of nothing by itself, so that it is looked at as long as somebody wants to know. */
function createWatch(revision: () => number) {
  const listeners = new Set<() => void>()
  let looking: NodeJS.Timeout | undefined
  let seen = 0
  const look = () => {
    if (listeners.size === 0) return
    const now = revision()
    if (now === seen) return
    seen = now
    for (const listener of [...listeners]) listener()
  }
  const end = () => {
    clearInterval(looking)
    looking = undefined
    listeners.clear()
  }
  return {
    look,
    end,
    subscribe(listener: () => void): () => void {
      const own = () => listener()
      if (listeners.size === 0) {
        seen = revision()
        looking = setInterval(look, lookMilliseconds).unref()
      }
      listeners.add(own)
      return () => {
        listeners.delete(own)
        if (listeners.size === 0) end()
      }
    },
  }
}

function publications(database: Database): Publication[] {
  const from = `active_canonical a JOIN version v ON v.seq = a.seq
    LEFT JOIN current c ON c.type = v.type AND c.id = v.id AND c.seq = v.seq`
  const rows = database.all(
    `SELECT a.type, v.id, v.vid, a.url, a.version, c.seq AS current FROM ${from} ORDER BY a.seq`,
  )
  return rows.map((row) => ({
    type: String(row.type),
    id: String(row.id),
    versionId: String(row.vid),
    url: String(row.url),
    version: String(row.version),
    isCurrent: row.current !== null,
  }))
}

function count(database: Database): Record<string, number> {
  const rows = database.all(
    'SELECT type, count(*) AS number FROM current WHERE deleted = 0 GROUP BY type ORDER BY type',
  )
  return Object.fromEntries(rows.map((each) => [String(each.type), Number(each.number)]))
}

function write(store: Store, writes: Write[]): Written[] {
  if (writes.length === 0) return []
  const { database, index } = store
  try {
    return database.transaction('write', () => {
      const context = beginWrites({ database, index }, store.now(), writes)
      const written: Written[] = []
      for (const each of writes) written.push(workAtOnce(writeOne(each, context, written)))
      purgeNowAndThen(store, context.now)
      return written
    })
  } catch (error) {
    index.reset()
    throw error
  }
}

function purgeNowAndThen(store: Store, now: number): void {
  if (now - store.purgedAt < store.cursorSeconds * 250) return
  purge(store.database, now - store.cursorSeconds * 1000)
  store.purgedAt = now
}

function findCanonical(database: Database, type: string, canonical: string): Resource[] {
  const { url, version } = parseCanonical(canonical)
  const from = 'canonical_index c JOIN searchable s ON s.seq = c.seq JOIN version v ON v.seq = c.seq'
  const rows = database.all(
    `SELECT c.version AS business, ${columns} FROM ${from} WHERE c.type = ? AND c.url = ? AND s.until = ?`,
    type,
    url,
    endOfTime,
  )
  const found = rows.filter((each) => version === undefined || each.business === version)
  // Each is parsed once: a code system has megabytes.
  const ranked = found.flatMap((row) => {
    const resource = toVersion(row)?.resource
    return resource ? { resource, business: String(row.business), seq: Number(row.seq) } : []
  })
  ranked.sort((a, b) => byVersionAndStatus(a, b) || b.seq - a.seq)
  return ranked.map(({ resource }) => resource)
}
