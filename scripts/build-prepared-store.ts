/**
 * Makes content/prepared-store.zst: a store that has the base content, which a first start copies (src/publish/base-content/prepared-store.ts).
 * `npm ci` does it (`prepare`), and `npm run build:content`; one that is of these packages and these sources is left as it is.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { constants, zstdCompressSync } from 'node:zlib'
import { writeWhole } from '../src/files/whole-file.ts'
import type { BaseContentOptions } from '../src/packages/base-content.ts'
import { loadBaseContent } from '../src/publish/base-content/load.ts'
import {
  defaultPreparedStore,
  type PreparedHeader,
  preparedFor,
  readPreparedHeader,
} from '../src/publish/base-content/prepared-store.ts'
import { openSqlite } from '../src/storage/sqlite/sqlite.ts'

/** Six times smaller; more takes minutes for a twentieth. */
const level = 9
/** Who unpacks needs so much memory, as a power of two. */
const windowLog = 17

/** What was made; `undefined` when there is nothing to make it of. */
export async function buildPreparedStore(
  target = defaultPreparedStore,
  options: BaseContentOptions = {},
): Promise<PreparedHeader | undefined> {
  const wanted = await preparedFor(options)
  if (wanted.stamp === '') return undefined
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-prepared-'))
  try {
    const file = join(folder, 'store.db')
    const storage = openSqlite(file)
    await loadBaseContent(storage, options)
    await storage.close()
    const connection = new DatabaseSync(file)
    // One file, without a log beside it.
    connection.exec('PRAGMA journal_mode = DELETE; VACUUM')
    connection.close()
    const store = readFileSync(file)
    const header = { ...wanted, bytes: store.length, sha256: createHash('sha256').update(store).digest('hex') }
    const packed = zstdCompressSync(store, {
      params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: windowLog },
    })
    await writeWhole(target, Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), packed]))
    return header
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function isMade(target: string): Promise<boolean> {
  if (!existsSync(target)) return false
  const read = await readPreparedHeader(target)
  const wanted = await preparedFor()
  return (['format', 'stamp', 'sources'] as const).every((name) => read?.header[name] === wanted[name])
}

/** Makes it in its place, unless one is there that fits. @throws Error when it cannot be made */
export async function makePreparedStore(): Promise<void> {
  if (await isMade(defaultPreparedStore)) return
  const header = await buildPreparedStore()
  if (header) console.log(`${defaultPreparedStore}: a store of ${(header.bytes / 1e6).toFixed(0)} MB, ${header.stamp}`)
  else console.log('no prepared store: the packages of the base content are not installed')
}

if (import.meta.main) {
  try {
    await makePreparedStore()
  } catch (error) {
    // An installation without it works: its first start takes longer.
    console.error(`no prepared store: ${error instanceof Error ? error.message : String(error)}`)
  }
}
