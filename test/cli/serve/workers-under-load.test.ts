/** Workers that end while requests come: by accident, or to be replaced. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { ServerProcess } from '../../support/server-process.ts'
import { ask, startWorkers, strength, until, workersOf } from '../../support/workers.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-under-load-'))
const noProc = existsSync('/proc/self/task') ? false : 'this system has no /proc, where the workers are found'
let server: ServerProcess
before(async () => {
  server = await startWorkers(2, { DATA_DIR: join(folder, 'data'), RATE_LIMIT: 'off' })
})
after(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/**
 * Clients that ask one after the other on open connections, and some that open one for each request. None shares its connections: of a
 * pool a retry may take another connection to the process that was killed.
 */
function load(url: string) {
  let isOver = false
  const counts = { answered: 0, again: 0, failed: [] as string[] }
  const askOnce = async (agent: Agent) => {
    const { status, text } = await ask(`${url}/fhir/StructureMap?_count=1`, { agent })
    if (status !== 200) throw new Error(`${status} ${text.slice(0, 200)}`)
  }
  const client = async (agent: Agent) => {
    while (!isOver) {
      try {
        await askOnce(agent)
      } catch (first) {
        counts.again += 1
        await askOnce(agent).catch((second: unknown) => counts.failed.push(`${first}, then ${second}`))
      }
      counts.answered += 1
    }
    agent.destroy()
  }
  const clients = Array.from({ length: 8 }, (_, at) =>
    client(new Agent(at < 6 ? { keepAlive: true, maxSockets: 1 } : { keepAlive: false })),
  )
  return {
    counts,
    async end() {
      isOver = true
      await Promise.all(clients)
    },
  }
}

describe('under load', { skip: noProc }, () => {
  it('a worker that is killed costs no read after one retry, and is started again', async () => {
    const { counts, end } = load(server.url)
    for (let round = 0; round < 2; round++) {
      const before = counts.answered
      await until(async () => counts.answered > before + 100, 'it answers')
      const [oldest = 0] = await workersOf(server)
      process.kill(oldest, 'SIGKILL')
      await until(async () => !(await workersOf(server)).includes(oldest), 'it is gone')
      await strength(server, '2 of 2 answer')
    }
    await end()
    assert.deepEqual(counts.failed, [])
    assert.ok(counts.answered > 200)
  })

  it('workers that are replaced cost nothing', async () => {
    const { counts, end } = load(server.url)
    await until(async () => counts.answered > 100, 'it answers')
    const old = await workersOf(server)
    server.process.kill('SIGUSR2')
    await until(async () => server.output().includes('all workers were replaced'), server.output(), 60)
    const before = counts.answered
    await until(async () => counts.answered > before + 100, 'it answers')
    await end()
    // They end when what they had begun is answered.
    await until(async () => (await workersOf(server)).every((pid) => !old.includes(pid)), 'the old ones are gone', 60)
    assert.equal((await workersOf(server)).length, 2)
    assert.deepEqual(counts.failed, [])
    assert.equal(counts.again, 0, 'clients that keep connections open are told to leave, and none is cut off')
  })
})
