import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import request from 'supertest'
import { defineOperation, type Operation } from '../../../src/fhir/operation.ts'
import type { Bundle, BundleEntry } from '../../../src/fhir/types.ts'
import { bearer, startApp, valueSet } from '../support.ts'

/** Keeps the thread busy for so many milliseconds of its own time, however many others want the machine. */
function compute(milliseconds: number): void {
  const used = () => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1000
  }
  for (const begun = used(); used() - begun < milliseconds; );
}

const operation = (name: string, handle: Operation<undefined>['handle']) =>
  defineOperation<undefined>({
    name,
    title: name,
    description: name,
    system: true,
    get: true,
    parameters: [{ name: 'x', use: 'in', min: 0, max: '1', type: 'integer', documentation: 'x' }],
    handle,
  })

let computed = 0
const operations = [
  operation('compute', async () => {
    computed++
    compute(30)
    return { resource: { resourceType: 'Parameters' } }
  }),
  operation('much', async () => ({
    resource: { resourceType: 'Parameters', parameter: [{ name: 'a', valueString: 'x'.repeat(6000) }] },
  })),
]

const get = (url: string): BundleEntry => ({ request: { method: 'GET', url } })
const bundleOf = (count: number, url: string, type: 'batch' | 'transaction' = 'batch'): Bundle => ({
  resourceType: 'Bundle',
  type,
  entry: Array.from({ length: count }, () => get(url)),
})
const statuses = (body: Bundle) => (body.entry ?? []).map(({ response }) => response?.status)

describe('a batch', () => {
  it('has a hundred entries at most, with a token more; a transaction as well', async () => {
    const { server } = await startApp(operations)
    const post = (bundle: Bundle, headers: Record<string, string> = {}) =>
      request(server)
        .post('/fhir')
        .set(headers)
        .set('Content-Type', 'application/fhir+json')
        .send(JSON.stringify(bundle))
    for (const type of ['batch', 'transaction'] as const) {
      assert.equal((await post(bundleOf(100, 'ValueSet?_count=0', type))).status, 200)
      const refused = await post(bundleOf(101, 'ValueSet?_count=0', type))
      assert.equal(refused.status, 400)
      assert.equal(refused.body.issue[0].code, 'too-costly')
      assert.match(refused.body.issue[0].details.text, /More than 100 entries without a token/)
      assert.equal((await post(bundleOf(101, 'ValueSet?_count=0', type), { Authorization: bearer })).status, 200)
    }
  })

  it('shares the budget of one request; what was done before is answered', async () => {
    const { server } = await startApp(operations, { limits: { cpuMilliseconds: 100 } })
    computed = 0
    const { status, body } = await request(server)
      .post('/fhir')
      .set('Content-Type', 'application/fhir+json')
      .send(JSON.stringify(bundleOf(40, '$compute')))
    assert.equal(status, 200)
    const answered = statuses(body)
    assert.equal(answered.length, 40)
    assert.equal(answered[0], '200')
    assert.equal(answered[39], '422')
    assert.equal(body.entry[39].response.outcome.issue[0].code, 'too-costly')
    assert.ok(computed <= 5, `${computed} entries were worked on`)
    assert.equal(answered.filter((each) => each === '200').length, computed)
  })

  it('has a reply no larger than any: an entry that does not fit is refused, smaller ones that follow are not', async () => {
    const { server } = await startApp(operations, { limits: { replyBytes: 20_000 } })
    const entry = [...Array.from({ length: 5 }, () => get('$much')), get('ValueSet?_count=0')]
    const reply = await request(server)
      .post('/fhir')
      .set('Content-Type', 'application/fhir+json')
      .send(JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }))
    assert.deepEqual(statuses(reply.body), ['200', '200', '200', '413', '413', '200'])
    assert.ok(reply.text.length <= 22_000)
  })
})

describe('a reply', () => {
  it('is no larger than the limit, whatever it is', async () => {
    const { server, storage } = await startApp(operations, { limits: { replyBytes: 5000 } })
    const resource = { ...valueSet('large'), description: 'x'.repeat(6000) }
    await storage.write([{ method: 'PUT', type: 'ValueSet', id: 'large', resource: resource as never }])
    for (const path of ['/fhir/$much', '/fhir/ValueSet/large', '/fhir/ValueSet', '/fhir/ValueSet/_history']) {
      for (const format of ['json', 'xml']) {
        const { status, text } = await request(server).get(`${path}?_format=${format}`)
        assert.equal(status, 413, `${path} ${format}`)
        assert.match(text, /too-costly/)
      }
    }
  })

  it('of a search holds fewer than were asked for when they are large, and goes on behind them', async () => {
    const { server, storage } = await startApp()
    const large = (id: string) => ({ ...valueSet(id), description: 'x'.repeat(2_000_000) })
    const ids = ['a', 'b', 'c', 'd', 'e']
    for (const id of ids) await storage.write([{ method: 'PUT', type: 'ValueSet', id, resource: large(id) as never }])
    for (const first of [
      '/fhir/ValueSet?_count=100&_sort=_id',
      '/fhir/ValueSet/_history?_count=100&_sort=_lastUpdated',
    ]) {
      const seen: string[] = []
      const pages: string[][] = []
      let next: string | undefined = first
      let previous: string | undefined
      while (next !== undefined) {
        const { body }: { body: Bundle } = await request(server).get(next)
        const found = (body.entry ?? []).map(({ resource }) => resource?.id ?? '')
        assert.ok(found.length >= 1 && found.length <= 2, `${found.length} on a page`)
        pages.push(found)
        seen.push(...found)
        const link = (relation: string) => body.link?.find((each) => each.relation === relation)?.url
        previous = link('previous') ?? previous
        next = link('next')?.replace(/^.*\/fhir/, '/fhir')
      }
      assert.deepEqual(seen, ids)
      const { body }: { body: Bundle } = await request(server).get(previous?.replace(/^.*\/fhir/, '/fhir') ?? '')
      assert.deepEqual(
        (body.entry ?? []).map(({ resource }) => resource?.id ?? ''),
        pages.at(-2),
      )
    }
  })
})
