import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StructureDefinition } from '../../../src/fhir/types.ts'
import { compileMap, mapCall } from '../../support/run-map.ts'

type Element = NonNullable<StructureDefinition['differential']>['element'][number]
type Parts = [path: string, representation: NonNullable<Element['representation']>, max: string, ...types: string[]]

const url = (name: string) => `http://example.org/StructureDefinition/${name}`
const model = (name: string, base: string, elements: Parts[]): StructureDefinition => ({
  resourceType: 'StructureDefinition',
  extension: [{ url: 'http://hl7.org/fhir/tools/StructureDefinition/xml-namespace', valueUri: 'urn:test' }],
  url: url(name),
  name,
  type: name,
  status: 'active',
  kind: 'logical',
  abstract: false,
  baseDefinition: base,
  derivation: 'specialization',
  differential: {
    element: [
      { id: name, path: name },
      ...elements.map(
        ([path, representation, max, ...types]): Element => ({
          id: `${name}.${path}`,
          path: `${name}.${path}`,
          min: 0,
          max,
          ...(representation.length > 0 ? { representation } : {}),
          type: types.map((code) => ({ code })),
        }),
      ),
    ],
  },
})

const artefacts = [
  model('Any', 'http://hl7.org/fhir/StructureDefinition/Base', [['nullFlavor', ['xmlAttr'], '1', 'code']]),
  model('Code', url('Any'), [
    ['code', ['xmlAttr'], '1', 'string'],
    ['data[x]', ['xmlText'], '1', 'string', 'base64Binary'],
    ['translation', ['typeAttr'], '*', url('Code')],
  ]),
  model('Document', url('Any'), [
    ['code', [], '1', url('Code')],
    ['title', [], '1', 'string'],
    ['author', [], '*', 'HumanName'],
  ]),
]

test('a logical model is written by its representations, in the order of its definition', async () => {
  const compiled = await compileMap(
    `map "http://example.org/StructureMap/document" = document
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Source as source
uses "${url('Document')}" alias Document as target
uses "${url('Code')}" alias Code as produced
group main(source src : Source, target tgt : Document) {
  src.name as n -> tgt.author = n "author";
  src -> tgt.title = 'A & "B"', tgt.nullFlavor = 'NI' "title";
  src -> tgt.code as code, code.data = '<x>', code.translation = create('Code') as other, other.code = '1' "code";
}`,
    { artefacts },
  )
  const result = compiled.run({ resourceType: 'Patient', name: [{ family: 'F', given: ['G', 'H'] }] }, mapCall())
  assert.deepEqual(result, {
    resourceType: 'Document',
    author: [{ family: 'F', given: ['G', 'H'] }],
    title: 'A & "B"',
    nullFlavor: 'NI',
    code: { dataString: '<x>', translation: [{ code: '1' }] },
  })
  assert.equal(
    compiled.writeXml(result),
    `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:test" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" nullFlavor="NI"><code>&lt;x&gt;<translation xsi:type="Code" code="1"/></code><title value="A &amp; &quot;B&quot;"/><author><family value="F"/><given value="G"/><given value="H"/></author></Document>`,
  )
})

test('what is no logical model is left to the server', async () => {
  const compiled = await compileMap(`map "http://example.org/StructureMap/x" = x
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target
group main(source src, target tgt : Patient) {
}`)
  assert.equal(compiled.writeXml({ resourceType: 'Patient' }), undefined)
})
