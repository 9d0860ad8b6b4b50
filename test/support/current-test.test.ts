import assert from 'node:assert/strict'
import { executionAsyncId } from 'node:async_hooks'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

/** Everything that Node looks up the current test for, in each place where it has to be remembered. */
const example = `
import { after, before, describe, getTestContext, it, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
describe('suite', () => {
  before(() => sleep(1))
  it('takes what is said after it waited', async () => {
    await sleep(2)
    after(() => console.log('after one'))
    await it('below it', () => sleep(1))
    console.log('here: ' + getTestContext().name)
  })
  it('errors of a timer', async () => {
    await sleep(1)
    setTimeout(() => { throw new Error('late') }, 2)
    await sleep(200)
  })
  it('rejected and forgotten', async () => {
    await sleep(1)
    Promise.reject(new Error('forgotten'))
    await sleep(200)
  })
  describe('suite in it', () => {
    after(() => console.log('after the inner suite'))
    it('is empty', () => {})
  })
})
test('side by side', { concurrency: true }, async (t) => {
  await Promise.all(['a', 'b', 'c'].map((name, at) => t.test(name, async () => {
    await sleep(3 - at)
    after(() => console.log('after ' + name))
    if (name === 'b') setTimeout(() => { throw new Error('of b') }, 2)
    await sleep(100)
  })))
})
test('over before its error', () => void setTimeout(() => { throw new Error('too late') }, 20))
test('the last', () => sleep(200))
`
const folder = mkdtempSync(join(tmpdir(), 'vidimus-current-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))

describe('node:test without hooks of promises', () => {
  it('runs, names and fails the same', () => {
    const file = join(folder, 'example.mjs')
    writeFileSync(file, example)
    const preload = join(import.meta.dirname, 'test-process.ts')
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const run = (...options: string[]) => {
      const ran = spawnSync(process.execPath, [...options, '--test-reporter=tap', file], { encoding: 'utf8', env })
      // Times are not compared, nor how deep in Node an error was thrown.
      const lines = ran.stdout.split('\n').filter((line) => !/duration_ms|^\s+(?:at )?\S* ?\(?node:internal/.test(line))
      // What tests print that run side by side stands among the lines of the report in whatever order they came to it.
      const isPrinted = (line: string) => /^(?:after|here)/.test(line)
      return {
        status: ran.status,
        printed: lines.filter(isPrinted).sort(),
        lines: lines.filter((line) => !isPrinted(line)),
      }
    }
    const [plain, ours] = [run(), run('--import', preload)]
    assert.equal(plain.status, 1)
    const text = [...plain.lines, ...plain.printed].join('\n')
    for (const said of ['after one', 'here: takes what', 'after the inner', 'after b', 'late', 'forgotten', 'too late'])
      assert.ok(text.includes(said), `${said}\n${text}`)
    assert.deepEqual(ours, plain)
  })

  // With hooks each continuation has a number of its own.
  it('is in force here', {
    skip: !process.execArgv.some((each) => each.includes('test-process')) && 'run without it',
  }, async () => {
    await null
    const first = executionAsyncId()
    await null
    assert.equal(executionAsyncId(), first)
  })
})
