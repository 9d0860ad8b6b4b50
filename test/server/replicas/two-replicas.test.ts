/** Two servers with folders of their own over one store of MongoDB: each answers for both. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { baseContentPresence } from '../../../src/publish/base-content/load.ts'
import { openStorage } from '../../../src/storage/open.ts'
import { mongoForTests } from '../../support/mongo.ts'
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts'
import { ask, clientSettings, until } from '../../support/workers.ts'

const root = resolve(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'vidimus-replicas-'))
const mongo = await mongoForTests()
const skip = 'skip' in mongo ? mongo.skip : false
const storageUrl = 'skip' in mongo ? '' : mongo.url('replicas')
const json = { 'content-type': 'application/fhir+json', authorization: 'Bearer test' }
let clients: Awaited<ReturnType<typeof clientSettings>>
let servers: ServerProcess[] = []
const urls: string[] = []
const environment = (name: string) => ({
  DATA_DIR: join(folder, name),
  STORAGE_URL: storageUrl,
  DEVELOPMENT_TOKEN: 'test',
  DRAFTS: 'public',
  ACCESS_LOG: 'off',
  RATE_LIMIT: 'off',
  CLIENTS: clients.file,
  // As behind a balancer: both have one address.
  BASE_URL: 'http://replicas.example',
})

/** What it prints is the address that all have; where it listens itself is known by its port. */
async function start(name: string): Promise<ServerProcess> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  const port = typeof address === 'object' ? String(address?.port) : ''
  await new Promise((closed) => probe.close(closed))
  const server = await startServerProcess({ ...environment(name), PORT: port })
  urls.push(`http://127.0.0.1:${port}`)
  return server
}

before(async () => {
  if (skip) return
  clients = await clientSettings(join(folder, 'settings'))
  const storage = await openStorage(storageUrl, { dataDir: folder })
  const { stamp } = await baseContentPresence(storage)
  await storage.derived.set('base-content', 'stamp', stamp)
  await storage.close()
  const first = await start('one')
  // The keys that all share, as a secret brings them to each.
  cpSync(join(folder, 'one/keys'), join(folder, 'two/keys'), { recursive: true })
  servers = [first, await start('two')]
})
after(async () => {
  await Promise.all(servers.map((each) => each.stop()))
  if (!('skip' in mongo)) await mongo.stop()
  rmSync(folder, { recursive: true, force: true })
})

const at = (place: number) => urls[place] ?? assert.fail('no server')
const valueSet = (id: string, title: string) =>
  JSON.stringify({
    resourceType: 'ValueSet',
    id,
    url: `http://example.org/fhir/ValueSet/${id}`,
    status: 'draft',
    title,
    compose: { include: [{ system: 'http://example.org/s', concept: [{ code: 'a' }] }] },
  })

describe('two replicas', { skip }, () => {
  it('read within a second what the other wrote, whatever they keep', async () => {
    for (let round = 0; round < 4; round++) {
      const [writer, reader] = round % 2 ? [1, 0] : [0, 1]
      const title = `title ${round}`
      const written = await ask(`${at(writer)}/fhir/ValueSet/shared`, {
        method: 'PUT',
        headers: json,
        body: valueSet('shared', title),
      })
      assert.ok([200, 201].includes(written.status), written.text)
      const search = `${at(reader)}/fhir/ValueSet?url=http://example.org/fhir/ValueSet/shared`
      await until(async () => (await ask(search)).text.includes(title), 'a search answers what was written', 1)
      await until(async () => (await ask(`${at(reader)}/fhir/ValueSet/shared`)).text.includes(title), 'a read, too', 1)
    }
  })

  it('create once, of conditional creates at both', async () => {
    const created = await Promise.all(
      Array.from({ length: 6 }, (_, place) =>
        ask(`${at(place % 2)}/fhir/ValueSet`, {
          method: 'POST',
          headers: { ...json, 'if-none-exist': 'url=http://example.org/fhir/ValueSet/once' },
          body: valueSet('', `by ${place}`).replace('"id":"",', '').replace('ValueSet/"', 'ValueSet/once"'),
        }),
      ),
    )
    const told = created.map(({ status, text }) => `${status} ${text}`).join('\n')
    assert.equal(created.filter(({ status }) => status === 201).length, 1, told)
    assert.ok(
      created.every(({ status }) => [200, 201, 409].includes(status)),
      told,
    )
  })

  it('take the tokens of each other, and an assertion once', async () => {
    const form = clients.assertion('http://replicas.example')
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const first = await ask(`${at(0)}/token`, { method: 'POST', headers, body: form })
    assert.equal(first.status, 200, first.text)
    assert.equal((await ask(`${at(1)}/token`, { method: 'POST', headers, body: form })).status, 401)
    const authorization = `Bearer ${JSON.parse(first.text).access_token}`
    const written = await ask(`${at(1)}/fhir/ValueSet/by-token`, {
      method: 'PUT',
      headers: { ...json, authorization },
      body: valueSet('by-token', 't'),
    })
    assert.equal(written.status, 201, written.text)
  })

  it('do not deny a job that the other has', async () => {
    const begun = await ask(`${at(0)}/fhir/CodeSystem/$import?url=http://example.org/fhir/CodeSystem/job&version=1`, {
      method: 'POST',
      headers: { ...json, 'content-type': 'text/csv' },
      body: 'code,display\na,b\n',
    })
    assert.equal(begun.status, 202, begun.text)
    const { pathname } = new URL(String(begun.headers['content-location']))
    const elsewhere = await ask(`${at(1)}${pathname}`, { headers: json })
    assert.equal(elsewhere.status, 503, elsewhere.text)
    assert.equal(elsewhere.headers['retry-after'], '1')
    await until(
      async () => (await ask(`${at(0)}${pathname}`, { headers: json })).status === 200,
      'it is done where it is',
    )
  })

  it('of which one has other keys: it says so, and in production does not start', async () => {
    const run = async (more: Record<string, string>) => {
      const { DEVELOPMENT_TOKEN: _, ...settings } = environment('stranger')
      const child = spawn(process.execPath, ['src/main.ts', 'serve'], {
        cwd: root,
        env: { PATH: process.env.PATH ?? '', PORT: '0', ...settings, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let said = ''
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk) => {
          said += chunk
          if (said.includes('vidimus listens')) child.kill('SIGTERM')
        })
      const [code] = await once(child, 'close')
      return { code, said }
    }
    const production = await run({ NODE_ENV: 'production', BASE_URL: 'http://replicas.example' })
    assert.equal(production.code, 2, production.said)
    assert.match(production.said, /signs access tokens with another key: a token of one is refused by the other/)
    const development = await run({})
    assert.equal(development.code, 0, development.said)
    assert.match(development.said, /signs access tokens with another key/)
    assert.match(development.said, /signs with another key .*a development key is made by each for itself/)
  })

  it('of which one is killed under load fail no read after one retry at the other', async () => {
    let isOver = false
    const counts = { answered: 0, again: 0, failed: [] as string[] }
    const read = async (place: number) => {
      const { status, text } = await ask(`${at(place)}/fhir/ValueSet/shared`)
      if (status !== 200) throw new Error(`${status} ${text.slice(0, 200)}`)
    }
    const client = async (number: number) => {
      for (let asked = number; !isOver; asked++) {
        try {
          await read(asked % 2)
        } catch (first) {
          counts.again += 1
          await read((asked + 1) % 2).catch((second: unknown) => counts.failed.push(`${first}, then ${second}`))
        }
        counts.answered += 1
      }
    }
    const all = Array.from({ length: 6 }, (_, number) => client(number))
    try {
      await until(async () => counts.answered > 100, 'both answer')
      servers[0]?.process.kill('SIGKILL')
      const before = counts.answered
      await until(async () => counts.answered > before + 300, 'one answers')
    } finally {
      isOver = true
      await Promise.all(all)
    }
    assert.deepEqual(counts.failed, [])
    assert.ok(counts.again > 0)
  })
})
