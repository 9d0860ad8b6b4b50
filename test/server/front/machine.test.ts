import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { watchMachine } from '../../../src/server/front/machine.ts'

const day = 86_400_000

/** A machine whose disk and clocks are moved by hand. */
function machine({ free = 1_000_000_000 as number | Error, clock = '2026-12-01T00:00:00Z' } = {}) {
  const state = { free, clock: Date.parse(clock), elapsed: 0 }
  const told: string[] = []
  const watched = watchMachine({
    folders: ['/data', '/store'],
    diskFreeBytes: 100_000_000,
    releaseDate: '2026-11-25',
    now: () => new Date(state.clock),
    elapsed: () => state.elapsed,
    tell: (text, level) => told.push(`${level}: ${text}`),
    freeBytes: async (folder) => {
      if (state.free instanceof Error) throw state.free
      return folder === '/store' ? state.free : Number.MAX_SAFE_INTEGER
    },
  })
  watched.close()
  const part = (name: string) => watched.parts().find((each) => each.name === name)
  const pass = (seconds: number, bySystem = seconds) => {
    state.elapsed += seconds * 1000
    state.clock += bySystem * 1000
  }
  return { state, told, watched, part, pass }
}

describe('the disk', () => {
  const cases: { free: number | Error; ready: boolean; state: string; told: string[] }[] = [
    { free: 1_000_000_000, ready: true, state: 'room', told: [] },
    { free: 999_999_999, ready: true, state: 'nearly full', told: [] },
    { free: 100_000_000, ready: true, state: 'nearly full', told: [] },
    { free: 99_999_999, ready: false, state: 'full', told: ['error: disk: full (99 MB free)'] },
    { free: 0, ready: false, state: 'full', told: ['error: disk: full (0 MB free)'] },
    {
      free: new Error('/data is gone'),
      ready: false,
      state: 'unknown',
      told: ['error: disk: unknown (/data is gone)'],
    },
  ]
  for (const { free, ready, state, told } of cases)
    it(`with ${free} free is ${state}`, async () => {
      const { watched, part, told: lines } = machine({ free })
      await watched.look()
      await watched.look()
      assert.deepEqual([part('disk')?.ready, part('disk')?.state], [ready, state])
      assert.deepEqual(lines, told, 'told once')
      assert.doesNotMatch(JSON.stringify(part('disk')), /data/)
    })

  it('is not believed to have room before it was looked at', () => assert.equal(machine().part('disk')?.ready, false))

  it('is told when it has room again', async () => {
    const { state, watched, told, part } = machine({ free: 0 })
    await watched.look()
    state.free = 1_000_000_000
    await watched.look()
    assert.equal(part('disk')?.ready, true)
    assert.match(told.at(-1) ?? '', /^info: .*in order again/)
  })
})

describe('the clock', () => {
  const cases: { clock: string; ready: boolean }[] = [
    { clock: '2026-11-25T00:00:00Z', ready: true },
    { clock: '2026-11-24T01:00:00Z', ready: true },
    { clock: '2026-11-23T00:00:00Z', ready: false },
    { clock: '1970-01-01T00:00:10Z', ready: false },
    { clock: '2041-11-24T00:00:00Z', ready: true },
    { clock: '2041-11-26T00:00:00Z', ready: false },
    { clock: '2106-02-07T06:28:15Z', ready: false },
  ]
  for (const { clock, ready } of cases)
    it(`that shows ${clock} is ${ready ? '' : 'not '}plausible`, async () => {
      const { watched, part, told } = machine({ clock })
      await watched.look()
      assert.equal(part('clock')?.ready, ready)
      assert.equal(told.length, ready ? 0 : 1)
    })

  for (const [what, bySystem, jumps] of [
    ['keeps time', 10, false],
    ['is put right by a little', 12, false],
    ['is put back by an hour', -3590, true],
    ['is put forward by a day', day / 1000, true],
  ] as const)
    it(`that ${what} ${jumps ? 'is told' : 'is not told'}`, async () => {
      const { watched, pass, part, told } = machine()
      pass(10, bySystem)
      await watched.look()
      assert.equal(part('clock')?.state, jumps ? 'has jumped' : 'plausible')
      assert.equal(part('clock')?.ready, true)
      assert.equal(told.length, jumps ? 1 : 0)
      pass(10)
      await watched.look()
      assert.equal(told.length, jumps ? 1 : 0)
      pass(3700)
      await watched.look()
      assert.equal(part('clock')?.state, 'plausible')
      assert.equal(watched.largestJump() > 0, jumps)
    })
})
