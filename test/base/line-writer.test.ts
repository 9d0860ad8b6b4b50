import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineWriter } from '../../src/base/line-writer.ts'

test('lines are written together, in order, and none twice', async () => {
  const written: string[] = []
  const lines = await new Promise<string>((resolve) => {
    const writer = lineWriter(resolve)
    writer.line('a')
    writer.line('b')
  })
  assert.equal(lines, 'a\nb\n')
  const writer = lineWriter((each) => written.push(each))
  writer.flush()
  writer.line('c')
  writer.flush()
  writer.flush()
  assert.deepEqual(written, ['c\n'])
})

test('what waits is bounded', () => {
  const written: string[] = []
  const writer = lineWriter((each) => written.push(each))
  for (let i = 0; i < 1000; i++) writer.line('x'.repeat(999))
  writer.flush()
  assert.equal(written.join('').length, 1_000_000)
  assert.ok(written.length > 10 && written.every((each) => each.length <= 70_000))
})
