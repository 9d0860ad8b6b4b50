/** How a server starts and ends, with everything that it started. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { findBaseContent } from '../../../src/packages/base-content.ts'
import { startServerProcess } from '../../support/server-process.ts'
import { withoutBaseContent } from '../../support/workers.ts'

const root = resolve(import.meta.dirname, '../../..')
const folders: string[] = []
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-serve-'))
  folders.push(folder)
  return folder
}
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const absent = (await findBaseContent()).sources.flatMap((each) => each.absent ?? []).join('; ')
const noProc = existsSync('/proc/self/task') ? '' : 'this system has no /proc, where the children of a process are seen'

/** Processes that a process started, and those that these started. */
function descendants(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`
  const own = existsSync(file) ? readFileSync(file, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number) : []
  return own.flatMap((each) => [each, ...descendants(each)])
}

/** A process that has ended and that nobody has asked for yet is gone, too. */
const isAlive = (pid: number) => {
  const file = `/proc/${pid}/stat`
  if (!existsSync(file)) return false
  try {
    return !/\) Z /.test(readFileSync(file, 'latin1'))
  } catch {
    return false
  }
}

async function waitUntil(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 1200) assert.fail(what)
    await sleep(50)
  }
}

/** `npm start`, or another command, as somebody types it. */
function start(command: string, args: string[], environment: Record<string, string>) {
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', PORT: '0', ...environment }
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk))
  return { child, pid: child.pid ?? 0, exited: once(child, 'exit'), printed: () => printed }
}

describe('a server', () => {
  it('says at once that it starts and where its data is, and then where it listens', async () => {
    const dataDir = newFolder()
    const server = await startServerProcess({ DATA_DIR: dataDir })
    await server.stop()
    assert.match(server.output(), /^vidimus starts; its data is in .*\n[\s\S]*vidimus listens: http/)
    assert.ok(server.output().includes(dataDir))
  })

  it('says all of it as JSON with LOG_FORMAT=json, but where it listens', async () => {
    const server = await startServerProcess({
      DATA_DIR: newFolder(),
      NODE_ENV: 'production',
      LOG_FORMAT: 'json',
      ACCESS_LOG: 'off',
    })
    await server.stop()
    const lines = server.output().trim().split('\n')
    const others = lines.filter((line) => !line.startsWith('vidimus listens: '))
    assert.ok(others.length >= 2 && others.length < lines.length, server.output())
    for (const line of others) assert.match(JSON.parse(line).text, /./)
  })

  it('says where its store is when that is elsewhere, that nobody is trusted, and what is still loading', async () => {
    const store = join(newFolder(), 'elsewhere.db')
    const settings = {
      DATA_DIR: newFolder(),
      STORAGE_URL: `sqlite:${store}`,
      NODE_ENV: 'production',
      PREPARED_STORE: 'off',
    }
    const server = await startServerProcess(settings)
    await server.stop()
    assert.ok(server.output().includes(`, its store in sqlite:${store} (`), server.output())
    assert.match(server.output(), /^No trust list is configured: every credential is ISSUER_NOT_TRUSTED\.$/m)
    if (!absent) assert.match(server.output(), /^base content: loading; until it is there/m)
  })

  it('whose port is taken says so before anything is made or loaded', async () => {
    const first = await startServerProcess({ DATA_DIR: newFolder() })
    const dataDir = join(newFolder(), 'data')
    const port = new URL(first.url).port
    const second = start(process.execPath, ['src/main.ts', 'serve'], { DATA_DIR: dataDir, PORT: port })
    const [code] = await second.exited
    await first.stop()
    assert.equal(code, 2)
    assert.match(second.printed(), new RegExp(`port ${port} of 127\\.0\\.0\\.1 is in use by another program`))
    assert.equal(existsSync(dataDir), false)
  })

  it('that is killed takes the loader of its base content along', { skip: noProc || absent || false }, async () => {
    const server = await startServerProcess({ DATA_DIR: newFolder(), PREPARED_STORE: 'off' })
    const pid = server.process.pid ?? 0
    await waitUntil(() => descendants(pid).length > 0, 'the loader was not started')
    const loaders = descendants(pid)
    server.process.kill('SIGKILL')
    await once(server.process, 'exit')
    await waitUntil(() => !loaders.some(isAlive), `the loader ${loaders} is still there`)
  })

  /** Ends npm, and waits until everything that it started is gone. */
  async function endsWithNpm(environment: Record<string, string>, said: string) {
    const npm = start('npm', ['start'], { DATA_DIR: newFolder(), PREPARED_STORE: 'off', ...environment })
    await waitUntil(() => npm.printed().includes(said), npm.printed())
    const all = descendants(npm.pid)
    assert.ok(all.length > 0)
    try {
      npm.child.kill('SIGTERM')
      await npm.exited
      await waitUntil(() => !all.some(isAlive), `of ${all} some are still there`)
    } finally {
      for (const pid of all) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
    }
  }
  it('started by npm ends with it, loader and all', { skip: noProc || absent || false }, () =>
    endsWithNpm({}, 'vidimus listens'),
  )
  it('of several processes started by npm ends with it', { skip: noProc || false }, async () => {
    const dataDir = newFolder()
    await withoutBaseContent(dataDir)
    await endsWithNpm({ DATA_DIR: dataDir, WORKERS: '2' }, 'vidimus listens')
  })

  /** Nobody listens there. */
  const away = { STORAGE_URL: 'mongodb://127.0.0.1:1/away?serverSelectionTimeoutMS=100' }
  it('started by npm ends with it while it waits for its store', { skip: noProc || false }, () =>
    endsWithNpm(away, 'Trying again in 5 s'),
  )
  for (const [whose, workers] of [
    ['one process', {}],
    ['several processes', { WORKERS: '2' }],
  ] as const)
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      it(`of ${whose} that waits for its store ends on ${signal}`, async () => {
        const server = start(process.execPath, ['src/main.ts', 'serve'], {
          DATA_DIR: newFolder(),
          ...away,
          ...workers,
        })
        await waitUntil(() => server.printed().includes('Trying again in 5 s'), server.printed())
        server.child.kill(signal)
        assert.deepEqual(await server.exited, [0, null], server.printed())
      })

  it('with a store in memory loads its content itself', { skip: absent || false }, async () => {
    const server = await startServerProcess({ DATA_DIR: newFolder(), STORAGE_URL: 'sqlite::memory:' })
    try {
      await server.ready()
      const found = await fetch(`${server.url}/fhir/CodeSystem?_summary=count`)
      const { total = 0 } = JSON.parse(await found.text())
      assert.ok(total > 1000, `${total} code systems`)
    } finally {
      await server.stop()
    }
  })
})
