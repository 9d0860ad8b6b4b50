/**
 * Closures against the engine they stand in for: an expression that runs natively gives what the FHIRPath engine gives, values and
 * types alike, or declines. Whoever adds a function to the closures has it compared here.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../../../src/base/json-value.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import { parseJson } from '../../../src/fhir/json.ts'
import type { StructureMap } from '../../../src/fhir/types.ts'
import { allExpressions } from '../../../src/structure-map/compile/load-terminology.ts'
import { compileExpression, readExpression } from '../../../src/structure-map/fhirpath/compile-expression.ts'
import { NeedsEngine } from '../../../src/structure-map/fhirpath/expression-types.ts'
import { createHost } from '../../../src/structure-map/fhirpath/host.ts'
import { compileNative } from '../../../src/structure-map/fhirpath/native.ts'
import { parseMap } from '../../../src/structure-map/maps.ts'
import { children, deepCopy, dropEmpty, inferType, type Node } from '../../../src/structure-map/model/nodes.ts'
import { createTypeTable } from '../../../src/structure-map/model/type-table.ts'
import { anyExpression, anyInstance } from '../../support/fhirpath-arbitrary.ts'
import { corpusText, mapCases, runMapCase } from '../../support/map-cases.ts'
import { frameOver } from '../../support/map-frame.ts'
import { isShared } from '../../support/shared.ts'

const host = createHost(createTypeTable(new Map()), new Map([['male', (code: string) => code === 'male']]))
const context = { host, functions: host.functions, remarks: { problem: () => {}, doubt: () => {} }, engineOnly: true }
const scope = {
  sources: new Map([['src', 0]]),
  targets: new Map(),
  constants: new Map(),
  counter: { slots: 1, types: [] },
}

const tidy = (value: Json) => dropEmpty(deepCopy(value))

/** Values, with their types, the text of decimals, and what stands beside primitives; empty parts are absent. Or that it fails. */
function answerOf(run: () => Node[]): unknown[] | 'fails' {
  try {
    return run().map(({ value = null, type, exact, extra = null }) => [tidy(value), type.name, exact, tidy(extra)])
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    return 'fails'
  }
}

/** Whether the closures gave an answer; fails when the engine has another one. */
function agree(text: string, root: Json, focus: Node[]): boolean {
  const node: Node = { value: root, type: inferType(root) }
  const native = compileNative(readExpression(text).expression, scope, host)
  if (!native) return false
  try {
    const given = answerOf(() => native(frameOver(node), focus))
    const expected = answerOf(() => compileExpression(text, scope, context)(frameOver(node), focus))
    assert.deepEqual(given, expected, `${text} on ${JSON.stringify(root)}`)
    return true
  } catch (error) {
    if (error instanceof NeedsEngine) return false
    throw error
  }
}

/** What expressions of rules have as focus: the instance, lists of its elements, single items, nothing. */
function foci(root: Json): Node[][] {
  const node: Node = { value: root, type: inferType(root) }
  const lists = ['name', 'gender', 'birthDate', 'extension', 'contact', 'code', 'value', 'component', 'effective']
    .map((name) => children(node, name))
    .filter((each) => each.length > 0)
  return [[node], [], ...lists, ...lists.map((each) => each.slice(0, 1))]
}

const numRuns = Number(process.env.VIDIMUS_FUZZ_RUNS ?? 1500)
/** The same expressions every time, unless the fuzz tests are to take their time. */
const seed = process.env.VIDIMUS_FUZZ_RUNS ? {} : { seed: 20261129 }

test('generated expressions over generated instances', () => {
  let ran = 0
  fc.assert(
    fc.property(anyExpression, anyInstance, (text, instance) => {
      for (const focus of foci(instance)) if (agree(text, instance, focus)) ran++
    }),
    { numRuns, ...seed },
  )
  assert.ok(ran > numRuns, `${ran} comparisons`)
})

test('calendar arithmetic: every precision, zone and unit', () => {
  const dates =
    `@2020-02-29T03:04:05.5Z @2020-01-31T03:04:05.120+02:00 @2020-01-31T03:04:05 @2020-01-31T03:04Z @2020-12 @2020 @2020-02-29
    @T10:00 effective issued birthDate %src.birthDate`.split(/\s+/)
  const amounts = [
    ...[
      '1.5 seconds',
      '1.5 hours',
      '25 hours',
      '100 milliseconds',
      '1 month',
      '13 months',
      '2 weeks',
      '0.5 days',
      '1.9 years',
    ],
    ...[
      '0 days',
      '40000 minutes',
      '90 days',
      '0.0004 seconds',
      '999 milliseconds',
      "3 'd'",
      "1 'a'",
      "1 'mo'",
      "5 'mg'",
      '2',
    ],
    ...["'1.5 seconds'.toQuantity()", '{}'],
  ]
  const instances: Json[] = [
    { resourceType: 'Patient', birthDate: '1970-01-31' },
    { resourceType: 'Observation', effectiveDateTime: '2020-01-02T10:00:00+02:00', issued: '2020-01-02T10:00:00.000Z' },
    { birthDate: '1970-01-31', effective: '2020-02-29T10:00:00Z', issued: 'x' },
  ]
  let ran = 0
  for (const instance of instances)
    for (const date of dates)
      for (const amount of amounts)
        for (const operator of ['+', '-', '=', '<'])
          if (agree(`${date} ${operator} ${amount}`, instance, foci(instance)[0] ?? [])) ran++
  assert.ok(ran > 500, `${ran} comparisons`)
})

/** Objects of an instance, at any depth, and its texts. */
function* partsOf(value: Json): Generator<Json> {
  if (value === null) return
  yield value
  if (typeof value === 'object') for (const each of Object.values(value)) yield* partsOf(each)
}

function compareAll(maps: StructureMap[], instances: Json[]): number {
  const texts = new Set(allExpressions(maps))
  let ran = 0
  for (const text of texts) {
    if (text === '' || !isExpression(text)) continue
    for (const instance of instances)
      for (const part of partsOf(instance))
        if (!Array.isArray(part) && agree(text, instance, [{ value: part, type: inferType(part) }])) ran++
  }
  return ran
}

/** Parameters of rules are texts of any kind. */
function isExpression(text: string): boolean {
  try {
    readExpression(text)
    return true
  } catch {
    return false
  }
}

const ownFolder = join(import.meta.dirname, '../../../igs/maps')
const ownMaps = readdirSync(ownFolder)
  .filter((name) => name.endsWith('.fml'))
  .map((name) => parseMap(readFileSync(join(ownFolder, name), 'utf8')).map)
const samples: Json[] = [
  { sex: 'female', name: 'A B', code: '', identifier: ['1', { value: '2' }], v: [{ vp: '', mp: 'EU/1', dn: 2 }] },
  {
    birthDate: '1963-XX-XX',
    dob: '1963',
    sc: '2021-01-01T00:00Z',
    tr: '260373001',
    co: 'XK',
    vaccination: { dose: 1 },
  },
]

test('every expression of the own maps', () => {
  assert.ok(compareAll(ownMaps, samples) > 200)
})

if (isShared) {
  test('every expression of the public corpora', () => {
    const paths = [...new Set(mapCases().flatMap((each) => [...each.maps, ...(each.supporting ?? [])]))]
    const maps = paths.flatMap(readMap)
    assert.ok(compareAll(maps, samples) > 1000)
  })
  for (const each of mapCases()) {
    if (!each.kind.startsWith('transform') || each.optional || each.requires.includes('xml-output')) continue
    const given = { ...each, supporting: (each.supporting ?? []).filter((name) => name.endsWith('.json')) }
    test(`without closures: ${each.corpus}: ${each.id}`, async () => {
      assert.deepEqual(await runMapCase(given, { engineOnly: true }), [])
    })
  }
}

function readMap(path: string): StructureMap[] {
  const text = corpusText(path)
  if (/^\s*</.test(text)) return []
  if (!/^\s*\{/.test(text)) {
    try {
      return [parseMap(text).map]
    } catch {
      return [] // maps that must be refused are among them
    }
  }
  const resource: unknown = parseJson(text)
  return isMap(resource) ? [resource] : []
}

const isMap = (value: unknown): value is StructureMap =>
  typeof value === 'object' && value !== null && 'resourceType' in value && value.resourceType === 'StructureMap'
