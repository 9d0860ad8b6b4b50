/** What is shipped is fit to be active, and its content changes only with its version. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, mock, test } from 'node:test'
import { shippedContent, shippedRecord } from '../../scripts/record-content.ts'
import { openLoadedServer } from '../../src/cli/loaded-server.ts'
import { readConfig } from '../../src/config.ts'
import { isError } from '../../src/fhir/error.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { readRecord } from '../../src/publish/import/own-content.ts'
import { contentRecord } from '../../src/server.ts'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'
import { openTestServer } from '../support/loaded-server.ts'
import { ofType } from './own-content.ts'

test('every shipped artefact has the content that was recorded for its version', async () => {
  const [shipped, recorded] = [await shippedRecord(), readRecord(contentRecord)]
  const changed = Object.keys(shipped).filter((name) => shipped[name] !== recorded[name])
  assert.deepEqual(changed, [], 'raise the version, then run: node scripts/record-content.ts')
})

test('every shipped artefact passes the checks that everybody else must pass', async () => {
  const { server, close } = await openTestServer()
  try {
    const content = await shippedContent()
    for (const each of content) {
      const issues = await server.publish.check(each, content)
      assert.deepEqual(issues.filter(isError), [], `${each.resourceType}/${each.id}`)
    }
  } finally {
    await close()
  }
})

test('content that differs from what was published here does not come in with a new version of the software: it is told, and the start goes on', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-record-'))
  after(() => rmSync(dataDir, { recursive: true, force: true }))
  const [plan] = ofType('PlanDefinition')
  assert.ok(plan)
  const before = openSqlite(join(dataDir, 'vidimus.db'))
  const resource = { ...plan, title: 'As it was before' }
  await before.write([{ method: 'PUT', type: 'PlanDefinition', id: String(plan.id), resource }])
  await before.close()
  const told: string[] = []
  const silenced = mock.method(console, 'error', (text: string) => told.push(text))
  const start = () => openLoadedServer(readConfig({ DATA_DIR: dataDir, PORT: '0', ACCESS_LOG: 'off' }))
  // Told at every start until it is mended.
  for (const round of [1, 2]) {
    const server = await start()
    const stored: Resource | undefined = (await server.storage.read('PlanDefinition', String(plan.id)))?.resource
    assert.equal(stored && 'title' in stored ? stored.title : '', 'As it was before')
    assert.ok((await server.storage.count()).Library, 'what does not conflict is there')
    await server.close()
    assert.match(
      told.splice(0).join('\n'),
      new RegExp(`conflict: ${plan.url}.*\n[\\s\\S]*what is stored stays in use`),
      `start ${round}`,
    )
  }
  silenced.mock.restore()
})
