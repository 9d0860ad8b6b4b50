/** Opens the storage that a URL names. */
import { isAbsolute, join } from 'node:path'
import { type Artefacts, folderArtefacts } from './artefacts.ts'
import { BackupError, notWhole } from './backup/format.ts'
import { finishRestore } from './backup/restore.ts'
import type { MaintainedStore } from './backup/snapshot.ts'
import { shownUrl } from './shown-url.ts'
import { maintainedSqlite } from './sqlite/hold.ts'
import { isFree, placeSqlite } from './sqlite/place.ts'
import { openSqlite } from './sqlite/sqlite.ts'
import type { AuditKeeping, Reachability, Storage } from './storage.ts'

export { notWhole } from './backup/format.ts'
export { openScratch } from './sqlite/scratch.ts'

const accepted = 'sqlite:<file>, sqlite::memory:, mongodb://… and mongodb+srv://…'

/** What is wrong with a STORAGE_URL; undefined when there is an adapter for it. The URL is not shown: it may carry a password. */
export function storageUrlProblem(url: string): string | undefined {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(url)?.[1]
  if (scheme === 'sqlite') {
    if (/^sqlite:\/\/[^/]/.test(url)) return 'sqlite: takes the path of a file, without a host: sqlite:/folder/file.db'
    return undefined
  }
  if (isMongo(url)) {
    if (/^mongodb(?:\+srv)?:\/\/(?:[^/?@]*@)?[^/?@]+(?:\/[\w%.-]*)?(?:\?.*)?$/.test(url)) return ownOptionProblem(url)
    return 'mongodb: takes hosts and a database: mongodb://user:password@host:27017/database?replicaSet=name'
  }
  return `${scheme ? `the scheme ${scheme}: is unknown` : 'it has no scheme'}; accepted are ${accepted}`
}

/** Options of a connection string that this store sets itself, in lower case, with what it sets. */
const ownOptions: Record<string, string> = {
  readpreference: 'primary',
  readconcernlevel: 'majority',
  w: 'majority',
  journal: 'true',
  j: 'true',
  retrywrites: 'true',
}

/** The same value may stand there, as it does in what hosts of databases give out; another would have no effect. */
function ownOptionProblem(url: string): string | undefined {
  const at = url.indexOf('?')
  if (at < 0) return undefined
  for (const [name, value] of new URLSearchParams(url.slice(at))) {
    const own = ownOptions[name.toLowerCase()]
    if (own === undefined || value.toLowerCase() === own) continue
    const why = own === 'primary' ? 'STORAGE_READS says where to read' : `it is always ${own} here`
    return `mongodb: leave out the option ${name}: ${why}`
  }
  return undefined
}

const isMongo = (url: string): boolean => /^mongodb(?:\+srv)?:/.test(url)

/** Whether the store lies on a server of its own, which may be away for a while. */
export const isElsewhere = isMongo

/** A store as people may read of it: the URL of a file, or database and hosts, without who asks and how. */
export const shownStore = (url: string): string => (isMongo(url) ? `MongoDB: ${shownUrl(url)}` : url)

/**
 * Opens a storage by scheme: `sqlite:<file>` (a relative file lies in `dataDir`, no file means `vidimus.db`
 * there), `sqlite::memory:`, `mongodb:` or `mongodb+srv:`.
 * @throws Error that says what is wrong with the URL or the store.
 */
export async function openStorage(
  url: string,
  { dataDir, storageReads: reads }: { dataDir: string; storageReads?: 'primary' | 'nearest' },
): Promise<Storage & AuditKeeping & Reachability> {
  const problem = storageUrlProblem(url)
  if (problem !== undefined) throw new Error(`STORAGE_URL: ${problem}.`)
  finishRestore(dataDir)
  if (isMongo(url)) {
    // Its driver is read by those alone who use it.
    const { openMongo } = await import('./mongodb/mongodb.ts')
    return openMongo(url, reads ? { reads } : {})
  }
  return openSqlite(sqliteFile(url.slice('sqlite:'.length), dataDir))
}

/**
 * Asks a store that lies elsewhere whether it answers and keeps what is leaned on; it is not opened.
 * @throws Error that says what is wrong with the URL or the server; its `code` is STORE_NOT_REACHABLE when that may pass by itself
 */
export async function tryStorage(url: string): Promise<void> {
  if (isMongo(url)) await (await import('./mongodb/connect.ts')).tryConnection(url)
}

/**
 * Where compiled artefacts are kept for other replicas: in a folder that is named, else in a store that lies elsewhere; undefined where
 * nobody shares any.
 */
export async function openArtefacts(url: string, folder: string | undefined): Promise<Artefacts | undefined> {
  if (folder !== undefined) return folderArtefacts(folder)
  if (!isMongo(url)) return undefined
  return (await import('./mongodb/upkeep/artefacts.ts')).mongoArtefacts(url)
}

/**
 * A store as those see it who look after it: for a backup, a restore, a copy and a check.
 * @throws BackupError for a store that dies with its process
 */
export async function openStore(url: string, { dataDir }: { dataDir: string }): Promise<MaintainedStore> {
  const problem = storageUrlProblem(url)
  if (problem !== undefined) throw new BackupError(`STORAGE_URL: ${problem}.`)
  finishRestore(dataDir)
  if (isMongo(url)) return (await import('./mongodb/upkeep/maintained.ts')).maintainedMongo(url)
  const file = sqliteFile(url.slice('sqlite:'.length), dataDir)
  if (file === ':memory:')
    throw new BackupError('A store in memory (sqlite::memory:) is nothing that another process could read.')
  return maintainedSqlite(file)
}

/**
 * The same of a store that must be there: who reads one is not told of an empty one when a setting leads astray.
 * @throws BackupError when there is none, it is not whole, or it dies with its process
 */
export async function openThereStore(url: string, place: { dataDir: string }): Promise<MaintainedStore> {
  const store = await openStore(url, place)
  const standing = await store.standing()
  if (standing === 'whole') return store
  if (standing === 'half') throw notWhole(store.name)
  throw new BackupError(`There is no store at ${store.name}. Are DATA_DIR and STORAGE_URL those of the server?`)
}

/** Where an embedded store is or will be. */
export interface StorePlace {
  /** Whether nothing is there, nor anything of an earlier store. */
  isFree(): boolean
  /** Begins it with the bytes of a whole store: see {@link placeSqlite}. */
  begin(pieces: AsyncIterable<Uint8Array>): Promise<boolean>
}

/** The place of an embedded store; undefined for one in memory or on a server. */
export function storePlace(url: string, { dataDir }: { dataDir: string }): StorePlace | undefined {
  if (!url.startsWith('sqlite:')) return undefined
  const file = sqliteFile(url.slice('sqlite:'.length), dataDir)
  if (file === ':memory:') return undefined
  return { isFree: () => isFree(file), begin: (pieces) => placeSqlite(file, pieces) }
}

function sqliteFile(path: string, dataDir: string): string {
  if (path === ':memory:') return path
  const file = path.replace(/^\/\/(?=\/)/, '')
  if (file === '') return join(dataDir, 'vidimus.db')
  return isAbsolute(file) ? file : join(dataDir, file)
}
