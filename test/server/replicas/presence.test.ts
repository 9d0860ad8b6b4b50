/** Whether another replica is there, of which a job is asked for. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { jobsOfReplica, joinReplicas } from '../../../src/server/workers/replicas.ts'
import { openStorage } from '../../../src/storage/open.ts'

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

it('a replica of several processes is there when one of them has ended', async () => {
  const { records, close } = await openStorage('sqlite::memory:', { dataDir: '.' })
  const parts = {
    config: { dataDir: folder, storageUrl: 'mongodb://x', production: false, authority: { clients: [] } as never },
    records,
    signing: { current: () => undefined },
    tell: () => {},
  }
  const worker = await joinReplicas({ ...parts, isOneOfSeveral: true })
  await worker.close()
  assert.notEqual(await records.get('replica', '7'), undefined)
  const alone = await joinReplicas(parts)
  await alone.close()
  assert.equal(await records.get('replica', '7'), undefined)
  await close()
})
