/**
 * The CapabilityStatement claims exactly what is there: every claim (claims.json, by claim and type) is exercised against a server with
 * everything wired. A claim that nobody exercises fails, and so does one of the table that is no longer made.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import supertest from 'supertest'
import { searchParameters } from '../../../src/fhir/search/parse-search.ts'
import type { CapabilityStatement } from '../../../src/fhir/types.ts'
import { operations } from '../../../src/operations/index.ts'
import { openListeningServer } from '../../support/listening-server.ts'

type Rest = NonNullable<CapabilityStatement['rest']>[number]
type RestResource = NonNullable<Rest['resource']>[number]
type Body = Record<string, unknown>

const table: {
  statement: string[]
  everyType: string[]
  changing: string[]
  growing: string[]
  kept: string[]
  samples: Record<string, Body>
} = JSON.parse(readFileSync(new URL('claims.json', import.meta.url), 'utf8'))

const { http } = await openListeningServer()

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'
/** A request with the token; a body is FHIR JSON unless the headers say another. */
const ask = async (method: Method, path: string, body?: object | string, headers: Record<string, string> = {}) => {
  const sent = supertest(http)
    [method](`/fhir${path === '' ? '' : `/${path}`}`)
    .set('Authorization', 'Bearer test')
  sent.set('Prefer', 'return=representation')
  for (const [name, value] of Object.entries(headers)) sent.set(name, value)
  if (body !== undefined && headers['Content-Type'] === undefined) sent.set('Content-Type', 'application/fhir+json')
  return body === undefined ? sent : sent.send(typeof body === 'string' ? body : JSON.stringify(body))
}
const expect = async (status: number, ...asked: Parameters<typeof ask>) => {
  const answer = await ask(...asked)
  assert.equal(answer.status, status, `${asked[0]} ${asked[1]}: ${answer.text}`)
  return answer
}

const statement: CapabilityStatement = (await expect(200, 'get', 'metadata')).body
const rest = statement.rest?.[0] ?? assert.fail('no rest')
const resources = rest.resource ?? []
const growing = new Set(['AuditEvent'])
/** What is stored of them is not changed. */
const kept = new Set(['Provenance'])
/** What was made of a type first and last in the order of this file: nothing else is changed. */
let made = 0
const sample = (type: string, id?: string): Body => ({
  resourceType: type,
  ...(id === undefined ? {} : { id }),
  ...table.samples[type],
  language: `x-${++made}`,
  // an artefact is told from others by its url
  ...(table.samples[type]?.url === undefined ? {} : { url: `${table.samples[type].url}/${made}` }),
})
const create = async (type: string) => {
  const { body } = await expect(201, 'post', type, sample(type))
  return { id: String(body.id), address: `${type}/${body.id}`, language: String(body.language) }
}
const change = { language: 'de' }
const patchOf = [{ op: 'replace', path: '/language', value: 'fr' }]
const fhirPatch = {
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: 'ValueSet.language' },
        { name: 'value', valueCode: 'it' },
      ],
    },
  ],
}
const xmlPatch = `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/><part><name value="type"/><valueCode value="delete"/></part><part><name value="path"/><valueString value="ValueSet.language"/></part></parameter></Parameters>`

const listed = (values: readonly string[] | undefined, name: string) => (values ?? []).map((each) => `${name} ${each}`)
const flag = (value: unknown, name: string) => (value === true ? [name] : [])

function claimsOfStatement(): string[] {
  return [
    ...listed(statement.format, 'format'),
    ...listed(statement.patchFormat, 'patchFormat'),
    ...listed(statement.instantiates, 'instantiates'),
    `fhirVersion ${statement.fhirVersion}`,
    ...(rest.interaction ?? []).map(({ code }) => `interaction ${code}`),
    ...(rest.searchParam ?? []).map(({ name }) => `searchParam ${name}`),
    ...flag(rest.security?.cors, 'security cors'),
    ...(rest.security?.service ?? []).flatMap(({ coding = [] }) =>
      coding.map(({ code }) => `security service ${code}`),
    ),
  ]
}

/** Claims of a type without its parameters, includes and operations, which are told by name. */
function claimsOfType(each: RestResource): string[] {
  const { conditionalRead, conditionalDelete, versioning } = each
  return [
    ...(each.interaction ?? []).map(({ code }) => `interaction ${code}`),
    ...listed(each.referencePolicy, 'referencePolicy'),
    ...(['readHistory', 'updateCreate', 'conditionalCreate', 'conditionalUpdate'] as const).flatMap((name) =>
      flag(each[name], name),
    ),
    ...(versioning ? [`versioning ${versioning}`] : []),
    ...(conditionalRead ? [`conditionalRead ${conditionalRead}`] : []),
    ...(conditionalDelete ? [`conditionalDelete ${conditionalDelete}`] : []),
  ]
}

const ofStatement: Record<string, () => Promise<unknown>> = {
  ...Object.fromEntries(
    ['application/fhir+json', 'application/fhir+xml', 'json', 'xml'].map((format) => [
      `format ${format}`,
      async () => {
        const { headers } = await expect(200, 'get', `ValueSet?_count=1&_format=${encodeURIComponent(format)}`)
        assert.match(headers['content-type'] ?? '', format.endsWith('xml') ? /fhir\+xml/ : /fhir\+json/)
      },
    ]),
  ),
  'patchFormat application/json-patch+json': async () => {
    const { address } = await create('ValueSet')
    const { body } = await expect(200, 'patch', address, patchOf, { 'Content-Type': 'application/json-patch+json' })
    assert.equal(body.language, 'fr')
  },
  'patchFormat application/fhir+json': async () => {
    const { address } = await create('ValueSet')
    assert.equal((await expect(200, 'patch', address, fhirPatch)).body.language, 'it')
  },
  'patchFormat application/fhir+xml': async () => {
    const { address } = await create('ValueSet')
    const headers = { 'Content-Type': 'application/fhir+xml', Accept: 'application/fhir+json' }
    assert.equal((await expect(200, 'patch', address, xmlPatch, headers)).body.language, undefined)
  },
  'instantiates http://hl7.org/fhir/CapabilityStatement/terminology-server': async () => {
    assert.equal((await expect(200, 'get', 'metadata?mode=terminology')).body.resourceType, 'TerminologyCapabilities')
    for (const name of ['expand', 'validate-code', 'lookup', 'subsumes', 'translate'])
      assert.ok(
        resources.some(({ operation = [] }) => operation.some((each) => each.name === name)),
        name,
      )
  },
  'instantiates https://profiles.ihe.net/ITI/SVCM/CapabilityStatement/IHE.SVCM.TerminologyRepository': async () => {
    const system = 'http://example.org/claims/codes'
    const concept = [{ code: 'active' }]
    await expect(201, 'post', 'CodeSystem', { ...sample('CodeSystem'), url: system, content: 'complete', concept })
    const valueSet = { ...sample('ValueSet'), url: `${system}/all`, compose: { include: [{ system }] } }
    await expect(201, 'post', 'ValueSet', valueSet)
    await expect(200, 'get', 'ValueSet?url=http://example.org/none')
    await expect(200, 'get', 'CodeSystem?url=http://example.org/none')
    await expect(200, 'get', 'ConceptMap?source-system=http://example.org/none')
    await expect(200, 'get', `CodeSystem/$lookup?system=${system}&code=active`)
    await expect(200, 'get', `CodeSystem/$validate-code?url=${system}&code=active`)
    await expect(200, 'get', `ValueSet/$expand?url=${system}/all`)
  },
  // operations and searches of each level, on every type that has artefacts of rules
  ...Object.fromEntries(
    Object.entries({
      shareable: [],
      publishable: ['package', 'data-requirements'],
      authoring: ['draft', 'clone', 'release', 'approve', 'review', 'artifact-diff'],
    }).map(([level, names]) => [
      `instantiates http://hl7.org/fhir/uv/crmi/CapabilityStatement/crmi-${level}-artifact-repository`,
      async () => {
        for (const name of ['url', 'version', 'identifier', 'name', 'title', 'status', 'description'])
          await expect(200, 'get', `Library?${name}=x`, undefined, strict)
        for (const name of names) {
          const isThere = (each: { name?: string }) => each.name === name
          const ofTypes = resources.filter(({ operation = [] }) => operation.some(isThere))
          assert.ok(ofTypes.length > 0 || rest.operation?.some(isThere), name)
        }
      },
    ]),
  ),
  'fhirVersion 4.0.1': async () => {
    await expect(200, 'get', 'metadata', undefined, { Accept: 'application/fhir+json; fhirVersion=4.0' })
    await expect(406, 'get', 'metadata', undefined, { Accept: 'application/fhir+json; fhirVersion=5.0' })
  },
  'interaction batch': async () => {
    const entry = [{ request: { method: 'GET', url: 'ValueSet?_count=1' } }, { request: { method: 'GET', url: 'X/1' } }]
    const { body } = await expect(200, 'post', '', { resourceType: 'Bundle', type: 'batch', entry })
    assert.deepEqual(
      body.entry.map((each: { response: { status: string } }) => each.response.status),
      ['200', '404'],
    )
  },
  'interaction transaction': async () => {
    const write = (language: string, url: string) => ({
      resource: { ...sample('Organization'), language, identifier: [{ value: url }] },
      request: { method: 'POST', url },
    })
    const transaction = (entry: object[]) => ({ resourceType: 'Bundle', type: 'transaction', entry })
    assert.ok((await ask('post', '', transaction([write('en', 'Organization'), write('en', 'X')]))).status >= 400)
    const none = await expect(200, 'get', 'Organization?identifier=Organization&_summary=count')
    assert.equal(none.body.total, 0, 'all or nothing')
    await expect(200, 'post', '', transaction([write('en', 'Organization')]))
    assert.equal((await expect(200, 'get', 'Organization?identifier=Organization&_summary=count')).body.total, 1)
  },
  'interaction history-system': async () => {
    await create('Organization')
    const { body } = await expect(200, 'get', '_history?_count=1')
    assert.deepEqual([body.type, body.entry.length], ['history', 1])
  },
  'searchParam _filter': async () => {
    for (const { type } of resources) {
      await expect(200, 'get', `${type}?_filter=${encodeURIComponent('_id eq x')}`, undefined, strict)
      await expect(400, 'get', `${type}?_filter=${encodeURIComponent('_id eq')}`)
    }
  },
  'security cors': async () => {
    const { status, headers } = await supertest(http)
      .options('/fhir/ValueSet')
      .set({ Origin: 'https://example.org', 'Access-Control-Request-Method': 'GET' })
    assert.equal(status, 204)
    assert.equal(headers['access-control-allow-origin'], '*')
  },
  'security service OAuth': async () => {
    const { status, headers } = await supertest(http)
      .post('/fhir/Organization')
      .set('Content-Type', 'application/fhir+json')
      .send(JSON.stringify(sample('Organization')))
    assert.equal(status, 401)
    assert.match(headers['www-authenticate'] ?? '', /^Bearer/)
  },
}

const strict = { Prefer: 'handling=strict' }
const found = async (query: string) => {
  const { body } = await expect(200, 'get', query, undefined, strict)
  return (body.entry ?? []).map((each: { resource: { id: string } }) => each.resource.id)
}
const several = async (type: string) => {
  const tag = [{ system: 'urn:claims', code: `t${++made}` }]
  const ids: string[] = []
  for (let i = 0; i < 2; i++) ids.push((await expect(201, 'post', type, { ...sample(type), meta: { tag } })).body.id)
  return { ids, query: `_tag=urn:claims%7C${tag[0]?.code}` }
}

const ofType: Record<string, (type: string) => Promise<unknown>> = {
  'interaction read': async (type) => {
    const { address, id } = await create(type)
    const { body } = await expect(200, 'get', address)
    assert.deepEqual([body.resourceType, body.id], [type, id])
    await expect(404, 'get', `${type}/never-used`)
  },
  'interaction vread': async (type) => {
    const { address } = await create(type)
    assert.equal((await expect(200, 'get', `${address}/_history/1`)).body.meta.versionId, '1')
    await expect(404, 'get', `${address}/_history/77`)
  },
  'interaction create': async (type) => {
    const { headers } = await expect(201, 'post', type, sample(type))
    assert.match(headers.location ?? '', new RegExp(`/${type}/[^/]+/_history/1$`))
  },
  'interaction search-type': async (type) => {
    const { id } = await create(type)
    assert.deepEqual(await found(`${type}?_id=${id}`), [id])
    const posted = await supertest(http)
      .post(`/fhir/${type}/_search`)
      .set('Authorization', 'Bearer test')
      .type('form')
      .send(`_id=${id}`)
    assert.equal(posted.body.entry.length, 1)
  },
  'interaction history-instance': async (type) => {
    const { address } = await create(type)
    const { body } = await expect(200, 'get', `${address}/_history`)
    assert.deepEqual([body.type, body.total], ['history', 1])
  },
  'interaction history-type': async (type) => {
    const { id } = await create(type)
    // an AuditEvent that is written has one of its own, which is newer
    const { body } = await expect(200, 'get', `${type}/_history?_count=2`)
    assert.ok(body.entry.some((each: { resource: { id: string } }) => each.resource.id === id))
  },
  'interaction update': async (type) => {
    const { address, id } = await create(type)
    if (kept.has(type)) {
      assert.equal((await expect(200, 'put', address, sample(type, id))).body.meta.versionId, '1')
      return
    }
    const { body } = await expect(200, 'put', address, { ...sample(type, id), ...change })
    assert.deepEqual([body.meta.versionId, body.language], ['2', 'de'])
    await expect(400, 'put', address, sample(type, 'another'))
  },
  'interaction patch': async (type) => {
    const { address } = await create(type)
    const headers = { 'Content-Type': 'application/json-patch+json' }
    assert.equal((await expect(200, 'patch', address, patchOf, headers)).body.language, 'fr')
  },
  'interaction delete': async (type) => {
    const { address } = await create(type)
    await expect(204, 'delete', address)
    await expect(410, 'get', address)
    await expect(204, 'delete', address)
  },
  readHistory: async (type) => {
    const { address, id, language } = await create(type)
    if (!growing.has(type)) await expect(200, 'put', address, { ...sample(type, id), ...change })
    assert.equal((await expect(200, 'get', `${address}/_history/1`)).body.language, language)
  },
  'versioning versioned': async (type) => {
    const { address } = await create(type)
    assert.equal((await expect(200, 'get', address)).headers.etag, 'W/"1"')
    if (growing.has(type)) for (const method of ['put', 'patch', 'delete'] as const) await expect(405, method, address)
    else {
      const other = { target: [{ reference: 'Organization/y' }] }
      await expect(409, 'put', address, { ...sample(type, address.split('/')[1]), ...other })
    }
  },
  'versioning versioned-update': async (type) => {
    const { address, id } = await create(type)
    assert.equal((await expect(200, 'get', address)).headers.etag, 'W/"1"')
    const body = { ...sample(type, id), ...change }
    await expect(412, 'put', address, body, { 'If-Match': 'W/"2"' })
    await expect(200, 'put', address, body, { 'If-Match': 'W/"1"' })
    await expect(412, 'delete', address, undefined, { 'If-Match': 'W/"1"' })
  },
  updateCreate: async (type) => {
    const id = `made-${++made}`
    await expect(201, 'put', `${type}/${id}`, sample(type, id))
    await expect(412, 'put', `${type}/${id}`, { ...sample(type, id), ...change }, { 'If-None-Match': '*' })
  },
  conditionalCreate: async (type) => {
    const { id } = await create(type)
    const { body } = await expect(200, 'post', type, sample(type), { 'If-None-Exist': `_id=${id}` })
    assert.equal(body.id, id)
    await expect(201, 'post', type, sample(type), { 'If-None-Exist': '_id=never-used' })
    const { query } = await several(type)
    await expect(412, 'post', type, sample(type), { 'If-None-Exist': query })
  },
  'conditionalRead full-support': async (type) => {
    const { address } = await create(type)
    const { headers } = await expect(200, 'get', address)
    await expect(304, 'get', address, undefined, { 'If-None-Match': headers.etag ?? '' })
    await expect(200, 'get', address, undefined, { 'If-None-Match': 'W/"77"' })
    await expect(304, 'get', address, undefined, { 'If-Modified-Since': headers['last-modified'] ?? '' })
    await expect(200, 'get', address, undefined, { 'If-Modified-Since': 'Thu, 01 Jan 1970 00:00:00 GMT' })
  },
  conditionalUpdate: async (type) => {
    const { id } = await create(type)
    const { body } = await expect(200, 'put', `${type}?_id=${id}`, { ...sample(type), ...change })
    assert.deepEqual([body.id, body.meta.versionId], [id, '2'])
    await expect(201, 'put', `${type}?_id=never-used`, sample(type))
    await expect(400, 'put', `${type}?_id=${id}`, sample(type, 'another'))
    const { query } = await several(type)
    await expect(412, 'put', `${type}?${query}`, sample(type))
  },
  'conditionalDelete single': async (type) => {
    const { id, address } = await create(type)
    await expect(204, 'delete', `${type}?_id=${id}`)
    await expect(410, 'get', address)
    const { query, ids } = await several(type)
    await expect(412, 'delete', `${type}?${query}`)
    for (const each of ids) await expect(200, 'get', `${type}/${each}`)
  },
  'conditionalDelete not-supported': async (type) => {
    const { address } = await create(type)
    await expect(405, 'delete', `${type}?_id=${address.split('/')[1]}`)
    await expect(200, 'get', address)
  },
  // by Provenance, whose target may be anything: literal references are searched, logical ones by :identifier
  'referencePolicy literal': async (type) => {
    const { address } = await create(type)
    const { body } = await expect(201, 'post', 'Provenance', {
      ...sample('Provenance'),
      target: [{ reference: address }],
    })
    assert.deepEqual(await found(`Provenance?target=${address}`), [body.id])
  },
  'referencePolicy logical': async (type) => {
    const value = `v${++made}`
    const target = [{ type, identifier: { system: 'urn:claims', value } }]
    const { body } = await expect(201, 'post', 'Provenance', { ...sample('Provenance'), target })
    assert.deepEqual(await found(`Provenance?target:identifier=urn:claims%7C${value}`), [body.id])
  },
}

async function exercise(way: ((type: string) => Promise<unknown>) | undefined, type = ''): Promise<void> {
  await (way ?? assert.fail('nobody exercises it'))(type)
}

describe('the statement', () => {
  const claims = claimsOfStatement()
  it('claims what the table has', () => assert.deepEqual(claims.toSorted(), table.statement.toSorted()))
  for (const claim of claims) it(claim, () => exercise(ofStatement[claim]))
})

describe('types', () => {
  it('are those of which there is a sample', () =>
    assert.deepEqual(resources.map(({ type }) => type).toSorted(), Object.keys(table.samples).toSorted()))
  for (const each of resources) {
    const { type } = each
    describe(type, () => {
      const claims = claimsOfType(each)
      const wanted = [
        ...table.everyType,
        ...(growing.has(type) ? table.growing : kept.has(type) ? table.kept : table.changing),
      ]
      it('claims what the table has', () => assert.deepEqual(claims.toSorted(), wanted.toSorted()))
      for (const claim of claims) it(claim, () => exercise(ofType[claim], type))
    })
  }
})

/** A value that a parameter of that type takes. */
const values: Record<string, string> = {
  token: 'a%7Cb',
  string: 'a',
  uri: 'http://example.org/a',
  date: '2024',
  reference: 'http://example.org/a',
  number: '1',
  quantity: '1',
  composite: 'a$b',
}

describe('search parameters, includes', () => {
  for (const { type, searchParam = [], searchInclude = [], searchRevInclude = [] } of resources) {
    it(`${type}: every parameter is claimed, and each narrows a search`, async () => {
      const known = [...searchParameters(type).values()]
      assert.deepEqual(searchParam.map(({ name }) => name).toSorted(), known.map(({ name }) => name).toSorted())
      for (const { name, type: kind } of searchParam) {
        const { body } = await expect(
          200,
          'get',
          `${type}?_count=1&${name}=${composite(type, name) ?? values[kind]}`,
          undefined,
          strict,
        )
        assert.ok(body.link[0].url.includes(`${name}=`), name)
        await expect(400, 'get', `${type}?${name}:nonsense=x`)
      }
    })
    it(`${type}: modifiers that are documented are taken`, async () => {
      for (const { name, documentation = '', type: kind } of searchParam)
        for (const [, modifier] of documentation.replace(/^.*Modifiers: /, '').matchAll(/:([a-z-]+)/g)) {
          const value =
            modifier === 'missing'
              ? 'true'
              : modifier === 'of-type'
                ? 'a%7Cb%7Cc'
                : (composite(type, name) ?? values[kind])
          const { status, text } = await ask('get', `${type}?_count=1&${name}:${modifier}=${value}`, undefined, strict)
          // no such value set or code system is stored
          const isOfTerminology = ['in', 'not-in', 'above', 'below'].includes(modifier ?? '') && kind === 'token'
          assert.ok(status === 200 || (isOfTerminology && [404, 422].includes(status)), `${name}:${modifier} ${text}`)
        }
    })
    it(`${type}: includes draw in what is referred to, reverse ones what refers`, async () => {
      for (const each of searchInclude)
        assert.ok(
          (await expect(200, 'get', `${type}?_count=1&_include=${each}`, undefined, strict)).body.link[0].url.includes(
            each,
          ),
        )
      for (const each of searchRevInclude.slice(0, 30))
        assert.ok(
          (
            await expect(200, 'get', `${type}?_count=1&_revinclude=${each}`, undefined, strict)
          ).body.link[0].url.includes(each),
        )
      await expect(400, 'get', `${type}?_include=${type}:nonsense`, undefined, strict)
    })
  }
  it('a claimed include does it, either way', async () => {
    const { id, address } = await create('Organization')
    const child = await expect(201, 'post', 'Organization', {
      ...sample('Organization'),
      partOf: { reference: address },
    })
    assert.deepEqual(
      (await found(`Organization?_id=${child.body.id}&_include=Organization:partof`)).sort(),
      [child.body.id, id].sort(),
    )
    assert.deepEqual(
      (await found(`Organization?_id=${id}&_revinclude=Organization:partof`)).sort(),
      [child.body.id, id].sort(),
    )
  })
})

/** A value of a composite whose second half is a number. */
const composite = (type: string, name: string) =>
  searchParameters(type).get(name)?.parts?.[1].type === 'quantity' ? 'a$1' : undefined

describe('operations', () => {
  const declared = operations.flatMap(({ name, system, type = [], instance = [] }) => [
    ...(system ? [`$${name}`] : []),
    ...[...new Set([...type, ...instance])].map((each) => `${each} $${name}`),
  ])
  const claims = [
    ...(rest.operation ?? []).map(({ name }) => `$${name}`),
    ...resources.flatMap(({ type, operation = [] }) => operation.map(({ name }) => `${type} $${name}`)),
  ]
  it('are those that are declared', () => assert.deepEqual(claims.toSorted(), declared.toSorted()))
  for (const each of claims)
    it(`${each} is there, and its definition can be read`, async () => {
      const [type, name = ''] = each.includes(' ') ? each.split(' ') : ['', each]
      const known = operations.find(
        (one) =>
          `$${one.name}` === name &&
          (type === '' ? one.system : one.type?.includes(type ?? '') || one.instance?.includes(type ?? '')),
      )
      const isInstance = type !== '' && !known?.type?.includes(type ?? '')
      const place = type === '' ? name : isInstance ? `${type}/never-used/${name}` : `${type}/${name}`
      const answer = await ask('post', place, { resourceType: 'Parameters' })
      assert.ok(answer.status < 500, answer.text)
      assert.notEqual(answer.status, 405)
      if (answer.status === 404) assert.doesNotMatch(answer.text, /There is no operation/)
      const reference = [...(rest.operation ?? []), ...resources.flatMap(({ operation = [] }) => operation)].find(
        (one) => `$${one.name}` === name,
      )
      if (reference?.definition.startsWith('http://hl7.org/')) return
      const address = new URL(reference?.definition ?? '').pathname.replace('/fhir/', '')
      assert.equal((await expect(200, 'get', address)).body.code, name.slice(1))
    })
})
