import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'

const module = new URL('../../../src/cli/start/young-generation.ts', import.meta.url).href

/** Megabytes of the space for new objects in a process that made many which soon are no more. */
function newSpaceAfter(call: string): number {
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8'
    import * as generation from '${module}'
    ${call}
    const kept = []
    for (let i = 0; i < 2_000_000; i++) kept[i % 100_000] = { i, list: [i] }
    console.log(getHeapSpaceStatistics().find((each) => each.space_name === 'new_space').space_size / 2 ** 20)`
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }))
}

describe('The space for new objects', () => {
  it('stays as small as it is at the start where that is wanted, and grows otherwise', () => {
    assert.ok(newSpaceAfter('') > 32)
    assert.ok(newSpaceAfter('generation.keepYoungGeneration()') <= 8)
    assert.ok(newSpaceAfter('generation.keepHeapSmall()') <= 8)
  })
})
