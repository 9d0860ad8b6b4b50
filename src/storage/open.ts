/** Opens the storage that a URL names. */
import { isAbsolute, join } from 'node:path'
import { openSqlite } from './sqlite/sqlite.ts'
import type { Storage } from './storage.ts'

/**
 * Opens a storage by scheme: `sqlite:<file>` (a relative file lies in `dataDir`, no file means `vidimus.db`
 * there) or `sqlite::memory:`.
 * @throws Error that says what is wrong with the URL or the store.
 */
export async function openStorage(url: string, { dataDir }: { dataDir: string }): Promise<Storage> {
  const scheme = /^([a-z][a-z0-9+.-]*):/.exec(url)?.[1]
  if (scheme === 'sqlite') return openSqlite(sqliteFile(url.slice('sqlite:'.length), dataDir))
  const accepted = 'sqlite:<file> and sqlite::memory:'
  if (scheme === 'mongodb' || scheme === 'mongodb+srv') {
    throw new Error(`STORAGE_URL: the MongoDB adapter is not built in this version; accepted are ${accepted}.`)
  }
  // the URL itself is not shown: it may carry a password
  throw new Error(
    `STORAGE_URL: ${scheme ? `the scheme ${scheme}: is unknown` : 'it has no scheme'}; accepted are ${accepted}.`,
  )
}

function sqliteFile(path: string, dataDir: string): string {
  if (path === ':memory:') return path
  const file = path.replace(/^\/\/(?=\/)/, '')
  if (file === '') return join(dataDir, 'vidimus.db')
  return isAbsolute(file) ? file : join(dataDir, file)
}
