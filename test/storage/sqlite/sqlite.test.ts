import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../src/fhir/error.ts'
import { escapeValue, parseSearch } from '../../../src/fhir/search/parse-search.ts'
import { openStorage } from '../../../src/storage/open.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'
import { storageContract, valueSet } from '../contract.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-sqlite-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const newFile = () => join(folder, `${++files}.sqlite`)

storageContract('sqlite in memory', async (options) => openSqlite(':memory:', options))
storageContract('sqlite file', async (options) => openSqlite(newFile(), options))

const write = (id: string) => ({ method: 'PUT' as const, type: 'ValueSet', id, resource: valueSet(id) })

test('what was written is there after opening again', async () => {
  const file = newFile()
  const first = openSqlite(file)
  await first.write([write('a')])
  await first.close()
  const second = openSqlite(file)
  assert.equal((await second.read('ValueSet', 'a'))?.versionId, '1')
  assert.equal((await second.findCanonical('ValueSet', 'http://example.org/ValueSet/a')).length, 1)
  assert.equal(second.revision(), 1)
  await second.close()
})

test('two holders of one file see each other and do not overwrite', async () => {
  const file = newFile()
  const [left, right] = [openSqlite(file), openSqlite(file)]
  for (let i = 0; i < 20; i++) {
    await left.write([write(`l${i}`)])
    await right.write([write(`r${i}`)])
  }
  assert.deepEqual(await left.count(), { ValueSet: 40 })
  assert.equal(left.revision(), right.revision())
  await left.close()
  await right.close()
})

test('what was judged before another wrote is refused at once', async () => {
  const file = newFile()
  let tries = 0
  const [own, other] = [openSqlite(file, { now: () => ++tries }), openSqlite(file)]
  const types = ['ValueSet']
  const revision = own.revision(types)
  await other.write([write('a')])
  await assert.rejects(own.write([{ ...write('b'), judgedAt: [{ types, revision }] }]), { status: 409 })
  assert.equal(tries, 1)
  await own.close()
  await other.close()
})

test('a store that is asked knows what another holder wrote just now', async () => {
  const file = newFile()
  const [own, other] = [openSqlite(file, { elapsed: () => 0 }), openSqlite(file)]
  const types = ['ValueSet']
  assert.deepEqual([own.revision(), own.revision(types)], [0, 0])
  await other.write([write('a')])
  await own.catchUp()
  assert.deepEqual([own.revision(), own.revision(types)], [0, 0])
  await own.catchUp({ asks: true })
  assert.deepEqual([own.revision(), own.revision(types)], [1, 1])
  await own.close()
  await other.close()
})

test('the revision shows own writes at once, those of another holder five milliseconds later', async () => {
  const file = newFile()
  let clock = 0
  const [own, other] = [openSqlite(file, { elapsed: () => clock }), openSqlite(file)]
  const sets = ['ValueSet']
  assert.deepEqual([own.revision(), own.revision(sets)], [0, 0])
  await own.write([write('a')])
  assert.deepEqual([own.revision(), own.revision(sets)], [1, 1])
  await other.write([write('b')])
  assert.deepEqual([own.revision(), own.revision(sets)], [1, 1])
  clock += 5
  assert.deepEqual([own.revision(), own.revision(sets)], [2, 2])
  await own.close()
  await other.close()
})

test('a look after a look shows each write of another holder, and own ones between them', async () => {
  const file = newFile()
  let clock = 0
  const [own, other] = [openSqlite(file, { elapsed: () => clock }), openSqlite(file)]
  const sets = ['ValueSet']
  const looked = () => {
    clock += 5
    return [own.revision(), own.revision(sets)]
  }
  assert.deepEqual(looked(), [0, 0])
  for (let written = 1; written <= 6; written++) {
    await (written % 3 === 0 ? own : other).write([write(`v${written}`)])
    assert.deepEqual(looked(), [written, written])
    assert.deepEqual(looked(), [written, written])
  }
  // Of another connection of this process, as long transactions have one.
  await own.write(Array.from({ length: 30 }, (_, index) => write(`many${index}`)))
  assert.deepEqual([own.revision(), own.revision(sets)], [36, 36])
  await other.records.replace('kind', 'key', undefined, 'no version')
  assert.deepEqual(looked(), [36, 36])
  await own.close()
  await other.close()
})

test('a look that fails is no look: the next one is taken at once', async () => {
  const file = newFile()
  let clock = 0
  const own = openSqlite(file, { elapsed: () => clock })
  assert.equal(own.revision(), 0)
  // Nothing can be asked any more.
  await own.close()
  clock += 5
  assert.throws(() => own.revision(), { status: 503 })
  assert.throws(() => own.revision(), { status: 503 })
})

test('a store that another holds for too long answers 503', async () => {
  const file = newFile()
  const storage = openSqlite(file, { busyMilliseconds: 10 })
  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  await assert.rejects(storage.write([write('a')]), { status: 503 })
  other.exec('ROLLBACK')
  other.close()
  await storage.write([write('a')])
  await storage.close()
})

test('while another process writes, a write waits and everything else goes on', async () => {
  const file = newFile()
  const storage = openSqlite(file)
  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  // The lock is given back by work of this very process: a wait that held the event loop would never end well.
  setTimeout(() => other.exec('ROLLBACK'), 60)
  const order: string[] = []
  const writing = storage.write([write('a')]).then(() => order.push('written'))
  assert.equal(await storage.read('ValueSet', 'a'), undefined)
  order.push('read')
  await Promise.all([writing, storage.derived.set('kind', 'key', 'value')])
  assert.deepEqual(order, ['read', 'written'])
  assert.equal((await storage.read('ValueSet', 'a'))?.versionId, '1')
  other.close()
  await storage.close()
})

test('a store of before tells what it had published', async () => {
  const file = newFile()
  const first = openSqlite(file)
  const url = 'http://example.org/ValueSet/x'
  const put = (resource: ReturnType<typeof valueSet>) => ({ ...write(String(resource.id)), resource })
  const { version: _, ...inside } = valueSet('c', { url: `${url}|2` })
  await first.write([
    put(valueSet('a', { url })),
    put(valueSet('b', { url, version: '9', status: 'draft' })),
    put(inside),
  ])
  await first.write([put(valueSet('a', { url, version: '1.1.0' })), { ...write('c'), method: 'DELETE' }])
  await first.close()
  const database = new DatabaseSync(file)
  database.exec('DROP TABLE active_canonical; DROP TABLE record; PRAGMA user_version = 1')
  database.close()
  const second = openSqlite(file)
  const found = async (version: string) => (await second.published('ValueSet', { url, version }))?.id
  assert.deepEqual(await Promise.all(['1.0.0', '1.1.0', '2', '9', ''].map(found)), [
    'a',
    'a',
    'c',
    undefined,
    undefined,
  ])
  await second.close()
})

test('any search is answered or refused with a FhirError', async () => {
  const storage = openSqlite(':memory:')
  await storage.write([write('a')])
  const names = [
    'name',
    'status',
    'url',
    'date',
    '_text',
    '_content',
    'context-quantity',
    '_lastUpdated',
    'context-type-value',
    'reference',
  ]
  const modifiers = ['', '', ':exact', ':contains', ':missing', ':not', ':text', ':above', ':below']
  const name = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...modifiers)).map((each) => each.join(''))
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('true', '2024', 'ge5', 'a$b', 'x|y', 'http://a/b/c', '"', '*', 'gt1|s|c', 'NEAR(a b)'),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, value), { maxLength: 4 }), async (pairs) => {
      try {
        await storage.search({ ...parseSearch('ValueSet', pairs), total: 'accurate' })
      } catch (error) {
        assert.ok(error instanceof FhirError, String(error))
      }
    }),
    { numRuns: 500 },
  )
  await storage.close()
})

test('any name is found by itself', async () => {
  const storage = openSqlite(':memory:')
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), async (text) => {
      fc.pre(!text.includes('\u0000'))
      await storage.write([{ method: 'PUT', type: 'ValueSet', id: 'x', resource: valueSet('x', { name: text }) }])
      for (const parameter of ['name', 'name:exact', 'name:contains']) {
        const page = await storage.search(parseSearch('ValueSet', [[parameter, escapeValue(text)]]))
        assert.equal(page.matches.length, 1, parameter)
      }
    }),
    { numRuns: 200 },
  )
  await storage.close()
})

test('an outdated index is made anew at start', async () => {
  const file = newFile()
  const first = openSqlite(file)
  await first.write([write('a'), write('b')])
  await first.close()
  const database = new DatabaseSync(file)
  database.exec(`DELETE FROM text_index; UPDATE setting SET value = 'old' WHERE name = 'index'`)
  database.close()
  const second = openSqlite(file)
  const conditions = [{ parameter: 'name', values: [{ value: 'seta' }] }]
  const page = await second.search({ type: 'ValueSet', conditions, sort: [], count: 5, total: 'none' })
  assert.equal(page.matches.length, 1)
  await second.close()
})

test('files that are no usable store stop the start with a reason', async () => {
  const text = newFile()
  writeFileSync(text, 'this is not a database, and long enough to be looked at as one'.repeat(40))
  assert.throws(() => openSqlite(text), /not usable: it cannot be read .*not a database/)
  const foreign = newFile()
  const other = new DatabaseSync(foreign)
  other.exec('CREATE TABLE t (x)')
  other.close()
  assert.throws(() => openSqlite(foreign), /database of another program/)
  const newer = newFile()
  await openSqlite(newer).close()
  const database = new DatabaseSync(newer)
  database.exec('PRAGMA user_version = 999')
  database.close()
  assert.throws(() => openSqlite(newer), /newer version of vidimus \(schema 999/)
})

test('URLs choose the storage', async () => {
  const storage = await openStorage('sqlite:', { dataDir: join(folder, 'data', 'new') })
  await storage.write([write('a')])
  await storage.close()
  const again = await openStorage('sqlite:vidimus.db', { dataDir: join(folder, 'data', 'new') })
  assert.deepEqual(await again.count(), { ValueSet: 1 })
  await again.close()
  await (await openStorage('sqlite::memory:', { dataDir: folder })).close()
  await assert.rejects(openStorage('mongodb://user:secret@', { dataDir: folder }), (error: Error) => {
    return /takes hosts and a database/.test(error.message) && !error.message.includes('secret')
  })
  await assert.rejects(openStorage('postgres://x', { dataDir: folder }), /scheme postgres: is unknown/)
  await assert.rejects(openStorage('nothing', { dataDir: folder }), /no scheme/)
})
