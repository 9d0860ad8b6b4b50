import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'
import { beginSlices, writeSlices } from '../../../src/storage/sqlite/write-slices.ts'
import type { Write } from '../../../src/storage/storage.ts'
import { valueSet } from '../contract.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-slices-'))
after(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const open = () => openSqlite(join(folder, `${++files}.sqlite`))
const puts = (count: number, title: string): Write[] =>
  Array.from({ length: count }, (_, i) => ({
    method: 'PUT' as const,
    type: 'ValueSet',
    id: `v-${i}`,
    resource: valueSet(`v-${i}`, { title }),
  }))

test('while a large transaction is worked off others read the state before it, and write after it', async () => {
  const storage = open()
  await storage.write(puts(1, 'before'))
  let isDone = false
  const large = storage.write(puts(600, 'large')).finally(() => {
    isDone = true
  })
  const small = storage.write([{ method: 'PUT', type: 'ValueSet', id: 'small', resource: valueSet('small') }])
  let reads = 0
  while (!isDone) {
    const seen = [(await storage.read('ValueSet', 'v-0'))?.versionId, (await storage.count()).ValueSet]
    if (!isDone && storage.revision() === 1) {
      assert.deepEqual(seen, ['1', 1])
      reads++
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(reads > 0, 'nobody had a turn')
  const written = await large
  assert.deepEqual(
    written.map(({ outcome }) => outcome),
    ['updated', ...Array.from({ length: 599 }, () => 'created')],
  )
  await small
  assert.equal(storage.revision(), 602)
  assert.equal((await storage.read('ValueSet', 'v-599'))?.versionId, '1')
  await storage.close()
})

test('one that is broken off because the store is closed leaves nothing, and says so', async () => {
  const file = join(folder, `${++files}.sqlite`)
  const storage = openSqlite(file)
  await storage.write(puts(1, 'before'))
  const writes = puts(600, 'large')
  const closing = new AbortController()
  const writing = writeSlices(beginSlices(file, Date.now, writes), writes, closing.signal)
  closing.abort()
  await assert.rejects(writing, { status: 503, headers: { 'Retry-After': '5' } })
  assert.deepEqual([storage.revision(), await storage.count()], [1, { ValueSet: 1 }])
  // Nor is anything held that others wait for.
  await storage.write(puts(2, 'after'))
  await storage.close()
})

test('one that is refused at its end leaves nothing', async () => {
  const storage = open()
  await storage.write(puts(1, 'before'))
  const refuses: Write = {
    ...puts(1, 'other')[0],
    method: 'PUT',
    type: 'ValueSet',
    unlessInForce: () => {
      throw new Error('refused')
    },
  }
  await assert.rejects(storage.write([...puts(300, 'large').slice(1), refuses]), /refused/)
  assert.equal(storage.revision(), 1)
  assert.deepEqual(await storage.count(), { ValueSet: 1 })
  assert.deepEqual((await storage.history({ count: 10 })).matches.length, 1)
  await storage.write(puts(2, 'after'))
  await storage.close()
})

test('two large ones at once come one after the other', async () => {
  const storage = open()
  const [first, second] = await Promise.all([storage.write(puts(80, 'first')), storage.write(puts(80, 'second'))])
  assert.deepEqual(new Set(first.map(({ outcome }) => outcome)), new Set(['created']))
  assert.deepEqual(new Set(second.map(({ outcome }) => outcome)), new Set(['updated']))
  await storage.close()
})

test('a store that is closed meanwhile does not know of half of it', async () => {
  const file = join(folder, 'closed.sqlite')
  const storage = openSqlite(file)
  const large = storage.write(puts(400, 'large'))
  await storage.close()
  await large
  const again = openSqlite(file)
  assert.deepEqual(await again.count(), { ValueSet: 400 })
  await again.close()
})
