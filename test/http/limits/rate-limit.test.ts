import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { describe, it, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import request from 'supertest'
import { createRateLimits, type RateSettings } from '../../../src/http/limits/rate-limit.ts'
import { clientsByAddress } from '../../../src/http/limits/requester.ts'
import { bearer, startApp, valueSet } from '../support.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** A clock that is moved by hand, and limits by it. */
function limited(settings: Partial<RateSettings>, trustedProxies: string[] = []) {
  let at = 1000
  const rates = createRateLimits(
    { ofClient: undefined, ofPrincipal: undefined, ...settings },
    { clientOf: clientsByAddress(trustedProxies), isDirect: trustedProxies.length === 0, elapsed: () => at },
  )
  return { rates, pass: (seconds: number) => (at += seconds * 1000) }
}

/** A message as far as limits look at it. */
function from(address: string, headers: Record<string, string> = {}, socket = { remoteAddress: address }) {
  return { headers, socket } as unknown as IncomingMessage
}

async function appWith(settings: Partial<RateSettings>, trustedProxies: string[] = []) {
  const { rates, pass } = limited(settings, trustedProxies)
  const hooks = {
    rates,
    parseMap: () => assert.fail(),
    readMap: () => assert.fail(),
    printMap: () => '',
    checkWrite: async () => [],
    documents: [
      ({ path }: { path: string }) =>
        path === '/doc' || path === '/fhir/r/doc' ? { contentType: 'text/plain', body: Buffer.from('a') } : undefined,
    ],
  }
  return { ...(await startApp([], { hooks })), pass, rates }
}

describe('the requests of a client', () => {
  it('are counted, told, and refused when they are too many, until the minute is over', async () => {
    const { server, pass, rates } = await appWith({ ofClient: 3 })
    const ask = () => request(server).get('/fhir/ValueSet?_summary=count')
    const [first, second, third, fourth] = [await ask(), await ask(), await ask(), await ask()]
    assert.deepEqual([first.status, second.status, third.status, fourth.status], [200, 200, 200, 429])
    assert.equal(first.get('RateLimit-Policy'), '"client";q=3;w=60')
    assert.deepEqual(
      [first, third, fourth].map((each) => each.get('RateLimit')),
      ['"client";r=2;t=60', '"client";r=0;t=60', '"client";r=0;t=60'],
    )
    assert.equal(fourth.get('Retry-After'), '60')
    assert.equal(fourth.get('Cache-Control'), 'no-store')
    assert.equal(fourth.body.resourceType, 'OperationOutcome')
    assert.equal(fourth.body.issue[0].code, 'throttled')
    assert.equal(rates.refused(), 1)
    pass(45)
    assert.equal((await ask()).get('Retry-After'), '15')
    pass(15)
    assert.equal((await ask()).get('RateLimit'), '"client";r=2;t=60')
  })

  it('are refused in the format that they ask for', async () => {
    const { server } = await appWith({ ofClient: 1 })
    const ask = () => request(server).get('/fhir/metadata').set('Accept', 'application/fhir+xml')
    await ask()
    const { status, headers, text } = await ask()
    assert.equal(status, 429)
    assert.match(String(headers['content-type']), /fhir\+xml/)
    assert.match(text, /<OperationOutcome/)
  })

  it('count when they are answered from memory, and when they are wrong', async () => {
    const { server, storage } = await appWith({ ofClient: 8 })
    await storage.write([{ method: 'PUT', type: 'ValueSet', id: 'a', resource: valueSet('a') as never }])
    const left: (string | undefined)[] = []
    for (const path of ['ValueSet/a', 'ValueSet/a', 'ValueSet/a', 'Nothing', 'ValueSet/%zz', '%24nothing', '_history'])
      left.push((await request(server).get(`/fhir/${path}`)).get('RateLimit'))
    assert.deepEqual(
      left,
      [7, 6, 5, 4, 3, 2, 1].map((each) => `"client";r=${each};t=60`),
    )
    assert.equal((await request(server).get('/fhir/ValueSet/a').set('If-None-Match', 'W/"1"')).status, 304)
    assert.equal((await request(server).get('/fhir/ValueSet/a')).status, 429)
  })

  it('count entries of a batch, which is not cut', async () => {
    const { server, pass } = await appWith({ ofClient: 4 })
    const entry = Array.from({ length: 10 }, () => ({ request: { method: 'GET', url: 'metadata' } }))
    const ask = () =>
      request(server).post('/fhir').type('application/fhir+json').send({ resourceType: 'Bundle', type: 'batch', entry })
    const first = await ask()
    assert.equal(first.status, 200)
    assert.equal(first.body.entry.length, 10)
    assert.equal(first.get('RateLimit'), '"client";r=0;t=120', 'what is owed takes longer')
    assert.equal((await ask()).status, 429)
    pass(60)
    assert.equal((await ask()).status, 429, 'six are owed, of four a minute')
    pass(60)
    assert.equal((await ask()).status, 200)
  })

  it('count beside FHIR, but for what watches the server', async () => {
    const { server } = await appWith({ ofClient: 4 })
    for (const path of ['/health', '/ready', '/ready?x', '/health']) {
      const { status, headers } = await request(server).get(path)
      assert.equal(status, 200)
      assert.equal(headers.ratelimit, undefined)
    }
    for (const path of ['/openapi.json', '/', '/doc', '/fhir/r/doc'])
      assert.equal((await request(server).get(path)).status, 200, path)
    for (const path of ['/openapi.json', '/', '/doc', '/fhir/r/doc', '/fhir/metadata', '/healthy', '/ready/x']) {
      const refused = await request(server).get(path)
      assert.equal(refused.status, 429, path)
      assert.equal(JSON.parse(refused.text).resourceType, 'OperationOutcome')
      assert.match(String(refused.headers['retry-after']), /^\d+$/)
    }
    assert.equal((await request(server).get('/health')).status, 200)
  })

  it('are as many as come where nothing is limited', async () => {
    const { server } = await appWith({})
    const { status, headers } = await request(server).get('/fhir/metadata')
    assert.deepEqual([status, headers.ratelimit], [200, undefined])
  })
})

describe('a principal', () => {
  it('has an account of its own, wherever it asks from', async () => {
    const { server } = await appWith({ ofClient: 1, ofPrincipal: 2 })
    const known = () => request(server).get('/fhir/metadata').set('Authorization', bearer)
    await request(server).get('/fhir/metadata')
    assert.equal((await request(server).get('/fhir/metadata')).status, 429)
    const first = await known()
    assert.deepEqual([first.status, first.get('RateLimit')], [200, '"token";r=1;t=60'])
    assert.deepEqual([(await known()).status, (await known()).status], [200, 429])
  })

  it('that is none cannot try for ever, nor use up what its neighbours may do', async () => {
    const { server } = await appWith({ ofClient: 2 })
    const wrong = () => request(server).get('/fhir/metadata').set('Authorization', 'Bearer wrong')
    assert.deepEqual([(await wrong()).status, (await wrong()).status, (await wrong()).status], [401, 401, 429])
    assert.equal((await request(server).get('/fhir/metadata')).status, 200)
    assert.equal((await request(server).get('/fhir/metadata').set('Authorization', bearer)).status, 429)
  })
})

describe('whose requests they are', () => {
  const cases: { what: string; first: IncomingMessage; second: IncomingMessage; one: boolean; proxies?: string[] }[] = [
    { what: 'one address', first: from('192.0.2.1'), second: from('192.0.2.1'), one: true },
    { what: 'two addresses', first: from('192.0.2.1'), second: from('192.0.2.2'), one: false },
    { what: 'one address in two spellings', first: from('192.0.2.1'), second: from('::ffff:192.0.2.1'), one: true },
    { what: 'one network of IPv6', first: from('2001:db8::1'), second: from('2001:db8::ffff:2'), one: true },
    { what: 'two networks of IPv6', first: from('2001:db8:0:1::1'), second: from('2001:db8:0:2::1'), one: false },
    {
      what: 'one address that writes what it likes of others',
      first: from('192.0.2.1', { 'x-forwarded-for': '198.51.100.1' }),
      second: from('192.0.2.1', { 'x-forwarded-for': '198.51.100.2' }),
      one: true,
    },
    {
      what: 'two addresses behind a proxy that is trusted',
      first: from('10.0.0.1', { 'x-forwarded-for': '198.51.100.1' }),
      second: from('10.0.0.1', { 'x-forwarded-for': '198.51.100.2' }),
      one: false,
      proxies: ['10.0.0.0/8'],
    },
  ]
  for (const { what, first, second, one, proxies } of cases)
    it(`tells ${what}`, () => {
      const { rates } = limited({ ofClient: 1 }, proxies)
      assert.equal(rates.ofAddress(first)?.take(1), true)
      assert.equal(rates.ofAddress(second)?.take(1), !one)
    })

  it('is told anew behind a proxy, whose connection carries many', () => {
    const { rates } = limited({ ofClient: 1 }, ['10.0.0.1'])
    const socket = { remoteAddress: '10.0.0.1' }
    const ask = (client: string) => rates.ofAddress(from('', { 'x-forwarded-for': client }, socket))?.take(1)
    assert.deepEqual([ask('198.51.100.1'), ask('198.51.100.2'), ask('198.51.100.1')], [true, true, false])
  })
})

test('a million addresses take no more memory than some, and cut nobody else', () => {
  const rates = createRateLimits(
    { ofClient: 5, ofPrincipal: undefined },
    { clientOf: ({ socket: { remoteAddress = '' } }) => remoteAddress, isDirect: true, elapsed: () => 0 },
  )
  const socket = { remoteAddress: '192.0.2.7' }
  const quiet = () => rates.ofAddress(from('192.0.2.7', {}, socket))?.take(1)
  assert.equal(quiet(), true)
  const used = () => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = used()
  for (let n = 0; n < 1_000_000; n++) {
    if (!rates.ofAddress(from(`2001:db8:${n}::/64`))?.take(1)) assert.fail(`the address ${n} was cut`)
  }
  const grown = used() - before
  // All of them would be 200 MB.
  assert.ok(grown < 30_000_000, `${grown} bytes`)
  assert.equal(quiet(), true)
  assert.equal(rates.refused(), 0)
})
