import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { FhirError } from '../../../../src/fhir/error.ts'
import type { Bundle, Parameter, Parameters } from '../../../../src/fhir/types.ts'
import { toJson } from '../../../../src/rules/cql/run/to-json.ts'
import { toParameters } from '../../../../src/rules/cql/run/to-parameters.ts'
import { cqlLibrary, testEnvironment, testRules } from '../../environment.ts'

const clock = '2026-03-04T05:06:07.008+02:00'
const header = "using FHIR version '4.0.1'\ninclude FHIRHelpers version '4.0.1'"

const data = {
  resourceType: 'Bundle',
  type: 'collection',
  entry: [
    { resource: { resourceType: 'Patient', id: 'p', birthDate: '1970-01-02' } },
    {
      resource: {
        resourceType: 'Immunization',
        id: 'i1',
        status: 'completed',
        patient: { reference: 'Patient/p' },
        vaccineCode: { coding: [{ system: 'http://vaccines', code: 'a' }] },
        occurrenceDateTime: '2026-01-01',
        protocolApplied: [{ doseNumberPositiveInt: 1, seriesDosesPositiveInt: 2 }],
      },
    },
    {
      resource: {
        resourceType: 'Immunization',
        id: 'i2',
        status: 'completed',
        patient: { reference: 'Patient/p' },
        vaccineCode: { coding: [{ system: 'http://vaccines', code: 'z' }] },
        occurrenceDateTime: '2026-02-01T10:00:00Z',
        protocolApplied: [{ doseNumberString: 'two', seriesDosesPositiveInt: 2 }],
      },
    },
  ],
  // Declared types want every optional member right; this is plain JSON.
} as unknown as Bundle

const libraries = [
  cqlLibrary(`library Run version '1' ${header}
valueset "Vaccines": 'http://example.org/vaccines'
valueset "Nowhere": 'http://example.org/nowhere'
codesystem "CS": 'http://vaccines'
code "A": 'a' from "CS"
parameter Least Integer default 1
parameter Absent Integer
parameter Window Interval<Date>
parameter Limit System.Quantity
parameter Kinds List<String>
context Patient
define Times: { Now(), ToDateTime(Today()) }
define OfSet: [Immunization: "Vaccines"] I return I.id.value
define InSet: [Immunization] I where I.vaccineCode in "Vaccines" return I.id.value
define ByCode: [Immunization: "A"] I return I.id.value
define Listed: expand { Interval[1, 2] }
define Expanded: (ExpandValueSet("Vaccines")) V return V.code
define InNowhere: exists [Immunization: "Nowhere"]
define Fails: Message(1, true, 'E1', 'Error', 'no good')
define Works: Message(2, true, 'W1', 'Warning', 'a remark')
define Enough: Count(OfSet) >= Least
define Missing: Absent
define MissingWithin: [Immunization] I let Own: Coalesce(Absent, 7) return Own
define Given: Tuple { least: Least, window: Window, limit: Limit, kinds: Kinds }
define Dates: [Immunization] I return FHIRHelpers.ToDateTime(I.occurrence as FHIR.dateTime)
define Doses: [Immunization] I return (I.protocolApplied[0].doseNumber as FHIR.positiveInt).value
define Same: [Immunization] I return I.status
define Pair: (First([Immunization])) = (First([Immunization]))
define Differ: (First([Immunization])) = (Last([Immunization]))
define Age: AgeInYears()
define function Endless(x Integer): x + 1
define private Hidden: 1
`),
  cqlLibrary(`library Whole version '1' using FHIR version '4.0.1'
define Everything: Count([Immunization])`),
]

const valueSets = { 'http://example.org/vaccines': ['http://vaccines|a', 'http://vaccines|b'] }
const environment = testEnvironment(libraries, valueSets)
const rules = testRules(environment)
after(() => rules.close())

async function run(expression: string, given: Partial<Parameters> & { data?: Bundle; clock?: string } = {}) {
  const { results, issues } = await rules.evaluateLibrary({
    library: 'Run|1',
    expressions: [expression],
    data: given.data ?? data,
    clock: given.clock ?? clock,
    ...(given.parameter ? { parameters: { resourceType: 'Parameters', parameter: given.parameter } } : {}),
  })
  const [result] = results
  assert.ok(result)
  return { ...result, json: toJson(result.value), issues }
}

describe('running a library', () => {
  it('takes its clock and offset from the call', async () => {
    const { json } = await run('Times')
    assert.deepEqual(json, [clock, '2026-03-04'])
    assert.deepEqual(
      (await run('Dates')).json,
      ['2026-01-01', '2026-02-01T10:00:00.000Z'].map((each) => each.replace('.000Z', 'Z')),
    )
    assert.deepEqual((await run('Times', { clock: '2026-03-04' })).json, ['2026-03-04T00:00:00.000Z', '2026-03-04'])
    await assert.rejects(
      run('Times', { clock: 'yesterday' }),
      (error) => error instanceof FhirError && error.status === 400,
    )
  })

  it('asks membership for `in` and retrieves, and expands only to list', async () => {
    environment.asked.expand.length = 0
    assert.deepEqual((await run('OfSet')).json, ['i1'])
    assert.deepEqual((await run('InSet')).json, ['i1'])
    assert.deepEqual((await run('ByCode')).json, ['i1'])
    assert.deepEqual(environment.asked.expand, [])
    assert.deepEqual((await run('Expanded')).json, ['a', 'b'])
    assert.deepEqual(environment.asked.expand, ['http://example.org/vaccines'])
  })

  it('names an unknown value set, and lets one define fail for itself', async () => {
    const { issue } = await run('InNowhere')
    assert.equal(issue?.code, 'not-found')
    assert.match(issue?.details?.text ?? '', /define "InNowhere" failed: .*http:\/\/example.org\/nowhere/)
    const { results } = await rules.evaluateLibrary({ library: 'Run', data, clock })
    const failed = results.filter((each) => each.issue).map((each) => each.name)
    assert.deepEqual(failed, ['InNowhere', 'Fails'])
    assert.ok(!results.some((each) => each.name === 'Hidden' || each.name === 'Patient'))
  })

  it('ends a define by Message Error, and passes other messages on', async () => {
    const failed = await run('Fails')
    assert.match(failed.issue?.details?.text ?? '', /E1: no good/)
    assert.equal(failed.issue?.diagnostics, 'library Run|1, line 20, column 15')
    const { value, issues } = await run('Works')
    assert.equal(value, 2)
    assert.deepEqual(issues.find((each) => each.details?.text === 'W1: a remark')?.severity, 'warning')
  })

  it('gives parameters, defaults, and null for what has neither', async () => {
    assert.equal((await run('Enough')).value, true)
    assert.equal((await run('Enough', { parameter: [{ name: 'Least', valueInteger: 2 }] })).value, false)
    assert.equal((await run('Missing')).value, null)
    assert.deepEqual(new Set((await run('MissingWithin')).json as number[]), new Set([7]))
    const parameter: Parameter[] = [
      { name: 'Least', valueInteger: 3 },
      { name: 'Window', valuePeriod: { start: '2026-01-01', end: '2026-12-31' } },
      { name: 'Limit', valueQuantity: { value: 5, code: 'mg' } },
      { name: 'Kinds', valueString: 'x' },
      { name: 'Kinds', valueString: 'y' },
      { name: 'Stranger', valueString: 'ignored' },
    ]
    const { json, issues } = await run('Given', { parameter })
    assert.deepEqual(json, { least: 3, window: '[2026-01-01, 2026-12-31]', limit: '5 mg', kinds: ['x', 'y'] })
    assert.ok(issues.some((each) => /no parameter Stranger/.test(each.details?.text ?? '')))
    for (const wrong of [{ valueString: '3' }, { valueDecimal: 1.5 }, { valueQuantity: { value: 1 } }])
      await assert.rejects(
        run('Enough', { parameter: [{ name: 'Least', ...wrong }] }),
        (error) =>
          error instanceof FhirError && error.status === 422 && /Least must be System.Integer/.test(error.message),
      )
  })

  it('explains a result by what it used', async () => {
    const { evidence } = await run('Enough')
    assert.deepEqual(evidence, [
      { name: 'Least', value: 1 },
      { name: 'OfSet', value: ['i1'] },
    ])
    const given = await run('Enough', { parameter: [{ name: 'Least', valueInteger: 2 }] })
    assert.deepEqual(given.evidence[0], { name: 'Least', value: 2 })
  })

  it('reads choices by their type, keeps duplicates that no return removes, compares FHIR values', async () => {
    assert.deepEqual((await run('Doses')).json, [1, null])
    assert.deepEqual((await run('Same')).json, ['completed'])
    assert.equal((await run('Pair')).value, true)
    assert.equal((await run('Differ')).value, false)
    assert.equal((await run('Age')).value, 56)
  })

  it('runs without data, without Patient, without context, and refuses to guess between patients', async () => {
    const nobody = await run('OfSet', { data: { resourceType: 'Bundle', type: 'collection' } })
    assert.deepEqual(nobody.value, [])
    const whole = await rules.evaluateLibrary({ library: 'Whole', data, clock })
    assert.equal(whole.results[0]?.value, 2)
    const two = { ...data, entry: [...(data.entry ?? []), { resource: { resourceType: 'Patient' as const, id: 'q' } }] }
    await assert.rejects(run('OfSet', { data: two }), (error) => error instanceof FhirError && error.status === 422)
    const call = { library: 'Run', expressions: ['OfSet'], data: two, clock }
    assert.deepEqual((await rules.evaluateLibrary({ ...call, subject: 'Patient/q' })).results[0]?.value, [])
    assert.deepEqual((await rules.evaluateLibrary({ ...call, subject: 'Patient/p' })).results[0]?.value, ['i1'])
  })

  it('keeps concurrent requests apart', async () => {
    const patients = Array.from({ length: 40 }, (_, i) => {
      const own = structuredClone(data)
      own.entry?.splice(1, i % 3)
      const parameter: Parameter[] = [{ name: 'Least', valueInteger: i }]
      return { own, i, parameter }
    })
    const expected = [['i1'], [], []]
    const results = await Promise.all(
      patients.flatMap(({ own, parameter }) => [run('OfSet', { data: own }), run('Given', { data: own, parameter })]),
    )
    for (const { i } of patients) {
      assert.deepEqual(results[2 * i]?.json, expected[i % 3])
      assert.deepEqual(results[2 * i + 1]?.json, { least: i, window: null, limit: null, kinds: null })
    }
  })
})

describe('CQL values as parameters', () => {
  const cql = async (expression: string) => (await rules.evaluateCql({ expression, clock })).parameters
  const shown = async (expression: string) =>
    (await cql(expression)).map(({ name: _name, extension, ...rest }) => [extension?.[0]?.valueString, rest])
  const absent = {
    extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
  }

  it('encodes every type', async () => {
    assert.deepEqual(await shown('1 + 1'), [['System.Integer', { valueInteger: 2 }]])
    assert.deepEqual(await shown('1.5'), [['System.Decimal', { valueDecimal: 1.5 }]])
    assert.deepEqual(await shown("'a' + 'b'"), [['System.String', { valueString: 'ab' }]])
    assert.deepEqual(await shown('@2020-01'), [['System.Date', { valueDate: '2020-01' }]])
    assert.deepEqual(await shown('@2020-01-01T10:20:30.400+01:00'), [
      ['System.DateTime', { valueDateTime: '2020-01-01T10:20:30.400+01:00' }],
    ])
    assert.deepEqual(await shown('@T10:20'), [
      [
        'System.Time',
        {
          valueTime: '10:20:00',
          _valueTime: {
            extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/time-precision', valueCode: 'min' }],
          },
        },
      ],
    ])
    assert.deepEqual(await shown("5 'mg'"), [
      ['System.Quantity', { valueQuantity: { value: 5, unit: 'mg', system: 'http://unitsofmeasure.org', code: 'mg' } }],
    ])
    assert.deepEqual(await shown('{ 1, 2 }'), [
      ['List<System.Integer>', { valueInteger: 1 }],
      ['List<System.Integer>', { valueInteger: 2 }],
    ])
    assert.deepEqual(await shown('Interval[@2020-01-01, @2020-02-01]'), [
      ['Interval<System.Date>', { valuePeriod: { start: '2020-01-01', end: '2020-02-01' } }],
    ])
    assert.deepEqual(await shown('null as Integer'), [['System.Integer', { _valueBoolean: absent }]])
    assert.deepEqual(await shown("Code { code: 'c', system: 's' }"), [
      ['System.Code', { valueCoding: { system: 's', code: 'c' } }],
    ])
  })

  it('encodes intervals of numbers and tuples as parts, emptiness as extensions', async () => {
    const [interval] = await cql('Interval[1, 5)')
    assert.deepEqual(
      interval?.part?.map((each) => each.valueInteger ?? each.valueBoolean),
      [1, true, 5, false],
    )
    const [tuple] = await cql("Tuple { a: 1, b: { 'x', 'y' } }")
    assert.deepEqual(tuple?.part, [
      { name: 'a', valueInteger: 1 },
      { name: 'b', valueString: 'x' },
      { name: 'b', valueString: 'y' },
    ])
    const marker = 'http://hl7.org/fhir/StructureDefinition/cqf-isEmptyList'
    assert.deepEqual((await shown('List<Integer>{}'))[0]?.[1], {
      _valueBoolean: { extension: [{ url: marker, valueBoolean: true }] },
    })
  })

  it('encodes FHIR values as they came', async () => {
    const { results } = await rules.encodeLibrary({ library: 'Run', expressions: ['Same'], data, clock })
    assert.deepEqual(results[0]?.parameters[0]?.valueCode, 'completed')
    assert.deepEqual(toParameters('x', undefined, undefined)[0]?.name, 'x')
  })
})

describe('untrusted CQL', () => {
  it('refuses what does not translate, at its own line and column', async () => {
    await assert.rejects(rules.evaluateCql({ expression: "\n 1 + 'a'", clock }), (error) => {
      assert.ok(error instanceof FhirError)
      assert.equal(error.status, 422)
      assert.equal(error.issues[0]?.diagnostics, 'library Expression, line 2, column 2')
      return true
    })
  })

  it('keeps nothing of what was sent', async () => {
    const before = environment.derivedEntries.size
    await rules.evaluateCql({ expression: "'Ada' + 'Example'", clock })
    assert.equal(environment.derivedEntries.size, before)
  })

  it('uses stored libraries, value sets and data', async () => {
    const call = { clock, data, libraries: [{ canonical: 'Run|1', name: 'R' }] }
    assert.deepEqual(
      (await rules.evaluateCql({ ...call, expression: 'Count(R.OfSet) + 1' })).parameters[0]?.valueInteger,
      2,
    )
    const failed = await rules.evaluateCql({ ...call, expression: 'R.InNowhere' })
    assert.match(failed.issue?.details?.text ?? '', /http:\/\/example.org\/nowhere/)
    const [content] = libraries
    const inside = { clock, data, expression: 'Count(OfSet) + 2', ...(content ? { content } : {}) }
    assert.equal((await rules.evaluateCql(inside)).parameters[0]?.valueInteger, 3)
  })

  it('ends an evaluation that takes too long', async () => {
    const short = testRules(testEnvironment(), { jobSeconds: 1 })
    const expression = 'Count(from (expand { Interval[1, 3000] }) A, (expand { Interval[1, 3000] }) B return all A)'
    await assert.rejects(short.evaluateCql({ expression, clock }), (error) => {
      assert.ok(error instanceof FhirError)
      assert.equal(error.issues[0]?.code, 'too-costly')
      return true
    })
    await short.close()
  })
})
