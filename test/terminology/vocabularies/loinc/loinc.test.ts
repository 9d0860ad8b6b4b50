import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { FhirError } from '../../../../src/fhir/error.ts'
import type { ValueSet } from '../../../../src/fhir/types.ts'
import { loincSource } from '../../../../src/packages/vocabularies/loinc/loinc-source.ts'
import { answer, parameters } from '../../support.ts'
import { imported, memoryFiles, terminologyWith } from '../support.ts'
import { sampleFiles, terms } from './sample.ts'

const LOINC = 'http://loinc.org'

const cases: { filter: [string, string, string]; codes?: string[]; fails?: string }[] = JSON.parse(
  readFileSync(new URL('./filters.json', import.meta.url), 'utf8'),
)

const release = imported(loincSource(memoryFiles(sampleFiles(), '/releases/Loinc_2.82')))
const newer = imported(loincSource(memoryFiles(sampleFiles(), '/releases/Loinc_2.83')))
const terminology = terminologyWith([release])

const setOf = (...filters: [string, string, string][]): ValueSet => ({
  resourceType: 'ValueSet',
  url: 'http://example.org/vs',
  status: 'active',
  compose: {
    include: [{ system: LOINC, filter: filters.map(([property, op, value]) => ({ property, op, value })) as never }],
  },
})
type Contains = NonNullable<NonNullable<ValueSet['expansion']>['contains']>
const codesIn = (contains: Contains = []): string[] =>
  contains.flatMap((each) => [...(each.code === undefined ? [] : [each.code]), ...codesIn(each.contains)])
const codesOf = (set: ValueSet) => codesIn(set.expansion?.contains)
const validate = (values: Record<string, unknown>) =>
  terminology.validateCode(parameters(values), { resourceType: 'CodeSystem' })
const lookup = async (code: string, more: Record<string, unknown> = {}) =>
  JSON.stringify(await terminology.lookup(parameters({ system: LOINC, code, ...more })))

describe('filters of LOINC', () => {
  for (const { filter, codes, fails } of cases) {
    it(filter.join(' '), async () => {
      const asked = terminology.expand(parameters({ valueSet: setOf(filter) }))
      if (fails !== undefined) {
        await assert.rejects(asked, (error: unknown) => error instanceof FhirError && error.message.includes(fails))
        return
      }
      assert.deepEqual(codesOf(await asked).sort(), codes)
      // Membership says the same, of every concept.
      const { provider } = release
      for (let i = 0; i < provider.all.size(); i++) {
        const code = provider.code(provider.all.at(i))
        const reply = await terminology.validateCode(parameters({ valueSet: setOf(filter), system: LOINC, code }), {
          resourceType: 'ValueSet',
        })
        assert.equal(answer(reply, 'result'), codes?.includes(code), code)
      }
    })
  }

  it('keep the sequence of an answer list', async () => {
    const set = await terminology.expand(parameters({ valueSet: setOf(['LIST', '=', 'LL90000001-1']) }))
    assert.deepEqual(codesOf(set), ['LA90000001-1', 'LA90000002-2'])
  })

  it('go together', async () => {
    const set = setOf(['COMPONENT', '=', 'Moonlight'], ['STATUS', '=', 'ACTIVE'], ['parent', '=', 'LP90000101-1'])
    assert.deepEqual(codesOf(await terminology.expand(parameters({ valueSet: set }))), ['90000002-2'])
  })

  it('copyright = LOINC is everything else', async () => {
    const set = await terminology.expand(parameters({ valueSet: setOf(['copyright', '=', 'LOINC']) }))
    assert.equal(set.expansion?.total, release.provider.all.size() - 1)
  })
})

describe('a look-up in LOINC', () => {
  it('tells properties, names and the place in the hierarchy without being asked', async () => {
    const reply = await lookup('90000001-1')
    const property = (code: string, value: string) =>
      assert.ok(reply.includes(`"part":[{"name":"code","valueCode":"${code}"},${value}`), `${code} ${reply}`)
    property('COMPONENT', '{"name":"value","valueCode":"LP90000001-1"}')
    property('SCALE_TYP', '{"name":"value","valueString":"Qn"}')
    property('CLASS', '{"name":"value","valueCode":"LP90000041-1"}')
    property('CLASSTYPE', '{"name":"value","valueString":"1"},{"name":"description","valueString":"Laboratory class"}')
    property('STATUS', '{"name":"value","valueString":"ACTIVE"}')
    property('parent', '{"name":"value","valueCode":"LP90000001-1"}]')
    property(
      'RELATEDNAMES2',
      '{"name":"value","valueString":"Mondschein"},{"name":"language","valueCode":"de-DE"}'.split(',{')[0] ?? '',
    )
    for (const use of ['LONG_COMMON_NAME', 'SHORTNAME', 'DisplayName', 'ConsumerName', 'LinguisticVariantDisplayName'])
      assert.ok(reply.includes(`"code":"${use}"`), use)
    assert.ok(!reply.includes('"analyte"'), 'supplementary links are told on request')
    assert.ok(!reply.includes('VersionLastChanged'))
  })

  it('tells what it is asked for', async () => {
    const reply = await lookup('90000001-1', { property: ['analyte', 'VersionLastChanged', 'group'] })
    for (const text of ['"analyte"', '"2.79"', 'LG90000002-2']) assert.ok(reply.includes(text), text)
    assert.ok(!reply.includes('"CLASS"'))
    assert.ok((await lookup('90000001-1', { property: '*' })).includes('VersionLastChanged'))
  })

  it('knows parts, lists, answers and groups', async () => {
    assert.match(await lookup('LP90000001-1'), /"valueString":"Moonlight"/)
    assert.match(await lookup('LP90000101-1'), /"valueString":"Wells"/)
    assert.match(
      await lookup('LL90000001-1'),
      /"valueCode":"Answer"\},\{"name":"value","valueCode":"LA90000001-1"\}.*"answers-for"\},\{"name":"value","valueCode":"90000002-2"\}/,
    )
    assert.match(
      await lookup('LA90000001-1'),
      /"AnswerList"\},\{"name":"value","valueCode":"LL90000001-1"\}.*"LL90000002-2"/,
    )
    assert.match(
      await lookup('LG90000002-2'),
      /Moonlight of all kinds.*"parent"\},\{"name":"value","valueCode":"LG90000001-1"/,
    )
  })

  it('shows names by linguistic variant, the nearest one first', async () => {
    for (const [language, display] of [
      ['de', 'Mondlicht [Masse/Volumen] im Teich'],
      ['de-DE', 'Mondlicht [Masse/Volumen] im Teich'],
      ['de-AT', 'Mondlicht /Teich'],
      ['fr-CA, fr', 'Clair de lune [Masse/Volume] Étang'],
      ['it, en', 'Moonlight [Mass/volume] in Pond'],
      ['zh', 'Moonlight [Mass/volume] in Pond'],
    ]) {
      const reply = await terminology.lookup(
        parameters({ system: LOINC, code: '90000001-1', displayLanguage: language }),
      )
      assert.equal(answer(reply, 'display'), display, language)
    }
  })
})

describe('a validation in LOINC', () => {
  it('takes the names of a term as its display, and no other', async () => {
    for (const [display, result] of [
      ['Moonlight [Mass/volume] in Pond', true],
      ['Moon Pond-mCnc', true],
      ['Moonlight (Pond)', true],
      ['Moonlight, Pond', true],
      ['Sunlight', false],
    ])
      assert.equal(
        answer(await validate({ url: LOINC, code: '90000001-1', display }), 'result'),
        result,
        String(display),
      )
    const german = { url: LOINC, code: '90000001-1', displayLanguage: 'de' }
    assert.equal(answer(await validate({ ...german, display: 'Mondlicht /Teich' }), 'result'), true)
    assert.equal(answer(await validate({ ...german, display: 'Sonnenlicht' }), 'result'), false)
  })

  it('says what is discouraged, and instead of it what, and what is deprecated', async () => {
    const discouraged = await validate({ url: LOINC, code: '90000006-6' })
    assert.equal(answer(discouraged, 'result'), true)
    assert.equal(answer(discouraged, 'inactive'), true)
    assert.equal(answer(discouraged, 'status'), 'DISCOURAGED')
    assert.match(JSON.stringify(answer(discouraged, 'issues')), /'90000006-6' has a status of DISCOURAGED.*90000001-1/)
    const deprecated = await validate({ url: LOINC, code: '90000005-5' })
    assert.equal(answer(deprecated, 'result'), true)
    assert.match(JSON.stringify(answer(deprecated, 'issues')), /'90000005-5' is deprecated/)
    assert.equal(answer(await validate({ url: LOINC, code: '90000001-1' }), 'issues'), undefined)
  })

  it('knows no code but its own', async () => {
    const reply = await validate({ url: LOINC, code: 'XX90000001-1' })
    assert.equal(answer(reply, 'result'), false)
    assert.match(
      String(answer(reply, 'message')),
      /Unknown code 'XX90000001-1' in the CodeSystem 'http:\/\/loinc.org' version '2.82'/,
    )
  })
})

describe('value sets that LOINC implies', () => {
  const expanded = async (url: string, over = terminology) => over.expand(parameters({ url }))

  it('are all of it, an answer list, what is below a part, and a group', async () => {
    assert.equal((await expanded(`${LOINC}/vs`)).expansion?.total, release.provider.all.size())
    assert.deepEqual(codesOf(await expanded(`${LOINC}/vs/LL90000002-2`)), ['LA90000001-1', 'LA90000003-3'])
    assert.deepEqual(codesOf(await expanded(`${LOINC}/vs/LP90000101-1`)).sort(), ['90000002-2', '90000003-3'])
    assert.deepEqual(codesOf(await expanded(`${LOINC}/vs/LG90000002-2`)).sort(), ['90000001-1', '90000002-2'])
    for (const tail of ['LL99999999-9', 'XX1-1', 'LL1', 'LL90000002-2/x'])
      await assert.rejects(expanded(`${LOINC}/vs/${tail}`), FhirError)
  })

  it('have the version of LOINC, and may be asked for in one', async () => {
    const both = terminologyWith([release, newer])
    assert.equal((await expanded(`${LOINC}/vs/LL90000002-2`)).version, '2.82')
    assert.equal((await expanded(`${LOINC}/vs/LL90000002-2`, both)).version, '2.83')
    assert.equal((await expanded(`${LOINC}/vs/LL90000002-2|2.82`, both)).version, '2.82')
    assert.equal((await expanded(`${LOINC}/vs/LL90000002-2|LOINC_2.82`, both)).version, '2.82')
    await assert.rejects(expanded(`${LOINC}/vs/LL90000002-2|2.81`, both), FhirError)
    const reply = await both.validateCode(
      parameters({ url: `${LOINC}/vs/LL90000002-2`, coding: { system: LOINC, code: '90000001-1' } }),
      { resourceType: 'ValueSet' },
    )
    assert.match(
      String(answer(reply, 'message')),
      /was not found in the value set 'http:\/\/loinc.org\/vs\/LL90000002-2\|2.83'/,
    )
  })
})

describe('versions of LOINC', () => {
  const both = terminologyWith([release, newer])

  it('are named with or without LOINC_, and stand side by side', async () => {
    for (const version of ['2.82', 'LOINC_2.82', '2.x', 'LOINC_2.x', '2.83', 'LOINC_2.83']) {
      const reply = await both.validateCode(parameters({ url: LOINC, version, code: '90000001-1' }), {
        resourceType: 'CodeSystem',
      })
      assert.equal(answer(reply, 'result'), true, version)
      assert.equal(answer(reply, 'version'), version.includes('82') ? '2.82' : '2.83', version)
    }
    const unknown = await both.validateCode(parameters({ url: LOINC, version: '2.81', code: '90000001-1' }), {
      resourceType: 'CodeSystem',
    })
    assert.equal(answer(unknown, 'result'), false)
    for (const version of ['2.82', 'LOINC_2.82'])
      assert.equal(
        answer(await both.lookup(parameters({ system: LOINC, version, code: '90000001-1' })), 'version'),
        '2.82',
      )
  })
})

it('a release is whole, however few terms it has, and has all of them', () => {
  assert.deepEqual(release.problems, [
    'AccessoryFiles/LinguisticVariants/frFR18LinguisticVariant.csv has 1 records of terms that the release lacks',
  ])
  for (const each of terms) assert.ok(release.provider.locate(each.LOINC_NUM) !== undefined)
})
