import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { checkResource } from '../../src/fhir/check/resource.ts'
import { parseJson } from '../../src/fhir/json.ts'
import type { ConceptMap, StructureDefinition } from '../../src/fhir/types.ts'
import { describeRemark, type MapCall, type ValueRemark } from '../../src/structure-map/maps.ts'
import { compileMap, header, issuesOf, type MapRun, mapCall, withRules } from '../support/run-map.ts'

/** What came out, and what was told. */
interface Outcome {
  result: Json
  remarks: ValueRemark[]
}

async function outcome(fml: string, source: Json, run: MapRun = {}, call: Partial<MapCall> = {}): Promise<Outcome> {
  const remarks: ValueRemark[] = []
  const compiled = await compileMap(fml, run)
  const result = compiled.run(source, { ...mapCall(), remark: (each) => remarks.push(each), ...call })
  return { result, remarks }
}

const shown = ({ kind, element }: ValueRemark) => `${kind} ${element}`
const patient = (members: JsonObject = {}): JsonObject => ({ resourceType: 'Patient', ...members })

/** A value of the source `s.v` for an element of a resource: what is written, or `left out`. */
const ASSIGNED: [type: string, element: string, value: Json, written: Json | 'left out'][] = [
  ['Patient', 'birthDate', '1988-01-02', '1988-01-02'],
  ['Patient', 'birthDate', '1988', '1988'],
  ['Patient', 'birthDate', '1988-00-02', 'left out'],
  ['Patient', 'birthDate', '2023-02-29', 'left out'],
  ['Patient', 'birthDate', '01.06.2021', 'left out'],
  ['Patient', 'birthDate', '1988-01-02T03:04:05Z', '1988-01-02'],
  ['Patient', 'birthDate', '1988-01-02T03:04', '1988-01-02'],
  ['Patient', 'birthDate', '1988-01-02T25:00:00Z', 'left out'],
  ['Patient', 'birthDate', '1988-01-02 and more', 'left out'],
  ['Patient', 'birthDate', 1988, 'left out'],
  ['Patient', 'birthDate', true, 'left out'],
  ['Observation', 'effectiveDateTime', '2021-13-01', 'left out'],
  ['Observation', 'effectiveDateTime', '2021-05-27T10:00:00', 'left out'],
  ['Observation', 'effectiveDateTime', '2021-05-27T10:00:00+02:00', '2021-05-27T10:00:00+02:00'],
  ['Observation', 'issued', '2021-05-27', 'left out'],
  ['Observation', 'valueTime', '25:00:00', 'left out'],
  ['Observation', 'valueTime', '23:00:00', '23:00:00'],
  ['Observation', 'valueInteger', 1.5, 'left out'],
  ['Observation', 'valueInteger', '7', 7],
  ['Observation', 'valueInteger', '2.0', 2],
  ['Observation', 'valueInteger', 2_147_483_648, 'left out'],
  ['Observation', 'valueBoolean', 'yes', 'left out'],
  ['Observation', 'valueBoolean', 'true', true],
  ['Observation', 'valueBoolean', 0, false],
  ['Patient', 'gender', ' male', 'left out'],
  ['Patient', 'gender', 'fe  male', 'left out'],
  ['Patient', 'gender', 'fe\u0000male', 'left out'],
  ['Patient', 'id', 'a_b', 'left out'],
  ['Patient', 'id', 'x'.repeat(65), 'left out'],
  ['Patient', 'implicitRules', 'http://x/a b', 'left out'],
  ['Attachment', 'size', -1, 'left out'],
  ['Attachment', 'data', 'AA=', 'left out'],
  ['Attachment', 'data', 'AAAA', 'AAAA'],
  ['HumanName', 'family', 'A\ud800', 'left out'],
  ['HumanName', 'family', 'A\u001b[31m', 'left out'],
  ['HumanName', 'family', 'x'.repeat(1_048_577), 'left out'],
  ['HumanName', 'family', 7, '7'],
  ['Timing.repeat', 'frequency', 0, 'left out'],
  ['Timing.repeat', 'frequency', '3', 3],
  ['Quantity', 'value', '1e999', 'left out'],
  ['Quantity', 'value', 'one', 'left out'],
]

test('a primitive that FHIR would refuse is left out by every form of assignment, and told without its value', async () => {
  for (const [type, element, value, written] of ASSIGNED) {
    const [resource = '', ...path] = type.split('.')
    const created = `src.v as v -> tgt.contained = create('${resource}') as x${path.map((each) => `, x.${each} as y`).join('')}, ${path.length > 0 ? 'y' : 'x'}`
    const isResource = ['Patient', 'Observation'].includes(resource)
    const rules = isResource
      ? [
          `src.v as v -> tgt.${element} = v "r";`,
          `src.v as v -> tgt.${element} = copy(v) "r";`,
          `src -> tgt.${element} = src.v "r";`,
          `src -> tgt.${element} = (%src.v) "r";`,
          `src.v -> tgt.${element} "r";`,
          `src.v as v -> tgt.${element} as e, e = v "r";`,
        ]
      : [`${created}.${element} = v "r";`]
    for (const rule of rules) {
      const fml = `map "http://example.org/StructureMap/m" = m
uses "http://hl7.org/fhir/StructureDefinition/${isResource ? resource : 'Patient'}" alias Target as target
group main(source src, target tgt : Target) {
  ${rule}
}`
      const text = `${type}.${element} of ${JSON.stringify(value).slice(0, 40)} by ${rule}`
      const { result, remarks } = await outcome(fml, { v: value })
      const holder = isResource ? (result as JsonObject) : find(result, element)
      if (written === 'left out') {
        assert.equal(holder?.[element], undefined, text)
        assert.equal(remarks.length, 1, text)
        const [only] = remarks
        assert.equal(only?.kind, 'left-out', text)
        assert.ok(
          only?.element.endsWith(element.replace(/(DateTime|Time|Integer|Boolean)$/, '')) ||
            only?.element.endsWith(element),
          `${text}: ${only?.element}`,
        )
        assert.equal(only?.place?.rule, 'r', text)
        assert.ok(typeof value !== 'string' || value.length < 5 || !JSON.stringify(remarks).includes(value), text)
      } else {
        assert.deepEqual(holder?.[element], written, text)
        assert.deepEqual(
          remarks.map(({ kind }) => kind),
          typeof value === 'string' && written !== value ? ['converted'] : [],
          text,
        )
      }
    }
  }
})

/** The object that has that member, wherever it stands. */
function find(json: Json, name: string): JsonObject | undefined {
  if (json === null || typeof json !== 'object') return undefined
  if (!Array.isArray(json) && json[name] !== undefined) return json
  return Object.values(json)
    .map((each) => find(each, name))
    .find((each) => each !== undefined)
}

test('the remark names map, group, rule, element and reason in a sentence', async () => {
  const { remarks } = await outcome(withRules('  src -> tgt.birthDate = src.id "born";'), patient({ id: '1988-00-02' }))
  assert.deepEqual(remarks.map(describeRemark), [
    "StructureMap http://example.org/StructureMap/test, group 'main', rule 'born': a value was left out of Patient.birthDate (date): must be a date such as 2024, 2024-05 or 2024-05-06",
  ])
})

test('of a copied object only what FHIR would refuse is left out, however deep', async () => {
  const source = {
    resourceType: 'Basic',
    contained: [
      {
        resourceType: 'Patient',
        birthDate: '1988-00-02',
        _birthDate: {
          extension: [
            { url: 'urn:x', valueDate: '2021-13-01' },
            { url: 'urn:y', valueCode: 'b  c' },
          ],
        },
        active: 'true',
        multipleBirthInteger: 1.5,
        name: [
          { family: 'A\u0000', given: ['B', 7, 'C'], _given: [null, { id: 'x' }, null], period: { end: '2020-02-30' } },
        ],
        contact: [{ gender: 'fe  male' }],
        extension: [
          { url: 'urn:z', valueUri: 'a b' },
          { url: 'urn:k', valueString: 'kept' },
        ],
      },
      {
        resourceType: 'Immunization',
        occurrenceDateTime: '2021-13-01',
        protocolApplied: [{ doseNumberPositiveInt: 0 }],
      },
    ],
  }
  const expected = [
    {
      resourceType: 'Patient',
      _birthDate: { extension: [{ url: 'urn:x' }, { url: 'urn:y' }] },
      name: [{ given: ['B', null, 'C'], _given: [null, { id: 'x' }, null] }],
      extension: [{ url: 'urn:z' }, { url: 'urn:k', valueString: 'kept' }],
    },
    { resourceType: 'Immunization' },
  ]
  const places = [
    'birthDate',
    '_birthDate.extension.valueDate',
    '_birthDate.extension.valueCode',
    'active',
    'multipleBirthInteger',
    'name.family',
    'name.given',
    'name.period.end',
    'contact.gender',
    'extension.valueUri',
    'occurrenceDateTime',
    'protocolApplied.doseNumberPositiveInt',
  ]
  for (const rule of [
    'src.contained as c -> tgt.contained = c "r";',
    'src.contained -> tgt.contained "r";',
    'src -> tgt.contained = (%src.contained) "r";',
  ]) {
    const { result, remarks } = await outcome(withRules(`  ${rule}`, ['Basic', 'Basic']), source)
    assert.deepEqual((result as JsonObject).contained, expected, rule)
    assert.deepEqual(
      remarks.map(({ element }) => element),
      places.map((each) => `Basic.contained.${each}`),
      rule,
    )
  }
})

test('transforms that build data types leave out the parts that FHIR would refuse', async () => {
  const cases: [transform: string, expected: Json, told: string[]][] = [
    [`c('http://x', 'a  b', 'd')`, undefined as unknown as Json, ['left-out Extension.value.code']],
    [`c('http://x y', 'a', 'd')`, { code: 'a', display: 'd' }, ['left-out Extension.value.system']],
    [`cc('http://x', ' a')`, undefined as unknown as Json, ['left-out Extension.value.code']],
    [
      `id('a b', 'v', 'x  y')`,
      { value: 'v' },
      ['left-out Extension.value.type.coding.code', 'left-out Extension.value.system'],
    ],
    [`cp('ph  one', '1')`, { value: '1' }, ['left-out Extension.value.system']],
    [
      `qty(1, 'mg', 'a b', 'm  g')`,
      { value: 1, unit: 'mg' },
      ['left-out Extension.value.system', 'left-out Extension.value.code'],
    ],
  ]
  for (const [transform, expected, told] of cases) {
    const rule = `  src -> tgt.extension as e, e.url = 'urn:x', e.value = ${transform} "r";`
    const { result, remarks } = await outcome(withRules(rule), patient())
    const [extension = {}] = (result as { extension: JsonObject[] }).extension
    const { url: _, ...value } = extension
    assert.deepEqual(Object.values(value)[0], expected, transform)
    assert.deepEqual(remarks.map(shown), told, transform)
  }
})

test('what a concept map gives is checked, and what it does not have is told', async () => {
  const conceptMap: ConceptMap = {
    resourceType: 'ConceptMap',
    id: 'cm',
    url: 'http://example.org/ConceptMap/cm',
    status: 'active',
    group: [
      { target: 'http://y', element: [{ code: 'a', target: [{ code: 'x  y', display: 'X', equivalence: 'equal' }] }] },
    ],
  }
  const rule = `  src.id as v -> tgt.maritalStatus = translate(v, 'http://example.org/ConceptMap/cm', 'CodeableConcept') "r";`
  const run = (id: string) => outcome(withRules(rule), patient({ id }), { artefacts: [conceptMap] })
  const found = await run('a')
  assert.deepEqual(found.result, patient({ maritalStatus: { coding: [{ system: 'http://y', display: 'X' }] } }))
  assert.deepEqual(found.remarks.map(shown), ['left-out Patient.maritalStatus.coding.code'])
  const none = await run('b')
  assert.deepEqual(none.result, patient())
  assert.deepEqual(
    none.remarks.map(({ kind, type }) => [kind, type]),
    [['not-translated', 'http://example.org/ConceptMap/cm']],
  )
})

const model: StructureDefinition = {
  resourceType: 'StructureDefinition',
  url: 'http://example.org/StructureDefinition/Card',
  name: 'Card',
  type: 'http://example.org/StructureDefinition/Card',
  status: 'active',
  kind: 'logical',
  abstract: false,
  differential: {
    element: [
      { path: 'Card', id: 'Card' },
      { path: 'Card.born', id: 'Card.born', min: 1, max: '1', type: [{ code: 'date' }] },
      { path: 'Card.dose', id: 'Card.dose', min: 0, max: '*', type: [{ code: 'BackboneElement' }] },
      { path: 'Card.dose.number', id: 'Card.dose.number', min: 1, max: '1', type: [{ code: 'positiveInt' }] },
      {
        path: 'Card.dose.when[x]',
        id: 'Card.dose.when[x]',
        min: 0,
        max: '1',
        type: [{ code: 'dateTime' }, { code: 'string' }],
      },
      { path: 'Card.dose.code', id: 'Card.dose.code', min: 0, max: '1', type: [{ code: 'Coding' }] },
    ],
  },
}
const toCard = (rules: string) => `map "http://example.org/StructureMap/card" = card
uses "http://example.org/StructureDefinition/Card" alias Card as target
group main(source src, target tgt : Card) {
${rules}
}`

test('logical models have types, too; what is missing of them and misshapen can be asked', async () => {
  const source = {
    born: '2021-02-30',
    dose: [
      { number: 0, whenDateTime: '2021-13-01', code: { code: ' x', display: 'X' } },
      { number: '2', code: 'text' },
    ],
  }
  const compiled = await compileMap(
    toCard('  src.born as b -> tgt.born = b "born";\n  src.dose as d -> tgt.dose = d "dose";'),
    { artefacts: [model] },
  )
  const remarks: ValueRemark[] = []
  const result = compiled.run(source, { ...mapCall(), remark: (each) => remarks.push(each) }) as JsonObject
  assert.deepEqual(result, { resourceType: 'Card', dose: [{ code: { display: 'X' } }, { code: 'text' }] })
  assert.deepEqual(remarks.map(shown), [
    'left-out Card.born',
    'left-out Card.dose.number',
    'left-out Card.dose.whenDateTime',
    'left-out Card.dose.code.code',
    'left-out Card.dose.number',
  ])
  assert.deepEqual(compiled.judge(result), {
    model: model.url,
    missing: ['born', 'dose[0].number', 'dose[1].number'],
    misshapen: ['dose[1].code'],
  })
  const unknown = await compileMap(toCard('  src.born as b -> tgt.born = b "born";'))
  assert.equal(unknown.judge(unknown.run(source, mapCall()) as JsonObject), undefined)
})

test('what is put together without a type is judged by the type that it has in the end', async () => {
  const rules: [how: string, rule: string, expected: Json][] = [
    [
      'an object of an unknown model',
      `src -> create('http://example.org/Unknown') as u, u.family = 'A', u.period as p, p.end = src.id, tgt.name = u "r";`,
      patient({ name: [{ family: 'A' }] }),
    ],
    [
      'a resource whose members are set one by one',
      `src -> tgt.contained as c, c.resourceType = 'Patient', c.birthDate = src.id, c.gender = 'male' "r";`,
      patient({ contained: [{ resourceType: 'Patient', gender: 'male' }] }),
    ],
    [
      'a list in it',
      `src -> tgt.contained as c, c.resourceType = 'Patient', c.name as n, n.given = src.id, n.period as p, p.start = src.id, p.end = '2020' "r";`,
      patient({ contained: [{ resourceType: 'Patient', name: { given: '2021-13-01', period: { end: '2020' } } }] }),
    ],
  ]
  for (const [how, rule, expected] of rules) {
    const { result, remarks } = await outcome(withRules(`  ${rule}`), patient({ id: '2021-13-01' }))
    assert.deepEqual(result, expected, how)
    assert.deepEqual(
      remarks.map(({ kind }) => kind),
      ['left-out'],
      how,
    )
  }
})

test('a value that does not fit fails a run, and is left out of a tolerant one, which goes on', async () => {
  const cases: [rule: string, element: string, fault: RegExp][] = [
    [
      `src.v as v -> tgt.birthDate = cast(v, 'date'), tgt.active = true "r";`,
      'Patient.birthDate',
      /cannot be converted to date/,
    ],
    [
      `src.v as v -> tgt.birthDate = dateOp(v, 'add', 1, 'day'), tgt.active = true "r";`,
      'Patient.birthDate',
      /dateOp\(\) needs a date/,
    ],
    [
      `src.v as v -> tgt.extension as e, e.value = qty(v), tgt.active = true "r";`,
      'Extension.value',
      /qty\(\) needs a number/,
    ],
    [`src.o as o -> tgt.birthDate = o, tgt.active = true "r";`, 'Patient.birthDate', /takes date, not an object/],
    [
      `src.v as v -> tgt.photo = v, tgt.active = true "r";`,
      'Patient.photo',
      /takes Attachment, not a value of type string/,
    ],
    [`src.o as o -> tgt.birthDate = append(o, 'x'), tgt.active = true "r";`, 'Patient.birthDate', /a text is expected/],
  ]
  for (const [rule, element, fault] of cases) {
    const fml = `map "http://example.org/StructureMap/m" = m
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Target as target
group main(source src, target tgt : Target) {
  ${rule}
}`
    const source = { v: 'some time', o: { a: 'b' } }
    const [issue] = await issuesOf(() => outcome(fml, source))
    assert.match(issue?.details?.text ?? '', fault)
    assert.match(issue?.details?.text ?? '', /rule 'r'/)
    const { result, remarks } = await outcome(fml, source, {}, { tolerant: true })
    assert.deepEqual(result, patient({ active: true }), rule)
    assert.deepEqual(remarks.map(shown), [`left-out ${element}`], rule)
  }
})

test('a tolerant run still fails on what is wrong with the map', async () => {
  const wrong = withRules('  src.name as n -> tgt.maritalStatus.nonsense = n "r";')
  const [issue] = await issuesOf(() => outcome(wrong, patient({ name: [{ text: 'A' }] }), {}, { tolerant: true }))
  assert.match(issue?.details?.text ?? '', /has no element 'nonsense'/)
  const checked = withRules('  src.id as v check (v.length() > 3) -> tgt.id = v "r";')
  assert.match(
    (await issuesOf(() => outcome(checked, patient({ id: 'a' }), {}, { tolerant: true })))[0]?.details?.text ?? '',
    /check/,
  )
})

test('impossible dates and times cannot be cast', async () => {
  const cast = (type: string) =>
    withRules(`  src.id as v -> tgt.extension as e, e.url = 'urn:x', e.value = cast(v, '${type}') "r";`)
  const cases: [type: string, value: string, written: Json | undefined][] = [
    ['date', '2021-02-29', undefined],
    ['date', '2020-02-29', '2020-02-29'],
    ['date', '2020-02-29T23:59:00Z', '2020-02-29'],
    ['dateTime', '2021-06-31', undefined],
    ['dateTime', '2021-06-30T10:00', undefined],
    ['time', '25:00:00', undefined],
    ['time', '24:00:00', undefined],
    ['time', '12:30:00', '12:30:00'],
    ['instant', '2021-06-30', undefined],
    ['code', 'a  b', undefined],
    ['id', 'a_b', undefined],
    ['uri', 'a b', undefined],
    ['oid', '1.2.3', undefined],
    ['positiveInt', '0', undefined],
    ['unsignedInt', '-1', undefined],
    ['boolean', 'yes', undefined],
    ['base64Binary', 'AA=', undefined],
  ]
  for (const [type, value, written] of cases) {
    const name = `value${type.charAt(0).toUpperCase()}${type.slice(1)}`
    if (written === undefined) {
      const [issue] = await issuesOf(() => outcome(cast(type), patient({ id: value })))
      assert.equal(issue?.code, 'processing', `${type} ${value}`)
      assert.match(issue?.details?.text ?? '', new RegExp(`cannot be converted to ${type}`))
      const { result } = await outcome(cast(type), patient({ id: value }), {}, { tolerant: true })
      assert.deepEqual(result, patient({ extension: [{ url: 'urn:x' }] }), `${type} ${value}`)
    } else {
      const { result } = await outcome(cast(type), patient({ id: value }))
      assert.deepEqual(result, patient({ extension: [{ url: 'urn:x', [name]: written }] }), `${type} ${value}`)
    }
  }
})

test('first and last place what a rule makes, with a value or without', async () => {
  const rules = (mode: string) => `  src.telecom as c -> tgt.telecom as m, m.value = c.value "a";
  src.id as i -> tgt.telecom as m ${mode}, m.value = i "b";`
  const source = patient({ id: 'p1', telecom: [{ value: '1' }, { value: '2' }] })
  const values = async (mode: string) => {
    const { result } = await outcome(withRules(rules(mode)), source)
    return (result as { telecom: { value: string }[] }).telecom.map(({ value }) => value)
  }
  assert.deepEqual(await values('first'), ['p1', '1', '2'])
  assert.deepEqual(await values('last'), ['1', '2', 'p1'])
  const nested = `  src.telecom as c -> tgt.telecom as m, m.value = c.value "a";
  src.id as i -> tgt.telecom as m first then { i -> m.value = i "c"; } "b";`
  const { result } = await outcome(withRules(nested), source)
  assert.deepEqual((result as { telecom: Json[] }).telecom[0], { value: 'p1' })
})

test('a literal is checked once for each type, not once for all', async () => {
  const fml = `${header()}let word = 'two  words';
group main(source src : Source, target tgt : Target) {
  src -> tgt.language = 'two  words', tgt.name as n, n.text = 'two  words' "literal";
  src -> tgt.gender = word, tgt.contact as c, c.name as m, m.text = word "constant";
}`
  const compiled = await compileMap(fml)
  for (let round = 0; round < 3; round++) {
    const remarks: ValueRemark[] = []
    const result = compiled.run(patient(), { ...mapCall(), remark: (each) => remarks.push(each) })
    assert.deepEqual(result, patient({ name: [{ text: 'two  words' }], contact: [{ name: { text: 'two  words' } }] }))
    assert.deepEqual(remarks.map(shown), ['left-out Patient.language', 'left-out Patient.gender'])
  }
})

test('whatever a source holds, no primitive of the result is one that FHIR would refuse', async () => {
  const rules = [
    'birthDate',
    'gender',
    'id',
    'active',
    'implicitRules',
    'language',
    'deceasedDateTime',
    'multipleBirthInteger',
  ]
    .map((each) => `  src.${each} as v -> tgt.${each} = v "${each}";`)
    .concat(
      '  src.name as n -> tgt.name = n "name";',
      '  src.contact as c -> tgt.contact = c "contact";',
      '  src.extension -> tgt.extension "extension";',
    )
  const compiled = await compileMap(`map "http://example.org/StructureMap/m" = m
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Target as target
group main(source src, target tgt : Target) {
${rules.join('\n')}
}`)
  const odd = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '1988-00-02',
      '2021-13-01',
      '2020-02-29',
      '25:00:00',
      'a  b',
      ' a',
      'true',
      '7',
      '\ud800',
      '',
      '2021-01-01T00:00:00',
    ),
    fc.double(),
    fc.integer(),
    fc.boolean(),
  )
  const name = fc.record(
    {
      use: odd,
      text: odd,
      family: odd,
      given: fc.array(odd, { maxLength: 3 }),
      period: fc.record({ start: odd, end: odd }),
    },
    { requiredKeys: [] },
  )
  const extension = fc.record(
    {
      url: odd,
      valueDate: odd,
      valueCoding: fc.record({ code: odd, system: odd, userSelected: odd }, { requiredKeys: [] }),
    },
    { requiredKeys: [] },
  )
  const members = {
    birthDate: odd,
    gender: odd,
    id: odd,
    active: odd,
    implicitRules: odd,
    language: odd,
    deceasedDateTime: odd,
    multipleBirthInteger: odd,
  }
  const source = fc.record(
    {
      ...members,
      name: fc.array(name, { maxLength: 2 }),
      contact: fc.array(
        fc.record({ gender: odd, name, extension: fc.array(extension, { maxLength: 2 }) }, { requiredKeys: [] }),
        { maxLength: 2 },
      ),
      extension: fc.array(extension, { maxLength: 2 }),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(source, (given) => {
      const result = compiled.run(parseJson(JSON.stringify(given)), { ...mapCall(), tolerant: true })
      const faults = checkResource(result).filter(({ code }) => code === 'value')
      assert.deepEqual(
        faults.map((each) => each.details?.text),
        [],
      )
    }),
    { numRuns: 500, seed: 20_261_125 },
  )
})
