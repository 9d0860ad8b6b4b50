import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import supertest from 'supertest'
import { asJson } from '../../../src/fhir/json.ts'
import { allParameters, firstParameter, parameterValue, textParameter } from '../../../src/fhir/operation.ts'
import type { Bundle, Parameters } from '../../../src/fhir/types.ts'
import { walkSections } from '../../support/sections.ts'
import { openVerdicts } from '../../support/verdicts.ts'
import { credentialsOf, type Made, questionAbout, type Shown, textsOf } from './credentials.ts'

const { ask, http } = await openVerdicts()

interface TogetherCase {
  credentials: Shown[]
  /** `not accepted`: undetermined or rejected, whatever the rules make of it. */
  decision: string
  status?: string
  /** Days of the vaccinations in `content`. */
  events?: string[]
  /** Types of what happened in `content`. */
  kinds?: string[]
  born?: string
  says?: string
}

const contentOf = (reply: Parameters) => firstParameter(reply, 'content')?.resource as Bundle | undefined
const resourcesOf = (bundle: Bundle | undefined) => (bundle?.entry ?? []).flatMap(({ resource }) => resource ?? [])
const happened = ['Immunization', 'Observation', 'Condition']

/** Days of the vaccinations, in their order. */
const daysOf = (reply: Parameters) =>
  resourcesOf(contentOf(reply)).flatMap((each) =>
    each.resourceType === 'Immunization' ? [asJson(each).occurrenceDateTime] : [],
  )

/** Every reference in the Bundle goes to one of its entries, which are there once. */
function assertWhole(bundle: Bundle): void {
  const addresses = (bundle.entry ?? []).map(({ fullUrl }) => fullUrl)
  assert.equal(new Set(addresses).size, addresses.length)
  assert.equal(resourcesOf(bundle).filter(({ resourceType }) => resourceType === 'Patient').length, 1)
  for (const [, reference = ''] of JSON.stringify(bundle).matchAll(/"reference":"([^"]*)"/g))
    assert.ok(addresses.includes(reference), reference)
}

walkSections<TogetherCase>('together.json', import.meta.url, async (each) => {
  const credentials = credentialsOf(each.credentials)
  const { http, decision, status, issues, rules, text, body } = await ask(questionAbout(credentials))
  assert.equal(http, 200, text)
  assert.equal(status, each.status ?? 'VERIFIED', text)
  if (each.decision === 'not accepted') assert.ok(decision === 'undetermined' || decision === 'rejected', text)
  else assert.equal(decision, each.decision, issues.join('\n') + JSON.stringify(rules))
  if (each.says !== undefined) assert.ok(issues.join('\n').includes(each.says), issues.join('\n'))
  if (each.events) assert.deepEqual(daysOf(body), each.events)
  const bundle = contentOf(body)
  if (bundle) assertWhole(bundle)
  const kinds = resourcesOf(bundle).flatMap(({ resourceType }) =>
    happened.includes(resourceType) ? [resourceType] : [],
  )
  if (each.kinds) assert.deepEqual(kinds.sort(), each.kinds)
  const born = firstParameter(body, 'subject')?.part?.find(({ name }) => name === 'birthDate')
  if (each.born !== undefined) assert.equal(parameterValue(born), each.born)
  const inner = allParameters(body, 'evaluation').map(({ resource }) => resource as Parameters)
  assert.equal(inner.length, credentials.length === 1 ? 0 : credentials.length)
  for (const reply of inner) assert.equal(allParameters(reply, 'rule').length, 0)
  if (decision === 'unverified') assert.doesNotMatch(text, /"name":"(?:subject|coreDataSet|content|rule)"|Specimen/)
  else for (const reply of inner) assert.equal(textParameter(reply, 'status'), 'VERIFIED')
})

describe('whatever the credentials are', () => {
  const pool: Made[] = [
    { dcc: { dn: 1, dt: '2026-04-01' } },
    { dcc: { dn: 2, dt: '2026-05-01' } },
    { dcc: { dn: 2, dt: '2026-05-01', is: 'Another office' } },
    { dcc: { dn: 1, dt: '2026-05-01' } },
    { dcc: { dn: 3, sd: 3, dt: '2026-05-20' } },
    { dcc: { dn: 1, dt: '2026-04-01', dob: '1985' } },
    { dcc: { dn: 1, dt: '2026-04-01', gn: 'Eva' } },
    { card: {} },
    { card: { '1/occurrenceDateTime': '2026-04-01' } },
    { card: { '0/gender': 'female' } },
    { specimen: 'dcc-t' },
    { specimen: 'dcc-r' },
    { specimen: 'ddcc-vs' },
    { specimen: 'icvp' },
    { specimen: 'link' },
    { seal: {} },
  ]
  const bad: Made[] = [
    { dcc: {}, isForged: true },
    { dcc: {}, by: 'stranger' },
    { text: 'x' },
    { dcc: {}, expires: 1_780_000_001 },
  ]
  const some = fc.uniqueArray(fc.constantFrom(...pool), { minLength: 2, maxLength: 4 })
  const shown = (made: Made[]) => made.map((each) => JSON.stringify(each)).join(' ')
  const numbers = /Credentials? \d+(?: and \d+)?/g

  it('their order changes nothing of the verdict', async () => {
    await fc.assert(
      fc.asyncProperty(some, fc.nat(), async (made, by) => {
        const texts = made.map(textsOf)
        const turned = [...texts.slice(by % texts.length), ...texts.slice(0, by % texts.length)]
        const [one, other] = [await ask(questionAbout(texts)), await ask(questionAbout(turned))]
        assert.equal(other.decision, one.decision, shown(made))
        assert.deepEqual(other.rules, one.rules, shown(made))
        const told = ({ issues }: typeof one) => issues.map((each) => each.replace(numbers, '')).sort()
        assert.deepEqual(told(other), told(one))
      }),
      { numRuns: 40 },
    )
  })

  it('one that is not verified never makes it better', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...pool), { minLength: 1, maxLength: 3 }),
        fc.constantFrom(...bad),
        fc.nat(3),
        async (made, worse, at) => {
          const { decision, text } = await ask(questionAbout(made.map(textsOf).toSpliced(at, 0, textsOf(worse))))
          assert.equal(decision, 'unverified')
          assert.doesNotMatch(text, /"name":"(?:subject|coreDataSet|content|rule)"|Specimen/)
        },
      ),
      { numRuns: 25 },
    )
  })

  it('one of them a second time changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(some, fc.nat(3), async (made, at) => {
        const texts = made.map(textsOf)
        const [one, other] = [
          await ask(questionAbout(texts)),
          await ask(questionAbout([...texts, texts[at % texts.length] ?? []])),
        ]
        assert.equal(other.decision, one.decision, shown(made))
        assert.deepEqual(daysOf(other.body), daysOf(one.body))
      }),
      { numRuns: 25 },
    )
  })
})

describe('several credentials in a question', () => {
  const [first = [], second = []] = [
    { dn: 1, dt: '2026-04-01' },
    { dn: 2, dt: '2026-05-01' },
  ].map((dcc) => textsOf({ dcc }))

  it('20 at most', async () => {
    const many = (count: number) => questionAbout(Array.from({ length: count }, () => ['x']))
    assert.equal((await ask(many(20))).http, 200)
    for (const count of [21, 400]) {
      const { http, text } = await ask(many(count))
      assert.equal(http, 400)
      assert.match(text, /too-costly/)
    }
  })

  it('each has what a credential has', async () => {
    const further = (...part: object[]) => ({
      ...questionAbout([first]),
      parameter: [...(questionAbout([first]).parameter ?? []), { name: 'furtherCredential', part }],
    })
    for (const [status, says, part] of [
      [400, 'is empty', [{ name: 'credentialPart', valueString: '' }]],
      [400, 'credential is required', []],
      [
        400,
        'once',
        [
          { name: 'credential', valueString: 'x' },
          { name: 'credential', valueString: 'y' },
        ],
      ],
      [
        400,
        'no parameter planDefinition',
        [
          { name: 'credential', valueString: 'x' },
          { name: 'planDefinition', valueCanonical: 'http://x' },
        ],
      ],
      [422, 'valueString', [{ name: 'credential', valueInteger: 1 }]],
      [
        400,
        'Either',
        [
          { name: 'credential', valueString: 'x' },
          { name: 'credentialData', valueBase64Binary: 'AAAA' },
        ],
      ],
    ] as [number, string, object[]][]) {
      const { http, text } = await ask(further(...part))
      assert.equal(http, status, text)
      assert.ok(text.includes(says), text)
    }
  })

  it('a named rule of one certificate decides on no part of several', async () => {
    const { decision } = await ask(
      questionAbout([first, second], {
        name: 'planDefinition',
        valueCanonical: 'http://vidimus.org/fhir/PlanDefinition/single-dose-schedule',
      }),
    )
    assert.equal(decision, 'rejected')
  })

  it('NDJSON and batch answer the same', async () => {
    const question = questionAbout([first, second])
    const plain = await ask(question)
    const lines = await supertest(http)
      .post('/fhir/$evaluate')
      .set('Content-Type', 'application/fhir+ndjson')
      .send(`${JSON.stringify(question)}\n${JSON.stringify(question)}\n`)
    for (const line of lines.text.trim().split('\n')) assert.deepEqual(JSON.parse(line), plain.body)
    const entry = [{ request: { method: 'POST', url: '$evaluate' }, resource: question }]
    const batch = await supertest(http)
      .post('/fhir')
      .set('Content-Type', 'application/fhir+json')
      .send(JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry }))
    assert.deepEqual(batch.body.entry[0].resource, plain.body)
  })

  it('the ID document is compared with each', async () => {
    const identity = (name: string) => ({
      name: 'identity',
      part: [
        { name: 'name', valueString: name },
        { name: 'birthDate', valueDate: '1985-03-14' },
      ],
    })
    const good = await ask(questionAbout([first, second], identity('ADA SPECIMEN')))
    assert.deepEqual([good.decision, textParameter(good.body, 'identity')], ['accepted', 'match'])
    const other = await ask(questionAbout([first, second], identity('EVA MUSTER')))
    assert.deepEqual([other.decision, textParameter(other.body, 'identity')], ['rejected', 'differs'])
    const mixed = await ask(questionAbout([first, textsOf({ dcc: { gn: 'Eva' } })], identity('ADA SPECIMEN')))
    assert.deepEqual([mixed.decision, textParameter(mixed.body, 'identity')], ['rejected', 'differs'])
  })
})
