import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineWriter } from '../src/line-writer.ts'

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

test('lines of one turn are written together, in order, and none twice', async () => {
  const written: string[] = []
  const line = lineWriter((lines) => written.push(lines))
  line('a')
  line('b')
  assert.deepEqual(written, [])
  await nextTurn()
  line('c')
  await nextTurn()
  await nextTurn()
  assert.deepEqual(written, ['a\nb\n', 'c\n'])
})
