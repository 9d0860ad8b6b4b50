import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../../src/base/json-value.ts'
import { createMaps, parseMap } from '../../src/structure-map/maps.ts'
import { memoryEnvironment } from '../support/map-cases.ts'
import { compileMap, header, issuesOf, mapCall, runMap, withRules } from '../support/run-map.ts'

const patient: Json = { resourceType: 'Patient', id: 'a' }
const given = (...names: string[]): Json => ({ resourceType: 'Patient', name: [{ given: names }] })

test('extends passes parameters by name, whatever their order and what is beside them', async () => {
  const map = `${header()}group main(source src : Source, target tgt : Target) {
  src -> tgt.name as t then Special(t, src, src) "r";
}
group Special(target tgt, source src, source more) extends General {
  more.id -> tgt.family;
}
group General(source src, target tgt) {
  src.id as i -> tgt.given = i;
}
`
  assert.deepEqual(await runMap(map, patient), { resourceType: 'Patient', name: [{ given: ['a'], family: 'a' }] })
  const renamed = map.replaceAll(
    'source src, target tgt) {\n  src.id as i -> tgt',
    'source s, target t) {\n  s.id as i -> t',
  )
  assert.notEqual(renamed, map)
  assert.deepEqual(await runMap(renamed, patient), { resourceType: 'Patient', name: [{ given: ['a'], family: 'a' }] })
})

test('constants may refer to later ones, but not to themselves', async () => {
  const map = (constants: string) => `${header()}${constants}group main(source src : Source, target tgt : Target) {
  src -> tgt.language = both "r";
}
`
  const lets = "let both = first & '-' & %second;\nlet first = 'a';\nlet second = 'b';\n"
  assert.deepEqual(await runMap(map(lets), patient), { resourceType: 'Patient', language: 'a-b' })
  const circle = map('let both = %other;\nlet other = %both;\n')
  assert.match(
    (await issuesOf(() => runMap(circle, patient)))[0]?.details?.text ?? '',
    /rule 'r': the constant 'both' refers to itself/,
  )
})

test('maps may import each other, also when the first one is not stored', async () => {
  const main = `${header()}imports "http://example.org/StructureMap/other"
group main(source src : Source, target tgt : Target) {
  src -> tgt.name as t then Other(src, t) "r";
}
group Back(source src, target tgt) {
  src.id as i -> tgt.given = i;
}
`
  const other = `map "http://example.org/StructureMap/other" = other
imports "http://example.org/StructureMap/test"
group Other(source src, target tgt) {
  src then Back(src, tgt) "o";
}
`
  const maps = createMaps(memoryEnvironment([parseMap(other).map]))
  assert.deepEqual((await maps.compile(parseMap(main).map)).run(patient, mapCall()), given('a'))
})

test('a concept map that the map does not contain is a warning', async () => {
  const map = withRules("  src.gender as g -> tgt.gender = translate(g, '#none', 'code');")
  const { warnings } = await compileMap(map)
  assert.match(warnings[0]?.details?.text ?? '', /has no concept map #none, translate\(\) with it is empty/)
})

test('translate finds a concept map by #id, by bare id of a contained one, and by a constant', async () => {
  const concepts = 'conceptmap "#sex" {\n  prefix s = "http://s"\n  prefix t = "http://t"\n  s:male == t:M\n}\n'
  for (const name of ["'#sex'", "'sex'", 'which']) {
    const map = `/// url = 'http://x/m'
/// name = 'M'
${concepts}uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Source as source
let which = '#sex';
group main(source src : Source, target tgt) {
  src.gender as g -> tgt.sex = translate(g, ${name}, 'code');
}
`
    const compiled = await compileMap(map)
    assert.deepEqual(compiled.run({ resourceType: 'Patient', gender: 'male' }, mapCall()), { sex: 'M' }, name)
    assert.deepEqual(compiled.warnings, [], name)
  }
})

test('a default group makes the resource that it maps to', async () => {
  const map = `${header('Bundle', 'Bundle')}group main(source src : Source, target tgt : Target) {
  src.entry as e -> tgt.entry as t then {
    e.resource -> t.resource;
  };
}
group Holder(source p : Patient, target q : Person) <<type+>> {
  p.id -> q.id;
}
`
  const entry = (...resources: Json[]): Json => ({
    resourceType: 'Bundle',
    entry: resources.map((resource) => ({ resource })),
  })
  const other: Json = { resourceType: 'Basic', id: 'b' }
  assert.deepEqual(
    await runMap(map, entry({ resourceType: 'Patient', id: 'a', gender: 'male' }, other)),
    entry({ resourceType: 'Person', id: 'a' }, other),
  )
})
