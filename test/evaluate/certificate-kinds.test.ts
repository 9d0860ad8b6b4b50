import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { certificateKinds, contentAbout } from '../../src/evaluate/certificate-kinds.ts'
import type { Bundle } from '../../src/fhir/types.ts'

const icd11 = 'http://id.who.int/icd/release/11/mms'
const products = 'http://smart.who.int/pcmt-vaxprequal/CodeSystem/PreQualProductIds'
const types = 'http://smart.who.int/pcmt-vaxprequal/CodeSystem/PreQualVaccineType'

interface Given {
  id?: string
  vaccine?: [system: string, code: string][]
  diseases?: [system: string, code: string][]
}

const coded = (codes: [string, string][]) => ({ coding: codes.map(([system, code]) => ({ system, code })) })

const bundleOf = (...given: Given[]): Bundle =>
  ({
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      { resource: { resourceType: 'Patient', id: 'holder' } },
      ...given.map(({ id = 'x', vaccine = [], diseases = [] }) => ({
        resource: {
          resourceType: 'Immunization',
          id,
          vaccineCode: coded(vaccine),
          ...(diseases.length > 0
            ? { protocolApplied: [{ targetDisease: diseases.map((each) => coded([each])) }] }
            : {}),
        },
      })),
    ],
    // Plain JSON: declared types want every mandatory member.
  }) as unknown as Bundle

describe('kinds of certificate', () => {
  const cases: [name: string, given: Given[], kinds: string[]][] = [
    ['nothing is known of the vaccine', [{}], ['vaccination']],
    ['COVID-19', [{ diseases: [[icd11, 'RA01']] }], ['vaccination']],
    ['yellow fever by its disease', [{ diseases: [[icd11, '1D47']] }], ['yellow-fever']],
    ['yellow fever in SNOMED CT', [{ diseases: [['http://snomed.info/sct', '16541001']] }], ['yellow-fever']],
    ['yellow fever by its vaccine alone', [{ vaccine: [[icd11, 'XM3418']] }], ['yellow-fever']],
    ['yellow fever in CVX', [{ vaccine: [['http://hl7.org/fhir/sid/cvx', '37']] }], ['yellow-fever']],
    ['yellow fever as WHO’s map makes it', [{ vaccine: [[types, 'YellowFever']] }], ['yellow-fever']],
    ['the number of CVX in another system', [{ vaccine: [['http://example.org/codes', '37']] }], ['vaccination']],
    ['poliomyelitis', [{ diseases: [['http://id.who.int/icd11/mms', '1C81']] }], ['poliomyelitis']],
    ['a childhood dose that names no disease', [{ vaccine: [['http://hl7.org/fhir/sid/cvx', '10']] }], ['vaccination']],
    ['a product that nobody knows', [{ vaccine: [[products, 'x']] }], ['yellow-fever', 'poliomyelitis']],
    [
      'a product that nobody knows with a disease',
      [{ vaccine: [[products, 'x']], diseases: [[icd11, 'RA01']] }],
      ['vaccination'],
    ],
    [
      'vaccine and disease that contradict',
      [{ vaccine: [[icd11, 'XM0N24']], diseases: [[icd11, 'RA01']] }],
      ['vaccination', 'yellow-fever'],
    ],
    [
      'a vaccine against several',
      [
        {
          diseases: [
            [icd11, '1C81'],
            [icd11, '1C17'],
          ],
        },
      ],
      ['poliomyelitis', 'vaccination'],
    ],
    [
      'several vaccinations',
      [{ diseases: [[icd11, '1D47']] }, { diseases: [[icd11, 'RA01']] }],
      ['yellow-fever', 'vaccination'],
    ],
  ]
  for (const [name, given, kinds] of cases)
    it(name, () => assert.deepEqual(certificateKinds(['vaccination'], bundleOf(...given)), kinds))

  it('leave other kinds as they are', () => {
    assert.deepEqual(certificateKinds(['test', 'recovery'], bundleOf({ diseases: [[icd11, '1D47']] })), [
      'test',
      'recovery',
    ])
    assert.deepEqual(certificateKinds(['vaccination', 'test'], bundleOf({ diseases: [[icd11, '1D47']] })), [
      'test',
      'yellow-fever',
    ])
    assert.deepEqual(certificateKinds(['vaccination'], undefined), ['vaccination'])
    assert.deepEqual(certificateKinds(['vaccination'], { resourceType: 'Bundle', type: 'collection' }), ['vaccination'])
  })

  it('are told of content of any shape', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (vaccineCode, protocolApplied) => {
        const resource = { resourceType: 'Immunization', vaccineCode, protocolApplied }
        const content = { resourceType: 'Bundle', type: 'collection', entry: [{ resource }] } as unknown as Bundle
        const kinds = certificateKinds(['vaccination'], content)
        assert.ok(kinds.length > 0)
        // Nothing is seen by no rule set at all.
        assert.equal(kinds.flatMap((kind) => contentAbout([kind], content).entry ?? []).length, kinds.length)
      }),
    )
  })
})

describe('what a rule set sees', () => {
  const content = bundleOf(
    { id: 'fever', diseases: [[icd11, '1D47']] },
    { id: 'covid', diseases: [[icd11, 'RA01']] },
    { id: 'unknown', vaccine: [[products, 'x']] },
  )
  const seen = (...kinds: string[]) =>
    (contentAbout(kinds, content).entry ?? []).map(({ resource }) => resource?.id).filter((id) => id !== 'holder')

  it('is what it is about', () => {
    assert.deepEqual(seen('vaccination'), ['covid'])
    assert.deepEqual(seen('yellow-fever'), ['fever', 'unknown'])
    assert.deepEqual(seen('poliomyelitis'), ['unknown'])
    assert.deepEqual(seen('vaccination', 'yellow-fever'), ['fever', 'covid', 'unknown'])
  })
  it('is everything where it is about no vaccination, or about every kind', () => {
    assert.equal(contentAbout(['test'], content), content)
    assert.equal(contentAbout([], content), content)
    assert.equal(contentAbout(['general'], content), content)
  })
})
