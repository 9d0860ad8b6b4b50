/** A worker that comes to lead. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { it } from 'node:test'

it('is told when it cannot begin what the lead does', { timeout: 30_000 }, async () => {
  const child = fork(join(import.meta.dirname, 'leading.ts'))
  child.send({ topic: 'begin', body: { id: 1, isLead: false, workers: 2, ready: 1 } })
  const ended = once(child, 'exit')
  const [letter] = await once(child, 'message')
  assert.equal(letter.topic, 'ready')
  child.send({ topic: 'lead', body: true })
  // Where nobody is told it goes on, leads, and does nothing.
  const late = setTimeout(() => child.kill(), 10_000)
  const [code] = await ended
  clearTimeout(late)
  assert.equal(code, 7)
})
