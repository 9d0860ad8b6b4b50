import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  contradictsVaccine,
  diseaseOfVaccine,
  type VaccineDisease,
} from '../../../src/evaluate/map/vaccine-diseases.ts'
import { ofType } from '../../content/own-content.ts'

const sets: Record<VaccineDisease, string[]> = {
  'yellow fever': ['yellow-fever-vaccines', 'icvp-yellow-fever-vaccines'],
  poliomyelitis: ['poliomyelitis-vaccines', 'icvp-poliomyelitis-vaccines'],
  'COVID-19': ['covid-19-vaccines', 'covid-19-vaccines-cvx', 'sct-vaccines-covid-19', 'covid-19-vaccine-products'],
  influenza: ['seasonal-influenza-vaccines'],
  'meningococcal disease': [
    'meningococcal-acwy-conjugate-vaccines',
    'meningococcal-acwy-polysaccharide-vaccines',
    'meningococcal-acwy-vaccines',
    'other-meningococcal-vaccines',
  ],
}
/** Named in the catalogue by numbers of its database, or as combined vaccines, which the lists have one by one. */
const unnamed = /^(?:a3K|DiphtheriaTetanus)/

describe('vaccines by disease', () => {
  for (const [disease, names] of Object.entries(sets))
    for (const id of names)
      it(`${id}: every code is one against ${disease}`, () => {
        const include = ofType('ValueSet').find((each) => each.id === id)?.compose?.include ?? []
        const codings = include.flatMap(({ system = '', concept = [] }) =>
          system.startsWith('http://vidimus.org') ? [] : concept.map(({ code }) => ({ system, code })),
        )
        assert.ok(codings.length > 0)
        for (const coding of codings) {
          const found = diseaseOfVaccine(coding)
          if (coding.system.endsWith('PreQualProductIds') && unnamed.test(coding.code)) assert.equal(found, undefined)
          else assert.equal(found, disease, `${coding.system}|${coding.code}`)
        }
      })
  const icd11 = (code: string) => ({ system: 'http://id.who.int/icd/release/11/mms', code })
  const cvx = (code: string) => ({ system: 'http://hl7.org/fhir/sid/cvx', code })
  const cases: [string, ReturnType<typeof cvx>[], ReturnType<typeof cvx>[], boolean][] = [
    ['a vaccine and its disease', [icd11('XM0N24')], [icd11('1D47')], false],
    ['a vaccine by two systems', [icd11('XM0N24'), cvx('37')], [], false],
    ['a vaccine and another disease', [icd11('XM0N24')], [icd11('RA01')], true],
    ['a vaccine and a disease that is not known', [icd11('XM0N24')], [icd11('1A00')], false],
    ['a vaccine that is not known and a disease', [cvx('999')], [icd11('1D47')], false],
    ['vaccines against two diseases', [cvx('208'), icd11('XM0N24')], [], true],
    ['one that is known and one that is not', [cvx('208'), cvx('999')], [], false],
    ['a code in another system', [cvx('208'), { system: 'http://example.org', code: '37' }], [], false],
    ['nothing', [], [], false],
  ]
  for (const [what, vaccine, named, is] of cases)
    it(`${what}: ${is ? 'contradicts itself' : 'agrees'}`, () => assert.equal(contradictsVaccine(vaccine, named), is))
})
