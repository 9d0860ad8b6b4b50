import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { ConfigError, readConfig } from '../../../src/config.ts'
import { openTestServer } from '../../support/loaded-server.ts'

const opened: { close(): Promise<void> }[] = []
after(async () => {
  for (const each of opened) await each.close()
})

async function start(environment: Record<string, string>) {
  const each = await openTestServer(environment)
  opened.push(each)
  const root = await each.server.listen()
  const scrape = async (headers: Record<string, string> = {}) => {
    const response = await fetch(`${root}/metrics`, { headers })
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
  }
  return { root, scrape, server: each.server }
}

/** Samples of the text format (Prometheus, text format 0.0.4), each line read strictly. */
function samples(text: string) {
  const found: { name: string; labels: Record<string, string>; value: number }[] = []
  const types = new Map<string, string>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line)
    if (type) {
      assert.ok(!types.has(type[1] ?? ''), `${type[1]} stands twice`)
      types.set(type[1] ?? '', type[2] ?? '')
      continue
    }
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?[\d.e+-]+|Nan|[+-]?Inf)$/.exec(line)
    assert.ok(sample, `no sample: ${line}`)
    const labels = [...(sample[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
    found.push({
      name: sample[1] ?? '',
      labels: Object.fromEntries(labels.map(([, key = '', value = '']) => [key, value])),
      value: Number(sample[3]),
    })
  }
  const value = (name: string, labels: Record<string, string> = {}) =>
    found.find((each) => each.name === name && Object.entries(labels).every(([key, is]) => each.labels[key] === is))
      ?.value
  return { found, types, value }
}

describe('/metrics', () => {
  it('is not there unless it is switched on', async () => {
    const { scrape } = await start({})
    const { status, text } = await scrape()
    assert.equal(status, 404)
    assert.match(text, /OperationOutcome/)
  })

  it('is for those who bring the token', async () => {
    const { scrape } = await start({ METRICS: 'token', METRICS_TOKEN: 'of-the-scraper' })
    for (const authorization of ['', 'Bearer', 'Bearer wrong', 'Bearer test', 'Basic of-the-scraper']) {
      const { status, text } = await scrape(authorization === '' ? {} : { authorization })
      assert.equal(status, 401, authorization)
      assert.doesNotMatch(text, /vidimus_|scraper/)
    }
    const { status, text } = await scrape({ authorization: 'Bearer of-the-scraper' })
    assert.equal(status, 200)
    assert.match(text, /vidimus_info/)
  })

  it('needs a token exactly where it is for a token', () => {
    for (const set of [{ METRICS: 'token' }, { METRICS: 'public', METRICS_TOKEN: 'a' }, { METRICS_TOKEN: 'a' }])
      assert.throws(() => readConfig(set), ConfigError)
  })

  it('counts requests by what they are, and nothing of what stands in them', async () => {
    const { root, scrape } = await start({ METRICS: 'public', RATE_LIMIT: '60' })
    const secret = 'Jane-Doe-1984'
    const ask = (path: string, init?: RequestInit) => fetch(`${root}${path}`, init).then((each) => each.arrayBuffer())
    await ask(`/fhir/ValueSet/${secret}`)
    await ask(`/fhir/ValueSet?name=${secret}`)
    await ask(`/fhir/${secret}`)
    await ask(`/${secret}`)
    await ask(`/fhir/CodeSystem/$lookup?system=http://${secret}&code=${secret}`)
    await ask(`/fhir/$${secret}`)
    for (let again = 0; again < 3; again++) await ask('/fhir/metadata')
    await ask('/fhir/$evaluate', {
      method: 'POST',
      headers: { 'content-type': 'application/fhir+json' },
      body: JSON.stringify({
        resourceType: 'Parameters',
        parameter: [{ name: 'credential', valueString: `HC1:${secret}` }],
      }),
    })
    const { status, type, text } = await scrape()
    assert.equal(status, 200)
    assert.match(type ?? '', /^text\/plain; version=0\.0\.4/)
    assert.doesNotMatch(text, new RegExp(secret))
    const { value, types } = samples(text)
    assert.equal(value('vidimus_http_requests_total', { route: '/metadata', method: 'GET', status: '200' }), 3)
    assert.equal(value('vidimus_http_requests_total', { route: '/:type/:id', status: '404' }), 1)
    assert.equal(value('vidimus_http_request_duration_seconds_count', { route: '/metadata' }), 3)
    assert.equal(value('vidimus_http_request_duration_seconds_bucket', { route: '/metadata', le: '+Inf' }), 3)
    assert.equal(value('vidimus_evaluations_total', { decision: 'rejected' }) ?? value('vidimus_evaluations_total'), 1)
    assert.equal(value('vidimus_http_requests_in_flight'), 1, 'this very one')
    assert.equal(types.get('vidimus_http_request_duration_seconds'), 'histogram')
    for (const part of ['disk', 'clock', 'trust lists']) assert.equal(value('vidimus_ready', { part }), 1, part)
    assert.ok((value('vidimus_trust_list_keys') ?? 0) > 0)
    assert.ok((value('vidimus_disk_free_bytes') ?? 0) > 0)
    for (let more = 0; more < 60; more++) await ask('/fhir/metadata')
    const limited = samples((await scrape()).text)
    assert.ok((limited.value('vidimus_http_rate_limited_total') ?? 0) > 0)
  })

  it('counts buckets so that each holds those before it', async () => {
    const { root, scrape } = await start({ METRICS: 'public' })
    for (let again = 0; again < 20; again++) await (await fetch(`${root}/fhir/metadata`)).arrayBuffer()
    const { found } = samples((await scrape()).text)
    const buckets = found.filter(({ name, labels }) => name.endsWith('_seconds_bucket') && labels.route === '/metadata')
    assert.equal(buckets.length, 14)
    for (const [index, { value }] of buckets.entries()) assert.ok(value >= (buckets[index - 1]?.value ?? 0))
    assert.equal(buckets.at(-1)?.value, 20)
  })

  it('has a bounded number of series, whatever is asked', async () => {
    const { root, scrape } = await start({ METRICS: 'public' })
    const count = async () => samples((await scrape()).text).found.length
    const ask = async (n: number) => {
      for (const path of [`ValueSet/a${n}`, `T${n}`, `$o${n}`, `ValueSet/$o${n}`, `ValueSet/a${n}/_history/${n}`])
        await (await fetch(`${root}/fhir/${path}`, { method: n % 2 ? 'GET' : 'PROPFIND' })).arrayBuffer()
    }
    for (let n = 0; n < 4; n++) await ask(n)
    await count()
    const before = await count()
    for (let n = 4; n < 60; n++) await ask(n)
    assert.ok((await count()) <= before, 'new series for what was asked')
  })

  it('shows what docs/monitoring.md says, and nothing else of its own', async () => {
    const { scrape } = await start({ METRICS: 'public' })
    const { types } = samples((await scrape()).text)
    const own = [...types.keys()].filter((name) => name.startsWith('vidimus_')).toSorted()
    const page = readFileSync(new URL('../../../docs/monitoring.md', import.meta.url), 'utf8')
    const told = [...page.matchAll(/^\| `(vidimus_\w+)/gm)].map(([, name]) => name).toSorted()
    assert.deepEqual(own, told)
  })
})
