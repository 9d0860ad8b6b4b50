import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'

const module = new URL('../../../src/cli/start/young-generation.ts', import.meta.url).href

/** The most megabytes that the space for new objects had in a process that made many which soon are no more: V8 also takes space back. */
function newSpaceAfter(call: string): number {
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8'
    import * as generation from '${module}'
    ${call}
    const kept = []
    let most = 0
    for (let i = 0; i < 2_000_000; i++) {
      kept[i % 100_000] = { i, list: [i] }
      if (i % 10_000 > 0) continue
      most = Math.max(most, getHeapSpaceStatistics().find((each) => each.space_name === 'new_space').space_size / 2 ** 20)
    }
    console.log(most)`
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }))
}

describe('The space for new objects', () => {
  it('stays as small as it is at the start where that is wanted, and grows otherwise', () => {
    const between = 20 // a space that grows has 32 megabytes and more, one that does not 5 to 13
    assert.ok(newSpaceAfter('') > between)
    assert.ok(newSpaceAfter('generation.keepYoungGeneration()') < between)
    assert.ok(newSpaceAfter('generation.keepHeapSmall()') < between)
  })
})
