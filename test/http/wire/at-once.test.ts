/** What is answered at once is what is answered on the ordinary way, and everything out of the ordinary takes that way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import request from 'supertest'
import { FhirError, issue } from '../../../src/fhir/error.ts'
import { type AtOnceCall, textParameter } from '../../../src/fhir/operation.ts'
import { openStorage } from '../../../src/storage/open.ts'
import { bearer, startApp, valueSet } from '../support.ts'

const ways: ('at once' | 'ordinary')[] = []
const answer = ({ parameters, acceptLanguage = '' }: AtOnceCall) => ({
  resourceType: 'Parameters' as const,
  parameter: [{ name: 'said', valueString: `${textParameter(parameters, 'code')} ${acceptLanguage}` }],
})
const parameters = [
  { name: 'code', use: 'in' as const, min: 0, max: '1', type: 'code', documentation: 'A code' },
  { name: 'count', use: 'in' as const, min: 0, max: '1', type: 'integer', documentation: 'A number' },
]
const declared = { title: 'T', description: 'D', type: ['CodeSystem'], get: true, parameters }
const { server } = await startApp([
  {
    ...declared,
    name: 'lookup',
    handle: async (call) => {
      ways.push('ordinary')
      if (textParameter(call.parameters, 'code') === 'fault') throw new FhirError(404, issue('not-found', 'A fault.'))
      return { resource: answer(call) }
    },
    atOnce: (call) => {
      const code = textParameter(call.parameters, 'code')
      if (code === 'fault') throw new Error('not said by this way')
      if (code === 'absent') return undefined
      ways.push('at once')
      return answer(call)
    },
  },
  ...(['strict', 'personal', 'affectsState'] as const).map((kind) => ({
    ...declared,
    name: `of-${kind.toLowerCase()}`,
    [kind]: true,
    handle: async (call: AtOnceCall) => {
      ways.push('ordinary')
      return { resource: answer(call) }
    },
    atOnce: (call: AtOnceCall) => {
      ways.push('at once')
      return answer(call)
    },
  })),
])

/** How a request was answered, and with what. */
async function wayOf(path: string, headers: Record<string, string> = {}, method: 'get' | 'head' | 'post' = 'get') {
  ways.length = 0
  let asked = request(server)[method](`/fhir/${path}`).set('Accept', 'application/fhir+json')
  for (const [name, value] of Object.entries(headers)) asked = asked.set(name, value)
  const { status, headers: given, text } = await asked
  const { date: _date, 'x-request-id': _id, ...rest } = given
  return { ways: [...ways], status, headers: rest, text }
}

let fresh = 0
const path = () => `CodeSystem/$lookup?code=c${fresh++}`

test('a plain question is answered at once', async () => {
  assert.deepEqual((await wayOf(path())).ways, ['at once'])
  assert.deepEqual((await wayOf(path(), { 'Accept-Language': 'de', 'X-Request-Id': 'a-1' })).ways, ['at once'])
  for (const accept of ['*/*', 'application/json', 'application/fhir+json; fhirVersion=4.0', 'application/fhir+xml'])
    assert.deepEqual((await wayOf(path(), { Accept: accept })).ways, ['at once'], accept)
})

test('both ways say the same, byte for byte, kept replies included', async () => {
  for (const accept of ['*/*', 'application/json', 'application/fhir+xml', 'application/fhir+json; fhirVersion=4.0'])
    for (const language of ['', 'de'])
      for (const code of ['x', 'é', '%22', 'a+b', 'absent']) {
        const asked = `CodeSystem/$lookup?code=${code}-${accept.length}${language}`
        const headers = { Accept: accept, ...(language && { 'Accept-Language': language }) }
        const quick = await wayOf(asked, headers)
        const ordinary = await wayOf(asked, { ...headers, Prefer: 'handling=lenient' })
        assert.deepEqual({ ...ordinary, ways: [] }, { ...quick, ways: [], headers: ordinary.headers })
        const { etag: _etag, ...told } = ordinary.headers
        assert.deepEqual(told, quick.headers)
        const again = await wayOf(asked, headers)
        assert.equal(again.text, quick.text)
        assert.match(again.headers.etag ?? '', /^W\//)
      }
})

test('what is out of the ordinary takes the ordinary way', async () => {
  const odd: [string, Record<string, string>?, ('get' | 'head' | 'post')?][] = [
    [path(), { Prefer: 'respond-async' }],
    [path(), { 'If-None-Match': '"x"' }],
    [path(), { 'If-Modified-Since': new Date(0).toUTCString() }],
    [path(), { Authorization: bearer }],
    [path(), { 'X-Own': '1' }],
    [path(), { 'Content-Type': 'application/fhir+xml' }],
    [`${path()}&_pretty=true`],
    [`${path()}&_format=xml`],
    [`${path()}&_summary=true`],
    [path().replace('$', '%24')],
    [path().replace('?', '/?')],
    [path(), {}, 'head'],
    ['CodeSystem/$lookup?code=absent'],
    ['CodeSystem/$of-strict?code=a'],
    ['CodeSystem/$of-personal?code=a'],
  ]
  for (const [asked, headers, method] of odd) {
    const found = await wayOf(asked, headers, method)
    assert.deepEqual(found.ways, ['ordinary'], `${method} ${asked} ${JSON.stringify(headers)}`)
    assert.ok(found.status < 300, `${found.status} ${asked}`)
  }
})

test('what is refused is refused by the ordinary way', async () => {
  const refused: [string, number, Record<string, string>?][] = [
    ['CodeSystem/$lookup?code=fault', 404],
    [`${path()}&count=many`, 400],
    [`${path()}&x=%`, 400],
    [path(), 406, { Accept: 'text/turtle' }],
    ['CodeSystem/$of-affectsstate?code=a', 401],
    ['ValueSet/$lookup?code=a', 404],
    [path(), 401, { Authorization: 'Bearer another' }],
  ]
  for (const [asked, status, headers] of refused) {
    const found = await wayOf(asked, headers)
    assert.equal(found.status, status, asked)
    assert.ok(!found.ways.includes('at once'), asked)
  }
})

test('nothing is answered from memory while the store cannot tell what has changed', async () => {
  let isBehind = false
  const storage = await openStorage('sqlite::memory:', { dataDir: '.' })
  const catchUp = () =>
    isBehind ? Promise.reject(new FhirError(503, issue('transient', 'The store is away.'))) : undefined
  const away = await startApp(
    [
      {
        ...declared,
        name: 'lookup',
        handle: async (call) => ({ resource: answer(call) }),
        atOnce: (call) => answer(call),
      },
    ],
    { storage: { ...storage, catchUp } },
  )
  await request(away.server)
    .put('/fhir/ValueSet/a')
    .set('Authorization', bearer)
    .type('application/fhir+json')
    .send(valueSet('a'))
  const paths = ['CodeSystem/$lookup?code=a', 'ValueSet?url=http://example.org/ValueSet/a', 'ValueSet/a']
  const statuses = async (asked: string) => {
    const found: number[] = []
    for (let time = 0; time < 3; time++) found.push((await request(away.server).get(`/fhir/${asked}`)).status)
    return found
  }
  for (const asked of paths) assert.deepEqual(await statuses(asked), [200, 200, 200], asked)
  isBehind = true
  for (const asked of paths) assert.deepEqual(await statuses(asked), [503, 503, 503], asked)
  isBehind = false
  for (const asked of paths) assert.deepEqual(await statuses(asked), [200, 200, 200], asked)
})
