import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { createMaps } from '../../src/structure-map/maps.ts'
import { inlineTranslator } from '../../src/structure-map/run/translate.ts'
import { byCanonical, maps, ofType } from './own-content.ts'

const base = 'http://vidimus.org/fhir'
const icd11 = 'http://id.who.int/icd11/mms'

const engine = createMaps({
  findMaps: async (url) => maps.filter((each) => each.url === url.split('|')[0]),
  findStructure: async (name) => {
    const models = ofType('StructureDefinition')
    return models.find((each) => each.url === name) ?? models.find((each) => each.type === name)
  },
  membership: async () => () => false,
  translator: async (conceptMap) => {
    const found = typeof conceptMap === 'string' ? byCanonical('ConceptMap', conceptMap)[0] : conceptMap
    return inlineTranslator(found ?? { resourceType: 'ConceptMap', status: 'draft' })
  },
  revision: () => 1,
})

let next = 0
const call = {
  now: new Date('2026-06-01T12:00:00Z'),
  uuid: () => `00000000-0000-4000-8000-${String(++next).padStart(12, '0')}`,
}

const asObject = (value: Json | undefined): JsonObject => {
  assert.ok(value && typeof value === 'object' && !Array.isArray(value))
  return value
}
const resourcesOf = (bundle: Json): JsonObject[] => {
  const { entry } = asObject(bundle)
  return Array.isArray(entry) ? entry.map((each) => asObject(asObject(each).resource)) : []
}

async function coreDataSets(map: string, content: Json): Promise<JsonObject[]> {
  const compiled = await engine.compile(`${base}/StructureMap/${map}`)
  assert.deepEqual(compiled.warnings, [])
  return resourcesOf(compiled.run(content, call))
}

async function toBundle(coreDataSet: Json): Promise<JsonObject[]> {
  next = 0
  const compiled = await engine.compile(`${base}/StructureMap/CoreDataSetToBundle`)
  assert.deepEqual(compiled.warnings, [])
  const bundle = asObject(compiled.run(coreDataSet, call))
  assert.equal(bundle.resourceType, 'Bundle')
  assert.equal(bundle.type, 'collection')
  return resourcesOf(bundle)
}

const without = (value: JsonObject | undefined, ...members: string[]): JsonObject =>
  Object.fromEntries(Object.entries(value ?? {}).filter(([member]) => !members.includes(member)))

const name = { fn: 'Beispiel-Óg', fnt: 'BEISPIEL<OG', gn: 'Aoife Maria', gnt: 'AOIFE<MARIA' }
const dcc = (events: JsonObject, person: JsonObject = { nam: name, dob: '1984-02-29' }): JsonObject => ({
  '1': 'IE',
  '4': 1_798_761_600,
  '6': 1_767_225_600,
  '-260': { '1': { ver: '1.3.0', ...person, ...events } },
})
const vaccination = {
  tg: '840539006',
  vp: '1119349007',
  mp: 'EU/1/20/1528',
  ma: 'ORG-100030215',
  dn: 2,
  sd: 2,
  dt: '2026-01-15',
  co: 'IE',
  is: 'Test Health Authority',
  ci: 'URN:UVCI:01:IE:0000000001#A',
}
const test = {
  tg: '840539006',
  tt: 'LP6464-4',
  nm: 'Invented NAAT',
  sc: '2026-05-30T10:12:22Z',
  tr: '260415000',
  tc: 'Harbour test centre',
  co: 'IE',
  is: 'Test Health Authority',
  ci: 'URN:UVCI:01:IE:0000000002#B',
}
const recovery = {
  tg: '840539006',
  fr: '2026-03-01',
  co: 'XK',
  is: 'Test Health Authority',
  df: '2026-03-12',
  du: '2026-08-28',
  ci: 'URN:UVCI:01:IE:0000000003#C',
}
const certificate = (ci: string) => ({
  version: '1.3.0',
  hcid: { value: ci },
  issuer: { display: 'Test Health Authority' },
  period: { start: '2026-01-01T00:00:00Z', end: '2027-01-01T00:00:00Z' },
})

describe('EU DCC to core data set', () => {
  it('maps a vaccination', async () => {
    const [found, ...more] = await coreDataSets('HcertDccToCoreDataSet', dcc({ v: [vaccination] }))
    assert.equal(more.length, 0)
    assert.deepEqual(found, {
      resourceType: 'DDCCCoreDataSetVS',
      name: 'Aoife Maria Beispiel-Óg',
      birthDate: '1984-02-29',
      certificate: certificate(vaccination.ci),
      vaccination: {
        disease: { system: icd11, code: 'RA01', display: 'COVID-19' },
        vaccine: { system: icd11, code: 'XM0GQ8', display: 'COVID-19 vaccine, RNA based' },
        brand: { system: 'https://ec.europa.eu/health/documents/community-register/html/', code: 'EU/1/20/1528' },
        maholder: { system: 'https://spor.ema.europa.eu/v1/organisations', code: 'ORG-100030215' },
        dose: 2,
        totalDoses: 2,
        date: '2026-01-15',
        country: { system: 'urn:iso:std:iso:3166', code: 'IRL' },
      },
    })
  })

  it('maps a test', async () => {
    const [found] = await coreDataSets('HcertDccToCoreDataSet', dcc({ t: [test] }))
    assert.deepEqual(found, {
      resourceType: 'DDCCCoreDataSetTR',
      name: 'Aoife Maria Beispiel-Óg',
      birthDate: '1984-02-29',
      certificate: certificate(test.ci),
      test: {
        pathogen: { system: icd11, code: 'XN109', display: 'SARS-CoV-2' },
        type: { system: icd11, code: '1334426561', display: 'Viral nucleic acid amplification test or NAAT' },
        brand: { display: 'Invented NAAT' },
        date: '2026-05-30T10:12:22Z',
        result: {
          system: icd11,
          code: 'QA02',
          display: 'Medical observation or evaluation for suspected diseases or conditions, ruled out',
        },
        centre: { display: 'Harbour test centre' },
        country: { system: 'urn:iso:std:iso:3166', code: 'IRL' },
      },
    })
  })

  it('maps a recovery', async () => {
    const [found] = await coreDataSets('HcertDccToCoreDataSet', dcc({ r: [recovery] }))
    assert.deepEqual(found, {
      resourceType: 'DDCCCoreDataSetRecovery',
      name: 'Aoife Maria Beispiel-Óg',
      birthDate: '1984-02-29',
      certificate: certificate(recovery.ci),
      recovery: {
        disease: { system: icd11, code: 'RA01', display: 'COVID-19' },
        date: '2026-03-01',
        validFrom: '2026-03-12',
        validUntil: '2026-08-28',
        country: { system: 'http://ec.europa.eu/temp/countrycodes', code: 'XK' },
      },
    })
  })

  it('makes one core data set of each event', async () => {
    const found = await coreDataSets(
      'HcertDccToCoreDataSet',
      dcc({ v: [{ ...vaccination, dn: 1 }, vaccination], t: [test], r: [recovery] }),
    )
    assert.deepEqual(
      found.map((each) => each.resourceType),
      ['DDCCCoreDataSetVS', 'DDCCCoreDataSetVS', 'DDCCCoreDataSetTR', 'DDCCCoreDataSetRecovery'],
    )
    assert.equal(asObject(found[0]?.vaccination).dose, 1)
  })

  it('takes what is missing, empty or in odd form for what it is', async () => {
    const person = { nam: { fnt: 'BEISPIEL<OG', gn: '' }, dob: '1963-XX-XX' }
    const odd = {
      ...vaccination,
      vp: '',
      mp: 'Convidecia',
      ma: 'Sinovac-Biotech',
      dt: '2026-01-15T00:00:00',
      tg: '12345',
    }
    const [found] = await coreDataSets('HcertDccToCoreDataSet', {
      ...dcc({ v: [odd], t: {} }, person),
      '4': 1_798_761_600.75,
    })
    assert.equal(found?.name, 'BEISPIEL OG')
    assert.equal(found?.birthDate, '1963')
    assert.equal(asObject(asObject(found?.certificate).period).end, '2027-01-01T00:00:00Z')
    const event = asObject(found?.vaccination)
    // The kind of the product stands in for a vaccine that is not named.
    assert.deepEqual(event.vaccine, {
      system: icd11,
      code: 'XM9QW8',
      display: 'COVID-19 vaccine, non-replicating viral vector',
    })
    assert.equal(event.date, '2026-01-15')
    assert.deepEqual(event.brand, { system: 'http://ec.europa.eu/temp/vaccineproductname', code: 'Convidecia' })
    assert.deepEqual(event.maholder, {
      system: 'http://ec.europa.eu/temp/vaccinemanufacturer',
      code: 'Sinovac-Biotech',
    })
    assert.deepEqual(event.disease, { system: 'http://snomed.info/sct', code: '12345' })
  })

  const births: [given: string, expected: string | undefined][] = [
    ['1963', '1963'],
    ['1963-05', '1963-05'],
    ['1963-05-XX', '1963-05'],
    ['1963-05-07T00:00:00', '1963-05-07'],
    ['XXXX-XX-XX', undefined],
    ['', undefined],
  ]
  for (const [given, expected] of births)
    it(`date of birth ${given || 'empty'} is ${expected}`, async () => {
      const [found] = await coreDataSets('HcertDccToCoreDataSet', dcc({ v: [vaccination] }, { nam: name, dob: given }))
      assert.equal(found?.birthDate, expected)
    })

  const samples: [given: string, expected: string][] = [
    ['2026-05-30T10:12:22Z', '2026-05-30T10:12:22Z'],
    ['2026-05-30T10:12:22.123+02:00', '2026-05-30T10:12:22.123+02:00'],
    ['2026-05-30T10:12:22+02', '2026-05-30T10:12:22+02:00'],
    ['2026-05-30T10:12:22-0530', '2026-05-30T10:12:22-05:30'],
    ['2026-05-30T10:12Z', '2026-05-30T10:12:00Z'],
    ['2026-05-30T10:12+02', '2026-05-30T10:12:00+02:00'],
    ['2026-05-30T10:12:22', '2026-05-30'],
    ['2026-05-30', '2026-05-30'],
  ]
  for (const [given, expected] of samples)
    it(`sampled ${given} is ${expected}`, async () => {
      const [found] = await coreDataSets('HcertDccToCoreDataSet', dcc({ t: [{ ...test, sc: given }] }))
      assert.equal(asObject(found?.test).date, expected)
    })
})

const flat = {
  name: 'Aoife Beispiel',
  birthDate: '1984-02-29',
  sex: { code: 'female', system: 'http://hl7.org/fhir/administrative-gender' },
  identifier: '1234567890',
  vaccine: { code: '1119349007', system: 'http://snomed.info/sct' },
  brand: { code: 'X', system: 'http://example.org/brands' },
  manufacturer: { code: 'M', system: 'http://example.org/makers' },
  ma_holder: { code: 'H', system: 'http://example.org/holders' },
  lot: 'PT123F',
  date: '2026-01-15',
  vaccine_valid: '2026-01-29',
  dose: 1,
  total_doses: 2,
  country: { code: 'USA', system: 'urn:iso:std:iso:3166' },
  centre: 'Vaccination Site',
  hw: 'http://example.org/practitioners/23',
  disease: { code: '840539006', system: 'http://snomed.info/sct' },
  due_date: '2026-02-05',
  pha: 'authority-1',
  hcid: 'US111222333444555666',
  valid_from: '2026-01-15',
  valid_until: '2027-01-15',
}

describe('DDCC to core data set', () => {
  it('lifts the flat form', async () => {
    const [found, ...more] = await coreDataSets('DdccToCoreDataSet', flat)
    assert.equal(more.length, 0)
    assert.deepEqual(found, {
      resourceType: 'DDCCCoreDataSetVS',
      name: 'Aoife Beispiel',
      birthDate: '1984-02-29',
      sex: 'female',
      identifier: { value: '1234567890' },
      certificate: {
        hcid: { value: 'US111222333444555666' },
        issuer: { identifier: { value: 'authority-1' } },
        period: { start: '2026-01-15', end: '2027-01-15' },
      },
      vaccination: {
        vaccine: { system: icd11, code: 'XM0GQ8', display: 'COVID-19 vaccine, RNA based' },
        brand: flat.brand,
        manufacturer: flat.manufacturer,
        maholder: flat.ma_holder,
        lot: 'PT123F',
        date: '2026-01-15',
        validFrom: '2026-01-29',
        dose: 1,
        totalDoses: 2,
        country: flat.country,
        centre: 'Vaccination Site',
        practitioner: { value: 'http://example.org/practitioners/23' },
        disease: { system: icd11, code: 'RA01', display: 'COVID-19' },
        nextDose: '2026-02-05',
      },
    })
  })

  it('lifts a flat test result', async () => {
    const result = { code: '260415000', system: 'http://snomed.info/sct' }
    const [found] = await coreDataSets('DdccToCoreDataSet', {
      name: 'Aoife Beispiel',
      test: { date: '2026-05-30T10:00:00Z', result, centre: 'Harbour' },
      hcid: '77',
    })
    assert.deepEqual(found, {
      resourceType: 'DDCCCoreDataSetTR',
      name: 'Aoife Beispiel',
      certificate: { hcid: { value: '77' } },
      test: {
        date: '2026-05-30T10:00:00Z',
        result: {
          system: icd11,
          code: 'QA02',
          display: 'Medical observation or evaluation for suspected diseases or conditions, ruled out',
        },
        centre: { display: 'Harbour' },
      },
    })
  })

  it('passes on what is a core data set already, also under its claim', async () => {
    const cert = {
      name: 'Aoife Beispiel',
      identifier: { value: 'P1', type: { text: 'passport' } },
      vaccination: {
        vaccine: { system: icd11, code: 'XM0GQ8' },
        date: '2026-01-15',
        dose: 1,
        country: { system: 'urn:iso:std:iso:3166', code: 'IRL' },
      },
      certificate: { issuer: { identifier: { value: 'A' } }, hcid: { value: '1' }, version: 'RC2' },
    }
    const expected = [{ resourceType: 'DDCCCoreDataSetVS', ...cert }]
    assert.deepEqual(await coreDataSets('DdccToCoreDataSet', cert), expected)
    assert.deepEqual(await coreDataSets('DdccToCoreDataSet', { '1': 'IE', '-260': { '3': cert } }), expected)
  })
})

const product = 'YellowFeverProductd2c75a15ed309658b3968519ddb31690'

describe('claim -6 to core data set', () => {
  const dvc = {
    n: 'Aoife Beispiel',
    dob: '1984-02-29',
    s: 'F',
    ntl: 'IE',
    nid: 'P1234567',
    ndt: 'passport',
    gn: 'Parent',
    v: {
      dn: 'SecondDose',
      tg: '1D47',
      vp: 'XM0N24',
      mp: '1',
      ma: 'Invented Maker',
      mid: 'maker-9',
      dt: '2026-01-15',
      bo: 'd23456',
      vls: '2026-01-25',
      vle: '2036-01-25',
      cn: 'Dr Clinician',
      is: 'org-5',
    },
  }

  it('maps a single vaccination', async () => {
    const expected = [
      {
        resourceType: 'DDCCCoreDataSetVS',
        name: 'Aoife Beispiel',
        birthDate: '1984-02-29',
        sex: 'female',
        nationality: { system: 'urn:iso:std:iso:3166', code: 'IE' },
        guardian: 'Parent',
        identifier: { value: 'P1234567', type: { text: 'passport' } },
        certificate: {
          issuer: { identifier: { value: 'org-5' } },
          period: { start: '2026-01-25', end: '2036-01-25' },
        },
        vaccination: {
          disease: { system: icd11, code: '1D47' },
          vaccine: { system: icd11, code: 'XM0N24' },
          brand: { system: 'http://smart.who.int/icvp/CodeSystem/preQualVaccines', code: '1' },
          manufacturer: { code: 'maker-9', display: 'Invented Maker' },
          dose: 2,
          date: '2026-01-15',
          lot: 'd23456',
          validFrom: '2026-01-25',
          validUntil: '2036-01-25',
          practitionerName: 'Dr Clinician',
        },
      },
    ]
    assert.deepEqual(await coreDataSets('VaccinationClaimToCoreDataSet', dvc), expected)
    assert.deepEqual(await coreDataSets('VaccinationClaimToCoreDataSet', { '-260': { '-6': dvc } }), expected)
  })

  it('maps the newer form, in which vx is the vaccination', async () => {
    const newer = {
      n: 'Aoife Beispiel',
      dob: '1984-02-29',
      s: 'female',
      nt: 'IRL',
      id: 'P1234567',
      dt: 'PPN',
      gn: 'Parent',
      v: '0.1.0',
      d: '2026-01-16',
      vx: { vp: 'a3K3X000006MihuUAC', dv: '2026-01-15', bo: 'A1', is: 'IRL', cn: 'Dr A' },
    }
    assert.deepEqual(await coreDataSets('VaccinationClaimToCoreDataSet', newer), [
      {
        resourceType: 'DDCCCoreDataSetVS',
        name: 'Aoife Beispiel',
        birthDate: '1984-02-29',
        sex: 'female',
        nationality: { system: 'urn:iso:std:iso:3166', code: 'IRL' },
        guardian: 'Parent',
        identifier: {
          value: 'P1234567',
          type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'PPN' }] },
        },
        certificate: { issuer: { identifier: { value: 'IRL' } }, version: '0.1.0', issued: '2026-01-16' },
        vaccination: {
          brand: {
            system: 'http://smart.who.int/pcmt-vaxprequal/CodeSystem/PreQualProductIds',
            code: 'a3K3X000006MihuUAC',
            display: 'Yellow fever: Stabilized Yellow Fever Vaccine, 5 doses',
          },
          manufacturer: {
            system: 'http://vidimus.org/fhir/CodeSystem/product-organizations',
            code: 'institut-pasteur-de-dakar',
            display: 'Institut Pasteur de Dakar',
          },
          vaccine: { system: icd11, code: 'XM0N24', display: 'Yellow fever vaccines' },
          disease: { system: icd11, code: '1D47', display: 'Yellow fever' },
          date: '2026-01-15',
          lot: 'A1',
          practitionerName: 'Dr A',
        },
      },
    ])
  })

  it('maps a product that nobody knows as it was issued', async () => {
    const vp = 'YellowFeverProduct00000000000000000000000000000000'
    const coding = { system: 'http://smart.who.int/pcmt-vaxprequal/CodeSystem/PreQualProductIds', code: vp }
    const [found] = await coreDataSets('VaccinationClaimToCoreDataSet', { n: 'A', v: [{ vp, dt: '2026-01-15' }] })
    assert.deepEqual(asObject(found?.vaccination), { brand: coding, vaccine: coding, date: '2026-01-15' })
  })

  it('maps a list of prequalified products', async () => {
    const polio = 'PolioVaccineOralOPVBivalProduct16e883911ea0108b8213bc213c9972fe'
    const found = await coreDataSets('VaccinationClaimToCoreDataSet', {
      n: 'Aoife Beispiel',
      dob: '1984',
      v: [
        { vp: product, dt: '2026-01-15', bo: 'A1', is: 'org-5', cn: 'Dr A' },
        { vp: polio, dt: '2026-02-15', bo: 'A2', is: 'org-5', cn: 'Dr A' },
      ],
    })
    assert.equal(found.length, 2)
    assert.deepEqual(asObject(found[0]?.vaccination), {
      brand: {
        system: 'http://smart.who.int/pcmt-vaxprequal/CodeSystem/PreQualProductIds',
        code: product,
        display: 'Yellow fever, 2 doses',
      },
      manufacturer: {
        system: 'http://vidimus.org/fhir/CodeSystem/product-organizations',
        code: 'chumakov',
        display: 'Chumakov Federal Scientific Center',
      },
      vaccine: { system: icd11, code: 'XM0N24', display: 'Yellow fever vaccines' },
      disease: { system: icd11, code: '1D47', display: 'Yellow fever' },
      date: '2026-01-15',
      lot: 'A1',
      practitionerName: 'Dr A',
    })
    assert.deepEqual(asObject(found[1]?.vaccination).disease, {
      system: icd11,
      code: '1C81',
      display: 'Acute poliomyelitis',
    })
  })

  it('goes on to FHIR with all that it says', async () => {
    const [data] = await coreDataSets('VaccinationClaimToCoreDataSet', { ...dvc, ntl: 'IRL', ndt: 'PPN' })
    const resources = await toBundle(data ?? null)
    const found = (type: string) => asObject(resources.find(({ resourceType }) => resourceType === type))
    const holder = found('Patient')
    assert.deepEqual(holder.identifier, [
      {
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'PPN' }] },
        value: 'P1234567',
      },
    ])
    assert.equal(holder.gender, 'female')
    assert.deepEqual(holder.extension, [
      {
        url: 'http://hl7.org/fhir/StructureDefinition/patient-nationality',
        extension: [
          { url: 'code', valueCodeableConcept: { coding: [{ system: 'urn:iso:std:iso:3166', code: 'IRL' }] } },
        ],
      },
    ])
    assert.deepEqual(asObject([holder.contact].flat()[0]).name, { text: 'Parent' })
    const immunization = found('Immunization')
    assert.equal(immunization.lotNumber, 'd23456')
    assert.deepEqual(immunization.performer, [{ actor: { display: 'Dr Clinician' } }])
    assert.deepEqual(asObject([immunization.protocolApplied].flat()[0]).targetDisease, [
      { coding: [{ system: icd11, code: '1D47' }] },
    ])
    assert.deepEqual(
      [immunization.extension]
        .flat()
        .find((each) => asObject(each).url === `${base}/StructureDefinition/event-validity`),
      {
        url: `${base}/StructureDefinition/event-validity`,
        valuePeriod: { start: '2026-01-25', end: '2036-01-25' },
      },
    )
    assert.deepEqual(found('Organization').identifier, [{ value: 'org-5' }])
    assert.equal(found('Composition').date, '2026-01-25')
  })

  const doses: [given: Json, dose: number | undefined, text: string | undefined][] = [
    ['firstDose', 1, undefined],
    ['3', 3, undefined],
    [4, 4, undefined],
    ['Primary', undefined, 'Primary'],
    ['Booster', undefined, 'Booster'],
  ]
  for (const [given, dose, text] of doses)
    it(`dose ${given}`, async () => {
      const [found] = await coreDataSets('VaccinationClaimToCoreDataSet', { ...dvc, v: [{ ...dvc.v, dn: given }] })
      const event = asObject(found?.vaccination)
      assert.equal(event.dose, dose)
      assert.equal(event.doseText, text)
    })
})

describe('visible digital seal to core data set', () => {
  const seal = (header: JsonObject, message: JsonObject): JsonObject => ({
    data: {
      hdr: { v: 1, ...header },
      msg: { pid: { n: 'Aoife Beispiel', dob: '1984-02-29', sex: 'F', i: 'X0000000' }, ...message },
    },
    sig: { alg: 'ES256' },
  })

  it('maps every dose', async () => {
    const found = await coreDataSets(
      'IcaoVdsToCoreDataSet',
      seal(
        { t: 'icao.vacc', is: 'UTO' },
        {
          uvci: 'U32870',
          ve: [
            {
              des: 'XM0GQ8',
              nam: 'Invented mRNA',
              dis: 'RA01',
              vd: [
                { dvc: '2026-01-01', seq: 1, ctr: 'UTO', adm: 'Harbour', lot: 'A1', dvn: '2026-01-29' },
                { dvc: '2026-01-29', seq: 2, ctr: 'UTO', adm: 'Harbour', lot: 'A2' },
              ],
            },
          ],
        },
      ),
    )
    assert.equal(found.length, 2)
    assert.deepEqual(found[0], {
      resourceType: 'DDCCCoreDataSetVS',
      name: 'Aoife Beispiel',
      birthDate: '1984-02-29',
      sex: 'female',
      identifier: { value: 'X0000000' },
      certificate: {
        version: '1',
        hcid: { value: 'U32870' },
        issuer: { identifier: { system: 'urn:iso:std:iso:3166', value: 'UTO' } },
      },
      vaccination: {
        vaccine: { system: icd11, code: 'XM0GQ8' },
        brand: { display: 'Invented mRNA' },
        disease: { system: icd11, code: 'RA01' },
        date: '2026-01-01',
        dose: 1,
        country: { system: 'urn:iso:std:iso:3166', code: 'UTO' },
        centre: 'Harbour',
        lot: 'A1',
        nextDose: '2026-01-29',
      },
    })
    assert.equal(asObject(found[1]?.vaccination).dose, 2)
  })

  it('maps a test', async () => {
    const [found, ...more] = await coreDataSets(
      'IcaoVdsToCoreDataSet',
      seal(
        { t: 'icao.test', iss: 'UTO' },
        {
          utci: 'U1',
          sp: { spn: 'Harbour', ctr: 'UTO', cd: { p: '1', e: 'e@example.org', a: 'A' } },
          dat: { sc: '2026-05-30T10:12:22+10:00', ri: '2026-05-30T12:00:00+10:00' },
          tr: { tc: 'molecular(other)', r: 'negative', m: 'saliva' },
        },
      ),
    )
    assert.equal(more.length, 0)
    const event = asObject(found?.test)
    assert.equal(event.date, '2026-05-30T10:12:22+10:00')
    assert.equal(asObject(event.type).code, '1334426561')
    assert.equal(asObject(event.result).code, 'QA02')
    assert.equal(asObject(event.origin).code, 'KAZ.AH.XD')
    assert.deepEqual(event.centre, { display: 'Harbour' })
  })
})

describe('SMART Health Card to core data set', () => {
  const card = (...resources: JsonObject[]): JsonObject => ({
    iss: 'https://example.org/issuer',
    nbf: 1_767_225_600.5,
    vc: {
      type: ['https://smarthealth.cards#health-card'],
      credentialSubject: {
        fhirVersion: '4.0.1',
        fhirBundle: {
          resourceType: 'Bundle',
          type: 'collection',
          entry: [
            {
              resourceType: 'Patient',
              name: [{ family: 'Beispiel', given: ['Aoife', 'M.'] }, { text: 'Other' }],
              birthDate: '1984-02-29',
            },
            ...resources,
          ].map((resource, position) => ({ fullUrl: `resource:${position}`, resource })),
        },
      },
    },
  })

  it('maps vaccinations', async () => {
    const cvx = 'http://hl7.org/fhir/sid/cvx'
    const dose = (date: string): JsonObject => ({
      resourceType: 'Immunization',
      status: 'completed',
      vaccineCode: { coding: [{ system: cvx, code: '207' }] },
      patient: { reference: 'resource:0' },
      occurrenceDateTime: date,
      performer: [{ actor: { display: 'Harbour' } }],
      lotNumber: 'L1',
    })
    const found = await coreDataSets('ShcToCoreDataSet', card(dose('2026-01-01'), dose('2026-01-29')))
    assert.equal(found.length, 2)
    assert.deepEqual(found[1], {
      resourceType: 'DDCCCoreDataSetVS',
      name: 'Aoife M. Beispiel',
      birthDate: '1984-02-29',
      certificate: {
        issuer: { identifier: { system: 'urn:ietf:rfc:3986', value: 'https://example.org/issuer' } },
        period: { start: '2026-01-01T00:00:00Z' },
      },
      vaccination: {
        status: 'completed',
        vaccine: { system: icd11, code: 'XM0GQ8', display: 'COVID-19 vaccine, RNA based' },
        brand: { system: cvx, code: '207' },
        date: '2026-01-29',
        centre: 'Harbour',
        lot: 'L1',
      },
    })
  })

  it('maps a laboratory result', async () => {
    const [found] = await coreDataSets(
      'ShcToCoreDataSet',
      card({
        resourceType: 'Observation',
        status: 'final',
        code: { coding: [{ system: 'http://loinc.org', code: '94558-4' }] },
        subject: { reference: 'resource:0' },
        effectiveDateTime: '2026-05-30T10:00:00Z',
        valueCodeableConcept: { coding: [{ system: 'http://snomed.info/sct', code: '260373001' }] },
      }),
    )
    assert.deepEqual(found?.test, {
      status: 'final',
      type: {
        system: icd11,
        code: '2056159157',
        display: 'Rapid immunoassay detecting viral proteins or Ag-RDT',
      },
      typeAsIssued: { system: 'http://loinc.org', code: '94558-4' },
      date: '2026-05-30T10:00:00Z',
      result: { system: icd11, code: 'RA01.0', display: 'COVID-19, virus identified' },
    })
  })
})

describe('DIVOC to core data set', () => {
  const credential = (evidence: JsonObject): JsonObject => ({
    context: ['https://www.w3.org/2018/credentials/v1', 'https://cowin.gov.in/credentials/vaccination/v1'],
    type: ['VerifiableCredential'],
    credentialSubject: {
      type: 'Person',
      id: 'did:x',
      refId: '778',
      name: 'Aoife Beispiel',
      gender: 'Female',
      dob: '1984-02-29',
    },
    issuer: 'https://cowin.gov.in/',
    issuanceDate: '2026-01-15T07:21:39.684Z',
    evidence: [evidence],
  })
  const facility = { name: 'Harbour', address: { addressCountry: 'IN' } }

  it('maps a vaccination, dose in words or not', async () => {
    const [found] = await coreDataSets(
      'DivocToCoreDataSet',
      credential({
        certificateId: '448',
        type: ['Vaccination'],
        batch: 'b-1',
        vaccine: 'COVISHIELD',
        manufacturer: 'Serum Institute',
        date: '2026-01-15T05:30:28.187Z',
        effectiveUntil: '2026-01-15',
        dose: '1',
        totalDoses: 2,
        verifier: { name: 'V' },
        facility,
      }),
    )
    assert.deepEqual(found, {
      resourceType: 'DDCCCoreDataSetVS',
      name: 'Aoife Beispiel',
      birthDate: '1984-02-29',
      sex: 'female',
      identifier: { value: '778' },
      certificate: {
        hcid: { value: '448' },
        issuer: { identifier: { value: 'https://cowin.gov.in/' } },
        period: { start: '2026-01-15T07:21:39.684Z' },
      },
      vaccination: {
        vaccine: { system: icd11, code: 'XM9QW8', display: 'COVID-19 vaccine, non-replicating viral vector' },
        brand: { system: icd11, code: 'XM97T2', display: 'COVISHIELD' },
        manufacturer: { display: 'Serum Institute' },
        lot: 'b-1',
        date: '2026-01-15T05:30:28.187Z',
        dose: 1,
        totalDoses: 2,
        practitionerName: 'V',
        country: { system: 'urn:iso:std:iso:3166', code: 'IND' },
        centre: 'Harbour',
      },
    })
  })

  it('maps a test', async () => {
    const [found] = await coreDataSets(
      'DivocToCoreDataSet',
      credential({
        certificateId: 7,
        testName: 'Invented',
        testType: 'RT-PCR',
        disease: 'COVID-19',
        sampleOrigin: 'Nasal Swab',
        sampleCollectionTimestamp: '2026-05-30T10:00:00.000Z',
        result: 'Negative',
        facility,
      }),
    )
    const event = asObject(found?.test)
    assert.equal(asObject(event.type).code, '1334426561')
    assert.equal(asObject(event.result).code, 'QA02')
    assert.equal(asObject(event.pathogen).code, 'XN109')
    assert.equal(asObject(asObject(found?.certificate).hcid).value, '7')
  })
})

describe('core data set to FHIR', () => {
  const patient = {
    resourceType: 'Patient',
    id: 'holder',
    name: [{ use: 'official', text: 'Aoife Maria Beispiel-Óg' }],
    birthDate: '1984-02-29',
  }
  const coding = (system: string, code: string, display?: string) => ({ system, code, ...(display ? { display } : {}) })

  it('writes a vaccination', async () => {
    const [coreDataSet] = await coreDataSets('HcertDccToCoreDataSet', dcc({ v: [vaccination] }))
    const [composition, holder, immunization, organization, ...more] = await toBundle(coreDataSet ?? null)
    assert.equal(more.length, 0)
    assert.deepEqual(holder, patient)
    const register = 'https://ec.europa.eu/health/documents/community-register/html/'
    assert.deepEqual(without(immunization, 'id', 'extension'), {
      resourceType: 'Immunization',
      identifier: [{ value: vaccination.ci }],
      status: 'completed',
      vaccineCode: {
        coding: [
          coding(icd11, 'XM0GQ8', 'COVID-19 vaccine, RNA based'),
          coding(register, 'EU/1/20/1528'),
          coding(icd11, 'XM8NQ0', 'Comirnaty®'),
        ],
      },
      patient: { reference: 'Patient/holder' },
      occurrenceDateTime: '2026-01-15',
      protocolApplied: [
        {
          authority: { reference: `Organization/${organization?.id}` },
          targetDisease: [{ coding: [coding(icd11, 'RA01', 'COVID-19')] }],
          doseNumberPositiveInt: 2,
          seriesDosesPositiveInt: 2,
        },
      ],
    })
    const who = 'http://smart.who.int/ddcc/StructureDefinition'
    assert.deepEqual(immunization?.extension, [
      { url: `${who}/DDCCEventBrand`, valueCoding: coding(register, 'EU/1/20/1528') },
      {
        url: `${who}/DDCCVaccineMarketAuthorization`,
        valueCoding: coding('https://spor.ema.europa.eu/v1/organisations', 'ORG-100030215'),
      },
      { url: `${who}/DDCCCountryOfEvent`, valueCode: 'IRL' },
    ])
    assert.deepEqual(without(organization, 'id'), { resourceType: 'Organization', name: 'Test Health Authority' })
    assert.equal(composition?.date, '2026-01-01T00:00:00Z')
    assert.equal(composition?.status, 'final')
    assert.deepEqual(composition?.author, [{ reference: `Organization/${organization?.id}` }])
    assert.deepEqual(composition?.subject, { reference: 'Patient/holder' })
    const [section] = Array.isArray(composition?.section) ? composition.section : []
    assert.deepEqual(asObject(section).entry, [{ reference: `Immunization/${immunization?.id}` }])
  })

  it('writes a dose that is no number, and one that is not known', async () => {
    const event = { vaccine: coding(icd11, 'XM0GQ8'), date: '2026-01' }
    const protocolOf = async (vaccinationEvent: JsonObject) => {
      const resources = await toBundle({ name: 'Aoife', vaccination: vaccinationEvent })
      const found = resources.find((each) => each.resourceType === 'Immunization')
      assert.equal(found?.occurrenceDateTime, '2026-01')
      return found?.protocolApplied
    }
    assert.deepEqual(await protocolOf({ ...event, doseText: 'Booster' }), [{ doseNumberString: 'Booster' }])
    assert.deepEqual(await protocolOf({ ...event, totalDoses: 2 }), [
      { doseNumberString: 'unknown', seriesDosesPositiveInt: 2 },
    ])
    assert.equal(await protocolOf(event), undefined)
  })

  it('writes what the flat form knows', async () => {
    const [coreDataSet] = await coreDataSets('DdccToCoreDataSet', flat)
    const [composition, holder, immunization, organization] = await toBundle(coreDataSet ?? null)
    assert.deepEqual(holder, {
      resourceType: 'Patient',
      id: 'holder',
      identifier: [{ value: '1234567890' }],
      name: [{ use: 'official', text: 'Aoife Beispiel' }],
      gender: 'female',
      birthDate: '1984-02-29',
    })
    assert.equal(immunization?.lotNumber, 'PT123F')
    assert.deepEqual(immunization?.location, { display: 'Vaccination Site' })
    assert.deepEqual(immunization?.manufacturer, { identifier: { system: 'http://example.org/makers', value: 'M' } })
    assert.deepEqual(immunization?.performer, [
      { actor: { identifier: { value: 'http://example.org/practitioners/23' } } },
    ])
    assert.deepEqual(organization?.identifier, [{ value: 'authority-1' }])
    assert.deepEqual(composition?.event, [{ period: { start: '2026-01-15', end: '2027-01-15' } }])
  })

  it('writes a test result', async () => {
    const [coreDataSet] = await coreDataSets('HcertDccToCoreDataSet', dcc({ t: [{ ...test, ma: '1232' }] }))
    const resources = await toBundle(coreDataSet ?? null)
    assert.deepEqual(
      resources.map((each) => each.resourceType),
      ['Composition', 'Patient', 'Observation', 'Organization'],
    )
    assert.deepEqual(without(resources[2], 'id', 'extension', 'category'), {
      resourceType: 'Observation',
      identifier: [{ value: test.ci }],
      status: 'final',
      code: {
        coding: [
          coding(icd11, '1334426561', 'Viral nucleic acid amplification test or NAAT'),
          coding(icd11, 'XN109', 'SARS-CoV-2'),
        ],
      },
      subject: { reference: 'Patient/holder' },
      effectiveDateTime: '2026-05-30T10:12:22Z',
      performer: [{ display: 'Harbour test centre' }],
      valueCodeableConcept: {
        coding: [
          coding(icd11, 'QA02', 'Medical observation or evaluation for suspected diseases or conditions, ruled out'),
        ],
      },
      device: {
        identifier: { system: 'https://covid-19-diagnostics.jrc.ec.europa.eu/devices', value: '1232' },
        display: 'Invented NAAT',
      },
    })
  })

  it('writes a recovery', async () => {
    const [coreDataSet] = await coreDataSets('HcertDccToCoreDataSet', dcc({ r: [recovery] }))
    const resources = await toBundle(coreDataSet ?? null)
    const found = resources.find((each) => each.resourceType === 'Condition')
    assert.deepEqual(without(found, 'id', 'clinicalStatus', 'verificationStatus'), {
      resourceType: 'Condition',
      extension: [
        {
          url: `${base}/StructureDefinition/event-validity`,
          valuePeriod: { start: '2026-03-12', end: '2026-08-28' },
        },
        { url: 'http://smart.who.int/ddcc/StructureDefinition/DDCCCountryOfEvent', valueCode: 'XK' },
      ],
      identifier: [{ value: recovery.ci }],
      code: { coding: [coding(icd11, 'RA01', 'COVID-19')] },
      subject: { reference: 'Patient/holder' },
      onsetDateTime: '2026-03-01',
    })
  })
})
