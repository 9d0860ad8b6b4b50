/** What the catalogue reads of artefacts, whatever a server sends. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { bundleOf, headOf } from '../../../src/console/catalogue/readers/artefact.ts'
import { jurisdictionWords, useContextOf } from '../../../src/console/catalogue/readers/concept.ts'
import { mapGroups, mapSides, rowsWith } from '../../../src/console/catalogue/readers/concept-map.ts'
import {
  contentsOf,
  libraryParameters,
  lineOfDefine,
  relatedOf,
} from '../../../src/console/catalogue/readers/library.ts'
import { lookedUp, translatedOf, validatedOf } from '../../../src/console/catalogue/readers/parameters.ts'
import { rulesOf } from '../../../src/console/catalogue/readers/plan.ts'
import { Reading, translated } from '../../../src/console/catalogue/readers/reading.ts'
import { canonicalsIn, isCanonical, isWebAddress } from '../../../src/console/catalogue/readers/references.ts'
import { isAbout, verdictOf, vouchingOf } from '../../../src/console/catalogue/readers/signature.ts'
import { groupsOf, structuresOf } from '../../../src/console/catalogue/readers/structure-map.ts'
import { composeOf, expansionOf } from '../../../src/console/catalogue/readers/value-set.ts'

const names =
  'resourceType id meta versionId lastUpdated source url version name title _title status experimental publisher date jurisdiction coding system code display text useContext valueCodeableConcept description purpose copyright type compose include exclude concept filter property op value valueSet inactive lockedDate expansion total offset contains abstract parameter part valueString valueCode valueBoolean valueCoding extension group element target equivalence comment dependsOn product unmapped mode content contentType data relatedArtifact resource action condition expression language reference documentation library structure alias input rule recorded agent who signature activity outcome detail step signer result entry search link relation __proto__ constructor'.split(
    ' ',
  )
const types = [
  'ValueSet',
  'CodeSystem',
  'ConceptMap',
  'Bundle',
  'Parameters',
  'Library',
  'PlanDefinition',
  'Provenance',
]
const member = fc.constantFrom(...names)

/** JSON with the members of artefacts, each with any value. */
const { shape } = fc.letrec<{ shape: unknown; any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 7, withCrossShrink: true },
    fc.constantFrom<unknown>(null, true, false, 0, -1, 1e308, '', '<img src=x onerror=alert(1)>', ...types),
    fc.string(),
    fc.array(tie('shape'), { maxLength: 3 }),
    fc.array(tie('any'), { maxLength: 3 }),
    tie('shape'),
  ),
  shape: fc.dictionary(member, tie('any'), { maxKeys: 9 }),
}))

/** Everything that pages read. */
function readAll(value: unknown): unknown[] {
  const reading = new Reading(value)
  return [
    headOf(reading, 'fr'),
    bundleOf(value),
    composeOf(reading),
    expansionOf(value),
    mapGroups(reading),
    mapSides(reading),
    contentsOf(reading),
    libraryParameters(reading),
    relatedOf(reading),
    rulesOf(reading, 'ar'),
    structuresOf(reading),
    groupsOf(reading),
    vouchingOf(reading),
    useContextOf(reading),
    jurisdictionWords(reading, 'pt'),
    canonicalsIn(value),
    lookedUp(value),
    validatedOf(value),
    translatedOf(value),
    verdictOf(value),
  ]
}

describe('readers of the catalogue', () => {
  it('read anything that has the shape of JSON, and never throw', () => {
    fc.assert(
      fc.property(fc.oneof(shape, fc.jsonValue()), (value) => {
        readAll(value)
      }),
    )
  })

  it('note every place that is of another type than the standard has it, and show the rest', () => {
    const resource = new Reading({
      resourceType: 'ValueSet',
      id: 'x',
      title: { not: 'a text' },
      name: 'X',
      jurisdiction: 'everywhere',
      compose: { include: [7, { system: ['a'], concept: [{ code: 'one' }, 'two'] }] },
    })
    const head = headOf(resource, 'en')
    const { includes } = composeOf(resource)
    assert.equal(head.title, 'X')
    assert.deepEqual(
      includes.map((each) => each.concepts),
      [[{ code: 'one', display: '' }]],
    )
    assert.deepEqual([...resource.odd].sort(), [
      'compose.include[0]',
      'compose.include[1].concept[1]',
      'compose.include[1].system',
      'jurisdiction',
      'title',
    ])
  })

  it('take nothing from the prototype of an object', () => {
    const resource = new Reading(JSON.parse('{"__proto__": {"title": "inherited"}}'))
    assert.equal(resource.text('title'), '')
    assert.equal(resource.text('constructor'), '')
    assert.deepEqual([...resource.odd], [])
  })

  it('answer in the language that was translated into, else in the one of the author', () => {
    const part = (url: string, value: object) => ({ url, ...value })
    const extension = [
      {
        url: 'http://hl7.org/fhir/StructureDefinition/translation',
        extension: [part('lang', { valueCode: 'pt-BR' }), part('content', { valueString: 'Regras' })],
      },
    ]
    const reading = new Reading({ title: 'Rules', _title: { extension } })
    assert.equal(translated(reading, 'title', 'pt'), 'Regras')
    assert.equal(translated(reading, 'title', 'fr'), 'Rules')
  })

  it('name countries and regions in the language of the reader, and leave what they do not know as it is', () => {
    const of = (system: string, code: string, display = '') =>
      jurisdictionWords(new Reading({ coding: [{ system, code, display }] }), 'fr')
    assert.equal(of('urn:iso:std:iso:3166', 'SA'), 'Arabie saoudite')
    assert.equal(of('http://unstats.un.org/unsd/methods/m49/m49.htm', '001'), 'Monde')
    assert.equal(of('urn:iso:std:iso:3166', 'ZZZZ', 'Nowhere'), 'Nowhere')
    assert.equal(of('http://example.org', 'SA'), 'SA')
  })

  it('find the line of a define however its name is written', () => {
    const text =
      'library X\ndefine "A ""b":\n  1\ndefine function "Two Words"(x Integer):\n  x\n\ndefine Plain: true\nparameter "P" Integer'
    assert.equal(lineOfDefine(text, 'Two Words'), 4)
    assert.equal(lineOfDefine(text, 'Plain'), 7)
    assert.equal(lineOfDefine(text, 'P'), 8)
    assert.equal(lineOfDefine(text, 'Plai'), undefined)
  })

  it('show no bytes that are no text', () => {
    const content = (contentType: string, data: unknown) => [{ contentType, data }]
    const text = (given: unknown) => contentsOf(new Reading({ content: given }))[0]?.text
    assert.equal(text(content('text/cql', btoa('define A: 1'))), 'define A: 1')
    assert.equal(text(content('text/cql', btoa('\xff\xfe'))), undefined)
    assert.equal(text(content('text/cql', '%%%')), undefined)
    assert.equal(text(content('application/octet-stream', btoa('MZ'))), undefined)
  })

  it('cut rules that are nested without end, and say so', () => {
    let action: object = { title: 'innermost' }
    for (let depth = 0; depth < 40; depth++) action = { title: `${depth}`, action: [action] }
    const plan = new Reading({ action: [action] })
    assert.equal(JSON.stringify(rulesOf(plan, 'en')).includes('innermost'), false)
    assert.equal(plan.odd.size, 1)
  })

  it('find pairs by any of their texts', () => {
    const element = [
      { code: 'a', display: 'Apple', target: [{ code: '1', equivalence: 'equivalent' }] },
      { code: 'b', display: 'Berry' },
    ]
    const [group] = mapGroups(new Reading({ group: [{ source: 'urn:a', target: 'urn:b', element }] }))
    assert.deepEqual(
      rowsWith(group?.rows ?? [], 'APP').map(({ code, target }) => [code, target]),
      [['a', '1']],
    )
    assert.equal(rowsWith(group?.rows ?? [], ' ').length, 2)
  })

  it('take a canonical for a link, and nothing that runs', () => {
    assert.deepEqual(
      canonicalsIn({
        url: 'http://example.org/own',
        compose: {
          include: [
            { system: 'urn:iso:std:iso:3166', valueSet: ['http://example.org/a|1', 'javascript:alert(1)'] },
            { system: 'http://example.org/own', concept: [{ code: 'http://example.org/code' }] },
          ],
        },
        text: { div: 'http://example.org/text' },
      }),
      ['urn:iso:std:iso:3166', 'http://example.org/a|1'],
    )
    for (const text of ['javascript:alert(1)', ' https://a.example', 'data:text/html,x', 'https://a.example/ b', '//a'])
      assert.equal(isWebAddress(text) || isCanonical(text), false, text)
  })
})

describe('verdicts about signatures', () => {
  const step = (name: string, outcome: string) => ({
    name: 'step',
    part: [
      { name: 'name', valueCode: name },
      { name: 'outcome', valueCode: outcome },
    ],
  })
  const answer = (result: unknown, ...further: object[]) => ({
    resourceType: 'Parameters',
    parameter: [...(result === undefined ? [] : [{ name: 'result', valueBoolean: result }]), ...further],
  })
  const several = (result: unknown) => ({ name: 'signature', part: [{ name: 'result', valueBoolean: result }] })
  const cases: [name: string, answer: unknown, state: string][] = [
    ['true, and every step passed', answer(true, step('key', 'pass'), step('chain', 'skipped')), 'holds'],
    ['false, and a step failed', answer(false, step('key', 'fail')), 'broken'],
    ['false, and no step failed', answer(false, step('key', 'pass')), 'no-author'],
    ['true, and yet a step failed', answer(true, step('key', 'fail')), 'unclear'],
    ['true, and an outcome that is not known', answer(true, step('key', 'maybe')), 'unclear'],
    ['true without any step', answer(true), 'unclear'],
    ['no result', answer(undefined, step('key', 'pass')), 'unclear'],
    ['a result that is a text', answer('true', step('key', 'pass')), 'unclear'],
    ['one of several without a result', answer(true, step('key', 'pass'), several(undefined)), 'unclear'],
    ['true and false', answer(true, step('key', 'pass'), { name: 'result', valueBoolean: false }), 'unclear'],
    ['an OperationOutcome', { resourceType: 'OperationOutcome', issue: [] }, 'unclear'],
    ['nothing', undefined, 'unclear'],
  ]
  for (const [name, given, state] of cases)
    it(`${name}: ${state}`, () => {
      assert.equal(verdictOf(given).state, state)
    })

  it('are about the version that they name, and without one about that of now alone', () => {
    const now = { type: 'Library', id: 'a', shown: '3' }
    const old = { ...now, versionId: '1', shown: '1' }
    const about = (target: string) => [isAbout(target, now), isAbout(target, old)]
    assert.deepEqual(about('Library/a'), [true, false])
    assert.deepEqual(about('https://x.example/fhir/Library/a/_history/3'), [true, false])
    assert.deepEqual(about('Library/a/_history/1'), [false, true])
    for (const other of ['Library/b', 'ValueSet/a', 'Library/a/_history', ''])
      assert.deepEqual(about(other), [false, false])
  })

  it('names as those who vouch only whose own signature counts', () => {
    const of = (kid: string, result: boolean) => ({
      name: 'signature',
      part: [
        { name: 'result', valueBoolean: result },
        { name: 'signer', part: [{ name: 'kid', valueString: kid }] },
      ],
    })
    const verdict = verdictOf(answer(true, step('key', 'pass'), of('author', true), of('bystander', false)))
    assert.deepEqual([verdict.state, verdict.signers.map(({ kid }) => kid)], ['holds', ['author']])
  })

  it('hold only where the answer says so in so many words', () => {
    fc.assert(
      fc.property(shape, (value) => {
        if (verdictOf(value).state !== 'holds') return
        assert.match(JSON.stringify(value), /true/)
        assert.match(JSON.stringify(value), /"pass"/)
      }),
    )
  })
})
