/** Whether another replica is there, of which a job is asked for. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { createReplica, jobsOfReplica } from '../../../src/server/workers/replicas.ts'
import { openStorage } from '../../../src/storage/open.ts'
import { until } from '../../support/workers.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-presence-'))
after(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(join(folder, 'replica'), '7')

it('a job of a replica that counts up no more is no more, after a while', async () => {
  const { records, close } = await openStorage('sqlite::memory:', { dataDir: '.' })
  let clock = 0
  const jobs = jobsOfReplica({ dataDir: folder }, records, undefined, () => clock)
  const ask = () => jobs.ask({ process: 800_000, action: 'status', id: 'a', owner: 'o' })
  assert.equal(await ask(), undefined)
  await records.replace('replica', '8', undefined, '{"beat":1}')
  await assert.rejects(ask(), { status: 503 })
  clock = 9_000
  await assert.rejects(ask(), { status: 503 })
  await records.replace('replica', '8', '{"beat":1}', '{"beat":2}')
  clock = 60_000
  await assert.rejects(ask(), { status: 503 })
  clock = 71_000
  assert.equal(await ask(), undefined)
  await records.replace('replica', '8', '{"beat":2}', '{"beat":3}')
  await assert.rejects(ask(), { status: 503 })
  await close()
})

type Records = Awaited<ReturnType<typeof openStorage>>['records']

/** A server as one of several, by a clock that moves when it waits; what it told is kept. */
function replica(
  records: Records,
  more: { group?: string; production?: boolean; signs?: string; dataDir?: string } = {},
) {
  const told: string[] = []
  const waits: number[] = []
  const { group, production = false, signs, dataDir = folder } = more
  const made = createReplica({
    config: { dataDir, storageUrl: 'mongodb://x', production, authority: { clients: [] } as never },
    records,
    signing: { current: () => (signs === undefined ? undefined : ({ keyId: signs } as never)) },
    tell: (text) => void told.push(text),
    group,
    elapsed: () => waits.reduce((sum, each) => sum + each, 0),
    async pause(milliseconds) {
      waits.push(milliseconds)
      await new Promise((next) => setImmediate(next))
    },
  })
  return { ...(made ?? assert.fail('none')), told, waits }
}

const opened = async () => (await openStorage('sqlite::memory:', { dataDir: '.' })).records

it('a replica of several processes is there when the one that counts has ended', async () => {
  const records = await opened()
  const [one, other] = [replica(records, { group: 'a' }), replica(records, { group: 'a' })]
  await one.begin()
  await other.check()
  assert.deepEqual([other.told, other.waits], [[], []])
  await other.end()
  assert.notEqual(await records.get('replica', '7'), undefined)
  await one.end()
  await other.begin()
  assert.notEqual(await records.get('replica', '7'), undefined)
  await other.end()
  assert.equal(await records.get('replica', '7'), undefined)
})

it('a store of one machine has no replicas', () => {
  const parts = { records: {} as never, signing: { current: () => undefined }, tell: () => {} }
  const config = { dataDir: folder, storageUrl: 'sqlite:', production: false, authority: { clients: [] } as never }
  assert.equal(createReplica({ ...parts, config }), undefined)
})

it('two by one number are refused: a folder was copied', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const records = await opened()
  const first = replica(records)
  await first.begin()
  const copy = replica(records)
  const checked = copy.check()
  await new Promise((next) => setImmediate(next))
  t.mock.timers.tick(2000)
  await assert.rejects(checked, { code: 'REPLICAS', message: /replica 7, too: its DATA_DIR was copied/ })
  // Both have begun before they could see each other: both say so.
  await copy.begin()
  for (const _ of [1, 2, 3]) {
    t.mock.timers.tick(2000)
    await new Promise((next) => setTimeout(next, 20))
  }
  for (const { told } of [first, copy]) assert.match(told.join(), /replica 7, too/)
  await Promise.all([first.end(), copy.end()])
})

it('of one that was killed, nobody waits twice', async () => {
  const records = await opened()
  await records.replace('replica', '7', undefined, '{"beat":9,"group":"before"}')
  await records.replace('replica', '8', undefined, '{"beat":9,"group":"other","signing":"x"}')
  await records.replace('replica', '9', undefined, '{"beat":9,"group":"third","signing":"y"}')
  const again = replica(records, { signs: 'y' })
  await again.check()
  assert.equal(again.waits.length, 20)
  assert.deepEqual(again.told, [])
  assert.deepEqual(
    (await records.all('replica')).map(({ key }) => key),
    ['9'],
  )
  await again.check()
  assert.equal(again.waits.length, 20)
})

it('of one that is no more nothing is left in the end, of one that counts all', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const records = await opened()
  await records.replace('replica', '8', undefined, '{"beat":9,"group":"gone"}')
  await records.replace('replica', '9', undefined, '{"beat":9,"group":"there"}')
  const here = replica(records)
  await here.begin()
  await records.replace('replica', '9', '{"beat":9,"group":"there"}', '{"beat":10,"group":"there"}')
  t.mock.timers.tick(3_600_000)
  await until(async () => (await records.all('replica')).length === 2, '8 is removed')
  assert.deepEqual(
    (await records.all('replica')).map(({ key }) => key),
    ['7', '9'],
  )
  await here.end()
})

it('one whose record was removed is there again', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const records = await opened()
  const here = replica(records)
  await here.begin()
  const said = await records.get('replica', '7')
  assert.ok(await records.replace('replica', '7', said, undefined))
  t.mock.timers.tick(2000)
  await until(async () => (await records.get('replica', '7')) !== undefined, 'it is there')
  assert.deepEqual(here.told, [])
  await here.end()
})

it('a store that is away keeps no worker from leading, and is told of once', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const records = await opened()
  let isAway = true
  const away = async () => Promise.reject(new Error('the store is away'))
  const here = replica({
    ...records,
    replace: (...change) => (isAway ? away() : records.replace(...change)),
    all: (kind) => (isAway ? away() : records.all(kind)),
  })
  await here.begin()
  t.mock.timers.tick(2000)
  await new Promise((next) => setTimeout(next, 20))
  assert.deepEqual(here.told, ['this replica cannot be told of: the store is away'])
  isAway = false
  t.mock.timers.tick(2000)
  await until(async () => (await records.get('replica', '7')) !== undefined, 'it is there')
  await here.end()
})

for (const text of ['', '0', '07', '7\n', '1000000', '-1', 'x', '1e3', '{}'])
  it(`${JSON.stringify(text)} is no number of a replica`, async () => {
    const dataDir = mkdtempSync(join(folder, 'bad-'))
    writeFileSync(join(dataDir, 'replica'), text)
    const records = await opened()
    const wanted = { code: 'REPLICAS', message: /has no number from 1 to 999999: remove the file/ }
    await assert.rejects(replica(records, { dataDir }).check(), wanted)
    assert.throws(() => jobsOfReplica({ dataDir }, records, undefined), wanted)
  })
