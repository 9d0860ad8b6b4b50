/** What a verdict is for: `cases.json` has rule sets with their uses, what is asked, and the rules that run with what they decide. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, it } from 'node:test'
import { allParameters, parameterValue } from '../../../src/fhir/operation.ts'
import type { UsageContext } from '../../../src/fhir/types.ts'
import {
  dccOf,
  dose,
  genuineDcc,
  openVerdicts,
  question,
  ruleLibrary,
  rulePlan,
  specimen,
  type Verdict,
} from '../../support/verdicts.ts'

interface Case {
  sentence: string
  plans: { define: string; name?: string; version?: string; useContext: UsageContext[] }[]
  /** `named` has the numbers of the plans that the question names. */
  ask: { useContext?: UsageContext[]; named?: number[] }
  decision?: string
  http?: number
  /** Define, result, and whether the rule informs, of the rules of these plans. */
  rules?: string[]
  /** Words of some issue. */
  outcome?: string
}

const { ask, store } = await openVerdicts()
const cases: Case[] = JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8'))
/** Every rule of an answer: its plan, and define, result and whether it informs. */
const rulesOf = ({ body }: Verdict) =>
  allParameters(body, 'rule').map(({ part = [] }) => {
    const value = (name: string) => parameterValue(part.find((each) => each.name === name))
    const mark = value('informative') === true ? ' informative' : ''
    return {
      plan: String(value('planDefinition')),
      told: `${value('expression')} ${value('result') ?? null}${mark}`,
      part,
    }
  })

const country = [{ coding: [{ system: 'urn:iso:std:iso:3166', code: 'NZ' }] }]

before(() =>
  store(
    ruleLibrary(
      'Rules',
      `context Patient
      define Good: true
      define Bad: false
      define Unknown: null as Boolean
      define Fails: singleton from { true, true }`,
    ),
  ),
)

describe('what a verdict is for', () => {
  for (const each of cases) it(each.sentence, () => check(each))
})

async function check({ plans, ask: asked, decision, http = 200, rules = [], outcome }: Case): Promise<void> {
  const stored = plans.map(({ define, name = `Use${define}`, version = '1', useContext }, index) =>
    rulePlan(name, [define], { id: `use-${index}`, version, useContext, jurisdiction: country }),
  )
  await store(...stored)
  try {
    const answer = await ask(
      question(
        specimen('dcc-v'),
        { name: 'jurisdiction', valueCode: 'NZ' },
        ...(asked.useContext ?? []).map((valueUsageContext) => ({ name: 'useContext', valueUsageContext })),
        ...(asked.named ?? []).map((index) => ({
          name: 'planDefinition',
          valueCanonical: `${stored[index]?.url}|${stored[index]?.version}`,
        })),
      ),
    )
    assert.equal(answer.http, http, answer.text)
    if (outcome !== undefined)
      assert.ok(
        answer.issues.some((text) => text.includes(outcome)),
        answer.issues.join('\n'),
      )
    if (http !== 200) return
    const ran = rulesOf(answer)
      .filter(({ plan }) => plan.includes('/PlanDefinition/Use'))
      .map(({ told }) => told)
    assert.deepEqual(ran.sort(), [...rules].sort())
    assert.equal(answer.decision, decision, answer.issues.join('\n'))
  } finally {
    const type = { coding: [{ code: 'order-set' }] }
    await store(...stored.map((each) => ({ ...each, status: 'retired' as const, type })))
  }
}

const use = (code: string) => ({
  name: 'useContext',
  valueUsageContext: {
    code: { system: 'http://terminology.hl7.org/CodeSystem/usage-context-type', code: 'task' },
    valueCodeableConcept: { coding: [{ system: 'http://vidimus.org/fhir/CodeSystem/verdict-use', code }] },
  },
})

describe('several credentials of one person', () => {
  const first = genuineDcc(dccOf({ v: [dose({ dn: 1, dt: '2026-04-01', ci: 'URN:UVCI:01:XA:ONE' })] }))
  const second = genuineDcc(dccOf({ v: [dose({ dn: 2, dt: '2026-05-01', ci: 'URN:UVCI:01:XA:TWO' })] }))
  const further = { name: 'furtherCredential', part: [{ name: 'credential', valueString: second }] }
  const counting = ruleLibrary(
    'Counting',
    `context Patient
    define "Two Doses": Count([Immunization]) = 2
    define "One Dose": Count([Immunization]) = 1`,
  )
  const planOf = (id: string, define: string, code: string) =>
    rulePlan(id, [define], {
      jurisdiction: country,
      library: ['http://example.org/Library/Counting|1'],
      useContext: [use(code).valueUsageContext],
    })
  const plans = [
    planOf('UseEntryTwo', 'Two Doses', 'entry'),
    planOf('UseCareOne', 'One Dose', 'care'),
    planOf('UseTransitOne', 'One Dose', 'transit'),
  ]
  before(() => store(counting, ...plans))
  const inNewZealand = { name: 'jurisdiction', valueCode: 'NZ' }

  it('are judged once for each rule set of the use, over all events', async () => {
    const answer = await ask(question(first, further, inNewZealand, use('entry'), use('care')))
    const ran = rulesOf(answer).filter(({ plan }) => plan.includes('/Use'))
    assert.deepEqual(ran.map(({ told }) => told).sort(), ['One Dose false informative', 'Two Doses true'])
    assert.equal(answer.decision, 'accepted', answer.issues.join('\n'))
    for (const { resource } of allParameters(answer.body, 'evaluation'))
      assert.ok(!JSON.stringify(resource).includes('"rule"'), 'the parts have no rules of their own')
  })

  it('are rejected by a rule set of the use that fails over all events', async () => {
    const answer = await ask(question(first, further, inNewZealand, use('transit')))
    const ran = rulesOf(answer).filter(({ plan }) => plan.includes('/Use'))
    assert.deepEqual(
      ran.map(({ told }) => told),
      ['One Dose false'],
    )
    assert.equal(answer.decision, 'rejected')
  })
})

describe('the next dose, for care', () => {
  const nextDose = (answer: Verdict) =>
    rulesOf(answer).filter(({ plan }) => plan.includes('/PlanDefinition/next-dose|'))
  const incomplete = genuineDcc(dccOf({ v: [dose({ dn: 1, sd: 2, dt: '2026-05-20' })] }))

  it('is not asked for at a border', async () => {
    assert.deepEqual(nextDose(await ask(question(incomplete, use('entry')))), [])
    assert.deepEqual(nextDose(await ask(question(incomplete))), [])
  })

  it('is told with its day and why, and leaves the verdict to the others', async () => {
    const answer = await ask(question(incomplete, use('care')))
    const [rule, ...others] = nextDose(answer)
    assert.equal(others.length, 0)
    assert.equal(rule?.told, 'No Dose Due true informative')
    assert.match(JSON.stringify(rule?.part), /"series of the product".*"nextDose","valueString":"2026-06-10"/)
    assert.equal(answer.decision, 'rejected', 'one of two doses does not complete a series')
  })

  it('is due when its day has come', async () => {
    const later = question(incomplete, use('care'))
    const clock = later.parameter?.find(({ name }) => name === 'evaluationDateTime')
    if (clock) clock.valueDateTime = '2026-06-10T08:00:00Z'
    const [rule] = nextDose(await ask(later))
    assert.equal(rule?.told, 'No Dose Due false informative')
    assert.match(JSON.stringify(rule?.part), /A further dose is due/)
  })
})
