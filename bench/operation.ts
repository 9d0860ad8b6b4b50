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

/** One measured figure beside what it should be. */
interface Figure {
  name: string
  value: string
  target: string
}

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

const cpu = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Operation: a backup of 10,000 resources and its restore, in CPU of all threads, and how long an import of 4,000 holds the event loop. */
export async function bench(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-bench-'))
  try {
    return [...(await backupAndRestore(folder)), await longestHold(folder)]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function backupAndRestore(folder: string): Promise<Figure[]> {
  const storage = openSqlite(join(folder, 'vidimus.db'))
  for (let at = 0; at < 10_000; at += 500)
    await storage.write(
      Array.from({ length: 500 }, (_, each) => ({
        method: 'PUT' as const,
        type: 'CodeSystem',
        id: `system-${at + each}`,
        resource: resourceOf(at + each),
      })),
    )
  await storage.close()
  const store = openStore('sqlite:', { dataDir: folder })
  const path = join(folder, 'backup')
  const before = cpu()
  const snapshot = await store.snapshot()
  const file = await beginFile(path)
  const about = { software: 'bench', taken: '2026-01-01T00:00:00.000Z', revision: snapshot.revision, keys: false }
  await writeBackup(file.write, { about, snapshot, files: [] })
  await file.finish(true)
  await snapshot.close()
  const backedUp = cpu()
  const dataDir = join(folder, 'restored')
  await restoreBackup({ path, store: openStore('sqlite:', { dataDir }), dataDir, folders: {}, replace: false })
  const restored = cpu()
  const megabytes = (statSync(path).size / 1e6).toFixed(1)
  return [
    {
      name: `10,000 resources backed up (${megabytes} MB)`,
      value: `${(backedUp - before).toFixed(0)} ms`,
      target: '< 2 s',
    },
    {
      name: 'and restored: read twice, indexed, compared',
      value: `${(restored - backedUp).toFixed(0)} ms`,
      target: '< 15 s',
    },
  ]
}

/** The CPU of the server's thread between two turns of the event loop, so that a busy machine takes nothing away. */
async function longestHold(folder: string): Promise<Figure> {
  const server = await createServer(readConfig({ DATA_DIR: join(folder, 'server'), PORT: '0', ACCESS_LOG: 'off' }))
  const files = Array.from({ length: 4000 }, (_, at) => [`r${at}.json`, resourceOf(at)] as const)
  const bytes = makePackage({ name: 'bench', version: '1' }, Object.fromEntries(files))
  let longest = 0
  let isDone = false
  let last = process.threadCpuUsage()
  const turn = () => {
    const { user, system } = process.threadCpuUsage(last)
    last = process.threadCpuUsage()
    longest = Math.max(longest, (user + system) / 1000)
    if (!isDone) setTimeout(turn, 1)
  }
  turn()
  await new Promise((next) => setTimeout(next, 50))
  longest = 0
  await importPackage({ bytes, name: 'bench.tgz' }, importOptions(server))
  await new Promise((next) => setTimeout(next, 10))
  isDone = true
  await server.close()
  return {
    name: '4,000 resources imported in the server: the longest hold of its event loop',
    value: `${longest.toFixed(0)} ms`,
    target: '≤ 50 ms',
  }
}
