import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stringifyJson } from '../../src/base/json.ts'
import type { Json } from '../../src/base/json-value.ts'
import { parseJson } from '../../src/fhir/json.ts'
import type { Issue, StructureDefinition } from '../../src/fhir/types.ts'
import type { TraceEvent } from '../../src/structure-map/maps.ts'
import { compileMap, header, issuesOf, mapCall, runMap, withRules } from '../support/run-map.ts'

const patient = (members: Record<string, Json>): Json => ({ resourceType: 'Patient', ...members })
const names = (...families: string[]): Json => patient({ name: families.map((family) => ({ family })) })
const textOf = (issues: Issue[]) => issues[0]?.details?.text ?? ''

test('source list modes', async () => {
  const cases: [string, string[]][] = [
    ['first', ['A']],
    ['not_first', ['B', 'C']],
    ['last', ['C']],
    ['not_last', ['A', 'B']],
  ]
  for (const [mode, families] of cases) {
    const map = withRules(`  src.name ${mode} as n -> tgt.name as t, t.family = n.family "r";`)
    assert.deepEqual(await runMap(map, names('A', 'B', 'C')), names(...families), mode)
  }
  const only = withRules('  src.name only_one as n -> tgt.name = n "r";')
  assert.deepEqual(await runMap(only, names('A')), names('A'))
  assert.match(
    textOf(await issuesOf(() => runMap(only, names('A', 'B')))),
    /rule 'r': only_one: the source has 2 items/,
  )
})

test('target list modes: first and last place a value, share and collate use one item, single sets once', async () => {
  const given = (rules: string) => runMap(withRules(rules), names('A', 'B'))
  const list = `  src -> tgt.name as t share one then {
    src.name as n -> t.given = 'middle' "a";
    src.name as n -> t.given = n.family first "b";
    src.name as n -> t.given = 'end' last "c";
    src -> t.given = 'late' "d";
  } "r";`
  assert.deepEqual(
    await given(list),
    patient({ name: [{ given: ['A', 'B', 'middle', 'middle', 'late', 'end', 'end'] }] }),
  )
  const share =
    '  src.name as n -> tgt.name as t share one, t.given = n.family "r";\n  src -> tgt.name as t share one, t.text = \'x\' "s";'
  assert.deepEqual(await given(share), patient({ name: [{ given: ['A', 'B'], text: 'x' }] }))
  const collate = '  src.name as n -> tgt.name as t collate, t.given = n.family "r";'
  assert.deepEqual(await given(collate), patient({ name: [{ given: ['A', 'B'] }] }))
  const single = '  src.name as n -> tgt.name as t single, t.given = n.family "r";'
  assert.deepEqual(await given(single), patient({ name: [{ given: ['A', 'B'] }] }))
  const value = '  src.name as n -> tgt.id = n.family single "r";'
  assert.deepEqual(await given(value), patient({ id: 'A' }))
})

test('several sources fire once per combination, and a later one may start at an earlier', async () => {
  const source = patient({ name: [{ family: 'A' }, { family: 'B' }], telecom: [{ value: '1' }, { value: '2' }] })
  const product = withRules(
    '  src.name as n, src.telecom as t -> tgt.identifier as i, i.system = n.family, i.value = t.value "r";',
  )
  const pairs = [
    ['A', '1'],
    ['A', '2'],
    ['B', '1'],
    ['B', '2'],
  ]
  assert.deepEqual(
    await runMap(product, source),
    patient({ identifier: pairs.map(([system = '', value = '']) => ({ system, value })) }),
  )
  const chain = withRules('  src.name as n, n.family as f -> tgt.identifier as i, i.value = f "r";')
  assert.deepEqual(await runMap(chain, source), patient({ identifier: [{ value: 'A' }, { value: 'B' }] }))
  assert.deepEqual(await runMap(product, names('A')), { resourceType: 'Patient' })
})

test('source cardinality is checked, also when there is nothing', async () => {
  const map = withRules('  src.name 1..1 as n -> tgt.name = n "r";')
  assert.deepEqual(await runMap(map, names('A')), names('A'))
  for (const source of [names(), names('A', 'B')]) {
    const issues = await issuesOf(() => runMap(map, source))
    assert.equal(issues[0]?.code, 'processing')
    assert.match(textOf(issues), /src\.name has \d items, the map wants 1\.\.1/)
  }
})

test('default stands in for a missing source', async () => {
  const map = withRules(`  src.gender default ('unknown') as g -> tgt.gender = g "r";
  src.active default (true) as a -> tgt.active = a "s";
  src.birthDate default (src.id & '-01') as d -> tgt.birthDate = d "t";
  src.name default "Nobody" as n -> tgt.name as t, t.text = n "u";`)
  assert.deepEqual(await runMap(map, patient({ id: '2020' })), {
    resourceType: 'Patient',
    gender: 'unknown',
    active: true,
    birthDate: '2020-01',
    name: [{ text: 'Nobody' }],
  })
  const given = await runMap(map, patient({ gender: 'male', active: false, birthDate: '1999' }))
  assert.deepEqual(given, patient({ gender: 'male', active: false, birthDate: '1999', name: [{ text: 'Nobody' }] }))
})

test('constants are read in transforms, conditions and other constants', async () => {
  const map = `${header()}let system = 'http://x';
let longer = system & '/y';
let most = 3;
group main(source src : Source, target tgt : Target) {
  src.id as v where (v.length() > most) -> tgt.identifier as i, i.system = longer, i.value = truncate(v, most) "r";
}`
  assert.deepEqual(
    await runMap(map, patient({ id: 'abcdef' })),
    patient({ identifier: [{ system: 'http://x/y', value: 'abc' }] }),
  )
  assert.deepEqual(await runMap(map, patient({ id: 'ab' })), patient({}))
})

const helper = (name: string, system: string) => `map "http://example.org/StructureMap/${name}" = ${name}
group Copy(source src, target tgt) extends Base {
  src.family as f -> tgt.family = append(f, '${system}') "r";
}
group Base(source src, target tgt) {
  src.use as u -> tgt.use = u "base";
}`

test('groups of imported maps run, the own one wins, then the order of imports; extends works across maps', async () => {
  const main = (imports: string, own = '') => `${header()}${imports}
group main(source src : Source, target tgt : Target) {
  src.name as n -> tgt.name as t then Copy(n, t) "r";
}
${own}`
  const source = patient({ name: [{ family: 'A', use: 'usual' }] })
  const maps = [helper('HelperOne', '-1'), helper('HelperTwo', '-2')]
  const run = (imports: string, own?: string) => runMap(main(imports, own), source, { maps })
  const result = (family: string, use: string | undefined = 'usual') => patient({ name: [{ use, family }] })
  assert.deepEqual(await run('imports "http://example.org/StructureMap/HelperTwo"'), result('A-2'))
  assert.deepEqual(await run('imports "http://example.org/StructureMap/Helper*"'), result('A-1'))
  assert.deepEqual(
    await run('imports "http://example.org/StructureMap/HelperTwo"\nimports "http://example.org/StructureMap/*One"'),
    result('A-2'),
  )
  const own = `group Copy(source src, target tgt) extends Base {
  src.family as f -> tgt.family = append(f, '-own') "r";
}`
  assert.deepEqual(await run('imports "http://example.org/StructureMap/Helper*"', own), result('A-own'))
  assert.match(
    textOf(await issuesOf(() => run('imports "http://example.org/StructureMap/Other"'))),
    /imports .*Other, which does not exist/,
  )
  const none = await compileMap(main('imports "http://example.org/StructureMap/Other*"'))
  assert.match(textOf(none.warnings), /No StructureMap matches the import/)
  assert.match(textOf(await issuesOf(() => none.run(source, mapCall()))), /there is no group 'Copy'/)
})

test('the short form goes through the group for its types, else it copies', async () => {
  const map = (mode: string) => `${header()}group main(source src : Source, target tgt : Target) {
  src.name -> tgt.name;
  src.birthDate -> tgt.birthDate;
}
group Name(source src : HumanName, target tgt : HumanName) ${mode} {
  src.family as f -> tgt.text = f "r";
}`
  const source = patient({ name: [{ family: 'A' }], birthDate: '2020' })
  assert.deepEqual(await runMap(map('<<types>>'), source), patient({ name: [{ text: 'A' }], birthDate: '2020' }))
  assert.deepEqual(await runMap(map('<<type+>>'), source), patient({ name: [{ text: 'A' }], birthDate: '2020' }))
  assert.deepEqual(await runMap(map(''), source), source)
  const wrong = withRules('  src.name -> tgt.maritalStatus "r";')
  assert.match(textOf(await issuesOf(() => runMap(wrong, source))), /no group maps HumanName to CodeableConcept/)
})

test('type filter, where, check and log', async () => {
  const source: Json = {
    resourceType: 'Bundle',
    entry: [{ resource: patient({ id: 'p' }) }, { resource: { resourceType: 'Group', id: 'g' } }],
  }
  const filter = withRules('  src.entry as e then {\n    e.resource : Patient as p -> tgt.id = p.id "r";\n  } "e";', [
    'Bundle',
    'Patient',
  ])
  assert.deepEqual(await runMap(filter, source), patient({ id: 'p' }))
  const value = withRules('  src.multipleBirth : integer as m -> tgt.id = m "r";')
  assert.deepEqual(await runMap(value, patient({ multipleBirthInteger: 3 })), patient({ id: '3' }))
  assert.deepEqual(await runMap(value, patient({ multipleBirthBoolean: true })), patient({}))
  const trace: TraceEvent[] = []
  const logged = withRules("  src.id as v where (v != 'x') log ('id ' & v) -> tgt.id = v \"r\";")
  assert.deepEqual(await runMap(logged, patient({ id: 'y' }), { trace }), patient({ id: 'y' }))
  assert.deepEqual(
    trace.map((each) => each.kind),
    ['log', 'rule', 'element'],
  )
  assert.deepEqual(trace[0], { kind: 'log', rule: 'r', text: 'id y' })
  assert.deepEqual(trace[2], { kind: 'element', rule: 'r', element: 'tgt.id' })
  const checked = withRules('  src.id as v check (v.length() <= 3) -> tgt.id = v "r";')
  const issues = await issuesOf(() => runMap(checked, patient({ id: 'secret' })))
  assert.equal(issues[0]?.code, 'processing')
  assert.doesNotMatch(JSON.stringify(issues), /secret/)
})

test('errors name map, group, rule, line and column, also after the map was stored as JSON', async () => {
  const map = withRules(
    '  src.name as n -> tgt.name as t then {\n    n.family as f -> t.nonsense = f "inner";\n  } "outer";',
  )
  const [issue] = await issuesOf(() => runMap(map, names('A')))
  assert.equal(issue?.code, 'processing')
  assert.match(
    issue?.diagnostics ?? '',
    /^line 6, column 5: StructureMap http:\/\/example.org\/StructureMap\/test, group 'main', rule 'inner': HumanName has no element 'nonsense'$/,
  )
  assert.match(
    textOf(
      await issuesOf(() => compileMap(withRules('  src -> x.id = \'a\' "r";')).then((m) => m.run(names(), mapCall()))),
    ),
    /target 'x' is not bound/,
  )
  assert.match(
    textOf(await issuesOf(() => runMap(withRules('  src.name as n -> n.family = \'a\' "r";'), names('A')))),
    /'n' is a source/,
  )
  assert.match(
    textOf(await issuesOf(() => runMap(withRules('  src then nobody(src) "r";'), names()))),
    /there is no group 'nobody'/,
  )
  const arity = `${withRules('  src then other(src) "r";')}group other(source a, target b) {\n}`
  assert.match(textOf(await issuesOf(() => runMap(arity, names()))), /takes 2 arguments, not 1/)
})

test('limits: depth of groups, steps, time', async () => {
  const endless = `${header()}group main(source src : Source, target tgt : Target) {
  src then main(src, tgt) "again";
}`
  const deep = await issuesOf(() => runMap(endless, names()))
  assert.equal(deep[0]?.code, 'too-costly')
  assert.match(textOf(deep), /more than 200 deep/)
  const many = withRules('  src.name as a, src.name as b, src.name as c -> tgt.name = a "r";')
  const source = names(...Array.from({ length: 30 }, (_, index) => String(index)))
  assert.equal(
    (await issuesOf(() => runMap(many, source, { options: { limits: { steps: 1000 } } })))[0]?.code,
    'too-costly',
  )
  let clock = 0
  const options = { limits: { milliseconds: 1000 }, elapsed: () => clock++ * 600 }
  assert.match(textOf(await issuesOf(() => runMap(many, source, { options }))), /longer than 1000 ms/)
})

const model: StructureDefinition = {
  resourceType: 'StructureDefinition',
  url: 'http://example.org/StructureDefinition/Card',
  name: 'Card',
  type: 'http://example.org/StructureDefinition/Card',
  status: 'active',
  kind: 'logical',
  abstract: false,
  baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Base',
  derivation: 'specialization',
  differential: {
    element: [
      { path: 'Card', id: 'Card', min: 0, max: '*' },
      { path: 'Card.holder', id: 'Card.holder', min: 0, max: '1', type: [{ code: 'HumanName' }] },
      { path: 'Card.doses', id: 'Card.doses', min: 0, max: '1', type: [{ code: 'integer' }] },
      { path: 'Card.event', id: 'Card.event', min: 0, max: '*', type: [{ code: 'BackboneElement' }] },
      { path: 'Card.event.when', id: 'Card.event.when', min: 0, max: '1', type: [{ code: 'date' }] },
      {
        path: 'Card.event.what[x]',
        id: 'Card.event.what[x]',
        min: 0,
        max: '1',
        type: [{ code: 'Coding' }, { code: 'string' }],
      },
      {
        path: 'Card.link',
        id: 'Card.link',
        min: 0,
        max: '*',
        type: [{ code: 'http://example.org/StructureDefinition/Card' }],
      },
    ],
  },
}

const toCard = `map "http://example.org/StructureMap/card" = card
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Source as source
uses "http://example.org/StructureDefinition/Card" alias Card as target
group main(source src : Source, target tgt : Card) {
  src.name first as n -> tgt.holder = n "name";
  src.id as id -> tgt.doses = id "doses";
  src.birthDate as d -> tgt.event as e, e.when = d, e.what = 'born' "event";
  src -> tgt.link as link, link.link as inner, inner.doses = 1 "link";
}`

test('logical models, differential only: cardinality, choice, references to themselves', async () => {
  const source = patient({ id: '7', name: [{ text: 'A' }], birthDate: '2020-01-01' })
  assert.deepEqual(await runMap(toCard, source, { artefacts: [model] }), {
    resourceType: 'Card',
    holder: { text: 'A' },
    doses: 7,
    event: [{ when: '2020-01-01', whatString: 'born' }],
    link: [{ link: [{ doses: 1 }] }],
  })
  const back = `map "http://example.org/StructureMap/back" = back
uses "http://example.org/StructureDefinition/Card" alias Card as source
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Target as target
group main(source src : Card, target tgt : Target) {
  src.event as e then {
    e.what : string as w -> tgt.name as n, n.text = w "what";
  } "event";
}`
  const card: Json = { event: [{ whatString: 'born' }, { whatCoding: { code: 'x' } }] }
  assert.deepEqual(await runMap(back, card, { artefacts: [model] }), patient({ name: [{ text: 'born' }] }))
})

test('a structure that nobody defines: a warning, elements take the shape found, twice is a list', async () => {
  const compiled = await compileMap(toCard)
  assert.match(
    textOf(compiled.warnings),
    /StructureDefinition http:\/\/example.org\/StructureDefinition\/Card is not known/,
  )
  const map = `map "http://example.org/StructureMap/open" = open
uses "http://example.org/StructureDefinition/In" alias In as source
uses "http://example.org/StructureDefinition/Out" alias Out as target
group main(source src : In, target tgt : Out) {
  src.list as v -> tgt.list = v "list";
  src.scalar as v -> tgt.scalar = v "scalar";
  src.scalar as v -> tgt.twice = v, tgt.twice = v "twice";
  src.empty as v -> tgt.wrong = v "empty";
  src.object as o -> tgt.object = o "object";
}`
  const source: Json = { list: ['a'], scalar: 1, empty: '', object: { a: [1], b: null, c: {} } }
  assert.deepEqual(await runMap(map, source), {
    resourceType: 'Out',
    list: ['a'],
    scalar: 1,
    twice: [1, 1],
    object: { a: [1] },
  })
})

test('writing: lists grow, single elements are used again or replaced, copies share nothing', async () => {
  const source = patient({ maritalStatus: { coding: [{ code: 'M' }] }, contact: [{ name: { text: 'C' } }] })
  const map = withRules(`  src -> tgt.maritalStatus as m, m.text = 'a' "a";
  src -> tgt.maritalStatus as m, m.coding as c, c.code = 'b' "b";
  src -> tgt.gender = 'male', tgt.gender = 'female' "c";
  src.contact as c -> tgt.contact = c as copy, copy.gender = 'male' "d";
  src.maritalStatus as m -> tgt.communication as x, x.language = m as language, language.text = 'changed' "e";
  src -> tgt.contact.name.text = 'walked' "f";`)
  assert.deepEqual(await runMap(map, source), {
    resourceType: 'Patient',
    maritalStatus: { text: 'a', coding: [{ code: 'b' }] },
    gender: 'female',
    contact: [{ name: { text: 'walked' }, gender: 'male' }],
    communication: [{ language: { coding: [{ code: 'M' }], text: 'changed' } }],
  })
  assert.deepEqual(source, patient({ maritalStatus: { coding: [{ code: 'M' }] }, contact: [{ name: { text: 'C' } }] }))
})

test('extensions of primitives travel with them', async () => {
  const source = patient({ birthDate: '2020', _birthDate: { extension: [{ url: 'urn:x', valueString: 'y' }] } })
  assert.deepEqual(await runMap(withRules('  src.birthDate -> tgt.birthDate;'), source), source)
  const read = withRules('  src.birthDate as d, d.extension as e -> tgt.id = e.value "r";')
  assert.deepEqual(await runMap(read, source), patient({ id: 'y' }))
})

test('a name may be a source and a target at once; each side reads its own', async () => {
  const map = withRules(
    '  src.extension as ext -> tgt.extension as ext, ext.url = \'urn:new\', ext.value = ext.url "r";',
  )
  const source = patient({ extension: [{ url: 'urn:old' }] })
  assert.deepEqual(await runMap(map, source), patient({ extension: [{ url: 'urn:new', valueUri: 'urn:old' }] }))
})

test('an element that the definition does not have is told with its place: an error where it is to be written', async () => {
  const map = withRules(
    '  src.nickname as n -> tgt.id = n "r";\n  src.name as n -> tgt.name as t then {\n    n.family as f -> t.famly = f "inner";\n  } "s";',
  )
  const { warnings } = await compileMap(map)
  assert.deepEqual(
    warnings.map((each) => [each.severity, each.details?.coding?.[0]?.code, each.diagnostics?.replace(/: .*: /, ': ')]),
    [
      [
        'warning',
        'fml-lenient-unknown-element',
        "line 5, column 3: Patient has no element 'nickname'; the nearest name is 'name'",
      ],
      [
        'error',
        'fml-lenient-unknown-element',
        "line 7, column 5: HumanName has no element 'famly'; the nearest name is 'family'",
      ],
    ],
  )
})

test('decimals keep their text', async () => {
  const source = parseJson(
    '{"resourceType":"Observation","valueQuantity":{"value":1.10},"component":[{"valueQuantity":{"value":2.50}}]}',
  )
  const map = withRules(
    '  src.value as v then {\n    v.value as n -> tgt.value = create(\'Quantity\') as q, q.value = n "n";\n  } "v";\n  src.component as c -> tgt.component = c "c";',
    ['Observation', 'Observation'],
  )
  assert.equal(
    stringifyJson(await runMap(map, source)),
    '{"resourceType":"Observation","valueQuantity":{"value":1.10},"component":[{"valueQuantity":{"value":2.50}}]}',
  )
})

test('a map cannot reach into the objects of the server', async () => {
  for (const name of ['__proto__', 'constructor']) {
    const map = `map "http://example.org/StructureMap/x" = x
group main(source src, target tgt) {
  src -> tgt.\`${name}\` as p, p.polluted = 'yes' "r";
}`
    assert.match(textOf(await issuesOf(() => runMap(map, {}))), /cannot be the name of an element/)
  }
  assert.equal('polluted' in {}, false)
  const read = `map "http://example.org/StructureMap/x" = x
group main(source src, target tgt) {
  src.constructor as c -> tgt.found = 'yes' "r";
}`
  assert.deepEqual(await runMap(read, { a: 1 }), {})
})

test('object identifiers become urls of code systems', async () => {
  const map = withRules(
    "  src.id as v -> tgt.implicitRules = translate(v, 'http://hl7.org/fhir/ConceptMap/special-oid2uri', 'uri') \"r\";",
  )
  assert.deepEqual(
    await runMap(map, patient({ id: '2.16.840.1.113883.6.96' })),
    patient({ implicitRules: 'http://snomed.info/sct' }),
  )
  assert.deepEqual(await runMap(map, patient({ id: '1.2.3' })), patient({ implicitRules: 'urn:oid:1.2.3' }))
})

test('copies count against the limit, so that the size of a result is bounded', async () => {
  const map = withRules('  src.name as a, src.name as b -> tgt.contact as c, c.name = a "r";')
  const source = patient({
    name: Array.from({ length: 20 }, () => ({ extension: Array.from({ length: 20 }, () => ({ url: 'urn:x' })) })),
  })
  const issues = await issuesOf(() => runMap(map, source, { options: { limits: { steps: 5000 } } }))
  assert.equal(issues[0]?.code, 'too-costly')
})
