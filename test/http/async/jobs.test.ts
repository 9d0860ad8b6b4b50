/** How much of finished jobs is kept, and whose goes first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
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
