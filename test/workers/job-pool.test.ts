import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { FhirError, unprocessable } from '../../src/fhir/error.ts'
import { JobFailure, jobRefusal } from '../../src/workers/job-failure.ts'
import { createJobPool, type PoolOptions } from '../../src/workers/job-pool.ts'

const program = new URL('./job-program.ts', import.meta.url)
const call = { client: 'a', cpuSeconds: 0.5 }
const usual: PoolOptions = {
  processes: 1,
  memoryMegabytes: 32,
  programMegabytes: 16,
  idleSeconds: 60,
  jobsPerProcess: 100,
}

const failing = (reason: JobFailure['reason']) => (error: unknown) =>
  error instanceof JobFailure && error.reason === reason

const hasProc = (() => {
  try {
    return readFileSync('/proc/self/stat').length > 0
  } catch {
    return false
  }
})()

describe('pool of one process', () => {
  const jobs = createJobPool<string, unknown>(program, {
    ...usual,
    async answer(question: string) {
      if (question === 'unknown') throw unprocessable('not known', 'not-found')
      if (question === 'bug') throw new Error('with a secret')
      return `${question} told`
    },
  })
  after(() => jobs.close())
  const run = (job: string) => jobs.run(job, call)

  it('starts on first need and answers in order', async () => {
    assert.deepEqual(jobs.pids(), [])
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(run)), ['a answered', 'b answered', 'c answered'])
    assert.equal(jobs.pids().length, 1)
  })

  it('ends a job that computes too long, and only that one', async () => {
    const [slow, next] = await Promise.allSettled([run('loop'), run('next')])
    assert.ok(slow.status === 'rejected' && failing('cpu')(slow.reason))
    assert.deepEqual(next, { status: 'fulfilled', value: 'next answered' })
  })

  it('ends a job that fills the heap', async () => {
    await assert.rejects(run('fill heap'), failing('memory'))
    assert.equal(await run('again'), 'again answered')
  })

  it('ends a job that fills memory outside the heap', { skip: hasProc ? false : 'there is no /proc' }, async () => {
    await assert.rejects(run('fill buffers'), failing('memory'))
    assert.equal(await run('again'), 'again answered')
  })

  it('survives a process that ends or throws', async () => {
    for (const job of ['exit', 'throw']) await assert.rejects(run(job), failing('fault'))
    assert.equal(await run('again'), 'again answered')
  })

  it('tells where a bug is, and nothing of the job', async () => {
    const failure = await run('throw').then(undefined, (error: unknown) => error)
    assert.ok(failure instanceof JobFailure)
    assert.match(failure.stack ?? '', /Error in a job\n +at .*job-program\.ts/)
    assert.doesNotMatch(`${failure.stack} ${failure.message}`, /a bug/)
    const told = jobRefusal(failure, 'the map')
    assert.ok(told instanceof FhirError && told.stack === failure.stack)
  })

  it('takes a stack or a text that grew too large for what the job asked', async () => {
    for (const job of ['nest', 'lengthen'])
      await assert.rejects(run(job), (error) => error instanceof FhirError && error.issues[0]?.code === 'too-costly')
    assert.equal(await run('again'), 'again answered')
  })

  it('tells a process that somebody else ended from one that ended itself', async () => {
    await run('warm')
    const [pid = 0] = jobs.pids()
    const answer = jobs.run('loop', { ...call, cpuSeconds: 30 })
    const ended = assert.rejects(answer, failing('killed'))
    process.kill(pid, 'SIGKILL')
    await ended
  })

  it('ends the job of a client that has gone, and does not begin those that wait', async () => {
    let isGone = false
    const going = { client: 'a', cpuSeconds: 60, isGone: () => isGone }
    const [running, waiting] = [jobs.run('loop', going), jobs.run('loop', going)]
    const both = Promise.allSettled([running, waiting])
    const other = jobs.run('other', { client: 'b', cpuSeconds: 5 })
    isGone = true
    for (const each of await both) assert.ok(each.status === 'rejected' && failing('gone')(each.reason))
    assert.equal(await other, 'other answered')
  })

  it('survives a process that was ended while it had nothing to do', async () => {
    const [pid = 0] = jobs.pids()
    process.kill(pid, 'SIGKILL')
    while (jobs.pids().length > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    assert.equal(await run('again'), 'again answered')
  })

  it('hands on the FhirErrors of a job, and keeps the process', async () => {
    await run('warm')
    const before = jobs.pids()
    await assert.rejects(run('refuse'), (error) => error instanceof FhirError && error.status === 422)
    assert.deepEqual(jobs.pids(), before)
  })

  it('answers questions of a job, one after the other', async () => {
    assert.deepEqual(await run('ask one two three'), ['one told', 'two told', 'three told'])
    await assert.rejects(run('ask unknown'), (error) => error instanceof FhirError && /not known/.test(error.message))
    await assert.rejects(run('ask bug'), (error) => error instanceof FhirError && !/secret/.test(error.message))
  })

  it('hands nothing of the environment on and asks for no report of a crash', async () => {
    const { environment, arguments: given } = (await run('environment')) as Record<string, unknown>
    const names = Object.keys(environment as object)
    assert.deepEqual(
      names.filter((name) => !/^(TZ|PWD|SHLVL|_|OLDPWD)$/.test(name)),
      [],
    )
    assert.ok(!JSON.stringify(given).includes('report'))
  })
})

describe('what a process leaves behind', { skip: hasProc ? false : 'there is no /proc' }, () => {
  it('is no core file, and no process that runs for ever', async () => {
    const pool = createJobPool<string, unknown>(program, usual)
    await pool.run('a', call)
    const limits = readFileSync(`/proc/${pool.pids()[0]}/limits`, 'utf8')
    assert.match(limits, /^Max core file size +0 +0 /m)
    assert.match(limits, /^Max cpu time +3600 +3600 /m)
    await pool.close()
  })
})

describe('pool', () => {
  it('replaces a process after so many jobs', async () => {
    const pool = createJobPool<string, unknown>(program, { ...usual, jobsPerProcess: 2 })
    const pids = new Set<number>()
    for (const job of ['a', 'b', 'c', 'd', 'e']) {
      const answer = pool.run(job, call)
      for (const pid of pool.pids()) pids.add(pid)
      assert.equal(await answer, `${job} answered`)
    }
    assert.equal(pids.size, 3)
    await pool.close()
  })

  it('leaves a process to others while one client keeps its own busy', async () => {
    const pool = createJobPool<string, unknown>(program, { ...usual, processes: 2 })
    const ended: string[] = []
    const slow = [1, 2, 3].map(() =>
      pool.run('loop', { client: 'slow', cpuSeconds: 0.4 }).catch(() => ended.push('slow')),
    )
    await pool.run('quick', { client: 'other', cpuSeconds: 0.4 })
    ended.push('other')
    await Promise.all(slow)
    assert.equal(ended.filter((each) => each === 'slow').length, 3)
    assert.ok(ended.indexOf('other') < 2, ended.join())
    await pool.close()
  })

  it('gives clients their turns one after the other', async () => {
    const pool = createJobPool<string, unknown>(program, usual)
    const order: string[] = []
    const jobs = ['a', 'a', 'a', 'b', 'c'].map((client, i) =>
      pool.run(`${client}${i}`, { client, cpuSeconds: 5 }).then(() => order.push(client)),
    )
    await Promise.all(jobs)
    // The first begins at once, when nobody else is there.
    assert.deepEqual(order, ['a', 'a', 'b', 'c', 'a'])
    await pool.close()
  })

  it('refuses what is more than may wait, of one client sooner than of all', async () => {
    const pool = createJobPool<string, unknown>(program, { ...usual, waiting: { each: 3, all: 5 } })
    const run = (client: string) => pool.run('job', { client, cpuSeconds: 5 })
    const answers = await Promise.allSettled([...'aaaaa', ...'bbb', 'c'].map(run))
    const reasons = answers.map((each) => (each.status === 'rejected' ? each.reason.reason : 'done'))
    assert.deepEqual(reasons, ['done', 'done', 'done', 'done', 'own-busy', 'done', 'done', 'busy', 'busy'])
    await pool.close()
  })

  it('refuses jobs after it was closed, and those that wait then', async () => {
    const pool = createJobPool<string, unknown>(program, usual)
    const waiting = Promise.allSettled([pool.run('loop', call), pool.run('b', call)])
    await pool.close()
    for (const each of await waiting) assert.ok(each.status === 'rejected' && failing('closed')(each.reason))
    await assert.rejects(pool.run('late', call), failing('closed'))
    assert.deepEqual(pool.pids(), [])
  })
})

describe('what a client is told', () => {
  const cases: [JobFailure['reason'], number, boolean][] = [
    ['cpu', 422, false],
    ['memory', 422, false],
    ['fault', 500, false],
    ['killed', 503, true],
    ['gone', 503, true],
    ['time', 503, true],
    ['busy', 503, true],
    ['own-busy', 429, true],
    ['closed', 503, true],
  ]
  for (const [reason, status, retry] of cases) {
    it(`${reason}: ${status}`, () => {
      const error = jobRefusal(new JobFailure(reason, 'why'), 'the map')
      assert.ok(error instanceof FhirError)
      assert.equal(error.status, status)
      assert.equal('Retry-After' in error.headers, retry)
      // Of a bug the log has the place, and the client nothing.
      assert.ok(error.message.includes('why') || reason === 'closed' || reason === 'fault')
    })
  }
})
