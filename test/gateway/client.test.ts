import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../../src/base/json-value.ts'
import { backoffMilliseconds } from '../../src/gateway/backoff.ts'
import { createGatewayClient, type PeerRequest } from '../../src/gateway/client.ts'
import { GatewayError } from '../../src/gateway/gateway-error.ts'
import { contentProblems, type ReferenceContent } from '../../src/gateway/reference.ts'
import { NetworkError, type NetworkFault } from '../../src/network/network-error.ts'
import { readCases } from '../support/read-cases.ts'

const content: ReferenceContent = {
  url: 'https://own.example/fhir/r/abc.jws',
  country: 'XA',
  type: 'FHIR',
  service: 'ValueSet',
  thumbprint: 'ab'.repeat(32),
  name: 'Value sets',
  sslPublicKey: 'TUlJ',
  contentType: 'application/jose',
  signatureType: 'JWS',
  referenceVersion: '',
  domain: 'DDCC',
}
const uuid = '00000000-0000-4000-8000-000000000001'

/** A client whose gateway answers this, and what it was asked. */
function clientOf(status: number, body: string | Buffer = '', headers: Record<string, string> = {}) {
  const asked: PeerRequest[] = []
  const client = createGatewayClient({
    id: 'main',
    country: 'XA',
    request: async (each) => {
      asked.push(each)
      return { status, headers, body: Buffer.from(body) }
    },
    sign: async (bytes) => Buffer.from(bytes).toString('base64'),
  })
  return { client, asked }
}

const failure = (promise: Promise<unknown>): Promise<GatewayError> =>
  promise.then(
    () => assert.fail('it succeeded'),
    (error: unknown) => {
      assert.ok(error instanceof GatewayError, String(error))
      return error
    },
  )

interface Problem {
  name: string
  status: number
  body?: Json
  text?: string
  state: GatewayError['state']
  retried?: boolean
  says?: string
}

describe('what each refusal means', () => {
  for (const { name, status, body, text, state, retried = false, says = '' } of readCases<Problem>(
    import.meta.url,
    'cases/problems.json',
  ))
    it(name, async () => {
      const sent = body === undefined ? (text ?? '') : JSON.stringify(body)
      const error = await failure(clientOf(status, sent).client.postReference(content))
      assert.equal(error.state, state, error.message)
      assert.equal(error.isRetried, retried)
      assert.match(error.message, new RegExp(says))
      assert.equal(error.status, status)
      // Neither what was sent nor the report's details.
      assert.doesNotMatch(error.message, /secret|html|own\.example/)
    })
})

describe('what each end of a connection means', () => {
  const faults: [NetworkFault, GatewayError['state'], boolean][] = [
    ['client-certificate', 'not-onboarded', false],
    ['timeout', 'unreachable', true],
    ['connection', 'unreachable', true],
    ['certificate', 'unreachable', true],
    ['private', 'unreachable', true],
    ['redirect', 'unreachable', true],
    ['too-large', 'unreachable', true],
    ['off', 'unreachable', true],
  ]
  for (const [fault, state, retried] of faults)
    it(fault, async () => {
      const request = async () => {
        throw new NetworkError(fault)
      }
      const client = createGatewayClient({ id: 'main', country: 'XA', request, sign: async () => '' })
      const error = await failure(client.references())
      assert.deepEqual([error.state, error.isRetried], [state, retried])
    })
  it('a fault of the program is none of the gateway', async () => {
    const request = async () => {
      throw new TypeError('ours')
    }
    const client = createGatewayClient({ id: 'main', country: 'XA', request, sign: async () => '' })
    await assert.rejects(client.references(), TypeError)
  })
})

describe('requests', () => {
  it('read references without any filter, without Accept, in English', async () => {
    const { client, asked } = clientOf(200, '[]')
    await client.references()
    const [request] = asked
    assert.equal(request?.path, '/trustList/references')
    assert.deepEqual(request?.headers, { 'accept-language': 'en' })
    await client.references({ withFederation: true })
    assert.equal(asked[1]?.path, '/trustList/references?withFederation=true')
  })

  it('write references by the singular path, with every member', async () => {
    const { client, asked } = clientOf(201)
    await client.postReference(content, uuid)
    const [request] = asked
    assert.deepEqual([request?.method, request?.path], ['POST', '/trust/reference'])
    assert.equal(request?.headers['content-type'], 'application/cms-text')
    const sent = JSON.parse(Buffer.from(String(Buffer.from(request?.body ?? [])), 'base64').toString())
    assert.deepEqual(sent, { ...content, uuid })
  })

  it('delete with a body, and only by a uuid', async () => {
    const { client, asked } = clientOf(204)
    await client.deleteReference(uuid)
    assert.equal(asked[0]?.method, 'DELETE')
    assert.equal(Buffer.from(String(Buffer.from(asked[0]?.body ?? [])), 'base64').toString(), `{"uuid":"${uuid}"}`)
    for (const wrong of ['', uuid.toUpperCase().replace('8', 'A'), `${uuid} `, 'x'])
      assert.equal((await failure(client.deleteReference(wrong))).state, 'rejected')
    assert.equal(asked.length, 1)
  })

  it('send certificates with properties, and take them back with an encoding', async () => {
    const posted = clientOf(201)
    await posted.client.postCertificate(Buffer.from('der'), { domain: 'DCC' })
    const cms = Buffer.from('der').toString('base64')
    assert.deepEqual(JSON.parse(String(Buffer.from(posted.asked[0]?.body ?? []))), {
      cms,
      domain: 'DCC',
      properties: {},
    })
    const deleted = clientOf(204)
    await deleted.client.deleteCertificate(Buffer.from('der'))
    assert.equal(deleted.asked[0]?.headers['content-encoding'], 'base64')
    assert.equal(deleted.asked[0]?.headers['content-type'], 'application/cms')
  })

  it('ask for revocations since an instant of ISO 8601, never in the form of HTTP', async () => {
    const { client, asked } = clientOf(204)
    assert.equal(await client.revocationList('2021-06-01T00:00:00Z'), undefined)
    assert.equal(asked[0]?.headers['if-modified-since'], '2021-06-01T00:00:00Z')
    for (const wrong of ['Tue, 01 Jun 2021 00:00:00 GMT', '2021-06-01', '2021-06-01T00:00:00', 'x\r\ny: z'])
      assert.equal((await failure(client.revocationList(wrong))).state, 'rejected')
    assert.equal(asked.length, 1)
  })

  it('tell a batch that is unknown from a route that is off', async () => {
    assert.equal(await clientOf(404, '').client.revocationList('2021-06-01T00:00:00Z'), 'not-offered')
    assert.equal(await clientOf(404, '{"code":"","problem":"unknown"}').client.revocationBatch(uuid), 'unknown')
    assert.equal(await clientOf(410).client.revocationBatch(uuid), 'deleted')
    assert.equal((await failure(clientOf(404).client.revocationBatch(uuid))).state, 'not-offered')
    assert.equal(await clientOf(200, 'TUlJ\n').client.revocationBatch(uuid), 'TUlJ')
  })

  it('are not sent without an upload certificate', async () => {
    const request = async () => assert.fail('asked')
    const client = createGatewayClient({ id: 'main', country: 'XA', request, sign: undefined })
    assert.match((await failure(client.postReference(content))).message, /no upload certificate/)
  })
})

describe('what a gateway would refuse is not sent', () => {
  const cases: [string, Partial<ReferenceContent>, string][] = [
    ['an address of 101 characters', { url: 'https://a.example/'.padEnd(101, 'x') }, 'url has 101'],
    ['no address', { url: '' }, 'url is empty'],
    ['http', { url: 'http://own.example/' }, 'no https address'],
    ['another country', { country: 'XB' }, 'country is XB'],
    ['the country in lower case', { country: 'xa' }, 'country is xa'],
    ['a country of three letters', { country: 'XXA' }, 'country has 3'],
    ['no service', { service: '' }, 'service is empty'],
    ['a service of 1025', { service: 'x'.repeat(1025) }, 'service has 1025'],
    ['a thumbprint in capitals', { thumbprint: 'AB'.repeat(32) }, 'thumbprint is no SHA-256'],
    ['a thumbprint of 65', { thumbprint: 'a'.repeat(65) }, 'thumbprint has 65'],
    ['a name of 513', { name: 'x'.repeat(513) }, 'name has 513'],
    ['a name of 257 astral characters: 514 units of UTF-16', { name: '🦠'.repeat(257) }, 'name has 514'],
    ['half a character', { name: 'a\ud83e' }, 'half a character'],
    ['no certificate', { sslPublicKey: '' }, 'sslPublicKey is empty'],
    ['a certificate of 2049', { sslPublicKey: 'x'.repeat(2049) }, 'sslPublicKey has 2049'],
    ['a content type of 513', { contentType: 'x'.repeat(513) }, 'contentType has 513'],
    [
      'a version of 257, which would be a fault of the gateway',
      { referenceVersion: 'x'.repeat(257) },
      'referenceVersion has 257',
    ],
    ['a domain of 33, likewise', { domain: 'x'.repeat(33) }, 'domain has 33'],
    ['no domain: the gateway would put one of its own', { domain: '' }, 'domain is empty'],
  ]
  for (const [name, change, says] of cases)
    it(name, async () => {
      const { client, asked } = clientOf(201)
      const error = await failure(client.postReference({ ...content, ...change }))
      assert.equal(error.state, 'rejected')
      assert.match(error.message, new RegExp(says))
      assert.equal(asked.length, 0)
    })
  it('what is at its bounds is', () => {
    const bounds = {
      url: 'https://a.example/'.padEnd(100, 'x'),
      name: '🦠'.repeat(256),
      referenceVersion: 'x'.repeat(256),
      domain: 'x'.repeat(32),
      service: 'x'.repeat(1024),
      sslPublicKey: 'x'.repeat(2048),
    }
    assert.deepEqual(contentProblems({ ...content, ...bounds }, 'XA'), [])
  })
})

const row = { ...content, uuid, version: 1 }

describe('lists are read strictly', () => {
  const lists: [string, string | Buffer, RegExp | undefined][] = [
    ['rows, with members that nobody knows', JSON.stringify([{ ...row, more: { a: 1 } }]), undefined],
    [
      'a row of another gateway, without thumbprint and certificate',
      JSON.stringify([{ ...row, thumbprint: null, sslPublicKey: null, sourceGateway: 'x' }]),
      undefined,
    ],
    ['an empty body', '', /not JSON/],
    ['half a list', JSON.stringify([row]).slice(0, 99), /not JSON/],
    ['a page of a proxy', '<html>', /not JSON/],
    ['bytes of chance', Buffer.from([0xff, 0xfe, 0x80]), /not UTF-8/],
    ['an object', '{}', /a list is wanted/],
    ['null', 'null', /a list is wanted/],
    ['a list of texts', '["a"]', /entry 1 is no object/],
    ['a list in a list', '[[]]', /entry 1 is no object/],
    ['a list of empty lists without end', `[${'[],'.repeat(120_000)}[]]`, /more than 120000 arrays/],
    ['no uuid', JSON.stringify([{ ...row, uuid: undefined }]), /uuid is missing/],
    ['a number as country', JSON.stringify([row, { ...row, country: 7 }]), /entry 2: country is no text/],
    ['a thumbprint that is a list', JSON.stringify([{ ...row, thumbprint: ['a'] }]), /thumbprint is no text/],
    ['url null', JSON.stringify([{ ...row, url: null }]), /url is missing/],
  ]
  for (const [name, body, says] of lists)
    it(name, async () => {
      const { client } = clientOf(200, body)
      if (!says) return assert.equal((await client.references()).length, 1)
      const error = await failure(client.references())
      assert.deepEqual([error.state, error.isRetried], ['unreachable', true])
      assert.match(error.message, says)
    })
  it('204 where a list is wanted is none', async () => {
    assert.equal((await failure(clientOf(204).client.references())).state, 'unreachable')
  })
  it('pages of revocations', async () => {
    const batch = { batchId: uuid, country: 'XA', date: '2026-01-01T00:00:00Z', deleted: false }
    const page = (change: object) =>
      clientOf(200, JSON.stringify({ more: false, batches: [{ ...batch, ...change }] })).client
    assert.deepEqual(await page({}).revocationList('2021-06-01T00:00:00Z'), { more: false, batches: [batch] })
    for (const change of [
      { deleted: 'false' },
      { deleted: null },
      { date: 'never' },
      { date: 1 },
      { batchId: null },
      { country: [] },
    ])
      assert.equal((await failure(page(change).revocationList('2021-06-01T00:00:00Z'))).state, 'unreachable')
    for (const body of ['{}', '[]', '{"more":"no","batches":[]}', '{"more":false,"batches":{}}'])
      await failure(clientOf(200, body).client.revocationList('2021-06-01T00:00:00Z'))
  })
  it('certificates, issuers, countries, rules', async () => {
    const certificate = { certificate: 'TUlJ', signature: null, kid: 'a', group: 'CSCA', country: 'XA', domain: 'DCC' }
    assert.equal((await clientOf(200, JSON.stringify([certificate])).client.certificates()).length, 1)
    await failure(clientOf(200, JSON.stringify([{ ...certificate, kid: 1 }])).client.certificates())
    await failure(clientOf(200, '[{"url":"https://a","country":"XA"}]').client.issuers())
    assert.deepEqual(await clientOf(200, '["XA","XB"]').client.countries(), ['XA', 'XB'])
    await failure(clientOf(200, '["XAA"]').client.countries())
    const version = { version: '1.0.0', validFrom: 'a', validTo: 'b', cms: 'TUlJ' }
    assert.equal((await clientOf(200, JSON.stringify({ 'VR-XA-0001': [version] })).client.rules('XA')).size, 1)
    await failure(clientOf(200, '{"VR-XA-0001":{}}').client.rules('XA'))
    await failure(clientOf(200, '{"VR-XA-0001":[{"version":1}]}').client.rules('XA'))
  })
  it('any bytes end in rows or in an error of the gateway', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string(), fc.uint8Array()), async (body) => {
        const { client } = clientOf(200, Buffer.from(body))
        for (const list of [client.references(), client.certificates(), client.issuers(), client.countries()])
          await list.catch((error: unknown) => assert.ok(error instanceof GatewayError))
        await client.rules('XA').catch((error: unknown) => assert.ok(error instanceof GatewayError))
      }),
    )
  })
})

test('waits double from a minute to an hour, and never come all at one moment', () => {
  const minutes = (failures: number, random: number) => backoffMilliseconds(failures, random) / 60_000
  assert.deepEqual(
    [1, 2, 3, 6].map((failures) => minutes(failures, 0.5)),
    [1, 2, 4, 32],
  )
  for (const failures of [7, 8, 100, 1e9]) assert.equal(minutes(failures, 0.5), 60)
  assert.ok(minutes(1, 0) < 1 && minutes(1, 1) > 1)
})
