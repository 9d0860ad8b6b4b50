import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { credentialFormats } from '../../../src/credentials/credentials.ts'
import { verifyCredential } from '../../../src/evaluate/verify/verify.ts'
import { anchorKeySource } from '../../../src/trust/keys/anchors.ts'
import { anchor, cardOf, dose, patient } from './own-card.ts'

const detected = { system: 'http://snomed.info/sct', code: '260373001' }
const notDetected = { system: 'http://snomed.info/sct', code: '260415000' }
const result = {
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '94500-6' }] },
  subject: { reference: 'resource:0' },
  effectiveDateTime: '2021-12-01',
  valueCodeableConcept: { coding: [notDetected] },
}

async function verify(resources: object[], subject: object = {}) {
  return verifyCredential(cardOf(resources, subject), {
    formats: credentialFormats,
    keys: anchorKeySource([anchor]),
    clock: new Date('2022-06-01T00:00:00Z'),
  })
}
type Verdict = Awaited<ReturnType<typeof verify>>
const resourceTypes = ({ content }: Verdict): string[] =>
  Object(content).vc.credentialSubject.fhirBundle.entry.map(
    (each: { resource: { resourceType: string } }) => each.resource.resourceType,
  )
const payload = ({ checks }: Verdict) => checks.find(({ name }) => name === 'payload')

const without = (resource: object, member: string) =>
  Object.fromEntries(Object.entries(resource).filter(([name]) => name !== member))
const modifier = [{ url: 'http://example.org/not', valueBoolean: true }]

describe('events of a card that did not happen, or that are not understood', () => {
  const immunizations: Record<string, object> = {
    'not done': { ...dose, status: 'not-done' },
    'entered in error': { ...dose, status: 'entered-in-error' },
    'without status': without(dose, 'status'),
    'with a status of another spelling': { ...dose, status: 'Completed' },
    'with a status that is no text': { ...dose, status: ['completed'] },
    'with an extended status': { ...dose, _status: { extension: modifier } },
    subpotent: { ...dose, isSubpotent: true },
    'subpotent as text': { ...dose, isSubpotent: 'false' },
    'with a modifier extension': { ...dose, modifierExtension: modifier },
    'with a modifier extension inside': { ...dose, protocolApplied: [{ modifierExtension: modifier }] },
    'under other rules': { ...dose, implicitRules: 'http://example.org/rules' },
    'that contains another resource': { ...dose, contained: [patient] },
  }
  const observations: Record<string, object> = {
    cancelled: { ...result, status: 'cancelled' },
    preliminary: { ...result, status: 'preliminary' },
    registered: { ...result, status: 'registered' },
    'entered in error': { ...result, status: 'entered-in-error' },
    'without status': without(result, 'status'),
    'whose datum is absent': { ...result, dataAbsentReason: { coding: [{ code: 'error' }] } },
    'with a modifier extension': { ...result, modifierExtension: modifier },
    'found and not found': { ...result, valueCodeableConcept: { coding: [notDetected, detected] } },
    'found and not found in two systems': {
      ...result,
      valueCodeableConcept: { coding: [notDetected, { system: 'http://loinc.org', code: 'LA6576-8' }] },
    },
    'not found and interpreted as positive': {
      ...result,
      interpretation: [
        { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation', code: 'POS' }] },
      ],
    },
    'of two values': { ...result, valueString: 'Positive' },
    'of two unknown codes in one system': {
      ...result,
      valueCodeableConcept: { coding: [notDetected, { ...detected, code: '1' }] },
    },
  }
  for (const [name, resource] of [...Object.entries(immunizations), ...Object.entries(observations)]) {
    const { resourceType } = resource as { resourceType: string }
    it(`${resourceType} ${name}: does not count, is not changed, and is told`, async () => {
      const verdict = await verify([patient, resource])
      assert.equal(verdict.status, 'VERIFIED', JSON.stringify(verdict.checks))
      assert.deepEqual(resourceTypes(verdict), ['Patient'])
      assert.ok(verdict.obstacles.length > 0)
      assert.ok(payload(verdict)?.outcome === 'warn' || verdict.obstacles.length > 1)
      const beside = await verify([patient, resource, dose])
      assert.deepEqual(resourceTypes(beside), ['Patient', 'Immunization'])
      assert.equal(Object(beside.content).vc.credentialSubject.fhirBundle.entry[1].fullUrl, 'resource:2')
    })
  }

  it('amended, corrected and twice coded alike are results', async () => {
    for (const changes of [
      { status: 'amended' },
      { status: 'corrected' },
      { valueCodeableConcept: { coding: [notDetected, { ...notDetected, code: '260385009' }] } },
    ]) {
      const verdict = await verify([patient, { ...result, ...changes }])
      assert.deepEqual([verdict.status, verdict.obstacles, payload(verdict)?.outcome], ['VERIFIED', [], 'pass'])
    }
    assert.deepEqual((await verify([patient, { ...dose, isSubpotent: false }])).obstacles, [])
  })

  const janssen = { system: 'http://hl7.org/fhir/sid/cvx', code: '212' }
  const covid = { coding: [{ system: 'http://snomed.info/sct', code: '840539006' }] }
  const other = { coding: [{ system: 'http://snomed.info/sct', code: '6142004' }] }
  const whole = { doseNumberPositiveInt: 2, seriesDosesPositiveInt: 2, targetDisease: [covid] }
  const twice: Record<string, [telling: object, isTold: RegExp]> = {
    'its vaccine': [
      { ...dose, vaccineCode: { coding: [janssen, { ...janssen, code: '207' }] } },
      /vaccine.*twice in one system/,
    ],
    'its vaccine, without system': [
      { ...dose, vaccineCode: { coding: [janssen, { code: '1' }, { code: '2' }] } },
      /vaccine.*twice in one system/,
    ],
    'its vaccine, in two spellings of a system': [
      {
        ...dose,
        vaccineCode: {
          coding: [
            { system: 'http://id.who.int/icd/release/11/mms', code: 'XM6QV1' },
            { system: 'http://id.who.int/icd11/mms', code: 'XM8NQ0' },
          ],
        },
      },
      /vaccine.*twice in one system/,
    ],
    'its disease': [{ ...dose, protocolApplied: [{ ...whole, targetDisease: [covid, other] }] }, /several diseases/],
    'its disease, in one concept': [
      { ...dose, protocolApplied: [{ ...whole, targetDisease: [{ coding: [...covid.coding, ...other.coding] }] }] },
      /disease.*twice in one system/,
    ],
    'its place in a series': [
      { ...dose, protocolApplied: [whole, { ...whole, doseNumberPositiveInt: 1 }] },
      /several protocols/,
    ],
    'its number': [{ ...dose, protocolApplied: [{ ...whole, doseNumberString: '1' }] }, /two numbers/],
    'its day': [{ ...dose, occurrenceString: 'last year' }, /dated twice/],
    'its type of test': [
      { ...result, code: { coding: [...result.code.coding, { system: 'http://loinc.org', code: '94558-4' }] } },
      /test.*twice in one system/,
    ],
    'when it was sampled': [{ ...result, effectiveInstant: '2021-12-02T00:00:00Z' }, /dated twice/],
  }
  for (const [what, [event, told]] of Object.entries(twice)) {
    it(`an event that tells ${what} twice makes accepted impossible: only one of the two is read`, async () => {
      const verdict = await verify([patient, event])
      assert.equal(verdict.status, 'VERIFIED')
      assert.match(verdict.obstacles.map(({ details }) => details?.text).join('\n'), told)
    })
  }
  for (const [what, protocol] of Object.entries({
    'no number': { doseNumberPositiveInt: 0 },
    'a text with more than a number': { ...whole, doseNumberPositiveInt: '2 of 2' },
    'more than there can be': { ...whole, seriesDosesPositiveInt: 2 ** 64 },
    'a list where one text belongs': { doseNumberString: ['1'] },
    nothing: { seriesDosesPositiveInt: null },
    'in a form of another release': { ...whole, doseNumber: '2' },
    'in a form that there is not': { seriesDosesInteger: 2 },
    'within no protocol': '2 of 2',
    'within a list': [whole],
  }))
    it(`a number of doses that is ${what} makes accepted impossible: without it doses are only counted`, async () => {
      const verdict = await verify([patient, { ...dose, protocolApplied: [protocol] }])
      assert.equal(verdict.status, 'VERIFIED')
      assert.match(verdict.obstacles.map(({ details }) => details?.text).join('\n'), /number of doses.*not understood/)
      // That there was a number is not left out, and none of them is read without the others.
      const { entry } = Object(verdict.content).vc.credentialSubject.fhirBundle
      const [read] = entry[1].resource.protocolApplied
      const numbers = Object.entries(read).filter(([name]) => /^(?:doseNumber|seriesDoses)/.test(name))
      assert.deepEqual(numbers, [['doseNumberString', 'not understood']])
    })
  it('protocols that are no list of them make accepted impossible: with them the numbers are left out', async () => {
    for (const protocolApplied of [whole, 'second', 2, null]) {
      const verdict = await verify([patient, { ...dose, protocolApplied }])
      assert.deepEqual([verdict.status, verdict.obstacles.length > 0], ['VERIFIED', true])
    }
    assert.deepEqual((await verify([patient, { ...dose, protocolApplied: [] }])).obstacles, [])
  })
  it('numbers of doses as numbers, as digits and as texts are understood', async () => {
    for (const protocol of [
      whole,
      { doseNumberPositiveInt: '2' },
      { doseNumberString: 'second', seriesDosesString: '2' },
    ])
      assert.deepEqual((await verify([patient, { ...dose, protocolApplied: [protocol] }])).obstacles, [])
  })

  it('codes of different systems, and one code said twice, tell one thing', async () => {
    const codings = [janssen, janssen, { system: 'http://snomed.info/sct', code: '1' }, { display: 'Vaccine' }]
    const events = [{ ...dose, vaccineCode: { coding: codings }, protocolApplied: [whole] }, result]
    assert.deepEqual((await verify([patient, ...events])).obstacles, [])
  })

  it('resources of a type that is not judged make accepted impossible', async () => {
    for (const resourceType of [
      'DiagnosticReport',
      'Condition',
      'Bundle',
      'Unheard',
      '__proto__',
      'constructor',
      'toString',
    ]) {
      const verdict = await verify([patient, dose, { resourceType, status: 'final' }])
      assert.equal(verdict.obstacles.length, 1, resourceType)
    }
    assert.deepEqual((await verify([patient, dose, { resourceType: 'Organization' }])).obstacles, [])
  })

  it('another release of FHIR makes accepted impossible', async () => {
    for (const fhirVersion of ['3.0.2', '5.0.0', 4, '']) {
      assert.equal((await verify([patient, dose], { fhirVersion })).obstacles.length, 1)
    }
  })
})

describe('the holder of a card', () => {
  const cases: Record<string, object[]> = {
    'two Patients': [patient, { ...patient, birthDate: '1990-01-01' }, dose],
    'the same Patient twice': [patient, dose, patient],
    'no Patient': [dose],
    'an event of a patient who is not there': [patient, { ...dose, patient: { reference: 'resource:9' } }],
    'an event of another resource of the bundle': [patient, dose, { ...dose, patient: { reference: 'resource:1' } }],
    'an event without patient': [patient, without(dose, 'patient')],
    'an event whose patient is only described': [patient, { ...dose, patient: { display: 'Ada' } }],
    'an event that refers elsewhere': [patient, { ...dose, patient: { reference: 'https://other.example/Patient/1' } }],
    'an event that refers to what it contains': [
      patient,
      { ...dose, patient: { reference: '#p' }, contained: [{ ...patient, id: 'p' }] },
    ],
    'a result of nobody': [patient, without(result, 'subject')],
    'a result whose patient stands in the wrong member': [
      patient,
      { ...without(result, 'subject'), patient: { reference: 'resource:0' } },
    ],
    'an event that did not happen, of somebody else': [
      patient,
      dose,
      { ...dose, status: 'not-done', patient: { reference: 'resource:7' } },
    ],
  }
  for (const [name, resources] of Object.entries(cases)) {
    it(`${name}: no content of one person`, async () => {
      const verdict = await verify(resources)
      assert.equal(verdict.status, 'UNSUPPORTED_CONTENT')
      assert.equal(verdict.content, undefined)
    })
  }

  it('may be referred to by id', async () => {
    const verdict = await verify([
      { ...patient, id: 'a' },
      { ...dose, patient: { reference: 'Patient/a' } },
    ])
    assert.equal(verdict.status, 'VERIFIED')
    assert.deepEqual(verdict.obstacles, [])
  })

  it('entries of one name are ambiguous', async () => {
    const fhirBundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [patient, dose].map((resource) => ({ fullUrl: 'resource:0', resource })),
    }
    assert.equal((await verify([], { fhirBundle })).status, 'UNSUPPORTED_CONTENT')
    const noResource = {
      ...fhirBundle,
      entry: [{ fullUrl: 'resource:0', resource: patient }, { fullUrl: 'resource:1' }],
    }
    assert.equal((await verify([], { fhirBundle: noResource })).status, 'UNSUPPORTED_CONTENT')
  })

  for (const [name, changes] of Object.entries({
    'not active': { active: false },
    replaced: { link: [{ other: { reference: 'Patient/2' }, type: 'replaced-by' }] },
    dead: { deceasedBoolean: true },
    'dead since': { deceasedDateTime: '2021-01-01' },
    'under a modifier extension': { modifierExtension: modifier },
  })) {
    it(`${name}: makes accepted impossible`, async () => {
      const verdict = await verify([{ ...patient, ...changes }, dose])
      assert.equal(verdict.status, 'VERIFIED')
      assert.equal(verdict.obstacles.length, 1)
    })
  }
})
