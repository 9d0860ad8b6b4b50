/** What keeps several processes, or a second server, from starting. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, describe, it } from 'node:test'
import { workersProblem } from '../../../src/config/workers-settings.ts'
import { startServerProcess } from '../../support/server-process.ts'
import { ask, startWorkers, until } from '../../support/workers.ts'

const root = resolve(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'vidimus-refused-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Runs it to its end. */
async function run(args: string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['src/main.ts', 'serve', ...args], {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', PORT: '0', DATA_DIR: join(folder, 'none'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  const [code] = await once(child, 'close')
  return { code, said }
}

describe('a number of workers', () => {
  for (const text of ['0', '-1', '1.5', 'abc', '', ' ', '1e3', '0x2', '٣', '65'])
    it(`${JSON.stringify(text)} is none`, () => assert.match(workersProblem(text) ?? '', /a whole number from 1 to 64/))
  it('from 1 to 64 is one', () =>
    assert.deepEqual(['1', '2', '64'].map(workersProblem), [undefined, undefined, undefined]))
  it('on the command line is judged likewise', async () => {
    const { code, said } = await run(['--workers=-1'])
    assert.equal(code, 2, said)
    assert.match(said, /a whole number from 1 to 64 is wanted/)
  })
  it('1000 is too many, and it is said why', async () => {
    const { code, said } = await run(['--workers', '1000'])
    assert.equal(code, 2, said)
    assert.match(said, /from 1 to 64 is wanted: each worker takes 100 to 200 MB, and more than there are cores/)
  })
  it('of the setting is judged in the same way, with all other settings', async () => {
    const { code, said } = await run([], { WORKERS: '1000', LOG_LEVEL: 'loud' })
    assert.equal(code, 2)
    assert.match(said, /has 2 problems/)
    assert.match(said, /WORKERS is "1000"; a whole number from 1 to 64 is wanted/)
  })
  it('is of no use for a store in memory', async () => {
    const { code, said } = await run(['--workers', '2'], { STORAGE_URL: 'sqlite::memory:' })
    assert.equal(code, 2, said)
    assert.match(said, /A store in memory \(sqlite::memory:\) is one process alone/)
  })
})

it('a port that is taken is told once, before anything is made', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const address = taken.address()
  const port = typeof address === 'object' ? String(address?.port) : ''
  const { code, said } = await run(['--workers', '2'], { PORT: port })
  taken.close()
  assert.equal(code, 2, said)
  assert.equal(said.match(/is in use by another program/g)?.length, 1, said)
})

it('a store that cannot be opened ends the whole, with what is wrong', async () => {
  const file = join(folder, 'no-store.db')
  writeFileSync(file, 'this is no database, and was never one; it is here to be refused by whoever opens it')
  const { code, said } = await run(['--workers', '2'], { STORAGE_URL: `sqlite:${file}` })
  assert.equal(code, 2, said)
  assert.match(said, /no-store\.db/)
  assert.match(said, /no worker can be started/)
})

it('a worker is not started by hand', async () => {
  const { code, said } = await run(['--as-worker'])
  assert.equal(code, 2)
  assert.match(said, /which serve --workers starts itself/)
})

it('a folder that another server has is refused, with workers and without, and free again when that was killed', async () => {
  const DATA_DIR = join(folder, 'held')
  const first = await startWorkers(1, { DATA_DIR })
  for (const args of [[], ['--workers', '2']]) {
    const { code, said } = await run(args, { DATA_DIR })
    assert.equal(code, 2, said)
    assert.match(said, /held is in use by another server\. One server of several processes is started with/)
  }
  first.process.kill('SIGKILL')
  await once(first.process, 'exit')
  // Its worker ends by itself.
  await until(
    async () =>
      ask(`${first.url}/health`).then(
        () => false,
        () => true,
      ),
    'nobody answers any more',
  )
  const second = await startServerProcess({ DATA_DIR })
  assert.equal((await ask(`${second.url}/health`)).status, 200)
  await second.stop()
})
