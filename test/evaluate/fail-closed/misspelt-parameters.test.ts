/** What a question says in words that are not understood is refused, never ignored. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { inflateSync } from 'node:zlib'
import supertest from 'supertest'
import { decodeBase45 } from '../../../src/credentials/encoding/base45.ts'
import type { Parameter, Parameters } from '../../../src/fhir/types.ts'
import { openVerdicts, question, readVerdict, ruleLibrary, rulePlan, specimen } from '../../support/verdicts.ts'

const { ask, store, http } = await openVerdicts()
const vaccination = specimen('dcc-v')
const own = (name: string) => `http://vidimus.org/fhir/PlanDefinition/${name}`

before(() =>
  store(
    ruleLibrary(
      'Rules',
      `parameter Least Integer default 1
      parameter Days Interval<Integer> default Interval[1, 2]
      parameter Day Date default @2026-01-01
      parameter Names List<String> default { 'a' }
      parameter Kind FHIR.Coding
      context Patient
      define Good: Least = 1`,
    ),
    ruleLibrary('Bare', 'context Patient define Good: true'),
    rulePlan('Rules', ['Good'], { jurisdiction: [{ coding: [{ code: 'CH' }] }] }),
  ),
)

/** Status of the refusal and its first text. */
async function refusal(...more: object[]): Promise<[status: number, text: string]> {
  const { http: status, issues, text } = await ask(question(vaccination, ...(more as Parameter[])))
  assert.ok(!text.includes('HC1:'))
  return [status, issues[0] ?? '']
}

describe('names', () => {
  const near: [wrong: string, nearest: string][] = [
    ['planDefintion', 'planDefinition'],
    ['plandefinition', 'planDefinition'],
    ['libary', 'library'],
    ['expresion', 'expression'],
    ['evalutionDateTime', 'evaluationDateTime'],
    ['jursidiction', 'jurisdiction'],
    ['trustAnchors', 'trustAnchor'],
    ['structuremap', 'structureMap'],
    ['parameter', 'parameters'],
    ['credentialParts', 'credentialPart'],
  ]
  for (const [wrong, nearest] of near)
    it(`${wrong} is 400 and names ${nearest}`, async () => {
      const [status, text] = await refusal({ name: wrong, valueString: 'x' })
      assert.equal(status, 400)
      assert.match(text, new RegExp(`has no parameter ${wrong}\\. The nearest one is ${nearest}\\.`))
    })

  it('asOf that is no moment is refused and says what is wanted', async () => {
    for (const parameter of [
      { name: 'asOf', valueBoolean: false },
      { name: 'asOf', valueInstant: 'yesterday' },
      { name: 'asOf', valueDateTime: '2026-03-01' },
    ]) {
      const { http: status, body, text } = await ask(question(vaccination, parameter))
      assert.ok(status === 400 || status === 422, `${status} ${text}`)
      assert.deepEqual(body.parameter, undefined)
      assert.match(text, /asOf/)
    }
  })

  it('followLinks without a network is refused and says why', async () => {
    const { http: status, body, text } = await ask(question(vaccination, { name: 'followLinks', valueBoolean: true }))
    assert.deepEqual([status, body.parameter], [400, undefined])
    assert.match(text, /"not-supported".*NETWORK=off/)
  })

  it('repeats no name that is none', async () => {
    const [status, text] = await refusal({ name: vaccination, valueString: 'x' })
    assert.equal(status, 400)
    assert.match(text, /^\$evaluate has no parameter\. The nearest/)
  })

  it('url belongs to the type level', async () => {
    assert.equal((await refusal({ name: 'url', valueUri: own('valid-test') }))[0], 400)
    const body = question(vaccination, { name: 'url', valueUri: own('valid-test') })
    assert.equal((await ask(body, '/fhir/PlanDefinition/valid-test/$evaluate')).http, 400)
    assert.equal((await ask(body, '/fhir/PlanDefinition/$evaluate')).http, 200)
    const twice = `/fhir/PlanDefinition/$evaluate?url=${encodeURIComponent(own('recovery-window'))}`
    assert.equal((await ask(body, twice)).http, 400)
  })
})

describe('values', () => {
  const cases: [name: string, status: number, text: RegExp, ...parameters: object[]][] = [
    ['credential twice', 400, /credential may be given once/, { name: 'credential', valueString: 'x' }],
    [
      'jurisdiction twice',
      400,
      /once/,
      { name: 'jurisdiction', valueCode: 'CH' },
      { name: 'jurisdiction', valueCode: 'DE' },
    ],
    [
      'a string for a canonical',
      422,
      /planDefinition must be given as valueCanonical/,
      { name: 'planDefinition', valueString: own('valid-test') },
    ],
    ['a string for a code', 422, /as valueCode/, { name: 'jurisdiction', valueString: 'CH' }],
    ['a date for a dateTime', 422, /as valueString/, { name: 'credentialPart', valueDate: '2026-06-01' }],
    ['a resource for a canonical', 422, /valueCanonical/, { name: 'library', resource: { resourceType: 'Library' } }],
    ['a value for parameters', 422, /resource of the type Parameters/, { name: 'parameters', valueString: '{}' }],
    [
      'another resource',
      422,
      /resource of the type Parameters/,
      { name: 'parameters', resource: { resourceType: 'Bundle', type: 'batch' } },
    ],
    ['no value', 400, /has no value/, { name: 'planDefinition' }],
    ['an extension for a value', 400, /has no value/, { name: 'planDefinition', _valueCanonical: { id: 'x' } }],
    ['an empty value', 400, /is empty/, { name: 'credentialPart', valueString: '' }],
    [
      'value and part',
      400,
      /holds valueCode and part/,
      { name: 'jurisdiction', valueCode: 'CH', part: [{ name: 'a', valueCode: 'b' }] },
    ],
    ['two values', 400, /only one/, { name: 'jurisdiction', valueCode: 'CH', valueString: 'CH' }],
    [
      'a misspelt member',
      400,
      /nearest one is valueCode|has no value|no element/,
      { name: 'jurisdiction', valuCode: 'CH' },
    ],
    [
      'a modifier extension',
      400,
      /no element modifierExtension/,
      { name: 'jurisdiction', valueCode: 'CH', modifierExtension: [{ url: 'x', valueCode: 'y' }] },
    ],
    ['a country that is none', 400, /ISO 3166-1/, { name: 'jurisdiction', valueCode: 'ZZ' }],
    ['a country that is none, of three letters', 400, /ISO 3166-1/, { name: 'jurisdiction', valueCode: 'ZZZ' }],
    ['no country', 400, /ISO 3166-1/, { name: 'jurisdiction', valueCode: 'XX9' }],
    ['no code of a domain', 400, /trustDomain/, { name: 'trustDomain', valueCode: 'any domain' }],
    ['an expression without a library', 400, /which is not given/, { name: 'expression', valueString: 'Good' }],
    [
      'both ways to send a credential',
      400,
      /Either credential or credentialData/,
      { name: 'credentialData', valueBase64Binary: 'AAAA' },
    ],
    ['no base64', 400, /must be base64/, { name: 'trustAnchor', valueBase64Binary: 'AAA' }],
  ]
  for (const [name, status, text, ...parameters] of cases)
    it(`${name} is ${status}`, async () => {
      const found = await refusal(...parameters)
      assert.equal(found[0], status, found[1])
      assert.match(found[1], text)
    })

  it('a clock of another type', async () => {
    for (const clock of [
      { valueInstant: '2026-06-01T12:00:00Z' },
      { valueString: '2026-06-01' },
      { valueDate: '2026-06-01' },
    ]) {
      const parameter = [
        { name: 'credential', valueString: vaccination },
        { name: 'evaluationDateTime', ...clock },
      ]
      assert.equal((await ask({ resourceType: 'Parameters', parameter })).http, 422)
    }
  })

  it('raw transport alone is read, and a line end after a text is none of it', async () => {
    const raw = inflateSync(decodeBase45(vaccination, 4) ?? Buffer.alloc(0)).toString('base64')
    const first = { name: 'credentialData', valueBase64Binary: raw }
    const { parameter: rest = [] } = question(vaccination)
    const others = rest.filter(({ name }) => name !== 'credential')
    const { http: status, text } = await ask({ resourceType: 'Parameters', parameter: [first, ...others] })
    assert.equal(status, 200)
    assert.match(text, /"VERIFIED"/)
    for (const end of ['\n', '\r\n', '\r'])
      assert.match((await ask(question(`${vaccination}${end}`))).text, /"VERIFIED"/)
    for (const other of [' ', '\n\n', '\t']) {
      assert.doesNotMatch((await ask(question(`${vaccination}${other}`))).text, /"VERIFIED"/)
    }
  })
})

describe('every transport', () => {
  const wrong = question(vaccination, { name: 'planDefintion', valueCanonical: own('valid-test') })
  const twice = question(vaccination, { name: 'jurisdiction', valueString: 'CH' })

  it('NDJSON, a line for itself', async () => {
    const lines = [wrong, twice, question(vaccination)].map((each) => JSON.stringify(each)).join('\n')
    const send = (path: string) => supertest(http).post(path).set('Content-Type', 'application/fhir+ndjson').send(lines)
    const answers = (await send('/fhir/$evaluate')).text
      .trim()
      .split('\n')
      .map((each) => JSON.parse(each))
    assert.deepEqual(
      answers.map((each) => each.resourceType),
      ['OperationOutcome', 'OperationOutcome', 'Parameters'],
    )
    assert.match(answers[0].issue[0].details.text, /nearest one is planDefinition/)
    assert.match(answers[1].issue[0].details.text, /valueCode/)
    assert.equal((await send('/fhir/$evaluate?jurisdiction=CH')).status, 400)
  })

  it('a batch, an entry for itself', async () => {
    const entry = (resource: Parameters) => ({ request: { method: 'POST', url: '$evaluate' }, resource })
    const bundle = { resourceType: 'Bundle', type: 'batch', entry: [wrong, twice, question(vaccination)].map(entry) }
    const reply = await supertest(http)
      .post('/fhir')
      .set('Content-Type', 'application/fhir+json')
      .send(JSON.stringify(bundle))
    const status = reply.body.entry.map((each: { response: { status: string } }) => each.response.status.slice(0, 3))
    assert.deepEqual(status, ['400', '422', '200'])
  })

  it('XML', async () => {
    const send = async (parameters: string) => {
      const reply = await supertest(http)
        .post('/fhir/$evaluate')
        .set({ 'Content-Type': 'application/fhir+xml', Accept: 'application/fhir+json' })
        .send(`<Parameters xmlns="http://hl7.org/fhir">${parameters}</Parameters>`)
      return readVerdict(reply.status, reply.body)
    }
    const credential = '<parameter><name value="credential"/><valueString value="hello"/></parameter>'
    const misspelt = await send(`${credential}<parameter><name value="libary"/><valueCanonical value="x"/></parameter>`)
    assert.match(misspelt.issues[0] ?? '', /nearest one is library/)
    const typed = await send(
      `${credential}<parameter><name value="jurisdiction"/><valueString value="CH"/></parameter>`,
    )
    assert.equal(typed.http, 422)
    assert.equal((await send(credential)).http, 200)
  })

  it('the address and the body', async () => {
    assert.equal((await ask(question(vaccination), '/fhir/$evaluate?planDefintion=x')).http, 400)
    assert.equal(
      (await ask(question(vaccination, { name: 'jurisdiction', valueCode: 'CH' }), '/fhir/$evaluate?jurisdiction=DE'))
        .http,
      400,
    )
    assert.equal((await ask({ resourceType: 'Patient' })).http, 400)
    assert.equal((await ask({ ...question(vaccination), planDefinition: own('valid-test') })).http, 400)
  })
})

describe('CQL parameters', () => {
  const library = (name: string) => ({ name: 'library', valueCanonical: `http://example.org/Library/${name}` })
  const given = (...parameter: object[]) => ({
    name: 'parameters',
    resource: { resourceType: 'Parameters', parameter },
  })
  const cases: [name: string, status: number, text: RegExp, ...parameters: object[]][] = [
    ['a name that no rule declares', 422, /nearest one is "Least"/, { name: 'Leats', valueInteger: 2 }],
    ['another type', 422, /Least must be System\.Integer, not valueString/, { name: 'Least', valueString: '2' }],
    ['a fraction', 422, /System\.Integer/, { name: 'Least', valueDecimal: 1.5 }],
    ['more than an Integer holds', 422, /System\.Integer/, { name: 'Least', valueInteger: 4_294_967_296 }],
    ['a type that CQL has no value for', 422, /System\.Integer/, { name: 'Least', valueAttachment: { title: 'x' } }],
    ['twice', 422, /once/, { name: 'Least', valueInteger: 1 }, { name: 'Least', valueInteger: 2 }],
    ['no value', 422, /Least must be/, { name: 'Least' }],
    ['a day that does not exist', 422, /Day must be System\.Date/, { name: 'Day', valueDate: '2026-02-30' }],
    ['an interval of another type', 422, /Days must be/, { name: 'Days', valuePeriod: { start: '2026' } }],
    [
      'a list with another type',
      422,
      /Names must be/,
      { name: 'Names', valueString: 'a' },
      { name: 'Names', valueInteger: 1 },
    ],
    ['another FHIR type', 422, /Kind must be FHIR\.Coding/, { name: 'Kind', valueString: 'x' }],
  ]
  for (const [name, status, text, ...parameters] of cases)
    it(`${name} is ${status}`, async () => {
      for (const credential of [vaccination, 'HC1:NOTHING']) {
        const found = await ask(question(credential, library('Rules'), given(...parameters) as Parameter))
        assert.equal(found.http, status, JSON.stringify(found.issues))
        assert.match(found.issues[0] ?? '', text)
      }
    })

  it('right ones decide', async () => {
    const decision = async (...parameters: object[]) =>
      (await ask(question(vaccination, library('Rules'), given(...parameters) as Parameter))).decision
    assert.equal(await decision({ name: 'Least', valueInteger: 1 }), 'accepted')
    assert.equal(await decision({ name: 'Least', valueInteger: 2 }), 'rejected')
    assert.equal(await decision({ name: 'Names', valueString: 'a' }, { name: 'Names', valueString: 'b' }), 'accepted')
  })

  it('belong to rules that may run by default, of whatever kind, in this country alone', async () => {
    const asked = (name: string, ...more: Parameter[]) =>
      ask(question(vaccination, given({ name, valueInteger: 48 }) as Parameter, ...more))
    assert.equal((await asked('NAAT Hours')).http, 200)
    assert.match((await asked('NAT Hours')).issues[0] ?? '', /nearest one is "NAAT Hours"/)
    assert.equal((await asked('Least')).http, 422)
    assert.equal((await asked('Least', { name: 'jurisdiction', valueCode: 'CH' })).http, 200)
    const none = await ask(
      question(vaccination, library('Bare'), given({ name: 'Least', valueInteger: 1 }) as Parameter),
    )
    assert.match(none.issues[0] ?? '', /none of the rules has parameters/)
  })
})
