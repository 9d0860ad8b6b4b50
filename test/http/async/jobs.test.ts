/** Places of jobs, how much of finished ones is kept, and whose goes first. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, it, test } from 'node:test'
import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { FhirError } from '../../../src/fhir/error.ts'
import type { NewJob } from '../../../src/http/async/job.ts'
import { type JobPlaces, ownPlaces } from '../../../src/http/async/job-register.ts'
import { createAsyncJobs } from '../../../src/http/async/jobs.ts'
import { openSqlite } from '../../../src/storage/sqlite/sqlite.ts'

test('results have room in all: those of who keeps most go first, the oldest of them', async () => {
  const storage = openSqlite(':memory:')
  const jobs = createAsyncJobs({
    storage,
    now: () => new Date(0),
    report: ({ error }) => assert.fail(String(error)),
  })
  const done = async (owner: string, characters: number) => {
    const resource = { resourceType: 'Basic' as const, code: { text: 'a'.repeat(characters) } }
    const job = await jobs.start({ owner, requestId: 'r', work: async () => ({ status: 200, headers: {}, resource }) })
    await job.settled
    return job.id
  }
  const isKept = async (id: string, owner: string) => {
    try {
      return (await jobs.status(id, owner)).status === 200
    } catch (error) {
      if (error instanceof FhirError && error.status === 404) return false
      throw error
    }
  }
  const modest = await done('modest', 1000)
  const greedy: string[] = []
  for (let n = 0; n < 30; n++) greedy.push(await done('greedy', 4_000_000))
  assert.equal(await isKept(modest, 'modest'), true)
  const kept = await Promise.all(greedy.map((each) => isKept(each, 'greedy')))
  assert.deepEqual(
    kept,
    greedy.map((_, index) => index >= 18),
  )
  await jobs.close()
  await storage.close()
})

const done = { status: 200, headers: {} }

/** Jobs of one process alone, or of one of several, over a store that may fail. */
function someJobs({ places, faults = [] }: { places?: JobPlaces; faults?: unknown[] } = {}) {
  const storage = openSqlite(':memory:')
  const store = { isAway: false }
  const records: typeof storage.records = {
    ...storage.records,
    async replace(...given) {
      if (store.isAway) throw new Error('the store is away')
      return storage.records.replace(...given)
    },
  }
  const elsewhere = places && { process: 7, ...places, ask: async () => undefined, answer: () => {} }
  const jobs = createAsyncJobs({
    storage: { records },
    now: () => new Date(0),
    report: ({ error }) => void faults.push(error),
    elsewhere,
  })
  const start = (owner: string, work: NewJob['work'] = async () => done, exclusive = true) =>
    jobs.start({ owner, requestId: 'r', exclusive, work })
  const close = async () => {
    await jobs.close()
    await storage.close()
  }
  return { jobs, start, store, close }
}

/** Work that ends when it is let go, or when it is aborted. */
function heldWork() {
  const { promise, resolve } = Promise.withResolvers<void>()
  const work: NewJob['work'] = async ({ signal }) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    return done
  }
  return { work, letGo: resolve }
}

for (const [whose, placesOf] of [
  ['one process', () => undefined],
  ['one of several', ownPlaces],
] as const)
  describe(`places of jobs of ${whose}`, () => {
    const begun = () => {
      const places = placesOf()
      return someJobs(places ? { places } : {})
    }

    it('one that the store cannot note is refused, and holds up no other', async () => {
      const { start, store, close } = begun()
      store.isAway = true
      await assert.rejects(start('a'), /the store is away/)
      store.isAway = false
      await (await start('b')).settled
      await (await start('a')).settled
      await close()
    })

    it('one that waits and is cancelled gives its place back at once', async () => {
      const { jobs, start, close } = begun()
      const first = heldWork()
      const running = await start('a', first.work)
      const waits = await start('b', async () => assert.fail('it was cancelled'))
      await assert.rejects(start('b'), FhirError, 'one of each owner')
      await jobs.cancel(waits.id, 'b')
      await waits.settled
      let isDone = false
      const next = await start('b', async () => {
        isDone = true
        return done
      })
      await turnOfLoop()
      assert.equal(isDone, false, 'those before it go on')
      first.letGo()
      await Promise.all([running.settled, next.settled])
      assert.equal(isDone, true)
      await close()
    })

    it('one that runs and is cancelled keeps its place until it has ended', async () => {
      const { jobs, start, close } = begun()
      const { promise, resolve } = Promise.withResolvers<void>()
      const running = await start('a', async () => {
        await promise
        return done
      })
      await turnOfLoop()
      await jobs.cancel(running.id, 'a')
      let isBegun = false
      const next = await start('b', async () => {
        isBegun = true
        return done
      })
      await turnOfLoop()
      assert.equal(isBegun, false, 'it works on the same')
      await assert.rejects(start('a'), FhirError)
      resolve()
      await next.settled
      assert.equal(isBegun, true)
      await close()
    })

    it('one that is not exclusive waits for none', async () => {
      const { start, close } = begun()
      const first = heldWork()
      const running = await start('a', first.work)
      await (await start('b', async () => done, false)).settled
      first.letGo()
      await running.settled
      await close()
    })
  })

test('one whose turn cannot be told is done with a failure, which is told to the operator', async () => {
  const faults: unknown[] = []
  const places = ownPlaces()
  const turn = async () => {
    throw new Error('the first process does not answer')
  }
  const { jobs, start, close } = someJobs({ places: { ...places, turn }, faults })
  const job = await start('a')
  await job.settled
  const { resource } = await jobs.status(job.id, 'a')
  assert.ok(resource?.resourceType === 'Bundle')
  assert.match(JSON.stringify(resource), /"status":"500"/)
  assert.deepEqual(faults.map(String), ['Error: the first process does not answer'])
  await (await start('b', async () => done, false)).settled
  await close()
})

test('one whose reply cannot be read to its end is done with a failure', async () => {
  const faults: unknown[] = []
  const { jobs, start, close } = someJobs({ faults })
  const body = Readable.from(
    (async function* () {
      yield Buffer.from('begun')
      throw new Error('the text ends')
    })(),
  )
  const job = await start('a', async () => ({ ...done, raw: { contentType: 'text/plain', body } }))
  await job.settled
  assert.match(JSON.stringify((await jobs.status(job.id, 'a')).resource), /"status":"500"/)
  assert.equal(faults.length, 1)
  await (await start('b')).settled
  await close()
})

test('one that may not have been told whether it has a place has none', async () => {
  const places = ownPlaces()
  let isDeaf = true
  const begins: JobPlaces['begins'] = async (job) => {
    const admission = await places.begins(job)
    if (isDeaf) throw new Error('no answer in time')
    return admission
  }
  const { start, close } = someJobs({ places: { ...places, begins } })
  await assert.rejects(start('a'), /no answer in time/)
  isDeaf = false
  await (await start('a')).settled
  await close()
})
