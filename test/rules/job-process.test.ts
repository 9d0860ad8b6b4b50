import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { unprocessable } from '../../src/fhir/error.ts'
import { createJobProcess, JobFailure } from '../../src/rules/cql/job-process.ts'

const program = new URL('./job-program.ts', import.meta.url)

const failing = (reason: JobFailure['reason']) => (error: unknown) =>
  error instanceof JobFailure && error.reason === reason

describe('job process', () => {
  const jobs = createJobProcess<string, string>(program, {
    timeoutSeconds: 1,
    idleSeconds: 60,
    heapMegabytes: 32,
    jobsPerProcess: 100,
    async answer(question) {
      if (question === 'unknown') throw unprocessable('not known', 'not-found')
      return `${question} told`
    },
  })
  after(() => jobs.close())

  it('starts on first need and answers in order', async () => {
    assert.equal(jobs.pid(), undefined)
    const answers = await Promise.all(['a', 'b', 'c'].map((each) => jobs.run(each)))
    assert.deepEqual(answers, ['a answered', 'b answered', 'c answered'])
    assert.notEqual(jobs.pid(), undefined)
  })

  it('ends a job that takes too long, and only that one', async () => {
    const [slow, next] = await Promise.allSettled([jobs.run('loop'), jobs.run('next')])
    assert.ok(slow.status === 'rejected' && failing('timeout')(slow.reason))
    assert.deepEqual(next, { status: 'fulfilled', value: 'next answered' })
  })

  it('survives a process that ends, throws or runs out of memory', async () => {
    for (const job of ['exit', 'throw', 'fill']) await assert.rejects(jobs.run(job), JobFailure)
    assert.equal(await jobs.run('again'), 'again answered')
  })

  it('answers questions of a job and hands FhirErrors on', async () => {
    assert.equal(await jobs.run('ask code'), 'code told')
    await assert.rejects(jobs.run('ask unknown'), JobFailure)
  })

  it('replaces the process after so many jobs', async () => {
    const one = createJobProcess<string, string>(program, {
      timeoutSeconds: 5,
      idleSeconds: 1,
      heapMegabytes: 32,
      jobsPerProcess: 2,
    })
    const pids = new Set<number | undefined>()
    for (const job of ['a', 'b', 'c', 'd', 'e']) {
      const answer = one.run(job)
      pids.add(one.pid())
      assert.equal(await answer, `${job} answered`)
    }
    assert.equal(pids.size, 3)
    await one.close()
  })

  it('refuses jobs when too many wait', async () => {
    const full = createJobProcess<string, string>(program, {
      timeoutSeconds: 5,
      idleSeconds: 1,
      heapMegabytes: 32,
      jobsPerProcess: 1000,
    })
    const answers = await Promise.allSettled(Array.from({ length: 210 }, (_, i) => full.run(String(i))))
    const refused = answers.filter((each) => each.status === 'rejected')
    assert.equal(refused.length, 9)
    assert.ok(refused.every((each) => failing('busy')(each.reason)))
    await full.close()
  })

  it('refuses jobs after close', async () => {
    const closed = createJobProcess<string, string>(program, {
      timeoutSeconds: 1,
      idleSeconds: 1,
      heapMegabytes: 32,
      jobsPerProcess: 1,
    })
    await closed.close()
    await assert.rejects(closed.run('late'), failing('closed'))
  })
})
