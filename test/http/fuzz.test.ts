import assert from 'node:assert/strict'
import { request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { textParameter } from '../../src/fhir/operation.ts'
import { bearer, startApp, valueSet } from './support.ts'

const { server, errors } = await startApp([
  {
    name: 'expand',
    title: 'Expand',
    description: 'Expands',
    type: ['ValueSet'],
    instance: ['ValueSet'],
    get: true,
    accepts: ['text/plain', 'application/json'],
    parameters: [{ name: 'count', use: 'in', min: 0, max: '1', type: 'integer', documentation: 'Number' }],
    handle: async ({ parameters }) => ({
      resource: {
        resourceType: 'Parameters',
        parameter: [{ name: 'count', valueString: textParameter(parameters, 'count') ?? 'none' }],
      },
    }),
  },
])
const { port } = server.address() as AddressInfo

interface Answer {
  status: number
  type: string
  text: string
}

function call(method: string, path: string, headers: Record<string, string>, body?: Uint8Array): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length: Record<string, string> = body ? { 'content-length': String(body.length) } : {}
    const sent = send({ port, method, path, headers: { ...headers, ...length }, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          text: Buffer.concat(chunks).toString(),
        }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

const piece = fc.oneof(
  fc.constantFrom(
    'fhir',
    'ValueSet',
    'CodeSystem',
    'f',
    '_history',
    '_search',
    '$expand',
    '%24expand',
    'metadata',
    '1',
    '',
  ),
  fc.constantFrom(
    '%zz',
    '%',
    '%00',
    '%2F',
    '..',
    '.',
    '*',
    '%E0%A4%A',
    '__proto__',
    'constructor',
    'toString',
    '$',
    '$__proto__',
  ),
  fc.string({ maxLength: 12 }).map((text) => encodeURIComponent(text.toWellFormed())),
)
const path = fc.array(piece, { maxLength: 6 }).map((pieces) => `/${pieces.join('/')}`)
const baseAndPath = fc.oneof(
  path,
  path.map((each) => `/fhir${each}`),
)
const name = fc.constantFrom(
  ...['url', '_count', '_sort', '_summary', '_elements', '_format', '_pretty', '_cursor', '_include', '_revinclude'],
  ...[
    'date',
    'title:contains',
    'url:above',
    '_lastUpdated',
    'context-type-value',
    '_total',
    '_since',
    '_at',
    'count',
    '_text',
  ],
)
const value = fc.oneof(
  fc.constantFrom(
    '1',
    '-1',
    'xml',
    'json',
    'true',
    'ge2020',
    'a|b',
    '|',
    '$',
    '%zz',
    'ValueSet:*',
    '*',
    '-date',
    'NaN',
    '1e999',
  ),
  fc.string({ maxLength: 10 }).map((text) => encodeURIComponent(text.toWellFormed())),
)
const query = fc
  .array(fc.tuple(name, value), { maxLength: 4 })
  .map((pairs) => (pairs.length > 0 ? `?${pairs.map((pair) => pair.join('=')).join('&')}` : ''))
const headers = fc
  .record(
    {
      accept: fc.constantFrom(
        '*/*',
        'text/html',
        'application/fhir+xml',
        ';;;',
        'a/b;q=x',
        'text/fhir-mapping',
        ',',
        '"',
      ),
      'content-type': fc.constantFrom(
        ...['application/fhir+json', 'application/xml', 'text/plain', 'x', ';', 'application/json; charset="utf-16"'],
        ...['application/x-www-form-urlencoded', 'text/fhir-mapping', 'application/fhir+ndjson', 'multipart/form-data'],
      ),
      'content-encoding': fc.constantFrom('gzip', 'br', 'deflate', 'x', 'identity', 'gzip, gzip'),
      'accept-encoding': fc.constantFrom('gzip', 'br;q=1', '*', ';', 'identity;q=0'),
      'if-match': fc.constantFrom('W/"1"', '*', '"', 'W/', 'x y'),
      'if-none-match': fc.constantFrom('W/"1"', '*', ',', '"'),
      'if-modified-since': fc.constantFrom('x', 'Wed, 01 Jan 2099 00:00:00 GMT'),
      'if-none-exist': fc.constantFrom('url=x', '?', '%zz', 'x', ''),
      prefer: fc.constantFrom('return=minimal', 'handling=strict', 'return=OperationOutcome', ';=,', 'return='),
      'x-request-id': fc.constantFrom('a', '<script>', 'x'.repeat(500)),
      'accept-language': fc.constantFrom('fr', ';;', '*'),
    },
    { requiredKeys: [] },
  )
  .map((record) => Object.fromEntries(Object.entries(record)) as Record<string, string>)
const bundle = fc.record({
  resourceType: fc.constant('Bundle'),
  type: fc.constantFrom('batch', 'transaction', 'x'),
  entry: fc.oneof(fc.jsonValue(), fc.array(fc.record({ request: fc.jsonValue(), resource: fc.jsonValue() }))),
})
const text = fc.oneof(
  fc.json(),
  fc.constant(JSON.stringify(valueSet('f'))),
  fc
    .record({
      resourceType: fc.constantFrom('ValueSet', 'Parameters', 'x'),
      id: fc.constant('f'),
      parameter: fc.jsonValue(),
    })
    .map((each) => JSON.stringify(each)),
  bundle.map((each) => JSON.stringify(each)),
  fc.constantFrom(
    '<ValueSet xmlns="http://hl7.org/fhir"/>',
    '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
    'count=1&count=2',
    '',
  ),
)
const body = fc.oneof(
  text.map((each) => Buffer.from(each)),
  fc.uint8Array({ maxLength: 200 }),
  fc.constant(undefined),
)
const verb = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'SEARCH', 'PROPFIND', 'TRACE')

test('whatever is sent, the answer is never a server error, never HTML, and errors are OperationOutcomes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.record({ method: verb, path: baseAndPath, query, headers, body }), async (sent) => {
      const got = await call(sent.method, sent.path + sent.query, { ...sent.headers, authorization: bearer }, sent.body)
      assert.ok(got.status < 500 || got.status === 501, got.text)
      if (!/^\/+$/.test(sent.path)) assert.doesNotMatch(got.type, /html/)
      if (got.status >= 400 && sent.method !== 'HEAD') assert.match(got.text, /OperationOutcome/)
      assert.deepEqual(errors, [])
    }),
    { numRuns: 1500, seed: 20260102 },
  )
})
