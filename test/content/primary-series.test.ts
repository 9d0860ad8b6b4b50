import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { mapContent } from '../../src/evaluate/map/map-content.ts'
import type { Bundle } from '../../src/fhir/types.ts'
import {
  cardDose,
  card as cardOf,
  cardPatient,
  dcc,
  divoc,
  inputOf,
  seal,
  vaccination,
  without,
} from '../support/map-samples.ts'
import { ownMapping } from '../support/own-mapping.ts'
import { cqlParameters, ownRules } from '../support/own-rules.ts'

/**
 * The rule for the complete primary series over certificates of every kind, as our maps make them FHIR: `cases/primary-series.json` has by
 * section the doses of a certificate (or of several of one person) and the answer, with words that evidence or message hold.
 */
interface Dose {
  code?: string
  /** Several codings of one dose. */
  codes?: string[]
  text?: string
  date?: string
  dose?: number | string
  total?: number
  disease?: string
  status?: string
  subpotent?: boolean
  modified?: boolean
}

interface Credential {
  form: Form | 'fhir'
  doses: Dose[]
}

interface Case extends Partial<Credential> {
  name: string
  credentials?: Credential[]
  is: boolean | null
  says?: string
  parameters?: Record<string, number | boolean | string[]>
  born?: string | null
}

const cvx = 'http://hl7.org/fhir/sid/cvx'
const given = (members: Record<string, Json | undefined>): JsonObject =>
  Object.fromEntries(Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))

function coding(text: string): JsonObject {
  const [system, code] = text.includes('|') ? text.split('|') : [cvx, text]
  return given({ system: system || undefined, code })
}

function immunization({ code, codes = code === undefined ? [] : [code], text, date, ...rest }: Dose): JsonObject {
  const protocol = given({
    doseNumberPositiveInt: typeof rest.dose === 'number' ? rest.dose : undefined,
    seriesDosesPositiveInt: rest.total,
  })
  const vaccineCode = given({ coding: codes.length > 0 ? codes.map(coding) : undefined, text })
  const change = given({
    occurrenceDateTime: date,
    status: rest.status,
    isSubpotent: rest.subpotent,
    modifierExtension: rest.modified ? [{ url: 'http://example.org/not', valueBoolean: true }] : undefined,
    protocolApplied: Object.keys(protocol).length > 0 ? [protocol] : undefined,
  })
  return { ...without(cardDose({ vaccineCode }), 'occurrenceDateTime'), ...change }
}

type Form = 'shc' | 'seal' | 'dvc' | 'dcc' | 'ddcc' | 'divoc'

/** How doses stand in each kind of certificate; one that carries a single dose is made for each. */
const forms: Record<Form, (doses: Dose[], born: string | undefined) => [format: string, content: JsonObject][]> = {
  shc: (doses, born) => [['shc', cardOf(cardPatient(given({ birthDate: born })), ...doses.map(immunization))]],
  seal: (doses) => {
    const ve = doses.map(({ code = '', date, dose, disease = 'RA01.0' }) => {
      const vd = [given({ dvc: date, seq: dose, ctr: 'UTO', adm: 'Harbour', lot: 'A1' })]
      return { des: code, dis: disease, vd }
    })
    return [['icao-vds-nc', seal({ ve })]]
  },
  dvc: (doses, born) => {
    const v = doses.map(({ code, date, dose, disease }) => given({ vp: code, dt: date, dn: dose, tg: disease }))
    const isProduct = doses.some(({ code }) => code?.includes('Product'))
    return [[isProduct ? 'hcert-icvp' : 'hcert-dvc', given({ n: 'Aoife Beispiel', dob: born, v })]]
  },
  dcc: (doses) => {
    const v = doses.map(({ code = '', date, dose, total, disease }) => {
      const entry = { ...without(vaccination, 'dn', 'sd'), ...given({ dt: date, dn: dose, sd: total, tg: disease }) }
      return { ...entry, mp: code, vp: code.startsWith('EU/') ? '1119349007' : '1119305005' }
    })
    return [['hcert-dcc', dcc({ v })]]
  },
  ddcc: (doses) =>
    doses.map(({ code = '', date, dose, total }) => {
      const vaccine = { system: 'http://id.who.int/icd11/mms', code }
      const event = given({ vaccine, date, dose, totalDoses: total })
      return ['hcert-ddcc-vs', { name: 'Aoife Beispiel', birthDate: '1984-02-29', vaccination: event }]
    }),
  divoc: (doses) =>
    doses.map(({ code, date, dose, total }) => [
      'divoc',
      divoc(given({ vaccine: code, date, dose, totalDoses: total })),
    ]),
}

const mapping = ownMapping()

/** One Bundle of all credentials and their core data sets, as an evaluation makes them. */
async function contentOf(
  credentials: Credential[],
  born: string | undefined,
): Promise<{ data: Bundle; coreDataSets: JsonObject[] }> {
  const asFhir = credentials.flatMap(({ form, doses }) => (form === 'fhir' ? doses : []))
  if (asFhir.length > 0) {
    const patient = given({ resourceType: 'Patient', id: 'holder', birthDate: born })
    const events = asFhir.map((each) => ({ ...immunization(each), patient: { reference: 'Patient/holder' } }))
    const entry = [patient, ...events].map((resource) => ({ resource: resource as never })) // FHIR by construction
    return { data: { resourceType: 'Bundle', type: 'collection', entry }, coreDataSets: [] }
  }
  const inputs = credentials.flatMap(({ form, doses }) =>
    form === 'fhir' ? [] : forms[form](doses, born).map(([format, content]) => inputOf(format, content)),
  )
  const { bundle, coreDataSets } = await mapContent(inputs, [], mapping)
  assert.ok(bundle)
  return { data: bundle, coreDataSets }
}

const sections: { section: string; cases: Case[] }[] = JSON.parse(
  readFileSync(new URL('cases/primary-series.json', import.meta.url), 'utf8'),
)
const rules = ownRules()

describe('the primary series by the table of products', () => {
  for (const { section, cases } of sections)
    describe(section, () => {
      for (const { name, form, doses = [], credentials, is, says, parameters, born } of cases)
        it(`${name}: ${is}`, async () => {
          const birth = born === undefined ? '1984-02-29' : (born ?? undefined)
          const content = await contentOf(credentials ?? (form ? [{ form, doses }] : []), birth)
          // Over the core data sets, and over the resources alone.
          for (const each of [content, { data: content.data }]) {
            const call = {
              ...each,
              clock: '2026-06-01T12:00:00Z',
              ...(parameters ? { parameters: cqlParameters(parameters) } : {}),
            }
            const [result] = await rules.run('complete-primary-series', call)
            assert.ok(result)
            assert.equal(result.issue, undefined, JSON.stringify(result.issue))
            const reasons = result.evidence.filter((each) => each.name.endsWith('Reasons'))
            const told = JSON.stringify([result.message ?? '', reasons])
            assert.equal(result.result, is, told)
            if (says !== undefined) assert.match(told, new RegExp(says))
          }
        })
    })
})
