import { serveJobs } from '../../src/rules/cql/job-process.ts'

/** Program of the job-process tests: does what the job says. */
serveJobs<string, unknown>(async (job, ask) => {
  if (job === 'loop') for (;;) Math.random()
  if (job === 'exit') process.exit(3)
  if (job === 'throw') throw new Error('a bug')
  if (job === 'fill') {
    const kept: unknown[] = []
    for (;;) kept.push(new Array(10_000).fill(kept.length))
  }
  return job.startsWith('ask ') ? ask(job.slice(4)) : `${job} answered`
})
