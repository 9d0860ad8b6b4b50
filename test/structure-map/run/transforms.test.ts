import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stringifyJson } from '../../../src/base/json.ts'
import type { Json } from '../../../src/base/json-value.ts'
import type { ConceptMap } from '../../../src/fhir/types.ts'
import { issuesOf, runMap, withRules } from '../../support/run-map.ts'

const patient = (members: Record<string, Json>): Json => ({ resourceType: 'Patient', ...members })
const extensionValue = (result: Json) => (result as { extension: Record<string, Json>[] }).extension[0]

/** Runs one rule whose result is the value of an extension. */
async function extended(transform: string, source: Json = patient({ id: 'a' }), conceptMaps: ConceptMap[] = []) {
  const rule = `  src -> tgt.extension as ext, ext.url = 'urn:x', ext.value = ${transform} "r";`
  return extensionValue(await runMap(withRules(rule), source, { artefacts: conceptMaps }))
}

test('escape takes one format out and puts the other in', async () => {
  const cases: [string, string][] = [
    [`escape('a<b & "c"', 'none', 'xml')`, 'a&lt;b &amp; &quot;c&quot;'],
    [`escape('a&lt;b&#x41;&#66;', 'xml', 'none')`, 'a<bAB'],
    [`escape('a&nbsp;b', 'html', 'json')`, 'a\u00a0b'],
    [`escape('say "x"', 'none', 'json')`, 'say \\"x\\"'],
    [`escape('a\\\\nb', 'json', 'none')`, 'a\nb'],
    [`escape('a b/ü', 'none', 'url')`, 'a%20b%2F%C3%BC'],
    [`escape('a%20b', 'url', 'xml')`, 'a b'],
  ]
  for (const [call, expected] of cases) assert.deepEqual(await extended(call), { url: 'urn:x', valueString: expected })
  for (const wrong of [
    `escape('a', 'none', 'rtf')`,
    `escape('%E0%A4%A', 'url', 'none')`,
    `escape('a"b', 'json', 'none')`,
  ]) {
    const [issue] = await issuesOf(() => extended(wrong))
    assert.equal(issue?.code, 'processing')
  }
})

test('dateOp adds, subtracts and truncates in the zone and precision of the value', async () => {
  const cases: [string, string][] = [
    [`dateOp('2024-01-31', 'add', 1, 'month')`, '2024-02-29'],
    [`dateOp('2024-02-29', 'add', 1, 'year')`, '2025-02-28'],
    [`dateOp('2024-03-01', 'subtract', 1, 'days')`, '2024-02-29'],
    [`dateOp('2024-03', 'add', 2, 'months')`, '2024-05'],
    [`dateOp('2024-03-01T23:30:00+02:00', 'add', 1, 'hour')`, '2024-03-02T00:30:00+02:00'],
    [`dateOp('2024-03-01T23:30:00.500Z', 'add', 1, 'week')`, '2024-03-08T23:30:00.500Z'],
    [`dateOp('2024-03-01T23:30:12.500Z', 'truncate', 'minute')`, '2024-03-01T23:30:00Z'],
    [`dateOp('2024-03-01T23:30:12.500Z', 'truncate', 'day')`, '2024-03-01'],
    [`dateOp('2024-03-01', 'now')`, '2026-01-02T03:04:05.000Z'],
  ]
  for (const [call, expected] of cases) {
    const value = await extended(call)
    assert.equal(value?.valueDateTime ?? value?.valueDate, expected, call)
  }
  for (const wrong of [
    `dateOp('monday', 'add', 1, 'day')`,
    `dateOp('2024', 'divide', 2)`,
    `dateOp('2024', 'add', 1, 'fortnight')`,
  ]) {
    const [issue] = await issuesOf(() => extended(wrong))
    assert.equal(issue?.code, 'processing')
  }
})

test('pointer and reference give a resource a fresh id when it has none, and leave the source alone', async () => {
  const source = patient({ active: true })
  const map = withRules(`  src -> tgt.link as link, link.other as other, other.reference = pointer(src) "pointer";
  src -> tgt.generalPractitioner = reference(src) "reference";
  src -> tgt.managingOrganization as o, o.reference = reference(src) "text";`)
  const id = '00000000-0000-4000-8000-000000000001'
  assert.deepEqual(await runMap(map, source), {
    resourceType: 'Patient',
    link: [{ other: { reference: `urn:uuid:${id}` } }],
    generalPractitioner: [{ reference: `Patient/${id}` }],
    managingOrganization: { reference: `Patient/${id}` },
  })
  assert.deepEqual(source, { resourceType: 'Patient', active: true })
  assert.deepEqual(await extended('pointer(src)'), { url: 'urn:x', valueUri: 'urn:uuid:a' })
})

test('qty reads a number with a unit, or takes them apart', async () => {
  const quantity = async (call: string) => (await extended(call))?.valueQuantity
  assert.deepEqual(await quantity(`qty('10 mg')`), { value: 10, unit: 'mg' })
  assert.deepEqual(await quantity(`qty('< 1.5 %')`), { value: 1.5, comparator: '<', unit: '%' })
  assert.deepEqual(await quantity(`qty(42, 'kg')`), { value: 42, unit: 'kg' })
  assert.deepEqual(await quantity(`qty(42, 'kilo', 'http://unitsofmeasure.org', 'kg')`), {
    value: 42,
    unit: 'kilo',
    system: 'http://unitsofmeasure.org',
    code: 'kg',
  })
  for (const wrong of ['heavy', '1,5 mg', '1.5.2 mg']) {
    const [issue] = await issuesOf(() => quantity(`qty('${wrong}')`))
    assert.equal(issue?.code, 'processing', wrong)
  }
})

test('id, cp, c and cc make their data types', async () => {
  assert.deepEqual((await extended(`id('http://x', '1')`))?.valueIdentifier, { system: 'http://x', value: '1' })
  assert.deepEqual((await extended(`id('http://x', '1', 'MR')`))?.valueIdentifier, {
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
    system: 'http://x',
    value: '1',
  })
  assert.deepEqual((await extended(`cp('phone', '555-0100')`))?.valueContactPoint, {
    system: 'phone',
    value: '555-0100',
  })
  for (const [value, system] of [
    ['http://who.int', 'url'],
    ['a@b.example', 'email'],
    ['+41 22 791 21 11', 'phone'],
  ]) {
    assert.deepEqual((await extended(`cp('${value}')`))?.valueContactPoint, { system, value })
  }
  assert.deepEqual((await extended(`c('http://x', '1', 'One')`))?.valueCoding, {
    system: 'http://x',
    code: '1',
    display: 'One',
  })
  assert.deepEqual((await extended(`cc('free text')`))?.valueCodeableConcept, { text: 'free text' })
  assert.deepEqual((await extended(`cc('http://x', '1')`))?.valueCodeableConcept, {
    coding: [{ system: 'http://x', code: '1' }],
  })
})

test('truncate counts characters, append joins, cast follows the lexical rules', async () => {
  assert.equal((await extended(`truncate('a😀bc', 2)`))?.valueString, 'a😀')
  assert.equal((await extended(`append('a', '-', 'b')`))?.valueString, 'a-b')
  assert.equal((await extended(`cast('0042', 'integer')`))?.valueInteger, 42)
  assert.equal((await extended(`cast('TRUE', 'boolean')`))?.valueBoolean, true)
  assert.equal((await extended(`cast('2024-01-02T03:04:05Z', 'date')`))?.valueDate, '2024-01-02')
  assert.equal(stringifyJson(await extended(`cast('1.50', 'decimal')`)), '{"url":"urn:x","valueDecimal":1.50}')
  assert.equal(stringifyJson(await extended(`cast('+01.50', 'decimal')`)), '{"url":"urn:x","valueDecimal":1.5}')
  for (const type of ['FHIR.integer', 'System.Integer', 'http://hl7.org/fhir/StructureDefinition/integer'])
    assert.equal((await extended(`cast('7', '${type}')`))?.valueInteger, 7, type)
  for (const wrong of [
    `cast('x', 'integer')`,
    `cast('0', 'positiveInt')`,
    `cast('2024-13-01', 'date')`,
    `cast('maybe', 'boolean')`,
  ]) {
    const [issue] = await issuesOf(() => extended(wrong))
    assert.match(issue?.details?.text ?? '', /group 'main', rule 'r'.*cannot be converted/)
  }
})

test('uuid is random, lower case and readable afterwards', async () => {
  const map = withRules(
    `  src -> uuid() as id, tgt.id = id, tgt.link as l, l.other as o, o.reference = append('Patient/', id) "r";`,
  )
  const id = '00000000-0000-4000-8000-000000000001'
  assert.deepEqual(await runMap(map, patient({})), {
    resourceType: 'Patient',
    id,
    link: [{ other: { reference: `Patient/${id}` } }],
  })
})

test('evaluate: several results for a repeating element, an error for a single one', async () => {
  const source = patient({ name: [{ given: ['A', 'B'], family: 'C' }] })
  const given = withRules(`  src.name as n -> tgt.name as t, t.given = (n.given), t.family = evaluate(n, family) "r";`)
  assert.deepEqual(await runMap(given, source), { resourceType: 'Patient', name: [{ given: ['A', 'B'], family: 'C' }] })
  const [issue] = await issuesOf(() =>
    runMap(withRules(`  src.name as n -> tgt.name as t, t.family = (n.given) "r";`), source),
  )
  assert.match(issue?.details?.text ?? '', /takes one value/)
})

const conceptMap: ConceptMap = {
  resourceType: 'ConceptMap',
  id: 'sex',
  url: 'http://example.org/ConceptMap/sex',
  status: 'active',
  group: [
    {
      source: 'http://x',
      target: 'http://y',
      element: [
        { code: 'male', target: [{ code: 'M', display: 'Man', equivalence: 'equivalent' }] },
        { code: 'other', target: [{ code: 'O', equivalence: 'unmatched' }] },
      ],
    },
  ],
}

test('translate gives code, system, display, Coding or CodeableConcept; nothing when there is no translation', async () => {
  const source = patient({ gender: 'male' })
  const field = (name: string) =>
    extended(`translate(src.gender, 'http://example.org/ConceptMap/sex', '${name}')`, source, [conceptMap])
  assert.equal((await field('code'))?.valueCode, 'M')
  assert.equal((await field('system'))?.valueUri, 'http://y')
  assert.equal((await field('display'))?.valueString, 'Man')
  assert.deepEqual((await field('Coding'))?.valueCoding, { system: 'http://y', code: 'M', display: 'Man' })
  assert.deepEqual((await field('CodeableConcept'))?.valueCodeableConcept, {
    coding: [{ system: 'http://y', code: 'M', display: 'Man' }],
  })
  assert.deepEqual(await extended(`translate(src.gender, 'sex', 'code')`, patient({ gender: 'other' }), [conceptMap]), {
    url: 'urn:x',
  })
})

test('create, copy and choice elements pick the property by type', async () => {
  assert.deepEqual(await extended(`create('Reference') as ref, ref.display = 'x'`), {
    url: 'urn:x',
    valueReference: { display: 'x' },
  })
  const source = patient({
    multipleBirthInteger: 2,
    birthDate: '2020-01-01',
    active: true,
    contact: [{ name: { text: 'x' } }],
  })
  assert.equal((await extended('src.multipleBirth', source))?.valueInteger, 2)
  assert.equal((await extended('src.birthDate', source))?.valueDate, '2020-01-01')
  assert.equal((await extended('src.active', source))?.valueBoolean, true)
  assert.deepEqual((await extended('src.contact.name', source))?.valueHumanName, { text: 'x' })
})
