/** A rule ends in result, null or failure; none is dropped, whichever way it came in. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import {
  clock,
  dccOf,
  dose,
  genuineDcc,
  openVerdicts,
  question,
  ruleLibrary,
  rulePlan,
  specimen,
} from '../../support/verdicts.ts'

const { ask, store } = await openVerdicts()
const library = (name: string) => ({ name: 'library', valueCanonical: `http://example.org/Library/${name}` })
const expression = (valueString: string) => ({ name: 'expression', valueString })
const withoutBirthDate = genuineDcc(dccOf({ dob: '', v: [dose()] }))
const vaccination = specimen('dcc-v')

before(() =>
  store(
    ruleLibrary(
      'Rules',
      `parameter Least Integer
      context Patient
      define Good: true
      define Adult: AgeInYears() >= 18
      define Unknown: null as Boolean
      define private Hidden: false
      define function Twice(x Integer): x * 2
      define Doses: Count([Immunization])
      define Enough: Doses >= Least
      define Names: Patient.name N return N.text.value`,
    ),
    ruleLibrary('Choices', `context Patient define Good: true define Either: if Good then 1 else true`),
    ruleLibrary('Anything', `context Patient define Good: true define Nothing: null`),
    ruleLibrary('Raw', `context Patient define Good: true define Active: Patient.active`),
    ruleLibrary('Mute', `context Patient define Doses: Count([Immunization])`),
    ruleLibrary('Broken', `context Patient define Good: true define Bad: 1 + true`),
    ruleLibrary('Syntax', `context Patient define Good true`),
    ruleLibrary(
      'Fails',
      `context Patient define Good: true
      define Quotes: Message(true, true, 'E1', 'Error', 'of ' + First(Patient.name).text.value)
      define Says: Message(true, true, 'E1', 'Error', 'no good')
      define Throws: singleton from { true, true }
      define Unit: 1 'mg' < Quantity { value: 1.0, unit: First(Patient.name).text.value }`,
    ),
    ruleLibrary('Draft', 'context Patient define Good: true', { status: 'draft' }),
    rulePlan('Null', ['Good', 'Adult']),
  ),
)

describe('by library', () => {
  it('lists a Boolean define that gives null, without result, and says what was missing', async () => {
    const { decision, rules, issues } = await ask(question(withoutBirthDate, library('Rules')))
    assert.equal(decision, 'undetermined')
    assert.deepEqual(
      rules.map((each) => [each.expression, each.result, each.message]),
      [
        ['Good', true, ''],
        ['Adult', null, 'not determined: birthDate of Patient is missing'],
        ['Unknown', null, 'not determined: the data do not decide it'],
        ['Enough', null, 'not determined: parameter Least has no value'],
      ],
    )
    assert.ok(issues.some((each) => /rule "Adult" of .*Rules\|1: not determined: birthDate of Patient/.test(each)))
  })

  const undetermined: [name: string, failed: string, why: RegExp][] = [
    ['Choices', 'Either', /may hold a Boolean/],
    ['Anything', 'Nothing', /System\.Any/],
    ['Raw', 'Active', /FHIR\.boolean/],
    ['Mute', '', /no public Boolean define/],
    ['Broken', 'Bad', /Could not resolve/],
    ['Syntax', '', /./],
  ]
  for (const [name, failed, why] of undetermined)
    it(`${name}: what cannot be a rule for sure is a failed one`, async () => {
      const { http, decision, rules } = await ask(question(vaccination, library(name)))
      assert.equal(http, 200)
      assert.equal(decision, 'undetermined')
      const rule = rules.find((each) => each.expression === failed) ?? rules[0]
      assert.equal(rule?.result, null)
      assert.match(rule?.message ?? '', why)
      assert.equal(rule?.library, `http://example.org/Library/${name}|1`)
    })

  it('lists a define that was asked for by name, Boolean or not', async () => {
    const { decision, rules } = await ask(
      question(vaccination, library('Rules'), expression('Doses'), expression('Good')),
    )
    assert.equal(decision, 'undetermined')
    assert.deepEqual(
      rules.map((each) => [each.expression, each.result]),
      [
        ['Doses', null],
        ['Good', true],
      ],
    )
    assert.match(rules[0]?.message ?? '', /System\.Integer, not Boolean/)
  })

  it('names the nearest define where there is none of that name, whatever the credential', async () => {
    for (const credential of [vaccination, 'HC1:NOTHING']) {
      const { http, issues } = await ask(question(credential, library('Rules'), expression('Godo')))
      assert.equal(http, 422)
      assert.match(issues[0] ?? '', /"Godo".*nearest one is "Good"/)
    }
    const alone = await ask(question(vaccination, library('Rules'), library('Mute'), expression('Good')))
    assert.equal(alone.http, 422)
    assert.match(alone.issues[0] ?? '', /Mute defines none/)
    assert.equal((await ask(question(vaccination, expression('Good')))).http, 400)
  })

  it('fails for whatever a define throws, and tells nothing of the person', async () => {
    const { decision, rules, body } = await ask(question(vaccination, library('Fails')))
    assert.equal(decision, 'undetermined')
    const failed = rules.filter((each) => each.expression !== 'Good')
    assert.equal(failed.length, 4)
    for (const { result, message } of failed) {
      assert.equal(result, null)
      assert.match(message, /^not determined: /)
      assert.doesNotMatch(message, /Ada|Specimen/)
    }
    const outcome = body.parameter?.find((each) => each.name === 'outcome')
    assert.doesNotMatch(JSON.stringify(outcome), /Ada|Specimen/)
    assert.match(failed.find((each) => each.expression === 'Says')?.message ?? '', /E1: no good/)
  })

  it('says that a draft was run', async () => {
    const { decision, issues } = await ask(question(vaccination, library('Draft|1')))
    assert.equal(decision, 'accepted')
    assert.ok(issues.some((each) => /Draft\|1 is not active: its status is draft/.test(each)))
  })
})

describe('every way in', () => {
  const plan = 'http://example.org/PlanDefinition/Null'
  const ways: [way: string, path: string, more: object[]][] = [
    ['named', '/fhir/$evaluate', [{ name: 'planDefinition', valueCanonical: plan }]],
    ['instance', '/fhir/PlanDefinition/null/$evaluate', []],
    ['type', `/fhir/PlanDefinition/$evaluate?url=${encodeURIComponent(plan)}`, []],
    ['type, in the body', '/fhir/PlanDefinition/$evaluate', [{ name: 'url', valueUri: plan }]],
    ['default', '/fhir/$evaluate', []],
  ]
  for (const [way, path, more] of ways)
    it(`${way}: the null is listed and undetermined`, async () => {
      const { decision, rules } = await ask(question(withoutBirthDate, ...(more as [])), path)
      assert.equal(decision, 'undetermined', JSON.stringify(rules))
      const own = rules.filter((each) => each.planDefinition === `${plan}|1`)
      assert.deepEqual(
        own.map((each) => [each.action, each.result, each.library]),
        [
          ['Good', true, 'http://example.org/Library/Rules|1'],
          ['Adult', null, 'http://example.org/Library/Rules|1'],
        ],
      )
    })

  it('an instance runs beside what the request names', async () => {
    const more = {
      name: 'planDefinition',
      valueCanonical: 'http://vidimus.org/fhir/PlanDefinition/complete-primary-series',
    }
    const { rules } = await ask(question(vaccination, more), '/fhir/PlanDefinition/null/$evaluate')
    assert.deepEqual(
      rules.map((each) => each.action),
      ['Good', 'Adult', 'Complete primary series'],
    )
    assert.equal(clock, '2026-06-01T12:00:00Z')
  })
})
