import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../src/fhir/error.ts'
import { countryNumbers } from '../../../src/terminology/code-system/implicit/iso-3166.ts'
import { answer, coreResources, parameters, terminologyOver } from '../support.ts'

const terminology = terminologyOver(coreResources())
const HL7 = 'http://hl7.org/fhir/ValueSet/'

async function isIn(url: string, system: string, code: string, more: Record<string, unknown> = {}): Promise<unknown> {
  return answer(await terminology.validateCode(parameters({ url, system, code, ...more })), 'result')
}

describe('implicit code systems', () => {
  it('ISO 3166-1: alpha-2, alpha-3 and numeric codes', async () => {
    const system = 'urn:iso:std:iso:3166'
    assert.equal(await isIn(`${HL7}iso3166-1-2`, system, 'CH'), true)
    assert.equal(await isIn(`${HL7}iso3166-1-2`, system, 'CHE'), false)
    assert.equal(await isIn(`${HL7}iso3166-1-3`, system, 'CHE'), true)
    assert.equal(await isIn(`${HL7}iso3166-1-3`, system, 'XXA'), false)
    assert.equal(await isIn(`${HL7}iso3166-1-N`, system, '756'), true)
    for (const name of ['iso3166-1-2', 'iso3166-1-3', 'iso3166-1-N']) {
      const { expansion } = await terminology.expand(parameters({ url: HL7 + name, count: 0 }))
      assert.equal(expansion?.total, 249, name)
    }
  })

  it('ISO 3166-1: numeric codes are those the runtime maps to the country', () => {
    for (const [country, number] of countryNumbers) {
      if (country === 'AN') continue
      assert.equal(new Intl.Locale(`und-${number}`).region, country)
    }
  })

  it('ISO 3166-1: names in other languages are shown and accepted', async () => {
    const system = 'urn:iso:std:iso:3166'
    const found = await terminology.lookup(parameters({ system, code: 'DE', displayLanguage: 'fr' }))
    assert.equal(answer(found, 'display'), 'Allemagne')
    const display = { display: 'Deutschland', displayLanguage: 'de' }
    assert.equal(await isIn(`${HL7}iso3166-1-3`, system, 'DEU', display), true)
    assert.equal(await isIn(`${HL7}iso3166-1-3`, system, 'DEU', { ...display, display: 'Österreich' }), false)
  })

  it('BCP 47: registered subtags in any combination', async () => {
    const url = `${HL7}all-languages`
    for (const good of [
      'de',
      'de-CH',
      'zh-Hant-TW',
      'sl-rozaj',
      'es-419',
      'x-own',
      'i-klingon',
      'de-CH-x-own',
      'en-u-ca-gregory',
    ]) {
      assert.equal(await isIn(url, 'urn:ietf:bcp:47', good), true, good)
    }
    for (const bad of ['', 'd', 'german', 'de-Abcx', 'de-CHE', 'de--CH', 'de-1901-1901', 'xx-XX']) {
      assert.equal(await isIn(url, 'urn:ietf:bcp:47', bad).catch(() => false), false, bad)
    }
    const found = await terminology.lookup(parameters({ system: 'urn:ietf:bcp:47', code: 'de-CH' }))
    assert.equal(answer(found, 'display'), 'German (Switzerland)')
  })

  it('BCP 13: media types with parameters', async () => {
    const url = `${HL7}mimetypes`
    for (const good of ['text/plain', 'application/fhir+json; fhirVersion=4.0', 'text/html;charset="utf-8"']) {
      assert.equal(await isIn(url, 'urn:ietf:bcp:13', good), true, good)
    }
    assert.equal(await isIn('http://www.rfc-editor.org/bcp/bcp13.txt', 'urn:ietf:bcp:13', 'text/cql-identifier'), true)
    for (const bad of ['text', 'text/', '/plain', 'text/plain; charset', 'text /plain']) {
      assert.equal(await isIn(url, 'urn:ietf:bcp:13', bad), false, bad)
    }
  })

  it('ISO 4217: currencies', async () => {
    assert.equal(await isIn(`${HL7}currencies`, 'urn:iso:std:iso:4217', 'CHF'), true)
    assert.equal(await isIn(`${HL7}currencies`, 'urn:iso:std:iso:4217', 'XYZ'), false)
  })

  it('UCUM: units by grammar, filter by canonical unit', async () => {
    const system = 'http://unitsofmeasure.org'
    for (const good of ['mg/dL', 'kg.m/s2', '{score}', 'mg/dL{milligram per deciliter}', '10*3/uL', '%']) {
      assert.equal(await isIn(`${HL7}ucum-units`, system, good), true, good)
    }
    for (const bad of ['foo', 'mg//dL', 'MG/DL?', 'kilogramm'])
      assert.equal(await isIn(`${HL7}ucum-units`, system, bad), false, bad)
    assert.equal(await isIn(`${HL7}all-distance-units`, system, '[in_i]'), true)
    assert.equal(await isIn(`${HL7}all-distance-units`, system, 'kg'), false)
    const { expansion } = await terminology.expand(parameters({ url: `${HL7}ucum-units`, count: 5 }))
    assert.equal(expansion?.contains?.length, 5)
    assert.equal(expansion?.total, undefined)
    assert.match(JSON.stringify(expansion?.extension), /valueset-unclosed"/)
  })

  it('?fhir_vs of any code system', async () => {
    const gender = 'http://hl7.org/fhir/administrative-gender'
    const { expansion } = await terminology.expand(parameters({ url: `${gender}?fhir_vs` }))
    assert.equal(expansion?.total, 4)
    const reason = 'http://terminology.hl7.org/CodeSystem/v3-ActReason?fhir_vs=isa/_ActAccommodationReason'
    assert.equal((await terminology.expand(parameters({ url: reason }))).expansion?.total, 5)
    await assert.rejects(terminology.expand(parameters({ url: 'http://nowhere.example/cs?fhir_vs' })), FhirError)
  })

  it('UCUM: what is no expression goes nowhere, not even to standard output', async (context) => {
    const printed = context.mock.method(console, 'log', () => undefined)
    const isUnit = (code: string) => isIn('http://unitsofmeasure.org?fhir_vs', 'http://unitsofmeasure.org', code)
    for (const good of [
      'mg',
      '/min',
      '10*3/uL',
      'kcal/(8.h)',
      '/(12.h)',
      '{a b}',
      'mm[Hg]{x}',
      '[m/s2/Hz^(1/2)]',
      'm.s-2',
      '(m/s)/(g.L)',
    ])
      assert.equal(await isUnit(good), true, good)
    const piece = fc.constantFrom('m', 'kg', '[', ']', '{', '}', '{x y}', '(', ')', '.', '/', '2', '-', '10*', ' ', 'é')
    const property = fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 7 }), async (pieces) => {
      const code = pieces.join('')
      const valid = await isUnit(code)
      if (/^[\s.)]|[./(]$|\)\(|[^{]*\s[^}]*$/.test(code.replace(/\{[^{}]*\}/g, '1'))) assert.equal(valid, false, code)
    })
    await fc.assert(property, { numRuns: 1_000, seed: 3 })
    assert.equal(printed.mock.callCount(), 0)
  })

  it('never fails on odd codes', async () => {
    const systems = ['urn:ietf:bcp:47', 'urn:ietf:bcp:13', 'http://unitsofmeasure.org', 'urn:iso:std:iso:3166']
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...systems),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
        async (system, code) => {
          const reply = await terminology.validateCode(parameters({ url: `${system}?fhir_vs`, system, code }))
          assert.equal(typeof answer(reply, 'result'), 'boolean')
        },
      ),
      { numRuns: 500, seed: 1 },
    )
  })
})
