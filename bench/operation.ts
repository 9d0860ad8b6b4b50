import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importOptions } from '../src/cli/loaded-server.ts'
import { readConfig } from '../src/config.ts'
import type { Resource } from '../src/fhir/types.ts'
import { beginFile } from '../src/files/growing-file.ts'
import { importPackage } from '../src/publish/import/import-package.ts'
import { createServer } from '../src/server.ts'
import { restoreBackup } from '../src/storage/backup/restore.ts'
import { writeBackup } from '../src/storage/backup/write-backup.ts'
import { openStore } from '../src/storage/open.ts'
import { openSqlite } from '../src/storage/sqlite/sqlite.ts'
import { makePackage } from '../test/packages/make-archive.ts'
import type { Measured } from './support/harness/figure.ts'
import { beside, costOnce, type Effort, timeFigure } from './support/harness/measure.ts'
import { watchThread } from './support/harness/watch-thread.ts'

const resourceOf = (at: number): Resource => ({
  resourceType: 'CodeSystem',
  id: `system-${at}`,
  url: `http://example.org/system-${at}`,
  version: '1',
  name: 'Bench',
  status: 'active',
  content: 'complete',
  description: `A code system of the bench, number ${at}, ${(at * 7919) % 65_521}`,
  concept: Array.from({ length: 40 }, (_, code) => ({
    code: `c-${(code * at) % 997}-${code}`,
    display: `Concept ${code * at}`,
  })),
})

/** Operation: a backup of 10,000 resources and its restore, in CPU of all threads, and how long an import of 4,000 holds the event loop. */
export async function bench(effort: Effort): Promise<Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  try {
    return [...(await backupAndRestore(folder, effort.isQuick ? 2_000 : 10_000)), await longestHold(folder)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function backupAndRestore(folder: string, count: number): Promise<Measured[]> {
  const storage = openSqlite(join(folder, 'vidimus.db'))
  for (let at = 0; at < count; at += 500)
    await storage.write(
      Array.from({ length: 500 }, (_, each) => ({
        method: 'PUT' as const,
        type: 'CodeSystem',
        id: `system-${at + each}`,
        resource: resourceOf(at + each),
      })),
    )
  await storage.close()
  const store = await openStore('sqlite:', { dataDir: folder })
  const path = join(folder, 'backup')
  const backedUp = await costOnce(async () => {
    const snapshot = await store.snapshot()
    const file = await beginFile(path)
    const about = { software: 'bench', taken: '2026-01-01T00:00:00.000Z', revision: snapshot.revision, keys: false }
    await writeBackup(file.write, { about, snapshot, files: [] })
    await file.finish(true)
    await snapshot.close()
  })
  const dataDir = join(folder, 'restored')
  const target = await openStore('sqlite:', { dataDir })
  const restored = await costOnce(() => restoreBackup({ path, store: target, dataDir, folders: {}, replace: false }))
  const named = `${count} resources`
  const detail = `${(statSync(path).size / 1e6).toFixed(1)} MB`
  return [
    timeFigure(`${named} backed up`, backedUp, 's', { target: { value: 2 }, tolerance: 0.3, detail }),
    timeFigure(`${named} restored: read twice, indexed, compared`, restored, 's', {
      target: { value: 15 },
      tolerance: 0.3,
    }),
  ]
}

async function longestHold(folder: string): Promise<Measured> {
  const server = await createServer(readConfig({ DATA_DIR: join(folder, 'server'), PORT: '0', ACCESS_LOG: 'off' }))
  const files = Array.from({ length: 4000 }, (_, at) => [`r${at}.json`, resourceOf(at)] as const)
  const bytes = makePackage({ name: 'bench', version: '1' }, Object.fromEntries(files))
  const imported = await costOnce(() =>
    watchThread(() => importPackage({ bytes, name: 'bench.tgz' }, importOptions(server))),
  )
  await server.close()
  const name = '4,000 resources imported in the server: the longest hold of its event loop'
  const { longest } = imported.answer
  return timeFigure(name, beside(imported, longest), 'ms', { target: { value: 50 }, tolerance: 1, grain: 10 })
}
