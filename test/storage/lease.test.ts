import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keptLease, LEASE_MILLISECONDS, leaseTaker, onlyAlone, takeTurn } from '../../src/storage/lease.ts'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'

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

test('what was given back and taken anew between two looks is not taken for gone', async () => {
  const { a, b } = processes()
  const first = await a.taker.take()
  assert.ok(first)
  assert.equal(await b.taker.take(), undefined)
  b.watch.at += LEASE_MILLISECONDS
  await first.release(undefined)
  const again = await a.taker.take()
  assert.ok(again)
  assert.equal(await b.taker.take(), undefined)
  assert.equal(await again.isHeld(), true)
  await again.release(undefined)
})

test('a clock that is an hour off on one of two machines makes no two holders, and no waiting', async () => {
  const { a, b } = processes()
  const real = Date.now
  const held = await a.taker.take()
  try {
    Date.now = () => real() + 3_600_000
    assert.equal(await b.taker.take(), undefined)
    Date.now = () => real() - 3_600_000
    assert.equal(await b.taker.take(), undefined)
    await held?.release(undefined)
    assert.ok(await b.taker.take())
  } finally {
    Date.now = real
  }
})

test('a lease that is lost beats no more', async (t) => {
  const { records } = openSqlite(':memory:')
  let clock = 0
  const kept = keptLease({ records, job: 'audit', elapsed: () => clock })
  assert.equal(await kept.isHeld(), true)
  const [record] = await records.all('lease')
  assert.ok(record)
  await records.replace('lease', record.key, record.value, '{"holder":"other","beat":1,"runs":0,"done":""}')
  const cleared = t.mock.method(globalThis, 'clearInterval')
  clock += LEASE_MILLISECONDS
  assert.equal(await kept.isHeld(), false)
  assert.equal(cleared.mock.callCount(), 1)
})

test('work is done in turn: who comes second waits, is told so once, and sees what the first has done', async () => {
  const { records } = openSqlite(':memory:')
  const order: string[] = []
  let go = () => {}
  const started = new Promise<void>((resolve) => {
    void takeTurn({ records, job: 'import' }, async () => {
      order.push('first begins')
      resolve()
      await new Promise<void>((done) => {
        go = done
      })
      order.push('first ends')
    })
  })
  await started
  const waits = () => {
    order.push('second waits')
    go()
  }
  assert.equal(await takeTurn({ records, job: 'import', waits }, async () => order.push('second')), 4)
  assert.deepEqual(order, ['first begins', 'second waits', 'first ends', 'second'])
  assert.equal(await takeTurn({ records, job: 'another' }, async (isHeld) => isHeld()), true)
})

test('who waits for his turn is called off by the signal', async () => {
  const { records } = openSqlite(':memory:')
  const { promise, resolve } = Promise.withResolvers<void>()
  const first = takeTurn({ records, job: 'import' }, () => promise)
  const stopping = new AbortController()
  const waits = () => stopping.abort(new Error('called off'))
  await assert.rejects(takeTurn({ records, job: 'import', waits, signal: stopping.signal }, async () => {}))
  resolve()
  await first
})

test('work whose turn was lost while the process stood still is told so', async () => {
  const { records } = openSqlite(':memory:')
  const watch = { at: 0 }
  const elapsed = () => watch.at
  await takeTurn({ records, job: 'import', elapsed }, async (isHeld) => {
    assert.equal(await isHeld(), true)
    const text = await records.get('lease', 'import')
    await records.replace('lease', 'import', text, JSON.stringify({ holder: 'other', beat: 0, runs: 0, done: '' }))
    watch.at += 60_000
    assert.equal(await isHeld(), false)
    assert.equal(await isHeld(), false)
  })
  assert.match((await records.get('lease', 'import')) ?? '', /other/)
})

test('work that is passed over while another does it, and a lease that is kept until it is given back', async () => {
  const { records } = openSqlite(':memory:')
  const [one, two] = [onlyAlone({ records, job: 'x' }), onlyAlone({ records, job: 'x' })]
  assert.deepEqual(await one(async () => [await two(async () => 1)]), [undefined])
  assert.equal(await two(async () => 2), 2)
  const [kept, other] = [keptLease({ records, job: 'y' }), keptLease({ records, job: 'y' })]
  assert.deepEqual([await kept.isHeld(), await other.isHeld(), await kept.isHeld()], [true, false, true])
  await kept.close()
  assert.deepEqual([await other.isHeld(), await kept.isHeld()], [true, false])
  await other.close()
})
