/** What becomes of a store whose database is cut off, stops, or is left in the middle of a transaction by another. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { FhirError, issue } from '../../../src/fhir/error.ts'
import { openMongo } from '../../../src/storage/mongodb/mongodb.ts'
import type { Reachability, Storage } from '../../../src/storage/storage.ts'
import { openProxy, type WireProxy } from '../../support/mongo/proxy.ts'
import type { MongoServer } from '../../support/mongo/server.ts'
import { valueSet } from '../contract.ts'
import { put, refusal, until } from './support.ts'

/** Commands are known by their names in the bytes of a message. */
const names = (bytes: Buffer, ...all: string[]) => all.some((each) => bytes.includes(`${each}\0`, 0, 'latin1'))

/** How many search entries are left that were superseded before that time. */
async function supersededOf(url: string, before: number): Promise<number> {
  const client = new MongoClient(url)
  try {
    return await client
      .db()
      .collection('searchable')
      .countDocuments({ superseded: { $lt: before } })
  } finally {
    await client.close()
  }
}

const urlOver = ({ port }: WireProxy, database: string) =>
  `mongodb://127.0.0.1:${port}/${database}?directConnection=true`

/** Tests that need a server of their own: it is stopped and killed. */
export function interruptions(mongo: MongoServer): void {
  let databases = 0
  const overWire = (title: string, body: (storage: Storage & Reachability, wire: WireProxy) => Promise<void>) =>
    it(title, async () => {
      const wire = await openProxy(mongo.port)
      const storage = await openMongo(urlOver(wire, `wire-${++databases}`))
      try {
        await body(storage, wire)
      } finally {
        wire.onCommand = () => undefined
        await storage.close()
        await wire.close()
      }
    })
  const once = (fate: 'before' | 'after', command: string) => {
    let times = 0
    return (bytes: Buffer) => (names(bytes, command) && times++ === 0 ? fate : undefined)
  }

  describe('a wire that is cut', () => {
    for (const fate of ['before', 'after'] as const)
      for (const command of ['commitTransaction', 'insert', 'find'])
        overWire(`${fate} ${command} arrives: a write is done once`, async (storage, wire) => {
          await storage.write([put(valueSet('a'))])
          wire.onCommand = once(fate, command)
          const [written] = await storage.write([
            put(valueSet('a', { title: 'two' })),
            { method: 'POST', type: 'Basic', resource: { resourceType: 'Basic', code: {} } },
          ])
          assert.equal(written?.version.versionId, '2')
          assert.deepEqual(await storage.count(), { Basic: 1, ValueSet: 1 })
          assert.equal((await storage.history({ count: 10 })).total, 3)
          assert.equal(storage.revision(), 3)
        })
    overWire(
      'at every third commit: nothing that was acknowledged is lost, nothing is there twice',
      async (storage, wire) => {
        let commits = 0
        const fates = ['after', undefined, 'before'] as const
        wire.onCommand = (bytes) => (names(bytes, 'commitTransaction') ? fates[commits++ % 3] : undefined)
        const all = Array.from({ length: 12 }, (_, i) =>
          storage.write([put(valueSet(`v${i}`)), put(valueSet('shared', { title: `${i}` }))]),
        )
        const done = await Promise.allSettled(all)
        wire.onCommand = () => undefined
        const acknowledged = done.filter(({ status }) => status === 'fulfilled').length
        assert.equal(acknowledged, 12)
        const { matches, total } = await storage.history({ type: 'ValueSet', id: 'shared', count: 50 })
        assert.equal(total, 12)
        assert.deepEqual(
          new Set(matches.map(({ resource }) => resource && 'title' in resource && resource.title)).size,
          12,
        )
        assert.equal(storage.revision(), 24)
      },
    )
    overWire('while a write forgets what was superseded: it does not wait for that', async (old, wire) => {
      await old.write([put(valueSet('a'))])
      await old.write([put(valueSet('a', { title: 'two' }))])
      let later = Date.now() + 7_200_000
      const storage = await openMongo(urlOver(wire, `wire-${databases}`), { now: () => later })
      const isForgetting = (bytes: Buffer) => names(bytes, 'delete') && !names(bytes, 'autocommit')
      let begun = 0
      try {
        wire.onCommand = (bytes) => (isForgetting(bytes) && ++begun > 0 ? 'never' : undefined)
        await storage.write([put(valueSet('b'))])
        await until(() => begun === 1)
        await storage.write([put(valueSet('c'))])
        assert.equal(begun, 1, 'it is done once at a time')
        // It fails; no write does, and that of a minute later begins it anew.
        wire.drop()
        wire.onCommand = () => undefined
        await storage.write([put(valueSet('d'))])
        await until(async () => {
          later += 61_000
          await storage.write([put(valueSet('e', { title: String(later) }))])
          return (await supersededOf(urlOver(wire, `wire-${databases}`), later - 3_700_000)) === 0
        })
      } finally {
        wire.onCommand = () => undefined
        await storage.close()
      }
    })
    overWire('for good: what is not known is told as that, in bounded time', async (_, wire) => {
      const storage = await openMongo(urlOver(wire, 'wire-lost'), { busyMilliseconds: 600 })
      wire.onCommand = (bytes) => (names(bytes, 'commitTransaction') ? 'after' : undefined)
      const { status, text, headers } = await refusal(storage.write([put(valueSet('a'))]))
      assert.deepEqual([status, headers['Retry-After']], [503, '5'])
      assert.match(text, /did not confirm what was written/)
      wire.onCommand = () => undefined
      // It was there all the time.
      assert.equal((await storage.read('ValueSet', 'a'))?.versionId, '1')
      await storage.close()
    })
    overWire('while it listens: it hears of others’ writes all the same', async (storage, wire) => {
      const other = await openMongo(mongo.url(`wire-${databases}`))
      const heard: number[] = []
      storage.subscribe(() => heard.push(storage.revision()))
      await other.write([put(valueSet('a'))])
      await until(() => heard.includes(1))
      wire.drop()
      await other.write([put(valueSet('b'))])
      await until(() => heard.includes(2))
      await storage.catchUp()
      assert.deepEqual(heard, [1, 2])
      await other.close()
    })
    overWire(
      'for a while: nothing that is kept is answered then, and it comes back by itself',
      async (storage, wire) => {
        await storage.write([put(valueSet('a'))])
        assert.equal(storage.catchUp(), undefined)
        wire.cut()
        await until(() => !storage.reachable().isReachable)
        const { since = '', text } = storage.reachable()
        assert.ok(Date.parse(since) <= Date.now() && !/127\.0\.0\.1/.test(String(text)))
        await sleep(2100)
        const { status, headers } = await refusal(Promise.resolve(storage.catchUp()))
        assert.deepEqual([status, headers['Retry-After']], [503, '5'])
        wire.mend()
        await until(() => storage.reachable().isReachable)
        await storage.catchUp()
        await storage.write([put(valueSet('b'))])
        assert.equal(storage.revision(), 2)
      },
    )
  })

  describe('a database that stands still', () => {
    it('is waited for no longer than a bound, and asked again', async () => {
      const storage = await openMongo(mongo.url('still'))
      await storage.write([put(valueSet('a'))])
      mongo.pause()
      try {
        await sleep(2100)
        assert.equal((await refusal(Promise.resolve(storage.catchUp()))).status, 503)
        assert.equal(storage.reachable().isReachable, false)
        await sleep(3000)
        // By now nobody waits any more.
        const begun = performance.now()
        for (const answer of [
          storage.read('ValueSet', 'a'),
          storage.write([put(valueSet('b'))]),
          storage.records.all('k'),
        ])
          assert.equal((await refusal(answer)).status, 503)
        assert.ok(performance.now() - begun < 1500)
      } finally {
        mongo.resume()
      }
      await until(() => storage.reachable().isReachable)
      assert.equal((await storage.read('ValueSet', 'a'))?.versionId, '1')
      await storage.close()
    })
    it('that is killed and comes back has everything that was acknowledged', async () => {
      const storage = await openMongo(mongo.url('killed'))
      for (let i = 0; i < 5; i++) await storage.write([put(valueSet(`v${i}`))])
      await mongo.kill()
      const lost = storage.write([put(valueSet('late'))]).then(
        () => 1,
        (error) => {
          assert.equal(error.status, 503)
          return 0
        },
      )
      await mongo.restart()
      const late = await lost
      await until(() => storage.reachable().isReachable)
      const there = (await storage.count()).ValueSet
      assert.ok(there === 5 + late || (late === 0 && there === 6), `${there} of ${5 + late}`)
      await storage.close()
    })
  })

  describe('a transaction that was left open', () => {
    const leaveOpen = async (database: string, silent: number) => {
      const client = new MongoClient(mongo.url(database))
      const session = client.startSession()
      const db = client.db(database)
      const id = session.id?.id
      await db.collection('writers').insertOne({ _id: id as never, seen: new Date(Date.now() - silent) })
      session.startTransaction({ readConcern: { level: 'snapshot' } })
      await db.collection('meta').updateOne({ _id: 'store' as never }, { $set: { n: 1000, write: 'x' } }, { session })
      return client
    }
    it('by a process that is no more is ended by the next one', async () => {
      const storage = await openMongo(mongo.url('left'))
      const client = await leaveOpen('left', 60_000)
      const [written] = await storage.write([put(valueSet('a'))])
      assert.deepEqual([written?.version.versionId, storage.revision()], ['1', 1])
      await client.close(true)
      await storage.close()
    })
    overWire('is ended also when the wire is cut at that', async (storage, wire) => {
      const client = await leaveOpen(`wire-${databases}`, 60_000)
      let asked = 0
      // The question for the database's time; the driver's own have no session.
      wire.onCommand = (bytes) =>
        names(bytes, 'hello') && names(bytes, 'lsid') && asked++ === 0 ? 'before' : undefined
      try {
        const [written] = await storage.write([put(valueSet('a'))])
        assert.ok(asked > 1)
        assert.deepEqual([written?.version.versionId, storage.revision()], ['1', 1])
      } finally {
        await client.close(true)
      }
    })
    it('by one that is alive is waited for, and then told', async () => {
      const storage = await openMongo(mongo.url('alive'), { busyMilliseconds: 1500 })
      const client = await leaveOpen('alive', 0)
      const { status, headers, code } = await refusal(storage.write([put(valueSet('a'))]))
      assert.deepEqual([status, headers['Retry-After'], code], [503, '1', 'lock-error'])
      assert.equal(await storage.read('ValueSet', 'a'), undefined)
      await client.close(true)
      await storage.close()
    })
  })

  it('a hook is asked again when a transaction begins anew, and what it throws then counts', async () => {
    const wire = await openProxy(mongo.port)
    const storage = await openMongo(urlOver(wire, 'hooks'))
    await storage.write([put(valueSet('a'))])
    let asked = 0
    wire.onCommand = once('before', 'insert')
    const judged = put(valueSet('a', { title: 'x' }), {
      unlessInForce: () => {
        if (++asked > 1) throw new FhirError(422, issue('business-rule', 'no'))
      },
    })
    assert.equal((await refusal(storage.write([put(valueSet('b')), judged]))).status, 422)
    assert.equal(asked, 2)
    assert.equal(await storage.read('ValueSet', 'b'), undefined)
    await storage.close()
    await wire.close()
  })
}
