import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import { readEuValueSetFile } from '../../../src/publish/import/read-eu-value-set.ts'

const value = { display: 'One', lang: 'en', active: true, version: '', system: 'http://example.org/a' }
const file = (change: object = {}) =>
  Buffer.from(
    JSON.stringify({
      valueSetId: 'disease-agent-targeted',
      valueSetDate: '2021-04-27',
      valueSetValues: { 1: value, 2: { ...value, display: '', active: false, system: 'http://example.org/b' } },
      ...change,
    }),
  )
const read = (text: Buffer) => readEuValueSetFile(text, 'http://ministry.example/fhir/')

describe('a value set of the EU', () => {
  it('becomes a ValueSet of each system’s codes, with its text', () => {
    const made = read(file())
    assert.ok('resource' in made)
    const { url, version, identifier, compose, extension, status } = made.resource
    assert.deepEqual(
      [url, version, status],
      ['http://ministry.example/fhir/ValueSet/disease-agent-targeted', '2021-04-27', 'active'],
    )
    assert.deepEqual(identifier, [
      { system: 'https://ec.europa.eu/health/ehealth/covid-19', value: 'disease-agent-targeted' },
    ])
    assert.deepEqual(compose?.include, [
      { system: 'http://example.org/a', concept: [{ code: '1', display: 'One' }] },
      { system: 'http://example.org/b', concept: [{ code: '2' }] },
    ])
    assert.deepEqual(Buffer.from(extension?.[0]?.valueAttachment?.data ?? '', 'base64'), file())
  })

  const refused: [string, Buffer, RegExp][] = [
    ['without codes', file({ valueSetValues: {} }), /no codes/],
    ['with a path as id', file({ valueSetId: '../x' }), /no id/],
    ['with an endless id', file({ valueSetId: 'x'.repeat(65) }), /no id/],
    ['without a date', file({ valueSetDate: 'today' }), /no date/],
    ['with a list of codes', file({ valueSetValues: [value] }), /no object/],
    [
      'with a code of unknown standing',
      file({ valueSetValues: { 1: { ...value, active: 'yes' } } }),
      /whether it is active/,
    ],
    ['cut', file().subarray(0, 40), /not JSON/],
  ]
  for (const [name, text, reason] of refused)
    it(`${name}: refused, quoting nothing`, () => {
      assert.throws(
        () => read(text),
        (error) => error instanceof FhirError && error.status === 422 && reason.test(error.message),
      )
    })

  it('whose values are instructions for issuers is another kind of file', () => {
    assert.ok('skipped' in read(file({ valueSetValues: { a: { code: '1' } } })))
  })
})
