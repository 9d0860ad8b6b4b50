/** What must hold for every value, not for those alone that somebody reported. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import request from 'supertest'
import { primitiveFault } from '../../src/fhir/elements.ts'
import { bearer, startApp } from './support.ts'

const { server, errors } = await startApp()
const http = () => request(server)
let count = 0
const freshId = () => `p${++count}`
const fhirJson = 'application/fhir+json'
const write = (method: 'put' | 'post' | 'patch', path: string, body: string, type = fhirJson) =>
  http()[method](`/fhir/${path}`).set('Authorization', bearer).type(type).send(body)
const read = async (path: string) => (await http().get(`/fhir/${path}`)).text

/** Decimals of FHIR as they may be written, more digits than a double has among them. */
const digits = (least: number, most: number) => fc.stringMatching(new RegExp(`^[0-9]{${least},${most}}$`))
const decimal = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(
      fc.constant('0'),
      fc.tuple(fc.constantFrom(...'123456789'), digits(0, 18)).map(([first, rest]) => first + rest),
    ),
    fc.option(digits(1, 12), { nil: undefined }),
    fc.option(
      fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), fc.constantFrom('0', '3', '10', '22')),
      { nil: undefined },
    ),
  )
  .map(
    ([sign, whole, fraction, power]) =>
      `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${power?.join('') ?? ''}`,
  )
const holder = (id: string, text: string, more = '') =>
  `{"resourceType":"Organization","id":"${id}","name":"N"${more},"extension":[{"url":"http://x","valueDecimal":${text}},{"url":"http://y","valueQuantity":{"value":${text}}}]}`
const inJson = (text: string) => text.replace(/\s/g, '')
/** Whether both decimals of a holder stand there as they were written. */
function keeps(answer: string, text: string): void {
  const found = [
    ...inJson(answer).matchAll(/"(?:valueDecimal|value)":([-+.eE\d]+)|<value(?:Decimal)?value="([-+.eE\d]+)"/g),
  ]
  assert.deepEqual(
    found.map(([, json, xml]) => json ?? xml),
    [text, text],
    answer,
  )
}

test('FirelyTeam/firely-net-sdk#732: a decimal is what it was, through every way in and out', async () => {
  await fc.assert(
    fc.asyncProperty(decimal, async (text) => {
      const id = freshId()
      keeps((await write('put', `Organization/${id}`, holder(id, text))).text, text)
      keeps(await read(`Organization/${id}`), text)
      keeps(await read(`Organization/${id}?_format=xml`), text)
      keeps(await read(`Organization/${id}/_history/1`), text)
      keeps(await read(`Organization?_id=${id}`), text)
      keeps(await read(`Organization?_id=${id}&_format=xml`), text)
      const named = JSON.stringify([{ op: 'replace', path: '/name', value: 'P' }])
      keeps((await write('patch', `Organization/${id}`, named, 'application/json-patch+json')).text, text)
      const parts = [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: 'Organization.name' },
        { name: 'value', valueString: 'Q' },
      ]
      const patch = { resourceType: 'Parameters', parameter: [{ name: 'operation', part: parts }] }
      keeps((await write('patch', `Organization/${id}`, JSON.stringify(patch))).text, text)
      keeps(await read(`Organization/${id}`), text)
    }),
    { numRuns: 60 },
  )
})

test('a decimal is what it was in a transaction that rewrites links, in a batch, and from XML', async () => {
  const urn = 'urn:uuid:11111111-1111-4111-8111-111111111111'
  const bundle = (type: string, id: string, text: string) =>
    `{"resourceType":"Bundle","type":"${type}","entry":[{"fullUrl":"${urn}","resource":{"resourceType":"Organization","name":"A"},"request":{"method":"POST","url":"Organization"}},{"resource":${holder(id, text, `,"partOf":{"reference":"${urn}"}`)},"request":{"method":"PUT","url":"Organization/${id}"}}]}`
  await fc.assert(
    fc.asyncProperty(decimal, async (text) => {
      const id = freshId()
      keeps((await write('post', '', bundle('transaction', id, text))).text, text)
      keeps(await read(`Organization/${id}`), text)
      keeps((await write('post', '', bundle('batch', `${id}b`, text))).text, text)
      const xml = await read(`Organization/${id}?_format=xml`)
      const again = xml.replace(`<id value="${id}"/>`, `<id value="${id}x"/>`)
      keeps((await write('put', `Organization/${id}x?_format=json`, again, 'application/fhir+xml')).text, text)
      keeps(await read(`Organization/${id}x`), text)
    }),
    { numRuns: 60 },
  )
})

test('KevinDockx/HttpCacheHeaders#24: a list of entity tags is met when one of them is current', async () => {
  const tag = fc.record({
    value: fc.oneof(fc.constantFrom('1', '2', '01', '', '*'), fc.stringMatching(/^[\x23-\x5b\x5d-\x7e]{1,8}$/)),
    isWeak: fc.boolean(),
    blank: fc.constantFrom('', ' ', '\t'),
  })
  const id = freshId()
  await write('put', `Organization/${id}`, holder(id, '1'))
  await fc.assert(
    fc.asyncProperty(fc.array(tag, { minLength: 1, maxLength: 5 }), async (tags) => {
      const list = tags.map(({ value, isWeak, blank }) => `${blank}${isWeak ? 'W/' : ''}"${value}"`).join(',')
      const isMet = tags.some(({ value }) => value === '1')
      const put = (name: string) => write('put', `Organization/${id}`, holder(id, '1')).set(name, list)
      assert.equal((await put('If-Match')).status, isMet ? 200 : 412, list)
      assert.equal((await put('If-None-Match')).status, isMet ? 412 : 200, list)
      const got = await http().get(`/fhir/Organization/${id}`).set('If-None-Match', list)
      assert.equal(got.status, isMet ? 304 : 200, list)
    }),
    { numRuns: 100 },
  )
})

test('LinuxForHealth/FHIR#2993: of all primitive types those that link are rewritten, and no other', async () => {
  const urn = 'urn:uuid:11111111-1111-4111-8111-111111111111'
  const types = ['uri', 'url', 'uuid', 'canonical', 'string', 'markdown', 'code', 'oid', 'id'] as const
  for (const type of types) {
    if (primitiveFault(type, urn) !== undefined) continue
    const id = freshId()
    const member = `value${type.charAt(0).toUpperCase()}${type.slice(1)}`
    const organization = { resourceType: 'Organization', name: 'A' }
    const linking = { ...organization, id, extension: [{ url: 'http://x', [member]: urn }] }
    const entry = [
      { fullUrl: urn, resource: organization, request: { method: 'POST', url: 'Organization' } },
      { resource: linking, request: { method: 'PUT', url: `Organization/${id}` } },
    ]
    const { body } = await write('post', '', JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }))
    const value = body.entry[1].resource.extension[0][member]
    if (['uri', 'url', 'uuid'].includes(type)) assert.match(value, /^Organization\//, type)
    else assert.equal(value, urn, type)
  }
})

/** Texts with whatever a JSON string can hold. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        'a',
        '\ud800',
        '\udc00',
        '\u0000',
        '\u0008',
        '\ufffe',
        '\uffff',
        '\u0085',
        '😀',
        '&',
        '<',
        '"',
        '\t',
        '\n',
        ']]>',
      ),
      { minLength: 1, maxLength: 6 },
    )
    .map((parts) => parts.join('')),
)
/** Among what XML 1.0 cannot carry (production Char). */
const uncarried = ['\u0000', '\u0008', '\ufffe', '\uffff']
/** Fields of a resource by what they are, each with a text. */
const fields: Record<string, (text: string) => object> = {
  string: (name) => ({ name }),
  'repeating string': (text) => ({ alias: ['a', text] }),
  code: (code) => ({ type: [{ coding: [{ code }] }] }),
  uri: (system) => ({ identifier: [{ system }] }),
  'id of an element': (id) => ({ contact: [{ id, name: { text: 'a' } }] }),
  'url of an extension': (url) => ({ extension: [{ url, valueBoolean: true }] }),
  'text of an extension': (valueString) => ({ extension: [{ url: 'http://x', valueString }] }),
  'text of a contained resource': (name) => ({ contained: [{ resourceType: 'Organization', id: 'c', name }] }),
  'extension of a primitive': (valueString) => ({
    name: 'a',
    _name: { extension: [{ url: 'http://x', valueString }] },
  }),
}

test('hapifhir/hapi-fhir#6660: what is stored can be read as XML, whatever the text and the field', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...Object.entries(fields)), anyText, async ([field, make], text) => {
      const id = freshId()
      const { status } = await write(
        'put',
        `Organization/${id}`,
        JSON.stringify({ resourceType: 'Organization', id, ...make(text) }),
      )
      assert.ok(status === 201 || status === 422, `${field}: ${status}`)
      if (!text.isWellFormed() || uncarried.some((each) => text.includes(each))) assert.equal(status, 422, field)
      if (status !== 201) return
      for (const path of [`Organization/${id}?_format=xml`, `Organization?_id=${id}&_format=xml`]) {
        const got = await http().get(`/fhir/${path}`)
        assert.equal(got.status, 200, `${field}: ${got.text}`)
        assert.doesNotMatch(got.text, /OperationOutcome/)
      }
      const xml = (await http().get(`/fhir/Organization/${id}?_format=xml`)).text
      const back = await write('put', `Organization/${id}?_format=json`, xml, 'application/fhir+xml')
      assert.equal(back.headers.etag, 'W/"1"', 'XML says what was stored')
    }),
    { numRuns: 200 },
  )
})

const oddNames = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']
/** Places where a stranger may write a name. */
const places: ((name: string) => request.Test)[] = [
  (name) => http().get(`/fhir/${name}`),
  (name) => http().get(`/fhir/${name}/1`),
  (name) => http().get(`/fhir/ValueSet/${name}`),
  (name) => http().get(`/fhir/ValueSet/a/_history/${name}`),
  (name) => http().get(`/fhir/ValueSet/$${name}`),
  (name) => http().get(`/fhir/ValueSet?${name}=x`),
  (name) => http().get(`/fhir/ValueSet?${name}:exact=x`),
  (name) => http().get(`/fhir/ValueSet?name:${name}=x`),
  ...['_sort', '_elements', '_format', '_summary', '_total', '_count', '_cursor', '_pretty'].map(
    (parameter) => (name: string) => http().get(`/fhir/ValueSet?${parameter}=${name}`),
  ),
  (name) => http().get(`/fhir/ValueSet?_include=${name}:x`),
  (name) => http().get(`/fhir/ValueSet?_include=ValueSet:${name}`),
  (name) => http().get(`/fhir/ValueSet?_include=ValueSet:valueset:${name}`),
  (name) => http().get(`/fhir/ValueSet?_revinclude=${name}:x`),
  (name) => http().get(`/fhir/ValueSet?_has:${name}:x:y=1`),
  (name) => http().get(`/fhir/metadata?mode=${name}`),
  (name) => http().get('/fhir/ValueSet').set('Accept', `${name}, ${name}/${name}`),
  (name) => http().get('/fhir/ValueSet').set('Prefer', `${name}=${name}`),
  (name) => write('post', 'ValueSet', '{}', name),
  (name) => write('post', 'ValueSet', '{}').set('Content-Encoding', name),
  (name) => write('post', 'ValueSet', '{}', `application/json; ${name}=${name}`),
  (name) => write('patch', 'ValueSet/a', '[]', name),
  (name) => write('patch', 'ValueSet/a', `[{"op":"${name}","path":"/${name}"}]`, 'application/json-patch+json'),
  (name) => write('post', 'ValueSet', `{"resourceType":"${name}"}`),
  (name) => write('post', 'ValueSet', `{"resourceType":"ValueSet","status":"draft","${name}":1}`),
  (name) =>
    write('post', 'ValueSet', `{"resourceType":"ValueSet","status":"draft","contained":[{"resourceType":"${name}"}]}`),
  (name) => write('post', '', `{"resourceType":"Bundle","type":"${name}"}`),
  (name) =>
    write(
      'post',
      '',
      `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"${name}","url":"${name}"}}]}`,
    ),
  (name) =>
    write(
      'post',
      '',
      `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"ValueSet?_include=${name}:${name}"}}]}`,
    ),
  (name) => write('post', 'ValueSet', `<${name} xmlns="http://hl7.org/fhir"/>`, 'application/fhir+xml'),
  (name) =>
    write(
      'post',
      'ValueSet',
      `<ValueSet xmlns="http://hl7.org/fhir"><${name} value="a"/></ValueSet>`,
      'application/fhir+xml',
    ),
  (name) => http().options(`/fhir/${name}`),
]

test('a name that every JavaScript object has is a name like any other, wherever it stands', async () => {
  for (const [index, place] of places.entries())
    for (const name of oddNames) {
      const { status, text } = await place(name)
      assert.ok(status < 500, `${index} ${name}: ${status} ${text}`)
      assert.doesNotMatch(text ?? '', /"status":"5\d\d"/)
    }
  assert.deepEqual(errors, [])
})
