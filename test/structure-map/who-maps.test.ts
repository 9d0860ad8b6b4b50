/**
 * WHO's published maps on certificates that their own cases do not have. What comes out is held against the text of the map: where a report
 * expects something else, the rule that says so is named here.
 */
import assert from 'node:assert/strict'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { isAnyResource } from '../../src/fhir/as-resource.ts'
import { parseJson } from '../../src/fhir/read-json.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { createMaps, parseMap } from '../../src/structure-map/maps.ts'
import { corpusText, mapCases, memoryEnvironment } from '../support/map-cases.ts'
import { mapCall } from '../support/run-map.ts'
import { overShared } from '../support/shared.ts'

const base = 'http://smart.who.int/ddcc/StructureMap'

function artefactsOf(map: string): Resource[] {
  const found = mapCases().find((each) => each.map === `${base}/${map}`)
  return [...(found?.supporting ?? []), ...(found?.maps ?? [])].flatMap((path) => {
    const text = corpusText(path)
    const resource = /^\s*\{/.test(text) ? parseJson(text) : parseMap(text).map
    return isAnyResource(resource) ? [resource] : []
  })
}

/** The core data set that a map makes, with the rules that set something. */
async function coreDataSet(map: string, source: Json, leave: (each: Resource) => boolean = () => false) {
  const maps = createMaps(memoryEnvironment(artefactsOf(map).filter((each) => !leave(each))))
  const result = (await maps.compile(`${base}/${map}`)).run(source, mapCall())
  assert.ok(isAnyResource(result) && result.resourceType === 'Bundle')
  return JSON.parse(JSON.stringify(result.entry?.[0]?.resource))
}

const icao = (person: JsonObject): Json => ({
  data: {
    hdr: { t: 'icao.test', v: 1, is: 'UTO' },
    msg: {
      utci: 'U32870',
      pid: { n: 'Cook Gerald', dob: '1990-01-29', ...person },
      sp: { spn: 'General', ctr: 'UTO' },
      dat: { sc: '2020-12-12T12:00:00+08:00' },
      tr: { tc: 'molecular(PCR)', r: 'negative', m: 'nasopharyngeal' },
    },
  },
})

const dcc = (vaccination: JsonObject): Json => ({
  '1': 'CH',
  '4': 1_900_000_000,
  '6': 1_600_000_000,
  '-260': { '1': { ver: '1.3.0', nam: { fn: 'A', gn: 'B' }, dob: '1980-01-01', v: [vaccination] } },
})
const coronaVac = {
  tg: '840539006',
  vp: 'J07BX03',
  mp: 'CoronaVac',
  ma: 'Sinovac-Biotech',
  dn: 2,
  sd: 2,
  dt: '2021-05-01',
  co: 'CH',
  is: 'X',
  ci: 'URN:UVCI:01',
}

const { describe, it } = overShared

describe('maps of WHO', () => {
  it('ICAO test: a passport number has the system PPN, because the rule "set doc number P" writes it', async () => {
    const found = await coreDataSet('CertICAOtoCoreDataSet', icao({ dt: 'P', dn: 'E1234567P' }))
    assert.deepEqual(found.identifier, { value: 'E1234567P', system: 'PPN' })
  })

  it('ICAO test: a document without a type, or an identifier that is no document, has no system', async () => {
    for (const [person, value] of [
      [{ dn: 'E1' }, 'E1'],
      [{ i: 'A1' }, 'A1'],
      [{ dt: 'X', dn: 'E1' }, 'E1'],
      [{ dt: 'P', i: 'A1' }, 'A1'],
    ] as const)
      assert.deepEqual((await coreDataSet('CertICAOtoCoreDataSet', icao(person))).identifier, { value })
  })

  it('EU DCC: a product with a temporary code keeps brand and holder', async () => {
    const { vaccination } = await coreDataSet('CertDCCtoCoreDataSet', dcc(coronaVac))
    assert.equal(vaccination.brand.code, 'XM7HT3')
    assert.deepEqual(vaccination.maholder, {
      system: 'https://id.uvci.eu/valuesets/vaccine-mah-manf.json',
      code: 'Sinovac-Biotech',
    })
  })

  it('EU DCC: without the value set of brands the code stays as issued', async () => {
    const isBrands = (each: Resource) => each.resourceType === 'ValueSet' && /euur/i.test(each.url ?? '')
    const { vaccination } = await coreDataSet('CertDCCtoCoreDataSet', dcc(coronaVac), isBrands)
    assert.deepEqual(vaccination.brand, {
      system: 'https://id.uvci.eu/valuesets/vaccine-medicinal-product.json',
      code: 'CoronaVac',
    })
  })

  it('EU DCC: a product that no list has keeps its code', async () => {
    const { vaccination } = await coreDataSet('CertDCCtoCoreDataSet', dcc({ ...coronaVac, mp: 'Unheard-Of' }))
    assert.equal(vaccination.brand.code, 'Unheard-Of')
  })
})
