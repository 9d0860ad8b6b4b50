import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { beginFile } from '../../../src/files/growing-file.ts'
import { contentsOf } from '../../../src/storage/backup/contents.ts'
import { type RestoreOptions, restoreBackup } from '../../../src/storage/backup/restore.ts'
import { type BackupFile, writeBackup } from '../../../src/storage/backup/write-backup.ts'
import { openStore } from '../../../src/storage/open.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'
import { valueSet } from '../contract.ts'

/** Folders of the tests, by what becomes of their files. */
export const folders = { 'code-systems': 'is replaced', trust: 'stays', keys: 'is replaced' } as const

/** A folder that comes back whole, with the times that it was told. */
export const whole: RestoreOptions['whole'] = [
  {
    name: 'trust/history',
    finish: async (folder, { taken }) => writeFileSync(join(folder, 'restored.json'), JSON.stringify(taken)),
  },
]

/** The store of a data folder. */
export const storeOf = (dataDir: string) => openStore('sqlite:', { dataDir })

/** Writes everything that a store can hold: superseded versions, deletions, exact decimals, drafts, records. */
export async function fillStore(dataDir: string, resources = 40): Promise<void> {
  const storage = openSqlite(join(dataDir, 'vidimus.db'))
  for (let i = 0; i < resources; i++) {
    const resource = { ...valueSet(`vs-${i}`, { title: `Größe ${i} – ß𝄞` }), status: i % 5 === 0 ? 'draft' : 'active' }
    await storage.write([{ method: 'PUT', type: 'ValueSet', id: `vs-${i}`, resource: resource as never }])
  }
  await storage.write([{ method: 'PUT', type: 'ValueSet', id: 'vs-1', resource: valueSet('vs-1', { title: 'again' }) }])
  await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'vs-2' }])
  await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'vs-3' }])
  await storage.write([{ method: 'POST', type: 'ValueSet', id: 'vs-3', resource: valueSet('vs-3', { title: 'back' }) }])
  await storage.write([
    { method: 'PUT', type: 'ValueSet', id: 'other', resource: valueSet('other'), unrecorded: true },
    { method: 'PUT', type: 'AuditEvent', id: 'a', resource: { resourceType: 'AuditEvent', id: 'a' } as never },
  ])
  await storage.records.replace('kept', 'ä', undefined, 'wörd\n\u0000\u2028')
  await storage.records.replace('kept', 'b', undefined, '')
  await storage.derived.set('made', 'a', 'anew')
  await storage.close()
}

/** Files that lie beside a store. */
export function writeFiles(dataDir: string, files: Record<string, string>): BackupFile[] {
  return Object.entries(files).map(([name, content]) => {
    const path = join(dataDir, name)
    mkdirSync(join(path, '..'), { recursive: true })
    writeFileSync(path, content)
    return { name, path }
  })
}

/** A backup of a data folder. */
export async function backUp(dataDir: string, path: string, files: BackupFile[] = []) {
  const store = await storeOf(dataDir)
  const snapshot = await store.snapshot()
  const file = await beginFile(path)
  try {
    const about = { software: 'test 1', taken: '2026-01-01T00:00:00.000Z', revision: snapshot.revision, keys: false }
    const counts = await writeBackup(file.write, { about, snapshot, files })
    await file.finish(true)
    return { about, counts }
  } finally {
    await file.abandon()
    await snapshot.close()
  }
}

/** Restores into a data folder. */
export const restore = async (dataDir: string, path: string, more: Partial<RestoreOptions> = {}) =>
  restoreBackup({ path, dataDir, store: await storeOf(dataDir), folders, whole, replace: false, ...more })

/** What the store of a data folder holds. */
export async function contents(dataDir: string): Promise<{ revision: number; contents: string }> {
  const store = await storeOf(dataDir)
  const snapshot = await store.snapshot()
  try {
    return { revision: snapshot.revision, contents: (await contentsOf(snapshot)).contents }
  } finally {
    await snapshot.close()
  }
}

/** Everything that the check of a store finds. */
export async function faultsOf(dataDir: string): Promise<string[]> {
  const found: string[] = []
  for await (const fault of (await storeOf(dataDir)).faults()) found.push(fault)
  return found
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** A backup out of any stream, with checksums that are right: as somebody would forge it. */
export function forge(stream: Uint8Array[], first = 'vidimus-backup 1\n', size?: number): Buffer {
  const frames = stream.flatMap((data) => {
    const packed = deflateRawSync(data)
    return [Buffer.from(`${packed.length} ${size ?? data.length} ${sha256(data)}\n`), packed]
  })
  const whole = Buffer.concat([Buffer.from(first), ...frames])
  return Buffer.concat([whole, Buffer.from(`0 0 ${sha256(whole)}\n`)])
}
