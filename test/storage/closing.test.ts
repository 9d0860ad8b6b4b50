/** What becomes of work over a store while it is closed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createClosing, shuttingDown } from '../../src/storage/closing.ts'

test('what runs is waited for, what comes is refused', async () => {
  const closing = createClosing()
  const gate = Promise.withResolvers<string>()
  let isClosed = false
  const running = closing.run(() => gate.promise)
  const closed = closing.close().then(() => {
    isClosed = true
  })
  assert.equal(closing.isClosing(), true)
  await assert.rejects(
    closing.run(() => assert.fail('it was begun')),
    { status: 503, headers: { 'Retry-After': '5' } },
  )
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([isClosed, closing.signal.aborted], [false, false])
  gate.resolve('done')
  assert.equal(await running, 'done')
  await closed
})

test('what takes too long is told to break off, and what fails is waited for as well', async () => {
  const closing = createClosing()
  const ends: string[] = []
  const late = closing.run(
    () =>
      new Promise((_, reject) => {
        closing.signal.addEventListener('abort', () => setImmediate(() => reject(shuttingDown())))
      }),
  )
  const told = late.catch((error: unknown) => ends.push(String(error)))
  await closing.close(20)
  await told
  assert.deepEqual([ends, closing.signal.aborted], [[String(shuttingDown())], true])
})

test('what never ends holds no server up', async () => {
  const closing = createClosing()
  closing.run(() => new Promise(() => {})).catch(assert.fail)
  await closing.close(20)
  assert.equal(closing.signal.aborted, true)
})

test('nothing is waited for where nothing runs', async () => {
  const closing = createClosing()
  await closing.run(async () => 1)
  await assert.rejects(
    closing.run(async () => {
      throw new Error('own')
    }),
    /own/,
  )
  // An hour: the test would not end.
  await closing.close(3_600_000)
})
