/** The last hour as it is counted, and who is told. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, describe, it } from 'node:test'
import { createHourCounter, type LastHour } from '../../../src/server/front/last-hour.ts'
import { openTestServer } from '../../support/loaded-server.ts'

function counterAt(start: string) {
  let now = new Date(start)
  const counter = createHourCounter(() => now)
  return { counter, goTo: (moment: string) => (now = new Date(moment)) }
}

describe('the counter of the last hour', () => {
  it('counts requests by whose fault they were', () => {
    const { counter } = counterAt('2026-01-01T10:00:00Z')
    for (const status of [200, 304, 404, 429, 500, 503]) counter.answered({ status })
    assert.deepEqual(counter.read().requests, { total: 6, refused: 2, failed: 2 })
  })

  it('counts evaluations by decision and format, and in which minute', () => {
    const { counter, goTo } = counterAt('2026-01-01T10:00:30Z')
    counter.evaluated('accepted', 'shc', 1)
    goTo('2026-01-01T10:02:00Z')
    counter.evaluated('accepted', 'shc', 1)
    counter.evaluated('unverified', 'none', 30)
    const { evaluations, minutes, since, until } = counter.read()
    assert.deepEqual(evaluations.by, [
      { decision: 'accepted', format: 'shc', count: 2 },
      { decision: 'unverified', format: 'none', count: 1 },
    ])
    assert.deepEqual(minutes.slice(-3), [1, 0, 2])
    assert.deepEqual([since, until], ['2026-01-01T10:00:30.000Z', '2026-01-01T10:02:00.000Z'])
    assert.deepEqual(evaluations.milliseconds, { half: 1, most: 50 })
  })

  it('counts tries for themselves, and in nothing else', () => {
    const { counter } = counterAt('2026-01-01T10:00:00Z')
    counter.tried()
    counter.evaluated('accepted', 'shc', 1)
    const { tries, evaluations, minutes } = counter.read()
    assert.deepEqual([tries, evaluations.total, minutes.at(-1)], [1, 1, 1])
  })

  it('forgets what is older', () => {
    const { counter, goTo } = counterAt('2026-01-01T10:00:00Z')
    counter.evaluated('accepted', 'shc', 1)
    counter.answered({ status: 200 })
    goTo('2026-01-01T10:59:59Z')
    assert.equal(counter.read().evaluations.total, 1)
    goTo('2026-01-01T11:00:00Z')
    assert.equal(counter.read().evaluations.total, 0)
    assert.deepEqual(counter.read().requests, { total: 0, refused: 0, failed: 0 })
    goTo('2026-01-03T10:00:00Z')
    assert.equal(counter.read().since, '2026-01-03T09:01:00.000Z')
  })

  it('mixes no minutes when the clock is set back', () => {
    const { counter, goTo } = counterAt('2026-01-01T10:00:00Z')
    counter.evaluated('accepted', 'shc', 1)
    goTo('2026-01-01T09:30:00Z')
    counter.evaluated('rejected', 'shc', 1)
    const { evaluations, minutes } = counter.read()
    assert.deepEqual(evaluations.by, [{ decision: 'rejected', format: 'shc', count: 1 }])
    assert.equal(minutes.at(-1), 1)
  })

  it('keeps the kinds of a minute bounded, and loses no count', () => {
    const { counter } = counterAt('2026-01-01T10:00:00Z')
    for (let index = 0; index < 1_000; index++) counter.evaluated(`d${index}`, 'f', 1)
    const { evaluations } = counter.read()
    assert.equal(evaluations.total, 1_000)
    assert.ok(evaluations.by.length <= 101)
  })

  it('tells no time beyond its bounds', () => {
    const { counter } = counterAt('2026-01-01T10:00:00Z')
    assert.deepEqual(counter.read().evaluations.milliseconds, {})
    counter.evaluated('accepted', 'shc', 60_000)
    assert.deepEqual(counter.read().evaluations.milliseconds, {})
  })
})

describe('/last-hour', () => {
  const opened: { close(): Promise<void> }[] = []
  after(async () => {
    for (const each of opened) await each.close()
  })
  const start = async (environment: Record<string, string>) => {
    const server = await openTestServer(environment)
    const http = createServer(server.server.handler)
    await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening))
    opened.push({
      async close() {
        http.closeAllConnections()
        http.close()
        await server.close()
      },
    })
    const place = http.address()
    const root = `http://127.0.0.1:${typeof place === 'object' ? place?.port : ''}`
    const read = (path: string, headers: Record<string, string> = {}) => fetch(`${root}${path}`, { headers })
    return { root, read }
  }

  it('is open on a development server, and says what was answered', async () => {
    const { root, read } = await start({})
    const tag = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HTEST' }]
    for (const meta of [{}, { meta: { tag } }, { meta: { tag: [{ code: 'HTEST' }] } }]) {
      const answer = await fetch(`${root}/fhir/$evaluate`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/fhir+json' },
        body: JSON.stringify({
          resourceType: 'Parameters',
          ...meta,
          parameter: [{ name: 'credential', valueString: 'HC1:x' }],
        }),
      })
      assert.match(await answer.text(), /"unverified"/, 'a try is answered like any other')
    }
    const reply = await read('/last-hour')
    const hour: LastHour = JSON.parse(await reply.text())
    assert.equal(reply.headers.get('cache-control'), 'no-store')
    assert.deepEqual(hour.evaluations.by, [{ decision: 'unverified', format: 'none', count: 2 }])
    assert.equal(hour.tries, 1)
    const openapi: { paths: object } = JSON.parse(await (await read('/openapi.json')).text())
    assert.ok('/last-hour' in openapi.paths)
  })

  it('needs the token of the metrics where those do', async () => {
    const { read } = await start({ METRICS: 'token', METRICS_TOKEN: 'of-the-metrics-1' })
    assert.equal((await read('/last-hour')).status, 401)
    assert.equal((await read('/last-hour', { Authorization: 'Bearer test' })).status, 401)
    assert.equal((await read('/last-hour', { Authorization: 'Bearer of-the-metrics-1' })).status, 200)
  })

  it('is not there on a production server without metrics', async () => {
    const { read } = await start({
      NODE_ENV: 'production',
      DEVELOPMENT_TOKEN: '',
      ALLOW_REQUEST_TRUST_ANCHORS: 'false',
      BASE_URL: 'https://example.org',
    })
    assert.equal((await read('/last-hour')).status, 404)
    const openapi: { paths: object } = JSON.parse(await (await read('/openapi.json')).text())
    assert.ok(!('/last-hour' in openapi.paths))
  })
})
