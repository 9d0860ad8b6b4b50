/** What processes that were killed have left beside a store, also one whose number this process has: in a container all have the same. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { maintainedSqlite } from '../../../src/storage/sqlite/hold.ts'
import { placeSqlite } from '../../../src/storage/sqlite/place.ts'

const root = mkdtempSync(join(tmpdir(), 'vidimus-left-'))
after(() => rmSync(root, { recursive: true, force: true }))
const numbers = [0, 1, 2, 3, 4, 5, 6, 7]

test('a store is begun where one of the same number was killed at that', async () => {
  const file = join(mkdtempSync(join(root, 'placed-')), 'vidimus.db')
  for (const number of numbers) writeFileSync(`${file}.${process.pid}-${number}.tmp`, 'half')
  const other = `${file}.${process.pid}-0.tmp.txt`
  writeFileSync(other, 'another file')
  async function* pieces() {
    yield Buffer.from('whole')
    // Another one that begins meanwhile leaves this one's file where it is.
    assert.equal(await placeSqlite(file, (async function* () {})()), true)
  }
  assert.equal(await placeSqlite(file, pieces()), false)
  assert.equal(readFileSync(file, 'utf8'), '')
  assert.deepEqual(readdirSync(join(file, '..')).sort(), ['vidimus.db', `vidimus.db.${process.pid}-0.tmp.txt`])
  assert.ok(existsSync(other))
})

test('a filling of the same number that was killed is thrown away by the next one; one that is in work stays', async () => {
  const file = join(mkdtempSync(join(root, 'filled-')), 'vidimus.db')
  for (const number of numbers)
    for (const end of ['', '-wal', '-shm']) writeFileSync(`${file}.restoring-${process.pid}-9${number}${end}`, '')
  const fill = () => maintainedSqlite(file).fill({ source: 'a', replace: false })
  const [one, two] = [await fill(), await fill()]
  const made = [one, two].flatMap(({ moves }) => moves.map(({ from }) => from))
  const whole = readdirSync(join(file, '..')).filter((name) => /-\d+$/.test(name))
  assert.deepEqual(whole.map((name) => join(file, '..', name)).sort(), made.sort())
  await one.abandon()
  await two.abandon()
  assert.deepEqual(readdirSync(join(file, '..')), [])
})
