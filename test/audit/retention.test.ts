import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createRetention } from '../../src/audit/retention.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { openStorage } from '../../src/storage/open.ts'
import { openSqlite } from '../../src/storage/sqlite/sqlite.ts'

const day = 86_400_000
const event = (id: string): Resource => ({
  resourceType: 'AuditEvent',
  id,
  type: { code: 'rest' },
  recorded: '2026-01-01T00:00:00Z',
  agent: [{ requestor: false }],
  source: { observer: { display: 'a' } },
})

/** A store whose clock is moved by hand. */
function storeAt() {
  const clock = { now: Date.parse('2026-01-01T00:00:00Z') }
  const storage = openSqlite(':memory:', { now: () => clock.now })
  const put = (id: string) => storage.write([{ method: 'PUT', type: 'AuditEvent', id, resource: event(id) }])
  const ids = async () => {
    const page = await storage.search({ type: 'AuditEvent', conditions: [], sort: [], count: 2000, total: 'accurate' })
    return page.matches.map(({ id }) => id).toSorted()
  }
  const retention = (days: number) =>
    createRetention({
      alone: (work) => work(async () => true),
      days,
      forget: storage.forgetAuditEvents,
      count: storage.oldAuditEvents,
      write: async (resource) =>
        void (await storage.write([{ method: 'POST', type: 'AuditEvent', id: 'said', resource }])),
      software: 'vidimus',
      now: () => new Date(clock.now),
      after: (_milliseconds, run) => {
        setImmediate(run)
        return () => {}
      },
      failed: (error) => assert.fail(String(error)),
    })
  return { clock, storage, put, ids, retention }
}

describe('AuditEvents that were kept long enough', () => {
  it('are taken out with every trace, others stay, and that is recorded', async () => {
    const { clock, storage, put, ids, retention } = storeAt()
    await put('old')
    await storage.write([
      { method: 'PUT', type: 'Basic', id: 'a', resource: { resourceType: 'Basic', id: 'a', code: {} } },
    ])
    clock.now += 5 * day
    await put('young')
    clock.now += 6 * day
    assert.equal(await retention(10).run(), 1)
    assert.deepEqual(await ids(), ['said', 'young'])
    assert.equal(await storage.read('AuditEvent', 'old'), undefined)
    assert.equal(await storage.readVersion('AuditEvent', 'old', '1'), undefined)
    assert.equal((await storage.history({ type: 'AuditEvent', count: 10 })).matches.length, 2)
    assert.ok(await storage.read('Basic', 'a'), 'nothing else is ever taken out')
    const said = (await storage.read('AuditEvent', 'said'))?.resource
    assert.match(JSON.stringify(said), /"action":"D".*1 AuditEvents from before 2026-01-02/)
  })

  it('are none when none is due, and then nothing is said', async () => {
    const { clock, storage, put, ids, retention } = storeAt()
    await put('a')
    clock.now += 9 * day
    await put('b')
    assert.equal(await retention(10).run(), 0)
    assert.deepEqual(await ids(), ['a', 'b'])
    assert.equal(await storage.oldAuditEvents(new Date(clock.now).toISOString()), 1)
  })

  it('may be many: they go in slices', async () => {
    const { clock, storage, ids, retention } = storeAt()
    await storage.write(
      Array.from({ length: 1700 }, (_, n) => ({
        method: 'PUT' as const,
        type: 'AuditEvent',
        id: `e${n}`,
        resource: event(`e${n}`),
      })),
    )
    clock.now += 2 * day
    assert.equal(await retention(1).run(), 1700)
    assert.deepEqual(await ids(), ['said'])
  })

  it('never take the number of a write with them: caches compare it', async () => {
    const { clock, storage, put } = storeAt()
    await put('a')
    await put('b')
    const before = storage.revision()
    clock.now += 9 * day
    assert.equal(await storage.forgetAuditEvents(new Date(clock.now).toISOString(), 10), 1, 'the newest stays')
    assert.equal(storage.revision(), before)
    await put('c')
    assert.ok(storage.revision() > before)
  })

  it('are what every adapter can take out', async () => {
    const storage = await openStorage('sqlite::memory:', { dataDir: '.' })
    assert.equal(await storage.oldAuditEvents('2026-01-01T00:00:00Z'), 0)
    await storage.close()
  })
})
