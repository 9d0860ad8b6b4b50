/** When a further dose is due: `cases/next-dose.json` has what is shown, and what the rule says on a day. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import type { Bundle, Resource } from '../../src/fhir/types.ts'
import { createRules } from '../../src/rules/rules.ts'
import { byCanonical, ofType } from './own-content.ts'

interface Case {
  sentence: string
  /** Vaccinations: code of ICD-11, day, number and total. */
  doses?: { code?: string; date?: string; dose?: number; total?: number; disease?: string; status?: string }[]
  /** What certificates state: the day, the day of the statement, vaccine or disease. */
  stated?: { due: string; on?: string; code?: string; disease?: string }[]
  day: string
  result: boolean | null
  /** The day told in the evidence. */
  due?: string
  /** Words of the message of a null. */
  missing?: string
}

const cases: Case[] = JSON.parse(readFileSync(new URL('cases/next-dose.json', import.meta.url), 'utf8'))
const icd11 = 'http://id.who.int/icd/release/11/mms'

async function codesOf(valueSet: string) {
  const [found] = byCanonical('ValueSet', valueSet)
  assert.ok(found, `value set ${valueSet}`)
  const codes = found.compose?.include.flatMap((each) =>
    (each.concept ?? []).map(({ code }) => `${each.system}|${code}`),
  )
  const all = new Set(codes)
  return (code: string, system?: string) => all.has(`${system}|${code}`)
}

const kept = new Map<string, string>()
const rules = createRules({
  findLibraries: async (url) => byCanonical('Library', url),
  listLibraries: async () => ofType('Library'),
  revision: () => 1,
  membership: codesOf,
  expand: async () => [],
  derived: {
    get: async (kind, key) => kept.get(`${kind} ${key}`),
    set: async (kind, key, value) => void kept.set(`${kind} ${key}`, value),
  },
})
after(() => rules.close())

const coded = (code: string | undefined) => (code === undefined ? [] : [{ coding: [{ system: icd11, code }] }])

function bundleOf({ doses = [], stated = [] }: Case): Bundle {
  const patient = { reference: 'Patient/holder' }
  const resources = [
    { resourceType: 'Patient', id: 'holder', birthDate: '1985-03-14' },
    ...doses.map(({ code, date, dose, total, disease, status = 'completed' }) => ({
      resourceType: 'Immunization',
      status,
      patient,
      vaccineCode: coded(code)[0] ?? { text: 'unknown' },
      ...(date === undefined ? {} : { occurrenceDateTime: date }),
      protocolApplied: [
        {
          ...(dose === undefined ? { doseNumberString: 'unknown' } : { doseNumberPositiveInt: dose }),
          ...(total === undefined ? {} : { seriesDosesPositiveInt: total }),
          ...(disease === undefined ? {} : { targetDisease: coded(disease) }),
        },
      ],
    })),
    ...stated.map(({ due, on, code, disease }) => ({
      resourceType: 'ImmunizationRecommendation',
      patient,
      ...(on === undefined ? {} : { date: on }),
      recommendation: [
        {
          ...(code === undefined ? {} : { vaccineCode: coded(code) }),
          ...(disease === undefined ? {} : { targetDisease: coded(disease)[0] }),
          forecastStatus: { coding: [{ code: 'due' }] },
          dateCriterion: [{ code: { coding: [{ system: 'http://loinc.org', code: '30980-7' }] }, value: due }],
        },
      ],
    })),
  ]
  return {
    resourceType: 'Bundle',
    type: 'collection',
    entry: resources.map((resource) => ({ resource: resource as Resource })),
  }
}

describe('when a further dose is due', () => {
  const [plan] = byCanonical('PlanDefinition', 'http://vidimus.org/fhir/PlanDefinition/next-dose')
  for (const each of cases)
    it(each.sentence, async () => {
      assert.ok(plan)
      const clock = `${each.day}T12:00:00Z`
      const [rule, ...others] = await rules.evaluatePlan(plan, { data: bundleOf(each), clock })
      assert.deepEqual([rule?.informative, others.length, rule?.issue], [true, 0, undefined])
      assert.equal(rule?.result, each.result, JSON.stringify(rule))
      const evidence = JSON.stringify(rule?.evidence.filter(({ name }) => name === 'No Dose Due Reasons'))
      if (each.due === undefined) assert.equal(evidence, '[]')
      else assert.match(evidence, new RegExp(`"nextDose":"${each.due}"`))
      if (each.missing !== undefined) assert.match(rule?.message ?? '', new RegExp(each.missing))
    })
})
