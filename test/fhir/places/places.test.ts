import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { asJson, asResource } from '../../../src/fhir/json.ts'
import { jsonPlaces } from '../../../src/fhir/places/json-places.ts'
import { xmlPlaces } from '../../../src/fhir/xml/places.ts'
import { writeXml } from '../../../src/fhir/xml/write.ts'

const patient = {
  resourceType: 'Patient',
  id: 'a',
  contained: [{ resourceType: 'Organization', id: 'o', name: 'x"{[,' }],
  name: [{ given: ['a', 'b\\"'] }, { family: 'c', _family: { extension: [{ url: 'http://x', valueString: 'y' }] } }],
  deceasedDateTime: '2020',
  managingOrganization: { reference: '#o' },
}

const at = (text: string, { line, column }: { line: number; column: number }) =>
  text.split('\n')[line - 1]?.slice(column - 1)

describe('places of elements', () => {
  const cases: [expression: string, json: RegExp, xml: RegExp][] = [
    ['Patient', /^\{/, /^<Patient/],
    ['Patient.id', /^"id"/, /^<id value="a"/],
    ['Patient.name[0].given[1]', /^"b/, /^<given value="b/],
    ['Patient.name[1].family', /^"family"/, /^<family/],
    ['Patient.name[1].family.extension[0].value', /^"valueString"/, /^<valueString/],
    ['Patient.deceased', /^"deceasedDateTime"/, /^<deceasedDateTime/],
    ['Patient.contained[0].name', /^"name": "x/, /^<name value="x/],
    ['Patient.managingOrganization.reference', /^"reference"/, /^<reference/],
    ['Patient.name[1].period', /^\{/, /^<name>/],
    ['Patient.name[7]', /^"name"/, /^<name>/],
  ]
  const json = JSON.stringify(patient, null, 1)
  const xml = writeXml(asResource(patient), { pretty: true })
  for (const [expression, inJson, inXml] of cases)
    it(expression, () => {
      const [a, b] = [jsonPlaces(json, [expression]).get(expression), xmlPlaces(xml, [expression]).get(expression)]
      assert.match(at(json, a!) ?? '', inJson)
      assert.match(at(xml, b!) ?? '', inXml)
    })

  it('are found in any JSON, in whatever layout', () => {
    const value = fc.letrec((tie) => ({
      node: fc.oneof({ maxDepth: 4 }, fc.jsonValue({ maxDepth: 0 }), tie('list'), tie('object')),
      list: fc.array(tie('node'), { maxLength: 3 }),
      object: fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), tie('node'), { maxKeys: 4 }),
    }))
    fc.assert(
      fc.property(value.object, fc.constantFrom(0, 1, 3), (object, space) => {
        const text = JSON.stringify(object, null, space)
        const wanted = [...leaves(asJson(object as object), 'X')]
        const places = jsonPlaces(
          text,
          wanted.map(([expression]) => expression),
        )
        for (const [expression, pattern] of wanted)
          assert.ok(at(text, places.get(expression)!)?.startsWith(pattern), expression)
      }),
    )
  })

  it('never fail on what is asked', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (expressions) => {
        jsonPlaces(json, expressions)
        xmlPlaces(xml, expressions)
      }),
    )
  })
})

/** Expressions of members and items, with what stands at their place. */
function* leaves(value: unknown, path: string): Generator<[string, string]> {
  if (Array.isArray(value))
    for (const [index, each] of value.entries()) {
      yield [
        `${path}[${index}]`,
        typeof each === 'object' && each !== null ? (Array.isArray(each) ? '[' : '{') : JSON.stringify(each),
      ]
      if (!Array.isArray(each)) yield* leaves(each, `${path}[${index}]`)
    }
  else if (typeof value === 'object' && value !== null)
    for (const [name, each] of Object.entries(value)) {
      yield [`${path}.${name}`, JSON.stringify(name)]
      yield* leaves(each, `${path}.${name}`)
    }
}
