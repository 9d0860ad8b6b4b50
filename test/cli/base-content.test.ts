/** The first start of a server: what it says while the base content comes, also after a loading that was killed. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { findBaseContent } from '../../src/packages/base-content.ts'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'
import { startServerProcess } from '../support/server-process.ts'

const root = resolve(import.meta.dirname, '../..')
const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-first-'))
after(() => rmSync(dataDir, { recursive: true, force: true }))
const { sources } = await findBaseContent()
const absent = sources.flatMap((each) => each.absent ?? []).join('; ')

test('a killed loading is done again; until it is whole, nothing of it is denied', {
  skip: absent || false,
}, async () => {
  const loader = spawn(process.execPath, ['src/main.ts', 'load-base-content'], {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', DATA_DIR: dataDir },
    stdio: 'ignore',
  })
  const exited = once(loader, 'exit')
  // Killed in the middle: the first resources are there, and more are to come.
  const storage = openSqlite(join(dataDir, 'vidimus.db'))
  while (!(await storage.count()).CodeSystem) await sleep(5)
  loader.kill('SIGKILL')
  await exited
  const { CodeSystem: before = 0 } = await storage.count()
  await storage.close()

  const server = await startServerProcess({ DATA_DIR: dataDir, ACCESS_LOG: 'off' })
  try {
    const status = async (path: string) => (await fetch(`${server.url}${path}`)).status
    const gender = '/fhir/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender'
    assert.equal(await status('/health'), 200)
    const seen = new Set<number>()
    let answer = await status(gender)
    const ready = await fetch(`${server.url}/ready`)
    if (answer === 503) assert.equal(ready.status, 503)
    while (answer !== 200) {
      seen.add(answer)
      await sleep(50)
      answer = await status(gender)
    }
    assert.deepEqual([...seen], [503])
    while ((await status('/ready')) !== 200) await sleep(50)
    assert.equal(await status('/fhir/ValueSet/nobody-knows'), 404)
    const counted = (await (await fetch(`${server.url}/fhir/CodeSystem?_summary=count`)).json()) as { total: number }
    assert.ok(counted.total > before)
  } finally {
    await server.stop()
  }
})
