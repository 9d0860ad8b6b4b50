/** Every code of a reply that the server wrote itself can be read by a person: a Coding has a display, a `code` of `$evaluate` a concept. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { isJsonObject } from '../src/base/json.ts'
import type { Json, JsonObject } from '../src/base/json-value.ts'
import { demoIssuer } from '../src/demo/demo-issuer.ts'
import { specimens } from '../src/demo/specimens.ts'
import { elementInfo, isResource } from '../src/fhir/elements.ts'
import { asResource } from '../src/fhir/json.ts'
import { trustSteps } from '../src/trust/verify/steps.ts'
import { openTestServer } from './support/loaded-server.ts'

/** A Coding and where it stands. */
interface Found {
  path: string
  coding: JsonObject
}

/** Every Coding in a resource, those of resources in it included, by the types of R4. */
function codingsOf(resource: JsonObject, path = String(resource.resourceType)): Found[] {
  const visit = (value: Json | undefined, type: string, at: string): Found[] => {
    if (Array.isArray(value)) return value.flatMap((each, index) => visit(each, type, `${at}[${index}]`))
    if (!isJsonObject(value)) return []
    if (typeof value.resourceType === 'string')
      return members(value, value.resourceType, `${at}<${value.resourceType}>`)
    const own = type === 'Coding' ? [{ path: at, coding: value }] : []
    return [...own, ...members(value, type, at)]
  }
  const members = (value: JsonObject, type: string, at: string): Found[] =>
    Object.entries(value).flatMap(([name, member]) => {
      const info = elementInfo(type, name)
      return info ? visit(member, info.childType, `${at}.${name}`) : []
    })
  return members(resource, String(resource.resourceType), path)
}

/**
 * Codings without display that are right as they are: those of the terminology ecosystem are compared member by member by its tests,
 * and a mark of FHIR's own is known by its code.
 */
const exceptions = new Map([
  ['http://hl7.org/fhir/tools/CodeSystem/tx-issue-type', 'the terminology ecosystem fixes these details to the letter'],
])

/** What a certificate says of an event and of its holder is told as its issuer wrote it; that a map writes by itself has a display. */
const isCopied = (path: string) =>
  /<(?:Patient|Immunization|Observation|Condition|ImmunizationRecommendation)>/.test(path) &&
  !/vidimus\.org|CodeSystem\/(?:v3-|condition-|observation-)/.test(path)

describe('codes of replies', () => {
  let opened: Awaited<ReturnType<typeof openTestServer>>
  let url = ''
  before(async () => {
    opened = await openTestServer({ AUDIT_SAMPLE_RATE: '1' })
    url = `${await opened.server.listen()}/fhir`
  })
  after(() => opened.close())

  const ask = async (method: string, path: string, body?: unknown): Promise<JsonObject> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: 'Bearer test', 'content-type': 'application/fhir+json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const read: Json = JSON.parse(await response.text())
    assert.ok(isJsonObject(read))
    return read
  }
  const bare = (reply: JsonObject) =>
    codingsOf(reply)
      .filter(({ coding }) => coding.code !== undefined && coding.display === undefined)
      .filter(({ coding }) => !exceptions.has(String(coding.system)))
      .map(({ path, coding }) => `${path}: ${coding.system}|${coding.code}`)
  const parameters = (...parameter: unknown[]) => ({ resourceType: 'Parameters', parameter })
  const draft = {
    resourceType: 'Library',
    id: 'broken',
    url: 'http://example.org/Library/broken',
    version: '1',
    name: 'Broken',
    status: 'draft',
    type: {
      coding: [
        {
          system: 'http://terminology.hl7.org/CodeSystem/library-type',
          code: 'logic-library',
          display: 'Logic Library',
        },
      ],
    },
    content: [{ contentType: 'text/cql', data: Buffer.from('define X: 1 + ').toString('base64') }],
  }

  const questions: [name: string, method: string, path: string, body?: unknown][] = [
    ['metadata', 'GET', '/metadata'],
    ['terminology capabilities', 'GET', '/metadata?mode=terminology'],
    ['an OperationDefinition', 'GET', '/OperationDefinition?_count=50'],
    ['own content', 'GET', '/PlanDefinition?_count=50'],
    ['own libraries', 'GET', '/Library?_count=50'],
    ['own code systems', 'GET', '/CodeSystem?_count=50&url:below=http://vidimus.org/fhir'],
    ['a summary', 'GET', '/ValueSet?_summary=true&_count=3'],
    ['an unknown resource', 'GET', '/ValueSet/no-such'],
    ['a bad search', 'GET', '/ValueSet?no-such=1'],
    ['a write of a draft', 'PUT', '/Library/broken', draft],
    ['a write that is refused', 'PUT', '/Library/broken', { ...draft, status: 'active' }],
    ['audit', 'GET', '/AuditEvent?_count=50'],
    ['$expand', 'GET', '/ValueSet/$expand?url=http://vidimus.org/fhir/ValueSet/decision'],
    ['$lookup', 'GET', '/CodeSystem/$lookup?system=http://vidimus.org/fhir/CodeSystem/decision&code=accepted'],
    [
      '$validate-code',
      'GET',
      '/CodeSystem/$validate-code?url=http://vidimus.org/fhir/CodeSystem/decision&code=no-such',
    ],
    [
      '$translate',
      'GET',
      '/ConceptMap/$translate?url=http://vidimus.org/fhir/ConceptMap/gateway-certificate-group-to-key-usage&system=http://vidimus.org/fhir/CodeSystem/gateway-certificate-group&code=CSCA',
    ],
    ['history', 'GET', '/_history?_count=20'],
    ['$versions', 'GET', '/$versions'],
    ['$compare', 'GET', '/ValueSet/$compare?url=http://vidimus.org/fhir/ValueSet/decision&valueSetUrl=no-such'],
    [
      '$subsumes',
      'GET',
      '/CodeSystem/$subsumes?system=http://vidimus.org/fhir/CodeSystem/decision&codeA=accepted&codeB=x',
    ],
    ['$cql that fails', 'POST', '/$cql', parameters({ name: 'expression', valueString: '1 +' })],
    [
      '$transform without a map',
      'POST',
      '/StructureMap/$transform',
      parameters({ name: 'source', valueUri: 'http://no-such' }),
    ],
    ['$trusted-reference of nothing', 'GET', '/ValueSet/no-such/$trusted-reference'],
    ['$verify-trust', 'POST', '/$verify-trust', parameters({ name: 'keyId', valueString: 'no such key' })],
    ['$evaluate', 'POST', '/$evaluate', parameters({ name: 'credential', valueString: 'HC1:no credential' })],
    [
      'a batch',
      'POST',
      '/',
      { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: 'ValueSet/no-such' } }] },
    ],
  ]
  for (const [name, method, path, body] of questions)
    it(`${name}: no Coding without a display`, async () => {
      const reply = await ask(method, path, body)
      assert.ok(reply.resourceType, name)
      assert.deepEqual(bare(reply), [])
    })

  it('$evaluate of a specimen of every kind: no Coding without a display', async () => {
    const now = new Date()
    const wanting = new Set<string>()
    for (const { name, text } of await specimens(demoIssuer(opened.dataDir, now), now)) {
      const reply = await ask('POST', '/$evaluate', parameters({ name: 'credential', valueString: text }))
      for (const each of bare(reply)) if (!isCopied(each)) wanting.add(`${name} ${each}`)
    }
    assert.deepEqual([...wanting], [])
  })

  const own = (id: string) => `http://vidimus.org/fhir/CodeSystem/${id}`
  const trust = 'http://smart.who.int/trust'
  /** The code systems of the `code`s of `$evaluate`, by the name of the parameter. */
  const systems: Record<string, string[]> = {
    decision: [own('decision')],
    status: [own('verification-status')],
    format: [own('credential-format')],
    name: [own('verification-check'), own('trust-step')],
    outcome: [own('check-outcome')],
    identity: [own('identity-comparison')],
    trustDomain: [own('trust-domain'), `${trust}/CodeSystem/Domains`],
    keyUsage: [`${trust}/CodeSystem/KeyUsage`],
    usage: [`${trust}/CodeSystem/KeyUsage`],
    domain: [own('trust-domain'), `${trust}/CodeSystem/Domains`],
    participant: [
      'http://smart.who.int/refmart/CodeSystems/REF_COUNTRY',
      `${trust}/CodeSystem/Participants`,
      `${trust}/CodeSystems/Participants-DEV`,
      `${trust}/CodeSystems/Participants-UAT`,
    ],
  }

  it('$evaluate and $verify-trust: every code is a concept with a display', async () => {
    const now = new Date()
    const codes = new Set<string>()
    const collect = (value: Json): void => {
      if (Array.isArray(value)) for (const each of value) collect(each)
      if (!isJsonObject(value)) return
      if (typeof value.valueCode === 'string') codes.add(`${value.name} ${value.valueCode}`)
      for (const part of [value.parameter, value.part, value.resource]) if (part !== undefined) collect(part)
    }
    for (const { text } of await specimens(demoIssuer(opened.dataDir, now), now)) {
      const identity = {
        name: 'identity',
        part: [
          { name: 'name', valueString: 'NOBODY AT ALL' },
          { name: 'birthDate', valueDate: '1901-02-03' },
        ],
      }
      collect(await ask('POST', '/$evaluate', parameters({ name: 'credential', valueString: text }, identity)))
    }
    const [key] = opened.server.trust.keys().keys.filter(({ usage }) => usage === 'DSC')
    collect(await ask('POST', '/$verify-trust', parameters({ name: 'keyId', valueString: key?.keyId ?? '' })))
    assert.deepEqual(
      trustSteps.filter((step) => !codes.has(`name ${step}`)),
      [],
    )
    assert.ok(codes.size > 20, [...codes].join(', '))
    for (const each of codes) {
      const [name = '', code = ''] = each.split(' ')
      // Names of resource types are FHIR's own.
      if (name === 'type' && isResource(code)) continue
      const found: string[] = []
      for (const system of systems[name] ?? []) {
        const reply = await ask(
          'GET',
          `/CodeSystem/$lookup?system=${encodeURIComponent(system)}&code=${encodeURIComponent(code)}`,
        )
        if (JSON.stringify(reply).includes('"display"')) found.push(system)
      }
      assert.ok(found.length > 0, `${name}: ${code}`)
    }
  })

  it('would be found without one, wherever they stand', () => {
    const planted = asResource({
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        {
          resource: {
            resourceType: 'Observation',
            status: 'final',
            code: { coding: [{ system: 's', code: 'a' }] },
            extension: [{ url: 'x', valueCodeableConcept: { coding: [{ code: 'b' }] } }],
            contained: [{ resourceType: 'Basic', meta: { tag: [{ code: 'c' }] }, code: {} }],
          },
        },
        {
          resource: {
            resourceType: 'Parameters',
            parameter: [{ name: 'p', part: [{ name: 'q', valueCoding: { code: 'd' } }] }],
          },
        },
      ],
    })
    const found = codingsOf(planted as unknown as JsonObject) // a resource is a JSON object
    assert.deepEqual(found.map(({ coding }) => coding.code).sort(), ['a', 'b', 'c', 'd'])
  })
})
