import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../src/fhir/error.ts'
import { compileFhirPath, typed } from '../../../src/fhir/fhirpath/fhirpath.ts'
import { overShared } from '../../support/shared.ts'

const patient = {
  resourceType: 'Patient',
  id: 'p',
  gender: 'female',
  birthDate: '1980-02-29',
  deceasedDateTime: '2021-03-01T10:00:00+02:00',
  name: [{ use: 'official', family: 'Roe', given: ['Jane', 'Mary'] }],
  identifier: [{ system: 'urn:x', value: '12' }],
  managingOrganization: { reference: '#org' },
  contained: [{ resourceType: 'Organization', id: 'org', name: 'Ministry' }],
}
const run = (expression: string, input: unknown = patient, variables?: Record<string, unknown>) =>
  compileFhirPath(expression)(input, variables)

test('answers plain JSON and leaves the input alone', () => {
  const before = JSON.stringify(patient)
  assert.deepEqual(run('name.given'), ['Jane', 'Mary'])
  assert.deepEqual(run('birthDate | deceased'), ['1980-02-29', '2021-03-01T10:00:00+02:00'])
  assert.deepEqual(run("'2020-01-01'.toDate() | @2020-01-01T00:00:00Z | @T10:00"), [
    '2020-01-01',
    '2020-01-01T00:00:00Z',
    '10:00',
  ])
  assert.deepEqual(run('name'), patient.name)
  assert.deepEqual(Reflect.ownKeys(patient.name[0] ?? {}), ['use', 'family', 'given'])
  assert.deepEqual(run('1.5 + 1'), [2.5])
  assert.deepEqual(run("4 'mg' | 3 days"), [
    { value: 4, unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' },
    { value: 3, unit: 'days', system: 'http://unitsofmeasure.org', code: 'd' },
  ])
  assert.deepEqual(run("Coding { system: 'urn:x', code: 'a' }"), [{ system: 'urn:x', code: 'a' }])
  assert.equal(JSON.stringify(patient), before)
})

test('knows R4: types, choices, resource names', () => {
  assert.deepEqual(run('Patient.name.family'), ['Roe'])
  assert.deepEqual(run('deceased.ofType(dateTime).exists() and deceased is FHIR.dateTime'), [true])
  assert.deepEqual(run('ofType(Patient).id'), ['p'])
  assert.deepEqual(run('Observation.value.ofType(string)', { resourceType: 'Observation', valueString: 'x' }), ['x'])
})

test('strings in double quotes are strings', () => {
  assert.deepEqual(run('gender = "female"'), [true])
  assert.deepEqual(run('"it\'s \\"so\\"" & \'a"b\''), ['it\'s "so"a"b'])
  assert.deepEqual(run('/* "x" */ "y" // "z"'), ['y'])
})

test('.value on a primitive is the primitive, elsewhere the child', () => {
  assert.deepEqual(run('gender.value'), ['female'])
  assert.deepEqual(run("name.given.where(value = 'Mary')"), ['Mary'])
  assert.deepEqual(run('identifier.value'), ['12'])
  assert.deepEqual(run("identifier.where(value = '12').system"), ['urn:x'])
  assert.deepEqual(run("linkId.value in ('a' | 'b')", { linkId: 'a' }), [true])
  assert.deepEqual(run('deceased.value + 1 day'), ['2021-03-02T10:00:00+02:00'])
  assert.deepEqual(run('value.value', { resourceType: 'Observation', valueQuantity: { value: 5 } }), [5])
  assert.deepEqual(run('missing.value'), [])
})

test('variables: %name, bare names, typed values', () => {
  assert.deepEqual(run('%a + 1', patient, { a: 2 }), [3])
  assert.throws(() => run('%a + 1'), /undefined environment variable/)
  const bare = compileFhirPath("src.name.where(use = 'official').family & tgt", undefined, {
    variables: new Set(['src', 'tgt']),
  })
  assert.deepEqual(bare({}, { src: patient, tgt: '!' }), ['Roe!'])
  const shadow = compileFhirPath('gender', undefined, { variables: new Set(['gender']) })
  assert.deepEqual(shadow(patient, { gender: 'other' }), ['other'])
  assert.deepEqual(run('gender'), ['female'])
  assert.deepEqual(run('%v + 5 days', {}, { v: typed('2021-01-30', 'date') }), ['2021-02-04'])
  for (const type of ['integer', 'decimal', 'positiveInt'])
    assert.deepEqual(run('%v + 1', {}, { v: typed(5, type) }), [6])
  const [birth] = compileFhirPath('birthDate').nodes(patient)
  assert.equal(birth?.type, 'date')
  assert.deepEqual(run('%b + 1 year', {}, { b: birth }), ['1981-02-28'])
  assert.deepEqual(run('given.first()', typed(patient.name[0], 'HumanName')), ['Jane'])
  assert.deepEqual(run('$this is HumanName', typed(patient.name[0], 'HumanName')), [true])
  assert.deepEqual(run('node', { node: 1, type: 't', value: 2 }), [1])
  assert.deepEqual(run('%resource.id | %sct | %context.gender'), ['p', 'http://snomed.info/sct', 'female'])
})

test('sums keep the zone and the precision of the date', () => {
  const sums: [string, string][] = [
    ['@2021-03-01T23:30:00+02:00 + 1 day', '2021-03-02T23:30:00+02:00'],
    ['@2021-03-31T23:00:00-05:00 + 1 month', '2021-04-30T23:00:00-05:00'],
    ["@1970-01-01T00:00:00Z + 1620000000 's'", '2021-05-03T00:00:00Z'],
    ["@2021-03-01T10:00:00.123+02:00 - 1 'h'", '2021-03-01T09:00:00.123+02:00'],
    ['@2021-03-01 + 1.9 days', '2021-03-02'],
    ['@2021 + 12 months', '2022'],
    ['@T23:00 + 2 hours', '01:00'],
  ]
  for (const [sum, expected] of sums) assert.deepEqual(run(sum), [expected], sum)
})

test('host functions are synchronous; without them the call is refused', () => {
  const functions = {
    memberOf: (value: unknown, valueSet: string) => valueSet === 'urn:vs' && value === 'female',
    conformsTo: (_: unknown, profile: string) => profile === 'urn:p',
    subsumes: (a: unknown, b: unknown) => JSON.stringify(a).length <= JSON.stringify(b).length,
  }
  assert.deepEqual(compileFhirPath("gender.memberOf('urn:vs')", functions)(patient), [true])
  assert.deepEqual(compileFhirPath("nothing.memberOf('urn:vs')", functions)(patient), [])
  assert.deepEqual(compileFhirPath("conformsTo('urn:p')", functions)(patient), [true])
  assert.deepEqual(compileFhirPath('id.subsumes(%resource.gender)', functions)(patient), [true])
  assert.deepEqual(compileFhirPath('id.subsumedBy(%resource.gender)', functions)(patient), [false])
  for (const call of ["memberOf('u')", "conformsTo('u')", 'subsumes(id)', 'now()']) {
    assert.throws(
      () => run(call),
      (error) => error instanceof FhirError && error.status === 422,
    )
  }
})

test('resolve() stays inside the instance', () => {
  assert.deepEqual(run('managingOrganization.resolve().name'), ['Ministry'])
  assert.deepEqual(run('managingOrganization.resolve() is Organization'), [true])
  const bundle = {
    resourceType: 'Bundle',
    entry: [
      { fullUrl: 'urn:uuid:1', resource: patient },
      {
        fullUrl: 'http://x/Organization/o',
        resource: { resourceType: 'Organization', id: 'o', partOf: { reference: 'urn:uuid:1' } },
      },
      { resource: { resourceType: 'Group', id: 'g', managingEntity: { reference: 'Organization/o' } } },
    ],
  }
  assert.deepEqual(run('entry.resource.ofType(Group).managingEntity.resolve().partOf.resolve().gender', bundle), [
    'female',
  ])
  assert.deepEqual(run("'http://elsewhere/Patient/1'.resolve()", bundle), [])
})

test('the clock comes in from outside', () => {
  const clock = new Date('2024-05-06T07:08:09.123Z')
  assert.deepEqual(compileFhirPath('now() | today() | timeOfDay()')({}, {}, { clock }), [
    '2024-05-06T07:08:09.123Z',
    '2024-05-06',
    '07:08:09.123',
  ])
  assert.deepEqual(compileFhirPath('now() > @2024-01-01', { now: () => clock })({}), [true])
})

test('regular expressions: Java forms run, endless ones are refused', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: this is how Java writes it
  assert.deepEqual(run("'12/31/2020'.replaceMatches('(?<m>\\\\d+)/(?<d>\\\\d+)/(?<y>\\\\d+)', '${y}-${m}-${d}')"), [
    '2020-12-31',
  ])
  assert.deepEqual(run("'a-b'.matches('^[a-z]\\\\-b$')"), [true])
  assert.deepEqual(run("'ABC'.matches('(?i)^\\\\p{Alpha}+$')"), [true])
  assert.deepEqual(run("'abc'.matchesFull('b') | 'abc'.matches('b')"), [false, true])
  assert.deepEqual(run("'AB'.matches('ab', 'i')"), [true])
  assert.throws(
    () => run("'a'.matches('(a+)+$')"),
    (error) => {
      assert.ok(error instanceof FhirError)
      assert.match(error.issues[0]?.diagnostics ?? '', /^line 1, column 13: .*nested repetition/)
      return true
    },
  )
  assert.throws(() => run("'a'.matches(%p)", {}, { p: '(.|x)*y' }), FhirError)
  assert.throws(() => run("'a'.matches('(')"), /not valid/)
})

test('errors say where, and repeat no data', () => {
  const fault = (expression: string): FhirError => {
    try {
      run(expression)
    } catch (error) {
      if (error instanceof FhirError) return error
    }
    throw new assert.AssertionError({ message: `${expression} was accepted` })
  }
  assert.match(fault('name.\n  given )').issues[0]?.diagnostics ?? '', /^line 2, column 9: extraneous input '\)'/)
  assert.match(fault('a +').issues[0]?.diagnostics ?? '', /^line 1, column 4/)
  assert.equal(fault('%').status, 422)
  assert.match(fault('nonsense()').message, /Not implemented: nonsense/)
  assert.doesNotMatch(fault('name.given.single()').message, /Jane/)
  assert.doesNotMatch(fault('name.given - 1').message, /Jane/)
  assert.doesNotMatch(fault('name.given & 1').message, /Jane/)
})

test('never throws anything but FhirError', () => {
  const words = [
    'name',
    '.',
    'given',
    '(',
    ')',
    "'x'",
    '"y"',
    '%v',
    'where',
    '=',
    'value',
    '$this',
    '{',
    '}',
    '@2020',
    '1',
    '|',
    '`a`',
    '\n',
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words), { maxLength: 12 }), fc.string({ maxLength: 4 }), (parts, tail) => {
      try {
        compileFhirPath(parts.join(' ') + tail, undefined, { variables: new Set(['given']) })(patient, {
          v: 1,
          given: 2,
        })
      } catch (error) {
        assert.ok(error instanceof FhirError, `${parts.join(' ')}${tail}: ${error}`)
      }
    }),
    { numRuns: 500, seed: 1 },
  )
})

const corpus = new URL('../../../../shared/corpora/structure-map/', import.meta.url)
overShared.test('compiles the conditions of the published maps', () => {
  const expressions = new Set<string>()
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) for (const each of value) collect(each)
    else if (typeof value !== 'object' || value === null) return
    else
      for (const [name, child] of Object.entries(value)) {
        if ((name === 'condition' || name === 'check') && typeof child === 'string') expressions.add(child)
        else collect(child)
      }
  }
  for (const file of readdirSync(corpus, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.json')) continue
    const text = readFileSync(new URL(file, corpus), 'utf8')
    if (text.includes('"StructureMap"')) collect(JSON.parse(text))
  }
  assert.ok(expressions.size > 0)
  const refused = [...expressions].filter((each) => {
    try {
      compileFhirPath(each)
      return false
    } catch {
      return true
    }
  })
  assert.deepEqual(refused, [])
})
