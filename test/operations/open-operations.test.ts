import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { readConfig } from '../../src/config.ts'
import { openOperationNames } from '../../src/operations/open-operations.ts'
import { openTestServer } from '../support/loaded-server.ts'

const json = 'application/fhir+json'
const parameters = (...parameter: object[]) => JSON.stringify({ resourceType: 'Parameters', parameter })
const map = {
  resourceType: 'StructureMap',
  url: 'http://example.org/m',
  name: 'm',
  status: 'draft',
  group: [
    {
      name: 'g',
      typeMode: 'none',
      input: [
        { name: 's', mode: 'source' },
        { name: 't', mode: 'target' },
      ],
      rule: [{ name: 'r', source: [{ context: 's' }] }],
    },
  ],
}
const content = { name: 'content', resource: { resourceType: 'Patient', id: 'a' } }
const library = {
  resourceType: 'Library',
  status: 'active',
  type: { coding: [{ code: 'logic-library' }] },
  content: [{ contentType: 'text/cql', data: Buffer.from("library L version '1'\ndefine A: 1").toString('base64') }],
}
const longMap = `map "http://example.org/m" = m\ngroup g(source a, target b) {\n${'// a comment\n'.repeat(6000)}  a.b -> b.c "r";\n}`

/** Each use that may be kept for those who have a token: its name, and a call that is one. */
const uses: [name: string, path: string, body: string, contentType?: string][] = [
  ['inline-maps', 'StructureMap/$transform', parameters({ name: 'sourceMap', resource: map }, content)],
  ['inline-maps', 'StructureMap/$transform', parameters({ name: 'map', resource: map }, content)],
  [
    'inline-maps',
    'StructureMap/$transform',
    parameters({ name: 'source', valueUri: 'http://example.org/x' }, { name: 'supportingMap', resource: map }, content),
  ],
  ['cql', '$cql', parameters({ name: 'expression', valueString: '1 + 1' })],
  ['inline-libraries', 'Library/$evaluate', parameters({ name: 'library', resource: library })],
  [
    'inline-plans',
    'PlanDefinition/$apply',
    parameters(
      { name: 'planDefinition', resource: { resourceType: 'PlanDefinition', status: 'active' } },
      { name: 'subject', valueString: 'Patient/1' },
    ),
  ],
  [
    'inline-plans',
    'PlanDefinition/$r5.apply',
    parameters(
      { name: 'planDefinition', resource: { resourceType: 'PlanDefinition', status: 'active' } },
      { name: 'subject', valueString: 'Patient/1' },
    ),
  ],
  [
    'inline-plans',
    'ActivityDefinition/$apply',
    parameters(
      { name: 'activityDefinition', resource: { resourceType: 'ActivityDefinition', status: 'active', kind: 'Task' } },
      { name: 'subject', valueString: 'Patient/1' },
    ),
  ],
  ['large-convert', 'StructureMap/$convert', longMap, 'text/fhir-mapping'],
]

/** Open to everybody, whatever is configured. */
const always: [path: string, body: string, contentType?: string][] = [
  ['$evaluate', parameters({ name: 'credential', valueString: 'HC1:' })],
  ['ValueSet/$expand', parameters({ name: 'url', valueUri: 'http://vidimus.org/fhir/ValueSet/decision' })],
  [
    'CodeSystem/$validate-code',
    parameters({ name: 'url', valueUri: 'urn:iso:std:iso:3166' }, { name: 'code', valueCode: 'DE' }),
  ],
  ['StructureMap/$convert', 'map "http://example.org/m" = m\ngroup g(source a) { a.b as v "r"; }', 'text/fhir-mapping'],
  [
    'PlanDefinition/$apply',
    parameters(
      { name: 'url', valueCanonical: 'http://vidimus.org/fhir/PlanDefinition/valid-test' },
      { name: 'subject', valueString: 'Patient/1' },
    ),
  ],
  ['Library/$evaluate', parameters({ name: 'url', valueCanonical: 'http://vidimus.org/fhir/Library/ValidTest' })],
]

async function call(base: string, path: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${base}/fhir/${path}`, {
    method: 'POST',
    body,
    headers: { 'Content-Type': json, ...headers },
  })
  return { status: response.status, text: await response.text(), headers: response.headers }
}

const asEntry = (path: string, body: string) =>
  JSON.stringify({
    resourceType: 'Bundle',
    type: 'batch',
    entry: [{ request: { method: 'POST', url: path }, resource: JSON.parse(body) }],
  })

describe('what needs a token', () => {
  describe('when nothing is open', () => {
    let base = ''
    let close = async () => {}
    before(async () => {
      const opened = await openTestServer({ OPEN_OPERATIONS: 'none' })
      base = await opened.server.listen()
      close = opened.close
    })
    after(() => close())

    for (const [name, path, body, contentType = json] of uses) {
      it(`${path} (${name}): 401 that says how, also in a batch; served with a token`, async () => {
        const refused = await call(base, path, body, { 'Content-Type': contentType })
        assert.equal(refused.status, 401)
        assert.match(refused.text, new RegExp(`needs a bearer token[^"]*OPEN_OPERATIONS=${name}`))
        assert.match(refused.headers.get('www-authenticate') ?? '', /^Bearer/)
        const forged = { 'Content-Type': contentType, Authorization: 'Bearer forged' }
        assert.equal((await call(base, path, body, forged)).status, 401)
        const served = await call(base, path, body, { 'Content-Type': contentType, Authorization: 'Bearer test' })
        assert.notEqual(served.status, 401, served.text)
        if (contentType !== json) return
        const inBatch = await call(base, '', asEntry(path, body))
        assert.match(inBatch.text, /"status":"401"/)
        assert.match(inBatch.text, /needs a bearer token/)
      })
    }

    for (const [path, body, contentType = json] of always) {
      it(`${path}: open all the same`, async () => {
        const { status, text } = await call(base, path, body, { 'Content-Type': contentType })
        assert.equal(status, 200, text)
      })
    }
  })

  it('is nothing in development, everything in production, and what an operator says', () => {
    const names = (environment: Record<string, string>) => [...readConfig(environment).openOperations]
    assert.deepEqual(names({}), openOperationNames)
    assert.deepEqual(names({ NODE_ENV: 'production' }), [])
    assert.deepEqual(names({ NODE_ENV: 'production', OPEN_OPERATIONS: 'cql, large-convert' }), ['cql', 'large-convert'])
    assert.deepEqual(names({ OPEN_OPERATIONS: 'none' }), [])
  })

  it('is never left to a misspelt name', () => {
    assert.throws(() => readConfig({ OPEN_OPERATIONS: 'cql,inline-map' }), /OPEN_OPERATIONS.*"inline-map".*inline-maps/)
  })
})
