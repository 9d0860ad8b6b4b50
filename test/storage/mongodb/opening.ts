/** How a database is opened: what it must be able to do, what of an URL counts, and what becomes of older and newer ones. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { BSON, MongoClient } from 'mongodb'
import { openMongo } from '../../../src/storage/mongodb/mongodb.ts'
import { openStorage } from '../../../src/storage/open.ts'
import type { MongoForTests } from '../../support/mongo.ts'
import { valueSet } from '../contract.ts'
import { put, refusal, until } from './support.ts'

/** A server that answers each command as it is told (OP_MSG, https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/). */
async function pretend(answer: (command: BSON.Document) => BSON.Document) {
  const server = createServer((socket) => {
    let kept = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      kept = Buffer.concat([kept, bytes])
      while (kept.length >= 16 && kept.length >= kept.readInt32LE(0)) {
        const message = kept.subarray(0, kept.readInt32LE(0))
        kept = kept.subarray(message.length)
        const isOld = message.readInt32LE(12) === 2004
        const start = isOld ? message.indexOf(0, 20) + 9 : 21
        const command = BSON.deserialize(message.subarray(start, start + message.readInt32LE(start)))
        const body = BSON.serialize({ ok: 1, ...answer(command) })
        const head = isOld ? Buffer.alloc(36) : Buffer.alloc(21)
        head.writeInt32LE(head.length + body.length, 0)
        head.writeInt32LE(message.readInt32LE(4), 8)
        head.writeInt32LE(isOld ? 1 : 2013, 12)
        if (isOld) head.writeInt32LE(1, 32)
        socket.write(Buffer.concat([head, body]))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { port, close: () => server.close() }
}

const hello = {
  ...{ helloOk: true, isWritablePrimary: true, ismaster: true, minWireVersion: 0, maxWireVersion: 27 },
  ...{ maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000 },
  ...{ logicalSessionTimeoutMinutes: 30, readOnly: false },
}

/** Why a store does not open. */
const reason = async (url: string): Promise<{ text: string; code: unknown }> => {
  const error = await openMongo(url).then(
    () => assert.fail('it opened'),
    (thrown) => thrown,
  )
  assert.ok(!/secret|hidden/.test(`${error.message} ${error.stack} ${error.cause}`), error.message)
  return { text: error.message, code: error.code }
}

/** Tests of opening a store. */
export function opening(mongo: MongoForTests): void {
  describe('opening', () => {
    it('needs a replica set, and says so', async () => {
      const alone = await pretend(() => hello)
      const { text, code } = await reason(`mongodb://127.0.0.1:${alone.port}/x?directConnection=true`)
      assert.match(text, /^STORAGE_URL needs a replica set \(one member is enough\): this server stands alone/)
      assert.equal(code, 'STORE_NOT_USABLE')
      const router = await pretend(() => ({ ...hello, msg: 'isdbgrid' }))
      assert.match((await reason(`mongodb://127.0.0.1:${router.port}/x`)).text, /a router of shards/)
      for (const each of [alone, router]) each.close()
    })
    it('needs transactions that leave nothing when they are broken off', async () => {
      const set = { ...hello, setName: 's', me: 'x', hosts: ['x'], primary: 'x' }
      const listed = { cursor: { id: BSON.Long.fromNumber(0), ns: 'x.meta', firstBatch: [{ name: 'meta' }] } }
      const none = await pretend((command) =>
        'listCollections' in command
          ? listed
          : 'insert' in command
            ? { ok: 0, code: 20, errmsg: 'Transaction numbers are only allowed on a replica set member' }
            : set,
      )
      const url = (port: number) => `mongodb://127.0.0.1:${port}/x?directConnection=true`
      assert.match((await reason(url(none.port))).text, /needs a replica set .*: transactions do not work/)
      const kept = await pretend((command) => {
        if ('listCollections' in command) return listed
        if ('find' in command)
          return { cursor: { id: BSON.Long.fromNumber(0), ns: 'x.meta', firstBatch: [{ _id: 'probe' }] } }
        return 'insert' in command ? { n: 1 } : set
      })
      assert.match((await reason(url(kept.port))).text, /stays on this server when it is broken off/)
      for (const each of [none, kept]) each.close()
    })
    it('tells a wrong password without any', async () => {
      const strict = await pretend((command) =>
        'saslStart' in command ? { ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: 'secret hidden' } : hello,
      )
      const { text, code } = await reason(
        `mongodb://hidden:secret@127.0.0.1:${strict.port}/x?directConnection=true&authMechanism=PLAIN&authSource=$external`,
      )
      assert.match(text, /refuses the user or the password/)
      assert.equal(code, 'STORE_NOT_USABLE')
      strict.close()
    })
    it('tells a server that is not there, and an URL that is none', async () => {
      const { text, code } = await reason('mongodb://hidden:secret@127.0.0.1:1/x?serverSelectionTimeoutMS=200')
      assert.match(text, /^The store at 127\.0\.0\.1:1 does not answer/)
      assert.equal(code, 'STORE_NOT_REACHABLE')
      for (const url of [
        'mongodb://hidden:secr%ZZet@h/x',
        'mongodb://hidden:secret@h/x?replicaSet=',
        'mongodb://hidden:secret@h/x?nonsense=1',
      ])
        assert.match((await reason(url)).text, /^STORAGE_URL is no connection string/, url)
    })
    it('keeps to its own concerns, whatever the URL says', async () => {
      const url = mongo.url('concerns')
      const weak = `${url}${url.includes('?') ? '&' : '?'}w=0&journal=false&readConcernLevel=local&retryWrites=false`
      await assert.rejects(openStorage(weak, { dataDir: '.' }), /leave out the option w/)
      const storage = await openMongo(weak)
      const [written] = await storage.write([put(valueSet('a'))])
      assert.equal(written?.outcome, 'created')
      assert.equal(await storage.records.replace('k', 'a', undefined, 'x'), true)
      assert.equal(await storage.records.replace('k', 'a', undefined, 'y'), false)
      assert.deepEqual(storage.reachable(), { isReachable: true })
      await storage.close()
    })
    const inDatabase = async (name: string, work: (db: ReturnType<MongoClient['db']>) => Promise<unknown>) => {
      const client = new MongoClient(mongo.url(name))
      await work(client.db(new URL(mongo.url(name).replace(/^mongodb(\+srv)?/, 'http')).pathname.slice(1)))
      await client.close()
    }
    it('refuses a database of a newer version, and one that has lost its state', async () => {
      const url = mongo.url('newer')
      await (await openMongo(url)).close()
      await inDatabase('newer', (db) =>
        db.collection('meta').updateOne({ _id: 'store' as never }, { $set: { schema: 99 } }),
      )
      assert.match((await reason(url)).text, /newer version of vidimus \(schema 99/)
      await inDatabase('newer', async (db) => {
        await db.collection('meta').deleteMany({})
        await db.collection('versions').insertOne({ seq: 1 })
      })
      assert.match((await reason(url)).text, /no state of a store/)
    })
    it('makes search entries anew that another version made, and lets nobody write who makes others', async () => {
      const url = mongo.url('entries')
      const old = await openMongo(url)
      await old.write([put(valueSet('a')), put(valueSet('b'))])
      await inDatabase('entries', async (db) => {
        await db.collection('searchable').updateMany({}, { $set: { ix: [], long: ['c:x'] } })
        await db.collection('meta').updateOne({ _id: 'store' as never }, { $set: { index: 'making others' } })
      })
      const { status, text } = await refusal(old.write([put(valueSet('c'))]))
      assert.equal(status, 503)
      assert.match(text, /Another version of vidimus/)
      // Replicas of a new version start together.
      const opened = await Promise.all([openMongo(url), openMongo(url), openMongo(url)])
      const [made, ...others] = opened
      assert.ok(made)
      for (const each of opened) {
        const conditions = [{ parameter: 'name', values: [{ value: 'seta' }] }]
        const page = await each.search({ type: 'ValueSet', conditions, sort: [], count: 5, total: 'none' })
        assert.deepEqual(
          page.matches.map(({ id }) => id),
          ['a'],
        )
      }
      for (const each of others) await each.close()
      await old.write([put(valueSet('c'))])
      await until(() => made.revision() === 3)
      await old.close()
      await made.close()
    })
    it('finds by url, canonical and id without reading everything', async () => {
      const storage = await openMongo(mongo.url('plans'))
      await storage.write(Array.from({ length: 30 }, (_, i) => put(valueSet(`v${i}`))))
      await inDatabase('plans', async (db) => {
        const plan = async (collection: string, filter: object) => {
          const told = await db.collection(collection).find(filter).explain('executionStats')
          return JSON.stringify([told.executionStats.totalDocsExamined, told.queryPlanner.winningPlan])
        }
        const key = 'url=http://example.org/ValueSet/v7'
        for (const [collection, filter] of [
          ['searchable', { type: 'ValueSet', 'ix.k': key }],
          ['searchable', { type: 'ValueSet', words: 'c:setv7' }],
          ['versions', { of: 'ValueSet/v7', superseded: Number.MAX_SAFE_INTEGER }],
          [
            'versions',
            { type: 'ValueSet', 'names.url': 'http://example.org/ValueSet/v7', superseded: Number.MAX_SAFE_INTEGER },
          ],
          ['versions', { as: 'ValueSet http://example.org/ValueSet/v7|1.0.0' }],
        ] as const) {
          const told = await plan(collection, filter)
          assert.match(told, /^\[1,/, told)
          assert.doesNotMatch(told, /COLLSCAN/)
        }
      })
      await storage.close()
    })
  })
}
