import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import type { Json, JsonObject } from '../../../../src/base/json-value.ts'
import type { Bundle } from '../../../../src/fhir/types.ts'
import { splitByPatient } from '../../../../src/rules/cql/run/data-provider.ts'
import { createFhirClasses, FhirInstance } from '../../../../src/rules/cql/run/fhir-instance.ts'
import { fhirModelInfo, lineage, type ModelElement } from '../../../../src/rules/cql/translate/model-info.ts'
import { readInstances } from '../../../../src/rules/models/instances.ts'
import { overShared } from '../../../support/shared.ts'
import { readBundle } from '../../environment.ts'

/** The stock provider, our oracle. */
interface StockObject {
  get(name: string): unknown
  getTypeInfo(): { name: string }
  _typeHierarchy(): { name: string }[]
  _json: JsonObject
}
const stock: { FHIRWrapper: { FHIRv401(): { wrap(json: unknown): StockObject } } } = createRequire(import.meta.url)(
  'cql-exec-fhir',
)
const wrapper = stock.FHIRWrapper.FHIRv401()
const model = fhirModelInfo()
const classes = createFhirClasses(model)
// The stock provider takes the host's offset where FHIR has none.
const scope = { timezoneOffset: new Date().getTimezoneOffset() / -60 }

const isStock = (value: unknown): value is StockObject =>
  typeof value === 'object' && value !== null && 'getTypeInfo' in value

let compared = 0

/** Walks both views of one value; every element that the model knows is compared. */
function same(mine: unknown, theirs: unknown, path: string): void {
  compared++
  if (theirs === null || theirs === undefined) {
    assert.ok(mine === null || mine === undefined, path)
  } else if (Array.isArray(theirs)) {
    assert.ok(Array.isArray(mine) && mine.length === theirs.length, path)
    for (const [i, each] of theirs.entries()) same((mine as unknown[])[i], each, `${path}[${i}]`)
  } else if (isStock(theirs)) sameInstance(mine, theirs, path)
  else assert.equal(String(mine), String(theirs), path)
}

function sameInstance(mine: unknown, theirs: StockObject, path: string): void {
  assert.ok(mine instanceof FhirInstance, path)
  // Ours gives a resource inside a resource the class of its own type; the stock one calls it Resource.
  if (theirs.getTypeInfo().name === 'Resource') {
    assert.deepEqual(mine._json, theirs._json, path)
    return
  }
  assert.deepEqual(
    mine._typeHierarchy().map((each) => each.name),
    theirs._typeHierarchy().map((each) => each.name),
    path,
  )
  for (const name of mine.fhirClass.elementNames) same(mine.get(name), theirs.get(name), `${path}.${name}`)
}

function compare(json: JsonObject): void {
  const type = String(json.resourceType)
  same(classes.find(type)?.wrap(json, scope), wrapper.wrap(json), type)
}

const primitives: Record<string, Json> = {
  'System.Boolean': true,
  'System.Integer': 7,
  'System.Decimal': 1.25,
  'System.Date': '2021-05-27',
  'System.DateTime': '2021-05-27T10:20:30.123+02:00',
  'System.Time': '10:20:30',
  'System.String': 'text',
}

/** JSON with every element of a class, to a depth; choices take turns by `turn`. */
function sample(type: string, turn: number, depth: number): JsonObject {
  const json: JsonObject = {}
  for (const { elements } of lineage(model, type)) for (const each of elements) addSample(json, each, turn, depth)
  return json
}

function addSample(json: JsonObject, element: ModelElement, turn: number, depth: number): void {
  const type = element.types[turn % element.types.length] ?? ''
  const local = type.slice(type.indexOf('.') + 1)
  const suffix = local.replace('SimpleQuantity', 'Quantity')
  const name = element.choice ? `${element.name}${suffix.charAt(0).toUpperCase()}${suffix.slice(1)}` : element.name
  if (type.startsWith('System.')) {
    json[name] = primitives[type] ?? 'text'
    return
  }
  if (local === 'Resource') {
    json[name] = element.list ? [{ resourceType: 'Basic', id: 'x' }] : { resourceType: 'Basic', id: 'x' }
    return
  }
  const own = model.classes.get(local)?.elements[0]
  const primitive =
    own?.name === 'value' && own.types[0]?.startsWith('System.') && model.classes.get(local)?.elements.length === 1
  if (primitive) {
    const value = primitives[own.types[0] ?? ''] ?? 'text'
    json[name] = element.list ? [value, null, value] : value
    const extra = { id: 'e', extension: [{ url: 'http://example.org/e', valueString: 'why' }] }
    if (turn % 2 === 1) json[`_${name}`] = element.list ? [null, extra] : extra
    return
  }
  if (depth === 0) return
  const value = sample(local, turn, depth - 1)
  json[name] = element.list ? [value, value] : value
}

describe('data provider against the stock one', () => {
  it('reads every element of generated resources of every type alike', () => {
    compared = 0
    for (const { name, retrievable } of model.classes.values()) {
      if (!retrievable) continue
      for (const turn of [0, 1, 2, 3, 7]) compare({ resourceType: name, ...sample(name, turn, 1) })
    }
    assert.ok(compared > 100_000, `${compared} values compared`)
  })

  overShared.it('reads the bundles of the corpora alike', () => {
    for (const name of [
      'WHOQR1',
      'EUQR1',
      'SHCQR1',
      'DVCTestQR',
      'DVCTest3QR',
      'DIVOCQR1',
      'DIVOCJamaica',
      'ICAOAUQR1',
    ]) {
      for (const { resource } of readBundle(`${name}FHIRBundle.json`).entry ?? [])
        compare(resource as unknown as JsonObject)
    }
  })
})

const bundle = (...resources: JsonObject[]) =>
  ({
    resourceType: 'Bundle',
    type: 'collection',
    entry: resources.map((resource) => ({ resource })),
  }) as unknown as Bundle
const count = (data: Bundle, type: string) =>
  splitByPatient(data, { classes, scope, instances: readInstances([], {}, scope) }).patients.map((records) => [
    records.key,
    records.findRecords(`{http://hl7.org/fhir}${type}`, { datatype: `{http://hl7.org/fhir}${type}` }).length,
  ])
const immunization = (reference?: string): JsonObject => ({
  resourceType: 'Immunization',
  ...(reference ? { patient: { reference } } : {}),
})

describe('patients of a bundle', () => {
  it('gives each patient what refers to him', () => {
    const data = bundle(
      { resourceType: 'Patient', id: 'a' },
      { resourceType: 'Patient', id: 'b' },
      immunization('Patient/a'),
      immunization('http://example.org/fhir/Patient/b'),
      immunization('Patient/b/_history/2'),
      immunization(),
      { resourceType: 'Organization', id: 'o' },
    )
    assert.deepEqual(count(data, 'Immunization'), [
      ['a', 1],
      ['b', 2],
    ])
    assert.deepEqual(count(data, 'Organization'), [
      ['a', 1],
      ['b', 1],
    ])
    assert.deepEqual(count(data, 'Patient'), [
      ['a', 1],
      ['b', 1],
    ])
  })

  it('gives the only patient what names none, and not what names another', () => {
    const data = bundle({ resourceType: 'Patient', id: 'a' }, immunization(), immunization('Patient/other'))
    assert.deepEqual(count(data, 'Immunization'), [['a', 1]])
  })

  it('knows patients without id by fullUrl or position', () => {
    const anonymous = bundle({ resourceType: 'Patient' }, immunization('Patient/x'))
    assert.deepEqual(count(anonymous, 'Immunization'), [['#0', 1]])
    const url = 'urn:uuid:5d3b1c9e-0000-4000-8000-000000000001'
    const named = bundle({ resourceType: 'Patient' }, immunization(url), immunization('urn:uuid:other'))
    if (named.entry?.[0]) named.entry[0].fullUrl = url
    assert.deepEqual(count(named, 'Immunization'), [[url, 1]])
    assert.deepEqual(
      splitByPatient(undefined, { classes, scope, instances: readInstances([], {}, scope) }).patients,
      [],
    )
  })
})
