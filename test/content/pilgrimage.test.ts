import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { ipsKind, openIps } from '../../src/credentials/ips/ips.ts'
import { sampleSummary } from '../../src/demo/sample-summary.ts'
import { mapContent } from '../../src/evaluate/map/map-content.ts'
import type { Bundle, Parameters } from '../../src/fhir/types.ts'
import { selectPlans } from '../../src/rules/select-plans.ts'
import { ownMapping } from '../support/own-mapping.ts'
import { cqlParameters, ownRules } from '../support/own-rules.ts'
import { ofType } from './own-content.ts'

/**
 * The rule set for pilgrims over patient summaries: `cases/pilgrimage.json` has by section the vaccinations of a summary, the check
 * that is asked, and its answer, with words that evidence or message hold.
 */
interface Vaccination {
  code: string | null
  also?: string[]
  text?: string
  date?: string
  status?: string
  subpotent?: boolean
  modified?: boolean
  dose?: number
  total?: number
}

interface Case {
  name: string
  check: string
  vaccinations: Vaccination[]
  is: boolean | null
  says?: string
  parameters?: Record<string, string | number | boolean>
  born?: string | null
}

const systems: Record<string, string> = {
  cvx: 'http://hl7.org/fhir/sid/cvx',
  sct: 'http://snomed.info/sct',
  atc: 'http://www.whocc.no/atc',
  icd: 'http://id.who.int/icd/release/11/mms',
}

const given = (members: Record<string, Json | undefined>): JsonObject =>
  Object.fromEntries(Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))

function coding(text: string): JsonObject {
  const [system = '', code = ''] = text.split('|')
  return given({ system: (systems[system] ?? system) || undefined, code })
}

const immunization = ({ code, also = [], text, date, ...rest }: Vaccination): JsonObject =>
  given({
    resourceType: 'Immunization',
    status: rest.status ?? 'completed',
    vaccineCode: given({ coding: code === null ? undefined : [code, ...also].map(coding), text }),
    patient: { reference: 'Patient/holder' },
    occurrenceDateTime: date,
    occurrenceString: date === undefined ? 'unknown' : undefined,
    isSubpotent: rest.subpotent,
    modifierExtension: rest.modified ? [{ url: 'http://example.org/not', valueBoolean: true }] : undefined,
    protocolApplied:
      rest.dose === undefined
        ? undefined
        : [given({ doseNumberPositiveInt: rest.dose, seriesDosesPositiveInt: rest.total })],
  })

function bundleOf({ vaccinations, born }: Case): Bundle {
  const birthDate = born === undefined ? '1985-03-14' : (born ?? undefined)
  const patient = given({ resourceType: 'Patient', id: 'holder', birthDate })
  const entry = [patient, ...vaccinations.map(immunization)].map((resource) => ({ resource: resource as never })) // FHIR by construction
  return { resourceType: 'Bundle', type: 'collection', entry }
}

/** Parameters with a day as a date. */
const parametersOf = (values: Record<string, string | number | boolean>): Parameters => {
  const { parameter = [] } = cqlParameters(values)
  return {
    resourceType: 'Parameters',
    parameter: parameter.map(({ name, valueString, ...rest }) =>
      name === 'Date of Arrival' && valueString
        ? { name, valueDate: valueString }
        : given({ name, valueString, ...rest } as never),
    ) as never,
  }
}

const sections: { section: string; cases: Case[] }[] = JSON.parse(
  readFileSync(new URL('cases/pilgrimage.json', import.meta.url), 'utf8'),
)
const rules = ownRules()
const titles: Record<string, string> = {
  Meningococcal: 'Meningococcal vaccination (ACWY)',
  Poliomyelitis: 'Poliomyelitis vaccination',
  'Yellow Fever': 'Yellow fever vaccination',
  'Seasonal Influenza': 'Seasonal influenza vaccination',
  'COVID-19': 'COVID-19 vaccination',
}

describe('what is asked of pilgrims', () => {
  for (const { section, cases } of sections)
    describe(section, () => {
      for (const each of cases)
        it(`${each.name}: ${each.is}`, async () => {
          const parameters = each.parameters ? { parameters: parametersOf(each.parameters) } : {}
          const call = { data: bundleOf(each), clock: '2026-06-01T12:00:00Z', ...parameters }
          const results = await rules.run('pilgrimage', call)
          assert.equal(results.length, 5)
          const result = results.find(({ action }) => action === titles[each.check])
          assert.ok(result)
          assert.equal(result.issue, undefined, JSON.stringify(result.issue))
          const told = JSON.stringify([result.message ?? '', result.evidence])
          assert.equal(result.result, each.is, told)
          if (each.says !== undefined) assert.match(told, new RegExp(each.says))
          if (each.is === null) assert.match(result.message ?? '', /^not determined: /)
        })
    })

  it('is for patient summaries in Saudi Arabia, and for nothing else', () => {
    const choose = (kinds: string[], jurisdiction: string) =>
      selectPlans(ofType('PlanDefinition'), { kinds, jurisdiction, clock: new Date('2026-06-01T12:00:00Z') })
        .map(({ id }) => id)
        .includes('pilgrimage')
    assert.equal(choose(['patient-summary'], 'SAU'), true)
    assert.equal(choose(['patient-summary'], 'SA'), true)
    assert.equal(choose(['patient-summary'], 'FR'), false)
    assert.equal(choose(['vaccination'], 'SA'), false)
  })

  it('names a source for every check', () => {
    const plan = ofType('PlanDefinition').find(({ id }) => id === 'pilgrimage')
    assert.ok(plan?.relatedArtifact?.every(({ type, url, display }) => type === 'citation' && url && display))
    for (const { documentation, textEquivalent } of plan?.action ?? []) {
      assert.ok((documentation ?? []).length > 0)
      assert.ok(textEquivalent)
    }
  })

  it('runs over the document of a summary, as our maps bring it', async () => {
    const opened = openIps(sampleSummary({ issuedAt: new Date('2026-05-31T12:00:00Z') }))
    assert.ok(typeof opened !== 'string')
    const input = ipsKind.input?.(opened.content)
    assert.ok(input)
    const { bundle } = await mapContent([input], [], ownMapping())
    assert.ok(bundle)
    const call = {
      data: bundle,
      clock: '2026-06-01T12:00:00Z',
      parameters: parametersOf({ 'Departure Country': 'BR' }),
    }
    const results = await rules.run('pilgrimage', call)
    assert.deepEqual(
      results.map(({ result }) => result),
      [false, true, true, false, false],
    )
  })
})
