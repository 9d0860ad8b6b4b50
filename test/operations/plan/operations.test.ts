/** Where definitions are named, and the answer of `$r5.apply`; `PlanDefinition/$evaluate` is `$evaluate` with a rule named by its place. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import supertest from 'supertest'
import { isError } from '../../../src/fhir/error.ts'
import { compileFhirPath } from '../../../src/fhir/fhirpath/fhirpath.ts'
import type { Parameter, PlanDefinition } from '../../../src/fhir/types.ts'
import { coreValidator } from '../../support/core-validator.ts'
import { openVerdicts, question, ruleLibrary, rulePlan, specimen } from '../../support/verdicts.ts'

const { http, ask, store } = await openVerdicts()
const validator = coreValidator()
const subject = { name: 'subject', valueString: 'Patient/1' }
const own = 'http://vidimus.org/fhir/PlanDefinition'

const post = (path: string, ...parameter: object[]) =>
  supertest(http)
    .post(`/fhir/${path}`)
    .set('Authorization', 'Bearer test')
    .set('Content-Type', 'application/fhir+json')
    .send(JSON.stringify({ resourceType: 'Parameters', parameter }))

const value = (expression: string, body: unknown) => compileFhirPath(expression)(body)

const protocol: PlanDefinition = {
  resourceType: 'PlanDefinition',
  id: 'protocol',
  url: 'http://example.org/PlanDefinition/protocol',
  version: '1',
  status: 'active',
  type: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/plan-definition-type', code: 'clinical-protocol' }],
  },
  library: ['http://example.org/Library/Rules|1'],
  goal: [{ description: { text: 'be well' } }],
  action: [
    { id: 'one', title: 'One' },
    { title: 'Two', relatedAction: [{ actionId: 'one', relationship: 'after' }], action: [{ title: 'Three' }] },
    {
      title: 'Open',
      condition: [{ kind: 'applicability', expression: { language: 'text/cql-identifier', expression: 'Unknown' } }],
    },
  ],
}

before(() =>
  store(
    ruleLibrary(
      'Rules',
      `context Patient
      define Good: true
      define Bad: false
      define Unknown: null as Boolean`,
    ),
    protocol,
    rulePlan('Transit', ['Good'], {
      jurisdiction: [{ coding: [{ system: 'urn:iso:std:iso:3166', code: 'NZ' }] }],
      useContext: [
        {
          code: { system: 'http://terminology.hl7.org/CodeSystem/usage-context-type', code: 'task' },
          valueCodeableConcept: {
            coding: [{ system: 'http://vidimus.org/fhir/CodeSystem/verdict-use', code: 'transit' }],
          },
        },
      ],
    }),
  ),
)

describe('$r5.apply', () => {
  it('answers a Bundle of which every resource stands for itself', async () => {
    const { status, body, text } = await post('PlanDefinition/protocol/$r5.apply', subject)
    assert.equal(status, 200, text)
    assert.deepEqual(value('entry.resource.type().name', body), ['RequestGroup', 'Task', 'Task', 'Goal'])
    const references = value(
      'entry.resource.descendants().reference.where(startsWith(%urn))'.replace('%urn', "'urn:'"),
      body,
    )
    const urls = new Set(value('entry.fullUrl', body))
    assert.equal(references.length, 2)
    for (const each of references) assert.ok(urls.has(each), String(each))
    assert.deepEqual(value('entry.first().resource.contained.issue.severity', body), ['warning'])
    assert.deepEqual((await validator.validate(body)).filter(isError), [])
  })
})

describe('the definition of $apply', () => {
  const url = { name: 'url', valueCanonical: protocol.url }
  it('is the stored one of the address', async () => {
    const { status, body, text } = await post('PlanDefinition/protocol/$apply', subject)
    assert.equal(status, 200, text)
    assert.deepEqual(value('instantiatesCanonical', body), [`${protocol.url}|1`])
    assert.deepEqual((await validator.validate(body)).filter(isError), [])
  })
  it('is named by url or canonical', async () => {
    for (const name of ['url', 'canonical'])
      for (const canonical of [protocol.url, `${protocol.url}|1`])
        assert.equal((await post('PlanDefinition/$apply', { name, valueCanonical: canonical }, subject)).status, 200)
  })
  const refused: [string, number, string, object[]][] = [
    ['none', 400, 'PlanDefinition/$apply', [subject]],
    [
      'one named twice',
      400,
      'PlanDefinition/$apply',
      [url, { name: 'canonical', valueCanonical: protocol.url }, subject],
    ],
    [
      'one that is not here',
      404,
      'PlanDefinition/$apply',
      [{ name: 'url', valueCanonical: `${protocol.url}x` }, subject],
    ],
    ['another version', 404, 'PlanDefinition/$apply', [{ name: 'url', valueCanonical: `${protocol.url}|2` }, subject]],
    ['no such id', 404, 'PlanDefinition/none/$apply', [subject]],
    ['another beside the address', 400, 'PlanDefinition/protocol/$apply', [url, subject]],
    [
      'another resource',
      422,
      'PlanDefinition/$apply',
      [{ name: 'planDefinition', resource: { resourceType: 'Patient' } }, subject],
    ],
    ['no such activity', 404, 'ActivityDefinition/none/$apply', [subject]],
    ['a prefetch for an activity', 400, 'ActivityDefinition/$apply', [subject, { name: 'prefetchData', part: [] }]],
  ]
  for (const [name, status, path, parameter] of refused)
    it(`is refused: ${name}`, async () => {
      const answer = await post(path, ...parameter)
      assert.equal(answer.status, status, answer.text)
    })
  it('may be a rule set of a verdict, whose actions are checks', async () => {
    const { status, body, text } = await post(
      'PlanDefinition/$apply',
      { name: 'url', valueCanonical: `${own}/valid-test` },
      subject,
    )
    assert.equal(status, 200, text)
    assert.deepEqual(
      value('contained.ofType(RequestGroup).action', body),
      [],
      'nothing is known of a subject without data',
    )
    assert.deepEqual((await validator.validate(body)).filter(isError), [])
  })
})

describe('PlanDefinition/$evaluate', () => {
  const credential = specimen('dcc-v')
  const named = (canonical: string) => ({ name: 'planDefinition', valueCanonical: canonical })
  const at = async (path: string, ...more: Parameter[]) => {
    const { body, http: status, text } = await ask(question(credential, ...more), path)
    assert.equal(status, 200, text)
    return body
  }

  it('answers at the instance and by url what $evaluate answers when the rule is named', async () => {
    const url = `${own}/complete-primary-series`
    const whole = await at('/fhir/$evaluate', named(url))
    assert.deepEqual(await at('/fhir/PlanDefinition/complete-primary-series/$evaluate'), whole)
    assert.deepEqual(await at('/fhir/PlanDefinition/$evaluate', { name: 'url', valueUri: url }), whole)
    assert.deepEqual(await at(`/fhir/PlanDefinition/$evaluate?url=${url}`), whole)
  })

  it('needs a url at the type', async () => {
    const { http: status, text } = await ask(question(credential), '/fhir/PlanDefinition/$evaluate')
    assert.equal(status, 400)
    assert.match(text, /url is required/)
  })

  it('does not run a rule for another use than the question asks for', async () => {
    const use = (code: string) => ({
      name: 'useContext',
      valueUsageContext: {
        code: { system: 'http://terminology.hl7.org/CodeSystem/usage-context-type', code: 'task' },
        valueCodeableConcept: { coding: [{ system: 'http://vidimus.org/fhir/CodeSystem/verdict-use', code }] },
      },
    })
    const decisions: unknown[] = []
    for (const more of [[], [use('transit')], [use('entry')], [use('care')]])
      decisions.push(
        value("parameter.where(name='decision').value", await at('/fhir/PlanDefinition/transit/$evaluate', ...more))[0],
      )
    assert.deepEqual(decisions, ['accepted', 'accepted', 'undetermined', 'undetermined'])
  })
})

describe('the data of $cql and Library/$evaluate', () => {
  const expression = { name: 'expression', valueString: 'Count([Immunization])' }
  const patient = { resourceType: 'Patient', id: '1' }
  const dose = {
    resourceType: 'Immunization',
    status: 'completed',
    vaccineCode: { text: 'x' },
    patient: { reference: 'Patient/1' },
    occurrenceDateTime: '2026-01-01',
  }
  const bundle = (...resources: object[]) => ({
    resourceType: 'Bundle',
    type: 'collection',
    entry: resources.map((resource) => ({ resource })),
  })
  const data = (...resources: object[]) => ({ name: 'data', resource: bundle(...resources) })
  const prefetch = (key: string, resource?: object) => ({
    name: 'prefetchData',
    part: [
      { name: 'key', valueString: key },
      { name: 'descriptor', valueDataRequirement: { type: 'Immunization' } },
      ...(resource ? [{ name: 'data', resource }] : []),
    ],
  })
  const cases: [string, object[], number, RegExp][] = [
    [
      'data and prefetches are one',
      [data(patient), prefetch('a', dose), prefetch('b', bundle(dose))],
      200,
      /"valueInteger":2/,
    ],
    [
      'a patient that comes twice is one',
      [data(patient, dose), prefetch('a', bundle(patient))],
      200,
      /"valueInteger":1/,
    ],
    ['a prefetch of nothing', [data(patient, dose), prefetch('a')], 200, /"valueInteger":1/],
    ['two prefetches of one key', [data(patient), prefetch('a'), prefetch('a')], 422, /one key twice/],
    ['a patient in two ways', [data(patient), prefetch('a', { ...patient, gender: 'male' })], 422, /in two ways/],
    [
      'the server has no data of its own',
      [data(patient), { name: 'useServerData', valueBoolean: true }],
      200,
      /"valueInteger":0/,
    ],
    [
      'an endpoint',
      [
        data(patient),
        {
          name: 'dataEndpoint',
          resource: {
            resourceType: 'Endpoint',
            status: 'active',
            connectionType: { code: 'x' },
            payloadType: [{ text: 'x' }],
            address: 'http://example.org',
          },
        },
      ],
      422,
      /not-supported/,
    ],
  ]
  for (const [name, parameter, status, words] of cases)
    it(name, async () => {
      const answer = await post('$cql', expression, ...parameter)
      assert.equal(answer.status, status, answer.text)
      assert.match(answer.text, words)
    })
})
