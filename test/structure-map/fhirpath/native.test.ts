import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json } from '../../../src/base/json-value.ts'
import { compileFhirPath } from '../../../src/fhir/fhirpath/fhirpath.ts'
import { compileExpression, readExpression } from '../../../src/structure-map/fhirpath/compile-expression.ts'
import { NeedsEngine } from '../../../src/structure-map/fhirpath/expression-types.ts'
import { createHost } from '../../../src/structure-map/fhirpath/host.ts'
import { compileNative } from '../../../src/structure-map/fhirpath/native.ts'
import { inferType, type Node } from '../../../src/structure-map/model/nodes.ts'
import { createTypeTable } from '../../../src/structure-map/model/type-table.ts'
import { DEFAULT_LIMITS, type Frame } from '../../../src/structure-map/run/run.ts'

const patient: Json = {
  resourceType: 'Patient',
  id: 'a1',
  active: true,
  gender: 'male',
  birthDate: '1970-01-02',
  deceasedDateTime: '2020-01-02T03:04:05Z',
  multipleBirthInteger: 3,
  name: [
    { use: 'official', family: 'Smith', given: ['Ann', 'Bea'] },
    { use: 'usual', text: 'Annie', given: ['Annie'] },
  ],
  telecom: [
    { system: 'phone', value: '555' },
    { system: 'email', value: 'a@b' },
  ],
  contact: [{ relationship: [{ coding: [{ system: 'http://x', code: 'N' }] }], name: { family: 'Doe' } }],
  extension: [
    { url: 'urn:x', valueString: 'text' },
    { url: 'urn:y', valueInteger: 5 },
    { url: 'urn:z', valueQuantity: { value: 5, unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' } },
  ],
}

const EXPRESSIONS =
  `id | gender | name.family | name.given | name.given.first() | name.given[1] | name[5].given | Patient.name.use | nothing | name.nothing
name.exists() | nothing.exists() | name.exists(use = 'usual') | name.empty() | nothing.empty() | active.not() | nothing.not() | name.count() | name.count() > 1 | nothing.count()
name.where(use = 'official').given | name.where(family.exists()).count() | name.select(given.first()) | name.all(given.exists()) | name.all(family.exists()) | name.given.tail() | name.given.skip(1) | name.given.take(2) | name.last().text | name.given.distinct().count()
gender = 'male' | gender != 'male' | gender = nothing | nothing = nothing | 'a' = 'a' | 1 = 1 | 1 = 2 | name.given = name.given | name.given = 'Ann' | gender = 'male' and active | active and nothing | active or nothing | nothing or nothing | active.not() and nothing | nothing implies active | active implies nothing
1 < 2 | 'a' < 'b' | multipleBirth > 2 | multipleBirth >= 3 | multipleBirth <= 2 | nothing > 1 | gender in ('male' | 'female') | 'male' in gender | name.given contains 'Bea' | nothing in name.given
1 + 2 | 5 - 7 | 3 * 4 | 7 div 2 | 7 mod 4 | 'a' + 'b' | 'a' & 'b' | 'a' & nothing | nothing + 'a' | -3 | (1 + 2) * 3 | 7 div 0
id.startsWith('a') | id.endsWith('1') | id.contains('x') | id.upper() | 'ABC'.lower() | id.length() | ' x '.trim() | 'abcdef'.substring(2) | 'abcdef'.substring(2, 3) | 'abc'.substring(9) | 'abc'.indexOf('c') | 'a-b-c'.replace('-', '+') | 'abc1'.matches('^[a-z]+\\\\d$') | 'a1b2'.replaceMatches('\\\\d', '#') | name.given.join('-') | multipleBirth.toString() | active.toString() | gender.toString() | '42'.toInteger() | 'x'.toInteger()
iif(active, 'yes', 'no') | iif(nothing.exists(), 'yes') | name.given.first() & ' ' & name.family | value | extension.value | extension.where(url = 'urn:x').value | extension.value.ofType(string) | extension.value.ofType(integer) | multipleBirth is integer | multipleBirth is boolean | Patient is Patient | $this is Patient | $this is DomainResource | deceased is dateTime | name.first() is HumanName
birthDate + 3 days | birthDate - 1 month | deceased + 1 hour | deceased - 5 seconds | birthDate = @1970-01-02 | birthDate < @1980-01-01 | @2020-01-01 + 1 year | birthDate.toString() | contact.relationship.coding.code | contact.where(relationship.coding.code = 'N').name.family | 3.7.truncate() | 3.2.ceiling() | 3.7.floor() | (-3).abs() | {} | {}.exists() | telecom.where(system = 'email').value | name.given.first().length() + 1 | name.where($this.use = 'usual').text`
    .split(/\n| \| /)
    .filter((each) => !each.startsWith("gender in ('male'") && !each.startsWith("'female')"))

const scope = { sources: new Map(), targets: new Map(), constants: new Map(), counter: { slots: 0, types: [] } }
const host = createHost(createTypeTable(new Map()), new Map())
const context = { host, functions: host.functions, remarks: { problem: assert.fail, doubt: assert.fail } }
const root: Node = { value: patient, type: inferType(patient) }
const frame: Frame = {
  slots: [],
  depth: 0,
  // The parts of a run that expressions read.
  run: { root, now: new Date('2026-01-01T00:00:00Z'), steps: 0, nextLook: 0, limits: DEFAULT_LIMITS } as Frame['run'],
}

test('native expressions answer as the FHIRPath engine does', () => {
  let native = 0
  for (const expression of EXPRESSIONS) {
    const expected = compileFhirPath(expression)(patient)
    const compiled = compileNative(readExpression(expression).expression, scope, host)
    try {
      if (compiled) {
        assert.deepEqual(
          compiled(frame, [root]).map((each) => each.value),
          expected,
          expression,
        )
        native++
      }
    } catch (error) {
      if (!(error instanceof NeedsEngine)) throw error
    }
    const whole = compileExpression(expression, scope, context)
    assert.deepEqual(
      whole(frame, [root]).map((each) => each.value),
      expected,
      expression,
    )
  }
  assert.ok(native > EXPRESSIONS.length * 0.9, `${native} of ${EXPRESSIONS.length} ran natively`)
})

test('variables come before elements, and keep their types for the engine', () => {
  const bound = {
    ...scope,
    sources: new Map([
      ['born', 0],
      ['gender', 1],
    ]),
  }
  const date: Node = { value: '2020-02-29', type: inferType(null) }
  const node = compileExpression('birthDate', scope, context)(frame, [root])[0] ?? date
  const withSlots: Frame = { ...frame, slots: [node, { value: 'mine', type: inferType('mine') }] }
  const run = (text: string) => compileExpression(text, bound, context)(withSlots, [root]).map((each) => each.value)
  assert.deepEqual(run('gender'), ['mine'])
  assert.deepEqual(run('$this.gender'), ['male'])
  assert.deepEqual(run('%born + 1 day'), ['1970-01-03'])
  assert.deepEqual(run('born < @1980-01-01'), [true])
  assert.deepEqual(run('born.toString().substring(0, 4)'), ['1970'])
  assert.deepEqual(run("name.given.combine('x').count()"), [4])
})
