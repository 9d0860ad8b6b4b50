import assert from 'node:assert/strict'
import { before, it } from 'node:test'
import type { Terminology } from '../../src/terminology/terminology.ts'
import { overShared, sharedPath } from '../support/shared.ts'
import { answer, coreResources, packageResources, parameters, terminologyOver } from './support.ts'

const folder = sharedPath('igs/')
const DDCC = 'http://smart.who.int/ddcc/'

overShared.describe("WHO's packages as they are published", () => {
  let terminology: Terminology
  before(() => {
    const packages = ['who.ddcc-1.0.0.tgz', 'smart.who.int.icvp-0.3.0.tgz']
    terminology = terminologyOver([...coreResources(), ...packages.flatMap((each) => packageResources(folder + each))])
  })

  for (const [name, size] of [
    ['lab-test-pathogen-covid19-snomed', 3],
    ['lab-test-qual-result-snomed', 13],
    ['lab-test-qual-result-divoc', 8],
    ['lab-test-qual-result-icao', 4],
    ['lab-test-type-covid19-loinc', 159],
    ['lab-test-type-divoc', 4],
    ['lab-test-type-icao', 4],
    ['vaccine-covid19-cvx', 40],
    ['vaccine-covid19-euur', 38],
    ['vaccine-covid19-snomed', 97],
  ] as const) {
    it(`resolves the value set that the maps call ${name}`, async () => {
      const expanded = await terminology.expand(parameters({ url: `${DDCC}ValueSet/${name}` }))
      assert.equal(expanded.expansion?.total, size)
    })
  }

  it('treats the three names of a local code system as one', async () => {
    // A draft decides nothing unless its very version is named.
    await assert.rejects(terminology.membership(`${DDCC}ValueSet/lab-test-type-divoc`), /is not active on this server/)
    const isMember = await terminology.membership(`${DDCC}ValueSet/LabTestTypeDivocValueSet|1.0.0`)
    for (const system of ['lab-test-type-divoc', 'LabTestTypeDivocValueSet', 'WHODDCCdivoclabtesttype']) {
      assert.equal(isMember('RT-PCR', `${DDCC}CodeSystem/${system}`), true, system)
      assert.equal(isMember('unknown', `${DDCC}CodeSystem/${system}`), false, system)
    }
    assert.equal(isMember('RT-PCR', 'http://loinc.org'), false)
    const { expansion } = await terminology.expand(parameters({ url: `${DDCC}ValueSet/lab-test-type-divoc` }))
    assert.equal(expansion?.contains?.[0]?.system, `${DDCC}CodeSystem/lab-test-type-divoc`)
  })

  it('keeps a republished part of a foreign system open', async () => {
    const reply = await terminology.validateCode(parameters({ url: 'http://snomed.info/sct', code: '73211009' }), {
      resourceType: 'CodeSystem',
    })
    assert.equal(answer(reply, 'result'), true)
    assert.match(JSON.stringify(answer(reply, 'issues')), /labeled as a fragment/)
  })

  it('finds ICD-11 under its three names', async () => {
    for (const system of [
      'http://id.who.int/icd11/mms',
      'http://id.who.int/icd/release/11/mms',
      `${DDCC}CodeSystem/DDCCICD11CodeSystem`,
    ]) {
      const reply = await terminology.lookup(parameters({ system, code: 'XM0GQ8' }))
      assert.equal(answer(reply, 'system'), system)
    }
  })

  it('translates in the direction of the codes when a map has source and target exchanged', async () => {
    const url = `${DDCC}ConceptMap/who-ddcc-map-icao-icd11-vaccines`
    const reply = await terminology.translate(parameters({ url, system: `${DDCC}ICAOV1`, code: 'ICAO001' }))
    assert.equal(answer(reply, 'result'), true)
    const translate = await terminology.translator(`${url}|1.0.0`)
    const [first] = translate('ICAO001', `${DDCC}ICAOV1`)
    assert.equal(first?.system, 'http://id.who.int/icd11/mms')
  })

  it('finds a concept map without scope by its groups', async () => {
    const reply = await terminology.translate(
      parameters({ system: 'http://hl7.org/fhir/sid/cvx', code: '207', targetsystem: 'http://id.who.int/icd11/mms' }),
    )
    assert.equal(answer(reply, 'result'), true)
  })

  it('names a concept map by bare id, and a draft by its version', async () => {
    const url = `${DDCC}ConceptMap/who-ddcc-map-cvx-icd11-vaccines`
    await assert.rejects(terminology.translator('who-ddcc-map-cvx-icd11-vaccines'), (error: Error) =>
      error.message.includes(`name ${url}|1.0.0 to use what is draft`),
    )
    const tried = await terminology.translator('who-ddcc-map-cvx-icd11-vaccines', { drafts: true })
    const translate = await terminology.translator(`${url}|1.0.0`)
    assert.deepEqual(tried('207', 'http://hl7.org/fhir/sid/cvx'), translate('207', 'http://hl7.org/fhir/sid/cvx'))
    assert.ok(translate('207', 'http://hl7.org/fhir/sid/cvx').length > 0)
    await assert.rejects(terminology.translator('no-such-map'), /'no-such-map' could not be found/)
  })

  it('takes an enumeration of an absent code system for what it is, and a whole absent one for an error', async () => {
    const isMember = await terminology.membership('http://smart.who.int/icvp/ValueSet/ICVPVaccineType')
    const { expansion } = await terminology.expand(
      parameters({ url: 'http://smart.who.int/icvp/ValueSet/ICVPVaccineType' }),
    )
    const first = expansion?.contains?.[0]
    assert.equal(expansion?.total, 11)
    assert.equal(isMember(first?.code ?? '', first?.system), true)
    assert.equal(isMember('nothing', first?.system), false)
    await assert.rejects(terminology.membership('http://smart.who.int/icvp/ValueSet/preQualVaccines'), (error: Error) =>
      /could not be found/.test(error.message),
    )
  })

  it('expands or refuses every value set of the packages, and never answers with an empty one for an unknown system', async () => {
    const sets = ['who.ddcc-1.0.0.tgz', 'smart.who.int.icvp-0.3.0.tgz']
      .flatMap((each) => packageResources(folder + each))
      .filter((each) => each.resourceType === 'ValueSet')
    let refused = 0
    for (const set of sets) {
      try {
        const { expansion } = await terminology.expand(parameters({ url: set.url ?? '' }))
        assert.ok((expansion?.total ?? 0) > 0, set.url)
      } catch (error) {
        refused++
        assert.match(String(error), /could not be found/, set.url)
      }
    }
    assert.ok(refused < sets.length / 4, `${refused} of ${sets.length} refused`)
  })
})
