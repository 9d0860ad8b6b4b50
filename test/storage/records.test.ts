import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'
import { valueSet } from './contract.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-records-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('two processes that count one record up lose no step', async () => {
  const file = join(folder, 'count.sqlite')
  const times = 300
  const counter = [join(import.meta.dirname, 'counter.ts'), file, String(times)]
  await Promise.all([0, 1].map(() => promisify(execFile)(process.execPath, counter)))
  const storage = openSqlite(file)
  assert.equal(await storage.records.get('count', 'a'), String(2 * times))
  await storage.close()
})

test('records are there after opening again, and a store of before gets room for them', async () => {
  const file = join(folder, 'before.sqlite')
  const first = openSqlite(file)
  await first.write([{ method: 'PUT', type: 'ValueSet', id: 'a', resource: valueSet('a') }])
  await first.close()
  const database = new DatabaseSync(file)
  database.exec('DROP TABLE record; PRAGMA user_version = 2')
  database.close()
  const second = openSqlite(file)
  assert.equal(await second.records.replace('k', 'a', undefined, 'one'), true)
  await second.close()
  const third = openSqlite(file)
  assert.equal(await third.records.get('k', 'a'), 'one')
  assert.equal((await third.read('ValueSet', 'a'))?.versionId, '1')
  await third.close()
})

test('a store that another holds for too long answers 503, and what stood there stays', async () => {
  const file = join(folder, 'held.sqlite')
  const storage = openSqlite(file, { busyMilliseconds: 10 })
  await storage.records.replace('k', 'a', undefined, 'one')
  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  await assert.rejects(storage.records.replace('k', 'a', 'one', 'two'), { status: 503 })
  assert.equal(await storage.records.get('k', 'a'), 'one')
  other.exec('ROLLBACK')
  other.close()
  assert.equal(await storage.records.replace('k', 'a', 'one', 'two'), true)
  await storage.close()
})
