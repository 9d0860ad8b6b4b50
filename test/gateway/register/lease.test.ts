import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LEASE_MILLISECONDS, leaseTaker } from '../../../src/gateway/register/lease.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'

/** Two processes over one store, each with a stopwatch of its own. */
function processes() {
  const { records } = openSqlite(':memory:')
  const make = (holder: string) => {
    const watch = { at: 0 }
    return { watch, taker: leaseTaker({ records, job: 'main', holder, elapsed: () => watch.at }) }
  }
  return { a: make('a'), b: make('b'), records }
}

test('one holds it, the other waits, and gets it when it is given back', async () => {
  const { a, b } = processes()
  const held = await a.taker.take()
  assert.ok(held)
  assert.equal(await held.isHeld(), true)
  assert.equal(await b.taker.take(), undefined)
  await held.release(undefined)
  const next = await b.taker.take()
  assert.ok(next)
  assert.equal(await a.taker.take(), undefined)
  await next.release(undefined)
})

test('a holder that is gone is followed after the count stood still, by the stopwatch of who waits', async () => {
  const { a, b } = processes()
  const dead = await a.taker.take()
  assert.ok(dead)
  assert.equal(await b.taker.take(), undefined)
  b.watch.at += LEASE_MILLISECONDS - 1
  assert.equal(await b.taker.take(), undefined)
  b.watch.at += 1
  const next = await b.taker.take()
  assert.ok(next)
  // The old one was only slow: it sees that it has lost it, changes nothing, and takes nothing away.
  assert.equal(await dead.isHeld(), false)
  await dead.release('done')
  assert.equal(await next.isHeld(), true)
  await next.release(undefined)
})

test('a holder that counts keeps it, however long', async () => {
  const { a, b } = processes()
  const held = await a.taker.take()
  assert.ok(held)
  for (let minute = 0; minute < 10; minute++) {
    assert.equal(await b.taker.take(), undefined)
    b.watch.at += LEASE_MILLISECONDS
    assert.equal(await held.isHeld(), true)
  }
  await held.release(undefined)
})

test('of two that take it at one moment, one gets it', async () => {
  const { a, b } = processes()
  const both = await Promise.all([a.taker.take(), b.taker.take()])
  assert.equal(both.filter((each) => each !== undefined).length, 1)
  for (const held of both) await held?.release(undefined)
})

test('what another has brought to its end need not be done again, once', async () => {
  const { a, b } = processes()
  await (await a.taker.take())?.release('news 1')
  // Who has just come does not know what was before.
  assert.equal(await b.taker.isDoneByOthers('news 1'), false)
  await (await b.taker.take())?.release('news 1')
  assert.equal(await b.taker.isDoneByOthers('news 1'), false)
  await (await a.taker.take())?.release('news 2')
  assert.equal(await b.taker.isDoneByOthers('news 2'), true)
  assert.equal(await b.taker.isDoneByOthers('news 2'), false)
  // What was not brought to its end is no news.
  await (await a.taker.take())?.release(undefined)
  assert.equal(await b.taker.isDoneByOthers('news 2'), false)
  await (await a.taker.take())?.release('news 3')
  assert.equal(await b.taker.isDoneByOthers('news 2'), false)
})

test('a record that nobody understands holds nothing', async () => {
  for (const text of ['', '{', '[]', 'null', '{"holder":7}', '{"holder":"x"}']) {
    const { a, records } = processes()
    await records.replace('gateway-lease', 'main', undefined, text)
    const held = await a.taker.take()
    assert.ok(held, text)
    await held.release(undefined)
  }
})
