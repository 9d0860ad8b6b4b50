import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { mapContent } from '../../../src/evaluate/map/map-content.ts'
import { subjectOf } from '../../../src/evaluate/person.ts'
import { checkResource } from '../../../src/fhir/check/resource.ts'
import type { Resource } from '../../../src/fhir/types.ts'
import { card, cardDose, cardPatient, codes, inputOf, resources, texts, without } from '../../support/map-samples.ts'
import { mappingClock, ownMapping } from '../../support/own-mapping.ts'

/** A map that a request may name, with its group. */
const chosen = (name: string, uses: string, group: string) => `map "http://example.org/StructureMap/${name}" = ${name}
uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as target
${uses}
${group}`
const bundleOf = (name: string, rules: string) =>
  chosen(
    name,
    '',
    `group ${name}(source card, target bundle : Bundle) {
  card -> bundle.type = 'collection' "type";
${rules}
}`,
  )

describe('maps that a request names', () => {
  const choose = (fml: string, content: Json = card(cardPatient(), cardDose()), artefacts: Resource[] = []) => {
    const url = /map "([^"]+)"/.exec(fml)?.[1] ?? ''
    return mapContent([inputOf('shc', content)], [url], ownMapping([fml], artefacts))
  }
  const copying = bundleOf(
    'Copying',
    `  card.vc as vc then {
    vc.credentialSubject as subject then {
      subject.fhirBundle as content then {
        content.entry as item then {
          item.resource as resource -> bundle.entry as entry, entry.resource = resource "entry";
        } "item";
      } "content";
    } "subject";
  } "vc";`,
  )

  it('hand on only resources that are FHIR: copied primitives are left out, the rest stays', async () => {
    const mapped = await choose(
      copying,
      card(
        cardPatient({ id: 'p', birthDate: '1988-00-02', active: 'yes' }),
        cardDose({ occurrenceString: 'May', occurrenceDateTime: '2021-13-01', lotNumber: 'A1' }),
      ),
    )
    assert.deepEqual(codes(mapped), [], texts(mapped))
    assert.deepEqual(
      mapped.leftOut.map((each) => each.split(' ')[0]),
      ['Bundle.entry.resource.birthDate', 'Bundle.entry.resource.active', 'Bundle.entry.resource.occurrenceDateTime'],
    )
    assert.deepEqual(checkResource(mapped.bundle), [])
    assert.equal(resources(mapped.bundle, 'Immunization')[0]?.lotNumber, 'A1')
    assert.equal(subjectOf(mapped.coreDataSets, mapped.bundle, mappingClock)?.birthDate, undefined)
  })

  const invalid: [what: string, ...JsonObject[]][] = [
    ['a name that is a text', cardPatient({ name: 'Aoife Beispiel' }), cardDose()],
    ['an element that R4 does not have', cardPatient({ nickname: 'A' }), cardDose()],
    ['no occurrence', cardPatient(), without(cardDose(), 'occurrenceDateTime')],
    ['an occurrence that was left out', cardPatient(), cardDose({ occurrenceDateTime: '2021-13-01' })],
    ['a list for a single element', cardPatient(), cardDose({ vaccineCode: [{ text: 'x' }] })],
    ['an event without status', cardPatient(), without(cardDose(), 'status')],
    ['two Patients', cardPatient(), cardPatient(), cardDose()],
    ['no Patient', cardDose()],
    ['no event', cardPatient()],
    ['an event that is no resource of R4', cardPatient(), { resourceType: 'Vaccination', status: 'completed' }],
  ]
  for (const [what, ...given] of invalid)
    it(`are not judged by what is not FHIR or not whole: ${what}`, async () => {
      const mapped = await choose(copying, card(...given))
      assert.notDeepEqual(codes(mapped), [])
    })

  it('must fill something: a map that makes nothing is no definite answer', async () => {
    const mapped = await choose(
      chosen(
        'Nothing',
        '',
        'group Nothing(source card, target bundle : Bundle) { card.absent -> bundle.type = \'collection\' "type"; }',
      ),
    )
    assert.equal(mapped.bundle, undefined)
    assert.match(texts(mapped), /no FHIR resources/)
    assert.match(texts(mapped), /no core data set/)
  })

  const toUnknown = chosen(
    'ToUnknown',
    'uses "http://example.org/StructureDefinition/UnknownCoreDataSet" alias Unknown as target',
    `group ToUnknown(source card, target data : Unknown) {
  card -> data.name = 'A', data.vaccination as v, v.date = '2026', v.vaccine as c, c.code = '1' "data";
}`,
  )
  const unknown = toUnknown.replace(
    'uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as target\n',
    '',
  )

  it('must name a model that the server knows', async () => {
    const mapped = await choose(unknown)
    assert.equal(mapped.coreDataSets.length, 1)
    assert.match(texts(mapped), /model of the core data set is not known to this server/)
    const known: Resource = {
      resourceType: 'StructureDefinition',
      url: 'http://example.org/StructureDefinition/UnknownCoreDataSet',
      name: 'UnknownCoreDataSet',
      type: 'UnknownCoreDataSet',
      status: 'active',
      kind: 'logical',
      abstract: false,
      differential: {
        element: [
          { path: 'UnknownCoreDataSet', id: 'UnknownCoreDataSet' },
          ...(['name', 'passport'] as const).map((name) => ({
            path: `UnknownCoreDataSet.${name}`,
            id: `UnknownCoreDataSet.${name}`,
            min: 1,
            max: '1',
            type: [{ code: 'string' }],
          })),
          {
            path: 'UnknownCoreDataSet.vaccination',
            id: 'UnknownCoreDataSet.vaccination',
            min: 0,
            max: '1',
            type: [{ code: 'BackboneElement' }],
          },
          { path: 'UnknownCoreDataSet.vaccination.date', id: 'd', min: 1, max: '1', type: [{ code: 'date' }] },
          { path: 'UnknownCoreDataSet.vaccination.lot', id: 'l', min: 1, max: '1', type: [{ code: 'string' }] },
          { path: 'UnknownCoreDataSet.vaccination.vaccine', id: 'v', min: 0, max: '1', type: [{ code: 'Coding' }] },
          { path: 'UnknownCoreDataSet.test', id: 't', min: 0, max: '1', type: [{ code: 'BackboneElement' }] },
          { path: 'UnknownCoreDataSet.test.date', id: 'td', min: 1, max: '1', type: [{ code: 'date' }] },
        ],
      },
    }
    assert.deepEqual(codes(await choose(unknown, undefined, [known])), [
      'required UnknownCoreDataSet.passport',
      'required UnknownCoreDataSet.vaccination.lot',
    ])
  })

  it('must make a resource of every core data set', async () => {
    const holderOnly = `map "http://example.org/StructureMap/HolderOnly" = HolderOnly
uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as target
group HolderOnly(source data, target bundle : Bundle) {
  data -> bundle.type = 'collection', bundle.entry as e, e.resource = create('Patient') as p, p.id = 'p' "patient";
}`
    const maps = ['http://vidimus.org/fhir/StructureMap/ShcToCoreDataSet', 'http://example.org/StructureMap/HolderOnly']
    const content = card(cardPatient(), cardDose())
    const mapped = await mapContent([inputOf('shc', content)], maps, ownMapping([holderOnly]))
    assert.match(texts(mapped), /1 events are certified, and the maps made 0 resources that say what happened/)
  })

  it('may not make two different resources of one id', async () => {
    const same = `map "http://example.org/StructureMap/Same" = Same
uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as target
group Same(source data, target bundle : Bundle) {
  data -> bundle.type = 'collection', bundle.entry as e, e.resource = create('Patient') as p, p.id = 'p' "patient";
  data.vaccination as v -> bundle.entry as e, e.resource = create('Immunization') as i, i.id = 'i', i.status = 'completed', i.vaccineCode as c, c.text = 'x', i.patient as r, r.reference = 'Patient/p', i.occurrence = v.date "event";
}`
    const maps = ['http://vidimus.org/fhir/StructureMap/ShcToCoreDataSet', 'http://example.org/StructureMap/Same']
    const content = card(cardPatient(), cardDose(), cardDose({ occurrenceDateTime: '2026-01-29' }))
    const mapped = await mapContent([inputOf('shc', content)], maps, ownMapping([same]))
    assert.deepEqual(codes(mapped), ['duplicate', 'incomplete'])
  })
})
