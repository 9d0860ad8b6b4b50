import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTerminology } from '../../src/terminology/terminology.ts'
import { ofType } from './own-content.ts'

const base = 'http://vidimus.org/fhir'
const terminology = createTerminology(
  {
    find: async (type, url) => ofType(type).filter((each) => 'url' in each && each.url === url),
    list: async (type) => ofType(type),
    revision: () => 1,
  },
  { now: () => new Date('2026-06-01T12:00:00Z'), uuid: () => '00000000-0000-4000-8000-000000000001' },
)

const expand = (id: string) => expandUrl(`${base}/ValueSet/${id}`)

const expandUrl = async (url: string) => {
  const parameter = [{ name: 'url', valueUri: url }]
  const { expansion } = await terminology.expand({ resourceType: 'Parameters', parameter })
  return expansion?.contains ?? []
}

describe('own value sets', () => {
  const sizes: Record<string, [codes: number, inactive: number]> = {
    'country-2-codes': [250, 0],
    'disease-agent-targeted': [1, 0],
    'covid-19-lab-test-manufacturer-and-name': [88, 2],
    'covid-19-lab-result': [2, 0],
    'covid-19-lab-test-type': [2, 0],
    'vaccines-covid-19-auth-holders': [31, 0],
    'vaccines-covid-19-names': [39, 4],
    'sct-vaccines-covid-19': [9, 1],
    'certificate-kind': [8, 0],
    'rule-type': [2, 0],
    decision: [4, 0],
    'verification-status': [17, 0],
    'verification-check': [11, 0],
    'credential-format': [11, 0],
  }
  for (const [id, [codes, inactive]] of Object.entries(sizes))
    it(`${id}: ${codes} codes, ${inactive} inactive`, async () => {
      const contains = await expand(id)
      assert.equal(contains.length, codes)
      assert.equal(contains.filter((each) => each.inactive).length, inactive)
      assert.deepEqual(
        contains.filter((each) => !each.display),
        [],
      )
    })

  it('all expand, every code with a display unless it is LOINC’s', async () => {
    for (const { id = '', url = '' } of ofType('ValueSet')) {
      const contains = await expandUrl(url)
      assert.ok(contains.length > 0, id)
      const bare = contains.filter((each) => !each.display && each.system !== 'http://loinc.org')
      assert.deepEqual(bare, [], id)
    }
  })

  it('hold codes that are no longer issued, for they are still verified', async () => {
    const includes = await terminology.membership(`${base}/ValueSet/vaccines-covid-19-names`)
    assert.equal(includes('NVX-CoV2373', 'http://ec.europa.eu/temp/vaccineproductname'), true)
    assert.equal(includes('NVX-CoV2373', 'https://ec.europa.eu/health/documents/community-register/html/'), false)
    assert.equal(includes('NO-SUCH', 'http://ec.europa.eu/temp/vaccineproductname'), false)
  })

  it('know both spellings of ICD-11', async () => {
    const includes = await terminology.membership(`${base}/ValueSet/virus-not-detected`)
    assert.equal(includes('QA02', 'http://id.who.int/icd11/mms'), true)
    assert.equal(includes('QA02', 'http://id.who.int/icd/release/11/mms'), true)
    assert.equal(includes('RA01.0', 'http://id.who.int/icd11/mms'), false)
  })
})

describe('own concept maps', () => {
  const icd11 = 'http://id.who.int/icd11/mms'
  const cases: [map: string, system: string, code: string, target: string, equivalence: string][] = [
    [
      'eu-vaccine-product-to-icd-11',
      'https://ec.europa.eu/health/documents/community-register/html/',
      'EU/1/20/1525',
      'XM6QV1',
      'equivalent',
    ],
    [
      'eu-vaccine-product-to-icd-11',
      'http://ec.europa.eu/temp/vaccineproductname',
      'Covid-19-recombinant',
      'XM9QW8',
      'wider',
    ],
    ['eu-vaccine-product-to-icd-11', 'http://ec.europa.eu/temp/vaccineproductname', 'Covifenz', 'XM1J92', 'wider'],
    ['eu-prophylaxis-to-icd-11', 'http://snomed.info/sct', '1119349007', 'XM0GQ8', 'equivalent'],
    ['eu-prophylaxis-to-icd-11', 'http://www.whocc.no/atc', 'J07BX03', 'XM68M6', 'equivalent'],
    ['eu-disease-to-icd-11', 'http://snomed.info/sct', '840539006', 'RA01', 'equivalent'],
    ['eu-agent-to-icd-11', 'http://snomed.info/sct', '840539006', 'XN109', 'relatedto'],
    ['eu-test-type-to-icd-11', 'http://loinc.org', 'LP217198-3', '2056159157', 'equivalent'],
    ['eu-test-result-to-icd-11', 'http://snomed.info/sct', '260415000', 'QA02', 'relatedto'],
  ]
  for (const [map, system, code, target, equivalence] of cases)
    it(`${map}: ${code} is ${target}`, async () => {
      const translate = await terminology.translator(`${base}/ConceptMap/${map}`)
      const found = translate(code, system).map((each) => [each.system, each.code, each.equivalence])
      assert.deepEqual(found, [[icd11, target, equivalence]])
    })
})
