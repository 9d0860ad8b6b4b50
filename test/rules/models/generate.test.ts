/** Models made of StructureDefinitions: their classes, the values of their elements, what keeps one from being used. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Json } from '../../../src/base/json-value.ts'
import type { StructureDefinition } from '../../../src/fhir/types.ts'
import { toJson } from '../../../src/rules/cql/run/to-json.ts'
import { logicalClasses } from '../../../src/rules/models/classes.ts'
import { gather, isLogical } from '../../../src/rules/models/gather.ts'
import { generateModel } from '../../../src/rules/models/generate.ts'
import type { LogicalModel } from '../../../src/rules/models/logical-model.ts'
import { modelInfoXml } from '../../../src/rules/models/model-info-xml.ts'
import { ddccModel } from '../../../src/rules/models/shipped-models.ts'
import { type MadeModel, madeModel } from './made.ts'

const cases = <T>(name: string): T => JSON.parse(readFileSync(new URL(`cases/${name}.json`, import.meta.url), 'utf8'))

function generate(root: StructureDefinition, others: StructureDefinition[] = []): LogicalModel | string[] {
  const gathered = gather(root, [root, ...others])
  const made = 'text' in gathered ? { faults: [gathered] } : generateModel('Model', gathered)
  return 'faults' in made ? made.faults.map(({ path, text }) => `${path} ${text}`) : made
}

function model(root: StructureDefinition, others: StructureDefinition[] = []): LogicalModel {
  const made = generate(root, others)
  assert.ok(!Array.isArray(made), JSON.stringify(made))
  return made
}

const single = (type: string, name = 'it') =>
  madeModel({ name: 'Made', elements: [{ path: `Made.${name}`, types: [type] }] })

describe('faults of a model', () => {
  for (const { name, faults, others = [], ...made } of cases<
    (Omit<MadeModel, 'name'> & { name: string; faults: string[]; others?: MadeModel[] })[]
  >('faults'))
    it(name, () => assert.deepEqual(generate(madeModel({ ...made, name: 'Made' }), others.map(madeModel)), faults))

  it('has an end: elements of all that belongs together', () => {
    const elements = Array.from({ length: 5000 }, (_, at) => ({ path: `Made.e${at}`, types: ['string'] }))
    assert.deepEqual(generate(madeModel({ name: 'Made', elements })), [
      'http://example.org/StructureDefinition/Made|1.0.0 has 5001 elements with all that belongs to it, and may have 2000',
    ])
  })

  it('has an end: depth', () => {
    const paths = Array.from({ length: 25 }, (_, at) =>
      ['Made', ...Array.from({ length: at + 1 }, () => 'in')].join('.'),
    )
    const elements = paths.map((path) => ({ path, types: ['BackboneElement'] }))
    assert.match(String(generate(madeModel({ name: 'Made', elements }))), /nests deeper than 20 elements/)
  })
})

describe('values of a model', () => {
  for (const { type, json, cql, is } of cases<{ type: string; json: Json; cql: string; is: Json }[]>('values'))
    it(`${type} ${JSON.stringify(json)}`, () => {
      const made = model(single(type))
      const element = made.classes.find(({ name }) => name === 'Made')?.elements[0]
      assert.equal(element?.forms[0]?.type, cql)
      const instance = logicalClasses(made).find('Made')?.wrap({ it: json }, { timezoneOffset: 0 })
      assert.deepEqual(toJson(instance?.get('it')), is)
    })

  it('are null where they are absent, and where they are of another kind', () => {
    for (const type of ['string', 'integer', 'boolean', 'date', 'Coding', 'Period', 'Quantity', 'Identifier']) {
      const of = logicalClasses(model(single(type))).find('Made')
      for (const json of [{}, { it: null }, { it: [] }])
        assert.equal(of?.wrap(json, { timezoneOffset: 0 }).get('it'), null)
    }
  })

  it('of a choice are of the type that stands in the name', () => {
    const root = madeModel({
      name: 'Made',
      elements: [{ path: 'Made.when[x]', types: ['date', 'Period', 'code', 'string'] }],
    })
    const made = model(root)
    const of = logicalClasses(made).find('Made')
    const read = (json: object) => toJson(of?.wrap({ ...json }, { timezoneOffset: 0 }).get('when'))
    assert.equal(read({ whenDate: '2021' }), '2021')
    assert.equal(read({ whenPeriod: { start: '2021-01-01' } }), '[2021-01-01, null]')
    assert.equal(read({ whenCode: 'a' }), 'a')
    assert.equal(read({ when: 'a' }), null)
  })

  it('of a list are all of it', () => {
    const root = madeModel({ name: 'Made', elements: [{ path: 'Made.codes2', types: ['Coding'], max: '*' }] })
    const of = logicalClasses(model(root)).find('Made')
    const instance = of?.wrap({ codes2: [{ code: 'a' }, null, { code: 'b' }] }, { timezoneOffset: 0 })
    assert.deepEqual(toJson(instance?.get('codes2')), [{ code: 'a' }, null, { code: 'b' }])
  })

  it('of an element that holds its own kind go as deep as the data', () => {
    const root = madeModel({
      name: 'Made',
      elements: [
        { path: 'Made.part', types: ['BackboneElement'] },
        { path: 'Made.part.name2', types: ['string'] },
        { path: 'Made.part.part', types: [], max: '*', contentReference: '#Made.part' },
      ],
    })
    const of = logicalClasses(model(root)).find('Made')
    const json = { part: { part: [{ part: [{ name2: 'deep' }] }] } }
    assert.equal(of?.wrap(json, { timezoneOffset: 0 }).getCode('part.part.part.name2')?.toString(), 'deep')
  })
})

describe('the model DDCC', () => {
  const ddcc = ddccModel()
  const of = (name: string) => ddcc.classes.find((each) => each.name === name)

  it('is made of the StructureDefinitions that are shipped', () => {
    const base = 'http://vidimus.org/fhir/StructureDefinition/DDCCCoreDataSet'
    assert.deepEqual(
      ddcc.made.toSorted(),
      ['Recovery', 'TR', 'VS', ''].map((each) => `${base}${each}|1.0.0`),
    )
    assert.deepEqual([ddcc.name, ddcc.version, ddcc.url], ['DDCC', '1.0.0', base])
  })

  it('has bases, parts with what the base has, and code paths', () => {
    assert.equal(of('DDCCCoreDataSetVS')?.base, 'DDCCCoreDataSet')
    assert.equal(of('DDCCCoreDataSetVS.Certificate')?.base, 'DDCCCoreDataSet.Certificate')
    assert.deepEqual(
      of('DDCCCoreDataSetVS.Certificate')?.elements.map(({ name }) => name),
      ['issued'],
    )
    assert.equal(
      of('DDCCCoreDataSetTR')?.elements.some(({ name }) => name === 'certificate'),
      false,
    )
    assert.deepEqual(
      ['VS', 'TR', 'Recovery'].map((each) => of(`DDCCCoreDataSet${each}`)?.primaryCodePath),
      ['vaccination.vaccine', 'test.type', 'recovery.disease'],
    )
  })

  it('says of its Patient what an ID document says', () => {
    assert.deepEqual(
      of('Patient')?.elements.map(({ name }) => name),
      ['name', 'birthDate', 'sex', 'identifier', 'nationality', 'guardian'],
    )
  })

  it('has another key for other content alone', () => {
    const read = () => generateModel('DDCC', gatherOwn())
    const [one, two] = [read(), read()]
    assert.ok(!('faults' in one) && !('faults' in two))
    assert.equal(one.key, two.key)
    assert.notEqual(one.key, ddcc.key, 'code paths are content')
  })
})

function gatherOwn() {
  const folder = new URL('../../../igs/', import.meta.url)
  const all: StructureDefinition[] = readdirSync(folder)
    .filter((each) => each.startsWith('StructureDefinition-vidimus-'))
    .map((each) => JSON.parse(readFileSync(new URL(each, folder), 'utf8')))
  const root = all.find(({ name }) => name === 'DDCCCoreDataSet')
  assert.ok(root)
  const gathered = gather(root, all)
  assert.ok('family' in gathered)
  return gathered
}

describe('every logical model that is shipped', () => {
  const folder = new URL('../../../igs/', import.meta.url)
  const all: StructureDefinition[] = readdirSync(folder)
    .filter((each) => each.startsWith('StructureDefinition-vidimus-'))
    .map((each) => JSON.parse(readFileSync(new URL(each, folder), 'utf8')))
  for (const root of all.filter(isLogical))
    it(root.name, () => assert.match(modelInfoXml(model(root, all)), /^<\?xml .*<\/modelInfo>$/s))
})

describe('model info', () => {
  it('escapes what XML has a use of its own for', () => {
    const made = model(madeModel({ name: 'Made', id: 'a&b<"c">', elements: [{ path: 'Made.date', types: ['date'] }] }))
    assert.ok(modelInfoXml(made).includes('url="http://example.org/StructureDefinition/a&amp;b&lt;&quot;c&quot;&gt;"'))
  })
})
