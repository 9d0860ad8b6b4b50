import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'
import { parseSearch } from '../../../src/fhir/search/parse-search.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'
import { runCommand } from '../../support/run-command.ts'
import { backUp, contents, faultsOf, restore } from '../backup/support.ts'
import { newestSchema, oldSchemas, publishedNames, writeOldStore } from './old-stores.ts'

const root = mkdtempSync(join(tmpdir(), 'vidimus-migrations-'))
after(() => rmSync(root, { recursive: true, force: true }))
let made = 0
const newFolder = () => {
  const folder = join(root, String(++made))
  mkdirSync(folder)
  return folder
}
const schemaOf = (file: string) => {
  const database = new DatabaseSync(file, { readOnly: true })
  const tables = database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all()
  const number = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  database.close()
  return { number, names: tables.map(({ type, name }) => `${type} ${name}`) }
}

test('the newest schema of the fixtures is that of a new store', async () => {
  const [old, fresh] = [join(newFolder(), 'a'), join(newFolder(), 'b')]
  const newest = oldSchemas.at(-1)
  assert.ok(newest)
  writeOldStore(old, newest)
  await openSqlite(fresh).close()
  assert.deepEqual(schemaOf(old), schemaOf(fresh))
  assert.equal(schemaOf(fresh).number, newestSchema)
})

for (const schema of oldSchemas)
  describe(`a store of schema ${schema.name}`, () => {
    const write = () => {
      const folder = newFolder()
      writeOldStore(join(folder, 'vidimus.db'), schema)
      return folder
    }
    const looksRight = async (folder: string) => {
      const storage = openSqlite(join(folder, 'vidimus.db'))
      const names = (await storage.publications()).map(({ url, version }) => `${url}|${version}`)
      assert.deepEqual(names, publishedNames)
      assert.equal((await storage.history({ count: 100 })).matches.length, 6)
      assert.equal((await storage.read('ValueSet', 'd'))?.resource, undefined)
      const query = {
        ...parseSearch('ValueSet', [['title', 'second']]),
        count: 10,
        total: 'none' as const,
      }
      assert.deepEqual(
        (await storage.search(query)).matches.map(({ id, versionId }) => `${id}/${versionId}`),
        ['a/2'],
      )
      const kept = await storage.records.get('kind', 'key')
      assert.equal(kept, schema.number >= 3 ? 'value' : undefined)
      await storage.records.replace('new', 'record', undefined, 'x')
      await storage.write([{ method: 'DELETE', type: 'ValueSet', id: 'c' }])
      await storage.close()
      assert.deepEqual(await faultsOf(folder), [])
    }

    test('is brought up to date', () => looksRight(write()))

    test('is backed up as it stands, unchanged, and comes back into the schema of today', async () => {
      const folder = write()
      await backUp(folder, join(folder, 'backup'))
      assert.equal(schemaOf(join(folder, 'vidimus.db')).number, schema.number)
      const to = newFolder()
      await restore(to, join(folder, 'backup'))
      assert.deepEqual(await contents(to), await contents(folder))
      assert.equal(schemaOf(join(to, 'vidimus.db')).number, newestSchema)
      await looksRight(to)
    })

    if (schema.number < newestSchema)
      test('that cannot be brought up to date is as it was', {
        skip: schema.number === newestSchema && 'it is up to date',
      }, async () => {
        const folder = write()
        const file = join(folder, 'vidimus.db')
        const database = new DatabaseSync(file)
        // What the last step makes is there: those before it are undone as well.
        database.exec('CREATE TABLE record (a)')
        database.close()
        const before = schemaOf(file)
        assert.throws(
          () => openSqlite(file),
          /cannot be brought from schema \d to \d .* and is as it was\. Keep a backup/,
        )
        assert.deepEqual(schemaOf(file), before)
      })
  })

test('a store of a newer version is not read by any command, and stays as it is', async () => {
  const folder = newFolder()
  const file = join(folder, 'vidimus.db')
  await openSqlite(file).close()
  const database = new DatabaseSync(file)
  database.exec(`PRAGMA user_version = ${newestSchema + 1}; CREATE TABLE tomorrow (a)`)
  database.close()
  const before = readFileSync(file)
  for (const command of [
    ['serve'],
    ['backup', join(folder, 'backup')],
    ['storage', 'check'],
    ['import', import.meta.filename],
  ]) {
    const { code, stderr } = await runCommand(command, { DATA_DIR: folder, PORT: '0' })
    assert.equal(code, 2, stderr)
    assert.match(stderr, /written by a newer version of vidimus \(schema \d+, this version knows up to \d+\)/)
  }
  assert.ok(before.equals(readFileSync(file)))
})

test('a table that is not known is never left out of a backup in silence', async () => {
  const folder = newFolder()
  const file = join(folder, 'vidimus.db')
  await openSqlite(file).close()
  const database = new DatabaseSync(file)
  database.exec('CREATE TABLE signature (a)')
  database.close()
  await assert.rejects(backUp(folder, join(folder, 'backup')), /tables that are not known here: signature/)
})
