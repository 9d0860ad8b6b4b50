/** Several processes that serve as one. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { ServerProcess } from '../../support/server-process.ts'
import {
  type Connection,
  clientSettings,
  connectTo,
  startWorkers,
  strength,
  until,
  workersOf,
} from '../../support/workers.ts'

const folder = mkdtempSync(join(tmpdir(), 'vidimus-workers-'))
const noProc = existsSync('/proc/self/task')
  ? false
  : 'this system has no /proc, where the children of a process are seen'
const token = { authorization: 'Bearer test' }
const json = { ...token, 'content-type': 'application/fhir+json' }
let clients: Awaited<ReturnType<typeof clientSettings>>
let server: ServerProcess
let one: Connection
let other: Connection
before(async () => {
  clients = await clientSettings(join(folder, 'settings'))
  server = await startWorkers(2, {
    DATA_DIR: join(folder, 'data'),
    CLIENTS: clients.file,
    METRICS: 'public',
    DRAFTS: 'public',
    ACCESS_LOG: 'on',
  })
  one = connectTo(server.url)
  await one.ask('/health')
  other = connectTo(server.url)
  await other.ask('/health')
})
after(async () => {
  one?.close()
  other?.close()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const url = 'http://example.org/fhir/ValueSet'
const valueSet = (id: string, title: string, name = id) =>
  JSON.stringify({
    resourceType: 'ValueSet',
    ...(id === '' ? {} : { id }),
    url: `${url}/${name}`,
    status: 'draft',
    title,
    compose: { include: [{ system: 'http://example.org/s', concept: [{ code: 'a' }] }] },
  })

describe('what one of two workers does holds for the other', () => {
  it('what it wrote is read at once, whatever the other keeps', async () => {
    for (let round = 0; round < 5; round++) {
      const body = valueSet('shared', `title ${round}`)
      const written = await one.ask('/fhir/ValueSet/shared', { method: 'PUT', headers: json, body })
      assert.ok([200, 201].includes(written.status), written.text)
      const isThere = async (path: string) => (await other.ask(path)).text.includes(`title ${round}`)
      await until(() => isThere('/fhir/ValueSet/shared'), 'the other worker answers what was written', 1)
      await until(() => isThere(`/fhir/ValueSet?url=${url}/shared`), 'the other worker finds what was written', 1)
    }
  })

  it('a page link goes on from where the other began', async () => {
    const first = JSON.parse((await one.ask('/fhir/StructureMap?_count=2')).text)
    const next = first.link.find(({ relation }: { relation: string }) => relation === 'next')
    const { pathname, search } = new URL(next.url)
    const second = await other.ask(`${pathname}${search}`)
    assert.equal(second.status, 200, second.text)
    assert.equal(JSON.parse(second.text).entry.length, 2)
  })

  it('of conditional creates at once one creates', async () => {
    const created = await Promise.all(
      Array.from({ length: 12 }, (_, at) =>
        (at % 2 ? one : other).ask('/fhir/ValueSet', {
          method: 'POST',
          headers: { ...json, 'if-none-exist': `url=${url}/once` },
          body: valueSet('', `by ${at}`, 'once'),
        }),
      ),
    )
    const told = created.map(({ status, text }) => `${status} ${text}`).join('\n')
    assert.deepEqual(created.map(({ status }) => status).sort(), [...new Array(11).fill(200), 201], told)
    const { total } = JSON.parse((await other.ask(`/fhir/ValueSet?url=${url}/once&_total=accurate`)).text)
    assert.equal(total, 1)
  })

  it('of conditional creates in transactions at once one creates', async () => {
    const entry = (at: number) => ({
      resource: JSON.parse(valueSet('', `by ${at}`, 'once-more')),
      request: { method: 'POST', url: 'ValueSet', ifNoneExist: `url=${url}/once-more` },
    })
    const done = await Promise.all(
      Array.from({ length: 6 }, (_, at) =>
        (at % 2 ? one : other).ask('/fhir', {
          method: 'POST',
          headers: json,
          body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry: [entry(at)] }),
        }),
      ),
    )
    const statuses = done.map(({ text }) => JSON.parse(text).entry?.[0]?.response.status.slice(0, 3))
    assert.deepEqual(statuses.sort(), ['200', '200', '200', '200', '200', '201'])
  })

  it('an assertion counts once, and a token for both', async () => {
    const form = clients.assertion(server.url)
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const first = await one.ask('/token', { method: 'POST', headers, body: form })
    assert.equal(first.status, 200, first.text)
    const second = await other.ask('/token', { method: 'POST', headers, body: form })
    assert.equal(second.status, 401, 'the assertion was used already')
    const authorization = `Bearer ${JSON.parse(first.text).access_token}`
    const body = valueSet('by-client', 'by token')
    for (const connection of [one, other]) {
      const written = await connection.ask('/fhir/ValueSet/by-client', {
        method: 'PUT',
        headers: { ...json, authorization },
        body,
      })
      assert.ok([200, 201].includes(written.status), written.text)
    }
  })

  it('an asynchronous job is asked of either, by who started it alone', async () => {
    const begun = await one.ask(`/fhir/CodeSystem/$import?url=http://example.org/fhir/CodeSystem/big&version=1`, {
      method: 'POST',
      headers: { ...token, 'content-type': 'text/csv' },
      body: `code,display\n${Array.from({ length: 3000 }, (_, at) => `c${at},d${at}`).join('\n')}\n`,
    })
    assert.equal(begun.status, 202, begun.text)
    const address = new URL(String(begun.headers['content-location'])).pathname
    assert.equal((await other.ask(address)).status, 404, 'nobody else is told')
    await until(async () => (await other.ask(address, { headers: token })).status === 200, 'the job is done')
    const { text } = await other.ask(address, { headers: token })
    assert.match(JSON.parse(text).entry[0].response.status, /^200/, text)
    const found = await other.ask('/fhir/CodeSystem/$lookup?system=http://example.org/fhir/CodeSystem/big&code=c7')
    assert.match(found.text, /d7/)
    assert.equal((await other.ask(address, { method: 'DELETE', headers: token })).status, 202)
    assert.equal((await one.ask(address, { headers: token })).status, 404)
    const unknown = await one.ask('/fhir/_jobs/77-0123456789abcdef', { headers: token })
    assert.equal(unknown.status, 404, 'a job of a process that never was')
  })

  it('a kit that one made is known to the other', async () => {
    const whole = await one.ask('/fhir/$verifier-kit?jurisdiction=NZ', { headers: token })
    assert.equal(whole.status, 200, whole.text.slice(0, 500))
    const etag = String(whole.headers.etag)
    const again = await other.ask('/fhir/$verifier-kit?jurisdiction=NZ', {
      headers: { ...token, 'if-none-match': etag },
    })
    assert.equal(again.status, 304, `${again.status} ${etag} ${again.headers.etag}`)
  })

  it('numbers are sums, and stay so when a worker is no more', { skip: noProc }, async () => {
    const counted = async (connection: Connection) => {
      const { text } = await connection.ask('/metrics')
      const lines = text.split('\n').filter((line) => line.startsWith('vidimus_http_requests_total{'))
      return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
    }
    const before = await counted(one)
    for (let asked = 0; asked < 10; asked++) await (asked % 2 ? one : other).ask('/fhir/metadata?_summary=true')
    const now = await counted(other)
    assert.ok(now >= before + 10, `${before} and 10 are ${now}`)
    assert.match((await one.ask('/metrics')).text, /^vidimus_workers 2$/m)
    assert.match((await one.ask('/metrics')).text, /^vidimus_ready\{part="workers"\} 1$/m)
    const [pid = 0] = await workersOf(server)
    process.kill(pid, 'SIGKILL')
    await strength(server, '1 of 2 answer')
    const left = connectTo(server.url)
    assert.ok((await counted(left)) >= now, 'what the worker counted still counts')
    await strength(server, '2 of 2 answer')
    assert.ok((await counted(left)) >= now)
    left.close()
    assert.match(server.output(), /worker \d+ \(process \d+\) leads now/)
  })

  it('lines are whole, each request has one, and what an operator is told is said once', async () => {
    const lines = server
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
    for (const line of lines.slice(0, -1)) assert.doesNotThrow(() => JSON.parse(line), line)
    assert.equal(server.output().match(/vidimus listens/g)?.length, 1)
    assert.equal(server.output().match(/DEVELOPMENT_TOKEN is set/g)?.length, 1, server.output())
  })
})
