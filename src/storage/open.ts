/** Opens the storage that a URL names. */
import { isAbsolute, join } from 'node:path'
import { openSqlite } from './sqlite/sqlite.ts'
import type { Storage } from './storage.ts'

const accepted = 'sqlite:<file> and sqlite::memory:'

/** What is wrong with a STORAGE_URL; undefined when there is an adapter for it. The URL is not shown: it may carry a password. */
export function storageUrlProblem(url: string): string | undefined {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(url)?.[1]
  if (scheme === 'sqlite') {
    if (/^sqlite:\/\/[^/]/.test(url)) return 'sqlite: takes the path of a file, without a host: sqlite:/folder/file.db'
    return undefined
  }
  if (scheme === 'mongodb' || scheme === 'mongodb+srv')
    return `MongoDB is not supported yet in this version; accepted are ${accepted}`
  return `${scheme ? `the scheme ${scheme}: is unknown` : 'it has no scheme'}; accepted are ${accepted}`
}

/**
 * Opens a storage by scheme: `sqlite:<file>` (a relative file lies in `dataDir`, no file means `vidimus.db`
 * there) or `sqlite::memory:`.
 * @throws Error that says what is wrong with the URL or the store.
 */
export async function openStorage(url: string, { dataDir }: { dataDir: string }): Promise<Storage> {
  const problem = storageUrlProblem(url)
  if (problem !== undefined) throw new Error(`STORAGE_URL: ${problem}.`)
  return openSqlite(sqliteFile(url.slice('sqlite:'.length), dataDir))
}

function sqliteFile(path: string, dataDir: string): string {
  if (path === ':memory:') return path
  const file = path.replace(/^\/\/(?=\/)/, '')
  if (file === '') return join(dataDir, 'vidimus.db')
  return isAbsolute(file) ? file : join(dataDir, file)
}
