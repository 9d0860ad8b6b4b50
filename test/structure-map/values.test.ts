import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stringifyJson } from '../../src/base/json.ts'
import type { Json } from '../../src/base/json-value.ts'
import { parseJson } from '../../src/fhir/json.ts'
import { parseMap, printMap, readR5 } from '../../src/structure-map/maps.ts'
import { header, issuesOf, runMap, withRules } from '../support/run-map.ts'

const patient = (members: Record<string, Json> = {}): Json => ({ resourceType: 'Patient', ...members })
const absent: Json = { extension: [{ url: 'http://x/why', valueCode: 'unknown' }] }

test('a primitive that has extensions alone is copied by every form of rule', async () => {
  const source = patient({ _birthDate: absent })
  const rules = [
    '  src.birthDate -> tgt.birthDate;',
    '  src.birthDate as b -> tgt.birthDate = b;',
    '  src -> tgt.birthDate = src.birthDate "r";',
    '  src.birthDate as b where (b.extension.exists() and b.hasValue().not()) then { b -> tgt.birthDate = b "x"; } "r";',
  ]
  for (const rule of rules) assert.deepEqual(await runMap(withRules(rule), source), source, rule)
  const choice = withRules('  src.birthDate as b -> tgt.deceased = b;')
  assert.deepEqual(await runMap(choice, source), patient({ _deceasedDateTime: absent }))
  const untyped = 'map "http://x/m" = m\ngroup main(source src, target tgt) {\n  src.a as a -> tgt.b = a;\n}\n'
  assert.deepEqual(await runMap(untyped, { _a: absent }), { _b: absent })
})

test('lists of values and of their extensions stay in step', async () => {
  const source = patient({ name: [{ given: ['A', null, 'B'], _given: [null, absent, null] }] })
  const each = withRules('  src.name as n -> tgt.name as t then {\n    n.given as g -> t.given = g;\n  };')
  assert.deepEqual(await runMap(each, source), source)
  const first = withRules(`  src.name as n -> tgt.name as t then {
    n.given as g -> t.given = g;
    src -> t.given = 'Z' first "z";
    src -> t.given = 'Y' "y";
  };`)
  assert.deepEqual(
    await runMap(first, source),
    patient({ name: [{ given: ['Z', 'A', null, 'B', 'Y'], _given: [null, null, absent, null, null] }] }),
  )
})

test('the precision of decimals is kept: literals, defaults, quantities, copies, text', async () => {
  const map = withRules(
    `  src -> tgt.value = qty(1.50, 'mg') "a";
  src -> tgt.component as c, c.value = qty('2.50 mg') "b";
  src.x default (3.50) as d -> tgt.component as c, c.value as q, q.value = d "c";
  src -> tgt.note as n, n.text = append('x', -4.50) "d";`,
    ['Patient', 'Observation'],
  )
  const expected =
    '{"resourceType":"Observation","valueQuantity":{"value":1.50,"unit":"mg"},' +
    '"component":[{"valueQuantity":{"value":2.50,"unit":"mg"}},{"valueQuantity":{"value":3.50}}],' +
    '"note":[{"text":"x-4.50"}]}'
  assert.equal(stringifyJson(await runMap(map, patient())), expected)
  const printed = printMap(parseMap(map).map)
  assert.match(printed, /qty\(1\.50, 'mg'\)[\s\S]*default \(3\.50\)[\s\S]*append\('x', -4\.50\)/)
  assert.equal(printMap(parseMap(printed).map), printed)
  const untyped = 'map "http://x/m" = m\ngroup main(source src, target tgt) {\n  src.a as a -> tgt.b = a;\n}\n'
  assert.equal(stringifyJson(await runMap(untyped, parseJson('{"a":1.10}'))), '{"b":1.10}')
  const r5 = parseJson(
    '{"resourceType":"StructureMap","url":"http://x","name":"x","status":"draft","group":[{"name":"g","input":[],"rule":[{"name":"r","source":[{"context":"a"}],"target":[{"context":"b","element":"c","transform":"copy","parameter":[{"valueDecimal":1.10}]}]}]}]}',
  ) as unknown as Parameters<typeof readR5>[0] // a map in R5 spelling
  assert.match(printMap(readR5(r5)), /b\.c = 1\.10/)
})

test('a number goes into the choice as integer, else as positiveInt; with a point as decimal', async () => {
  const extension = (literal: string) =>
    runMap(withRules(`  src -> tgt.extension as e, e.url = 'u', e.value = ${literal} "r";`), patient())
  for (const [literal, member, value] of [
    ['5', 'valueInteger', 5],
    ['0', 'valueInteger', 0],
    ['5.0', 'valueDecimal', 5],
    ["cast('5', 'positiveInt')", 'valuePositiveInt', 5],
  ] as const)
    assert.deepEqual(await extension(literal), patient({ extension: [{ url: 'u', [member]: value }] }), literal)
  const dose = withRules('  src -> tgt.protocolApplied as p, p.doseNumber = 2 "r";', ['Patient', 'Immunization'])
  assert.deepEqual(await runMap(dose, patient()), {
    resourceType: 'Immunization',
    protocolApplied: [{ doseNumberPositiveInt: 2 }],
  })
})

test('a path that leads to several values sets them all, and is an error where one is allowed', async () => {
  const source = patient({ name: [{ given: ['A', 'B'] }, { given: ['C'] }] })
  const names = withRules('  src -> tgt.name = src.name "r";')
  assert.deepEqual(await runMap(names, source), source)
  const given = withRules('  src -> tgt.name as t, t.given = src.name.given "r";')
  assert.deepEqual(await runMap(given, source), patient({ name: [{ given: ['A', 'B', 'C'] }] }))
  const one = withRules('  src -> tgt.gender = src.name.given "r";')
  const issues = await issuesOf(() => runMap(one, source))
  assert.match(issues[0]?.details?.text ?? '', /rule 'r': 'gender' takes one value, the expression has 3/)
})

test('text that grows without end is stopped, not a crash', async () => {
  const twice = `${header()}group main(source src : Source, target tgt : Target) {
  src -> tgt.name as n, n.text = 'sixteen letters.' then Grow(n, n) "r";
}
group Grow(source from, target to) {
  from.text as t -> to.text = TWICE then Grow(to, to) "x";
}
`
  const copies = withRules('  src.name as a, src.name as b -> tgt.contained = src "r";')
  const long = patient({ name: Array.from({ length: 300 }, () => ({ text: 'x'.repeat(200_000) })) })
  for (const [map, source] of [
    [twice.replace('TWICE', 'append(t, t)'), patient()],
    [twice.replace('TWICE', '(t & t)'), patient()],
    [twice.replace('TWICE', `append(${Array(100).fill('t').join(', ')})`), patient()],
    [copies, long],
  ] as const) {
    const issues = await issuesOf(() => runMap(map, source))
    assert.equal(issues[0]?.code, 'too-costly')
    assert.match(issues[0]?.diagnostics ?? '', /^line \d+, column \d+: StructureMap .*rule '[rx]': /)
  }
})
