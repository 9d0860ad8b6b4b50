/** A store that is away, slow, full, written by others, or under a clock of another hour: what replicas over it answer, and what is there afterwards. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { MongoClient, MongoServerError } from 'mongodb'
import { readConfig } from '../../../src/config.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import { untilStoreAnswers } from '../../../src/server/front/store-watch.ts'
import { createServer, type VidimusServer } from '../../../src/server.ts'
import { leaseTaker } from '../../../src/storage/lease.ts'
import { storageError } from '../../../src/storage/mongodb/errors.ts'
import { openMongo } from '../../../src/storage/mongodb/mongodb.ts'
import { tryStorage } from '../../../src/storage/open.ts'
import type { Storage, Write } from '../../../src/storage/storage.ts'
import { openProxy } from '../../support/mongo/proxy.ts'
import type { MongoServer } from '../../support/mongo/server.ts'
import { ownMongoForTests } from '../../support/mongo.ts'
import { valueSet } from '../contract.ts'
import { killPublications } from '../kill/run.ts'

const put = (id: string, title = 'x'): Write => ({
  method: 'PUT',
  type: 'ValueSet',
  id,
  resource: valueSet(id, { title }),
})

/** Refused as something that may be tried again, with nothing of the store's address in it. */
async function assertRefused(answer: Promise<unknown>, status = 503): Promise<void> {
  await assert.rejects(answer, (error: unknown) => {
    assert.ok(error instanceof FhirError, String(error))
    assert.equal(error.status, status)
    assert.ok(error.headers['Retry-After'] !== undefined)
    assert.doesNotMatch(JSON.stringify(error.issues), /127\.0\.0\.1|mongodb:/)
    return true
  })
}

async function until<T>(ask: () => Promise<T | undefined | false>, seconds = 30): Promise<T> {
  const end = performance.now() + seconds * 1000
  for (;;) {
    const found = await ask().catch(() => undefined)
    if (found) return found
    assert.ok(performance.now() < end, 'it does not come')
    await sleep(100)
  }
}

describe('what the database answers, in words of the interface', () => {
  const cases: [name: string, code: number, status: number][] = [
    ['full', 14031, 507],
    ['read-only: its user may not write', 13, 503],
    ['read-only: this member takes no writes any more (failed over)', 10107, 503],
    ['read-only: it is about to end', 11600, 503],
    ['another writer came in between', 112, 503],
    ['a duplicate key', 11000, 503],
    ['it took too long', 50, 503],
    ['too big a document', 10334, 413],
  ]
  for (const [name, code, status] of cases)
    it(`${name}: ${status}`, () => {
      const told = storageError(new MongoServerError({ message: 'at db.example:27017 by user clerk', code }))
      assert.ok(told instanceof FhirError)
      assert.equal(told.status, status)
      assert.equal(told.headers['Retry-After'] !== undefined, status === 503)
      assert.doesNotMatch(JSON.stringify(told.issues), /db\.example|clerk/)
    })
})

const mongo = await ownMongoForTests()
const skip = 'skip' in mongo && mongo.skip

describe('a store on another machine', { skip }, () => {
  const store = mongo as MongoServer
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-away-'))
  const config = (environment: Record<string, string>) =>
    readConfig({
      DATA_DIR: folder,
      PORT: '0',
      ACCESS_LOG: 'off',
      LOG_LEVEL: 'error',
      DEVELOPMENT_TOKEN: 'test',
      ...environment,
    })
  let server: VidimusServer
  let address: string
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${address}${path}`, {
      ...init,
      headers: { Authorization: 'Bearer test', 'Content-Type': 'application/fhir+json' },
    })
  const write = (id: string) =>
    ask(`/fhir/ValueSet/${id}`, { method: 'PUT', body: JSON.stringify(valueSet(id, { status: 'draft' })) })
  before(async () => {
    server = await createServer(config({ STORAGE_URL: store.url('served') }))
    address = await server.listen()
  })
  after(async () => {
    await server.close()
    await store.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('down at start: the server waits, says so at its address with 503, and goes on when the store is there', async () => {
    const proxy = await openProxy(store.port)
    proxy.cut()
    const said: string[] = []
    let asked = 0
    const there = { port: 0 }
    const url = `mongodb://clerk:secret@127.0.0.1:${proxy.port}/late?directConnection=true&serverSelectionTimeoutMS=100`
    await assert.doesNotReject(
      untilStoreAnswers(config({ STORAGE_URL: url }), {
        tell: (text) => said.push(text),
        now: () => new Date(),
        ask: () => tryStorage(`mongodb://127.0.0.1:${proxy.port}/late?directConnection=true`),
        listening: (running) => Object.assign(there, running),
        async pause() {
          if (asked++ > 0) return
          for (const path of ['/health', '/ready', '/fhir/metadata']) {
            const reply = await fetch(`http://127.0.0.1:${there.port}${path}`)
            assert.equal(reply.status, 503, path)
            assert.ok(reply.headers.has('Retry-After'))
            assert.match(await reply.text(), path === '/fhir/metadata' ? /OperationOutcome/ : /"missing":\["store"\]/)
          }
          proxy.mend()
        },
      }),
    )
    assert.ok(said.length > 0)
    assert.doesNotMatch(said.join('\n'), /secret|clerk/)
    await assert.rejects(fetch(`http://127.0.0.1:${there.port}/health`))
    await proxy.close()
  })

  it('a store that answers is not opened for that', async () => {
    const url = store.url('asked')
    const waiting = { tell: () => assert.fail('it waits'), now: () => new Date() }
    await untilStoreAnswers(config({ STORAGE_URL: url }), waiting)
    const client = new MongoClient(url)
    try {
      const found = await client.db().listCollections({}, { nameOnly: true }).toArray()
      // That of the state alone, for the transaction by which the server is tried.
      assert.deepEqual(
        found.map(({ name }) => name),
        ['meta'],
      )
    } finally {
      await client.close()
    }
  })

  it('what does not pass by itself ends the start at once', async () => {
    const wrong = Object.assign(new Error('no replica set'), { code: 'STORE_NOT_USABLE' })
    const waiting = {
      tell: () => assert.fail('it waits'),
      now: () => new Date(),
      ask: () => Promise.reject(wrong),
    }
    await assert.rejects(untilStoreAnswers(config({ STORAGE_URL: store.url('wrong') }), waiting), /no replica set/)
  })

  it('down in the middle, stopped where it stands: 503 with Retry-After, told in /ready and /health, and back by itself', async () => {
    assert.equal((await write('before')).status, 201)
    assert.equal((await ask('/ready')).status, 200)
    store.pause()
    try {
      await until(async () => (await ask('/ready')).status === 503)
      assert.match(await (await ask('/ready')).text(), /"missing":\["store"\]/)
      const health = await ask('/health')
      assert.equal(health.status, 200)
      assert.match(await health.text(), /"store":\{"state":"not reachable","since":"\d{4}/)
      const refused = await ask('/fhir/ValueSet?name=anything')
      assert.equal(refused.status, 503)
      assert.ok(refused.headers.has('Retry-After'))
    } finally {
      store.resume()
    }
    await until(async () => (await ask('/ready')).status === 200)
    assert.equal((await ask('/fhir/ValueSet/before')).status, 200)
    assert.equal((await write('after')).status, 201)
  })

  it('killed in the middle: what was answered is there afterwards, what was refused is whole or not there', async () => {
    const answered: string[] = []
    let isOver = false
    const statuses = new Set<number>()
    const writing = (async () => {
      for (let at = 0; !isOver; at++) {
        const reply = await write(`killed-${at}`)
        await reply.text()
        statuses.add(reply.status)
        if (reply.status === 201) answered.push(`killed-${at}`)
        else assert.ok(reply.headers.has('Retry-After'), String(reply.status))
      }
    })()
    await until(async () => answered.length > 5)
    await store.kill()
    await until(async () => (await ask('/ready')).status === 503)
    await store.restart()
    const before = answered.length
    await until(async () => answered.length > before + 3)
    isOver = true
    await writing
    for (const status of statuses) assert.ok(status === 201 || status === 503, String(status))
    for (const id of answered) assert.equal((await ask(`/fhir/ValueSet/${id}`)).status, 200, id)
  })
})

describe('replicas over one store', { skip }, async () => {
  const own = skip ? undefined : await ownMongoForTests()
  const store = own as MongoServer
  const opened: Storage[] = []
  const open = async (database: string, options: Parameters<typeof openMongo>[1] = {}, port = store.port) => {
    const storage = await openMongo(`mongodb://127.0.0.1:${port}/${database}?directConnection=true`, options)
    opened.push(storage)
    return storage
  }
  after(async () => {
    for (const each of opened) await each.close()
    await store.stop()
  })

  it('a slow way to the store makes answers slow, and no others', async () => {
    const proxy = await openProxy(store.port)
    const storage = await open('slow', {}, proxy.port)
    proxy.delay(150)
    const begun = performance.now()
    await storage.write([put('a')])
    assert.ok(performance.now() - begun > 300)
    assert.equal((await storage.read('ValueSet', 'a'))?.versionId, '1')
    proxy.delay(0)
    await storage.close()
    opened.pop()
    await proxy.close()
  })

  it('cut off for longer than its promise, a replica answers nothing from what it kept, and knows all when it is back', async () => {
    const proxy = await openProxy(store.port)
    const [near, far] = [await open('cut'), await open('cut', { maxStaleMilliseconds: 500 }, proxy.port)]
    await near.write([put('a')])
    await until(async () => far.revision() === near.revision())
    proxy.cut()
    await near.write([put('a', 'again')])
    await until(async () => far.catchUp() !== undefined)
    await assertRefused(Promise.resolve(far.catchUp()))
    assert.equal(far.revision(), 1)
    await assertRefused(far.read('ValueSet', 'a'))
    proxy.mend()
    await until(async () => far.revision() === near.revision())
    await until(async () => (await far.read('ValueSet', 'a'))?.versionId === '2')
    await far.close()
    opened.pop()
    await proxy.close()
  })

  it('one id created by two replicas at once is created once, and one artefact written by both goes on without a gap', async () => {
    const [a, b] = [await open('both'), await open('both')]
    for (let at = 0; at < 5; at++) {
      const post = (storage: Storage): Promise<unknown> =>
        storage.write([{ method: 'POST', type: 'ValueSet', id: `n-${at}`, resource: valueSet(`n-${at}`) }])
      const outcomes = await Promise.allSettled([post(a), post(b)])
      const failed = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
      assert.equal(failed.length, 1)
      assert.ok(failed[0] instanceof FhirError && failed[0].status === 409, String(failed[0]))
    }
    const writes = Array.from({ length: 10 }, (_, at) => (at % 2 === 0 ? a : b).write([put('same', `title ${at}`)]))
    await Promise.all(writes)
    const { matches } = await a.history({ type: 'ValueSet', id: 'same', count: 100, oldestFirst: true })
    assert.deepEqual(
      matches.map(({ versionId }) => versionId),
      Array.from({ length: 10 }, (_, at) => String(at + 1)),
    )
  })

  it('clocks that are an hour apart turn no order around, and make no two holders of a lease', async () => {
    const hour = 3_600_000
    const [late, early] = [
      await open('clocks', { now: () => Date.now() + hour }),
      await open('clocks', { now: () => Date.now() - hour }),
    ]
    for (let at = 0; at < 4; at++) await (at % 2 === 0 ? late : early).write([put('a', `title ${at}`)])
    const { matches } = await early.history({ type: 'ValueSet', id: 'a', count: 10, oldestFirst: true })
    const times = matches.map(({ lastUpdated }) => lastUpdated)
    assert.deepEqual(times, times.toSorted())
    assert.equal(matches.length, 4)
    const watch = { a: 0, b: 0 }
    const taker = (storage: Storage, name: 'a' | 'b') =>
      leaseTaker({ records: storage.records, job: 'main', holder: name, elapsed: () => watch[name] })
    const [a, b] = [taker(late, 'a'), taker(early, 'b')]
    const held = await a.take()
    assert.ok(held)
    assert.equal(await b.take(), undefined)
    watch.b += hour
    // It counts all the time: an hour of the other's stopwatch between two looks says nothing.
    assert.equal(await held.isHeld(), true)
    assert.equal(await b.take(), undefined)
    await held.release(undefined)
  })

  const rounds = 4
  it(`kill -9 of writer and store, ${rounds} times: nothing acknowledged is lost, nothing is half`, {
    timeout: 60_000 + rounds * 10_000,
  }, async () => {
    const { acknowledged, faults } = await killPublications({ rounds, seed: 7, mongo: store })
    assert.deepEqual(faults, [])
    assert.ok(acknowledged > 0)
  })
})
