import { unprocessable } from '../../src/fhir/error.ts'
import { serveJobs } from '../../src/workers/serve-jobs.ts'

/** Program of the tests of job processes: does what the job says. */
serveJobs<string, unknown>(async (job, ask) => {
  if (job === 'loop') for (;;) Math.random()
  if (job === 'exit') process.exit(3)
  if (job === 'throw') throw new Error('a bug')
  if (job === 'nest') return nest([])
  if (job === 'lengthen') return 'x'.repeat(2 ** 30)
  if (job === 'refuse') throw unprocessable('not so', 'too-costly')
  if (job === 'fill heap') {
    const kept: unknown[] = []
    for (;;) kept.push(new Array(10_000).fill(kept.length))
  }
  if (job === 'fill buffers') {
    const kept: Buffer[] = []
    for (;;) kept.push(Buffer.alloc(1_000_000, 1))
  }
  if (job === 'environment') return { environment: process.env, arguments: process.execArgv }
  if (job.startsWith('ask ')) return job.split(' ').slice(1).map(ask)
  return `${job} answered`
})

function nest(inside: unknown): unknown {
  return [nest([inside])]
}
