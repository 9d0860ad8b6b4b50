/** Whatever is sent, and whatever the profiles are: an answer, in time, and never an exception that is none of ours. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import { asJson } from '../../../src/fhir/json.ts'
import type { Resource, StructureDefinition } from '../../../src/fhir/types.ts'
import { createBudget } from '../../../src/workers/budget.ts'
import { coreFile } from '../../support/core-terminology.ts'
import { coreValidator } from '../../support/core-validator.ts'
import { type Sketch, sketched } from '../../support/sketched-profile.ts'

const small = (resource: object) => JSON.stringify(resource).length < 20_000
const samples: Resource[] = [
  'profiles-others.json',
  'valuesets.json',
  'conceptmaps.json',
  'extension-definitions.json',
].flatMap((file) => coreFile(file).filter(small).slice(0, 12))

/** A place in a value, and another value for it. */
function mutated(value: Json, choices: number[], replacement: Json): Json {
  if (typeof value !== 'object' || value === null || choices.length === 0) return replacement
  const keys = Object.keys(value)
  const [choice = 0, ...rest] = choices
  const key = keys[choice % Math.max(1, keys.length)]
  if (key === undefined) return replacement
  if (Array.isArray(value))
    return value.map((each, index) => (String(index) === key ? mutated(each, rest, replacement) : each))
  if (choice % 11 === 0) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key))
  return { ...value, [key]: mutated(value[key] ?? null, rest, replacement) }
}

const replacement = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
  fc.constantFrom<Json>(
    null,
    [],
    {},
    [null],
    '',
    'x',
    -1,
    1e300,
    { resourceType: 'Patient' },
    { resourceType: 'Bundle', entry: [null] },
    [[{}]],
    { url: 7 },
    { coding: [null, 'x', {}] },
    { reference: '#' },
    { extension: [{ url: 'a' }] },
  ),
)

const validator = coreValidator()

async function judge(given: Json, profiles: string[] = [], judged = validator): Promise<void> {
  try {
    const issues = await judged.validate(given as unknown as Resource, { profiles })
    for (const { severity, code, details, expression } of issues) {
      assert.ok(severity && code && details?.text)
      assert.ok(expression === undefined || /^[A-Z]/.test(expression[0] ?? ''), expression?.[0])
    }
  } catch (error) {
    assert.ok(error instanceof FhirError, error instanceof Error ? error.stack : String(error))
  }
}

describe('validation', () => {
  it('answers for published resources with anything in any place', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(fc.nat(50), { maxLength: 6 }), replacement, async (which, choices, value) => {
        const sample = samples[which % samples.length]
        if (sample) await judge(mutated(asJson(sample), choices, value))
      }),
      { numRuns: 150 },
    )
  })

  it('answers for any JSON', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue() as fc.Arbitrary<Json>, (value) => judge(value)),
      { numRuns: 100 },
    )
  })

  it('answers for any JSON that says what it is', async () => {
    const type = fc.constantFrom(
      'Patient',
      'Bundle',
      'Observation',
      'StructureDefinition',
      'Parameters',
      'Binary',
      'List',
    )
    const members = fc.dictionary(
      fc.constantFrom(
        'entry',
        'contained',
        'extension',
        'meta',
        'text',
        'name',
        'parameter',
        'subject',
        'value',
        'valueQuantity',
        'id',
      ),
      fc.jsonValue() as fc.Arbitrary<Json>,
    )
    await fc.assert(
      fc.asyncProperty(type, members, (resourceType, object) => judge({ ...object, resourceType } as JsonObject)),
      { numRuns: 150 },
    )
  })

  it('answers for any profile', async () => {
    const id = fc.constantFrom(
      'Patient',
      'Patient.name',
      'Patient.name:a',
      'Patient.name:a.use',
      'Patient.name.use',
      'Patient.extension:x',
      'Patient.deceased[x]',
      'Patient.contact',
      'Patient.contact.bogus',
      'Patient.link:b/c',
      'Patient.link:b',
    )
    const element = fc.record(
      {
        id,
        min: fc.integer({ min: -1, max: 3 }),
        max: fc.constantFrom('0', '1', '*', 'x'),
        slicing: fc.record({
          discriminator: fc.array(
            fc.record({
              type: fc.constantFrom('value', 'type', 'profile', 'exists', 'pattern', 'x'),
              path: fc.constantFrom(
                'use',
                '$this',
                'period.start',
                'resolve()',
                "extension('http://x').value",
                '..',
                'ofType(x)',
              ),
            }),
            { maxLength: 2 },
          ),
          rules: fc.constantFrom('open', 'closed', 'openAtEnd'),
        }),
        fixedCode: fc.constantFrom('usual', 'old'),
        patternHumanName: fc.constant({ family: 'a' }),
        type: fc.array(
          fc.record({
            code: fc.constantFrom('HumanName', 'string', 'Extension', 'Bogus'),
            profile: fc.array(fc.constantFrom('http://test/p', 'http://nobody'), { maxLength: 2 }),
          }),
          { maxLength: 2 },
        ),
        constraint: fc.array(
          fc.record({
            key: fc.constant('k'),
            severity: fc.constantFrom('error', 'warning'),
            human: fc.constant('h'),
            expression: fc.constantFrom(
              'true',
              'name.',
              '%x',
              'descendants().descendants().count() > 1',
              "matches('(a+)+b')",
              '1/0',
              'repeat(children())',
            ),
          }),
          { maxLength: 1 },
        ),
      },
      { requiredKeys: ['id'] },
    )
    const resource = {
      resourceType: 'Patient',
      name: [{ use: 'usual', family: 'a' }, { text: 'b' }],
      deceasedBoolean: true,
      contact: [{ name: { text: 'x' } }],
      extension: [{ url: 'http://x', valueString: 'a' }],
    }
    await fc.assert(
      fc.asyncProperty(fc.array(element, { maxLength: 5 }), fc.boolean(), async (elements, hasSnapshot) => {
        const sketch: Sketch = { url: 'http://test/p', type: 'Patient', elements: [{ id: 'Patient' }, ...elements] }
        const definition = sketched(sketch)
        const own: StructureDefinition = hasSnapshot
          ? { ...definition, snapshot: { element: definition.differential?.element ?? [] } }
          : definition
        await judge(resource, ['http://test/p'], bare(own))
      }),
      { numRuns: 120 },
    )
  })
})

/** Terminology and definitions of R4 core with one profile beside; made of one validator, for reading them takes long. */
function bare(own: StructureDefinition): ReturnType<typeof coreValidator> {
  return coreValidator.with(validator, [own])
}

describe('what costs much', () => {
  const limits = { cpuMilliseconds: 300, sliceMilliseconds: 20 }
  const costly = async (
    resource: unknown,
    profiles: string[] = [],
    own: Sketch[] = [],
  ): Promise<'answered' | 'refused'> => {
    const judged = coreValidator.with(validator, own.map(sketched))
    const started = process.threadCpuUsage()
    try {
      await judged.validate(resource as Resource, { profiles, budget: createBudget({ client: 'x', limits }) })
      return 'answered'
    } catch (error) {
      assert.ok(error instanceof FhirError && error.status === 422, String(error))
      assert.equal(error.issues[0]?.code, 'too-costly')
      return 'refused'
    } finally {
      const { user, system } = process.threadCpuUsage(started)
      assert.ok((user + system) / 1000 < 5000, `${(user + system) / 1000} ms`)
    }
  }

  it('a million elements', async () => {
    const concept = Array.from({ length: 200_000 }, (_, index) => ({ code: String(index), display: 'x' }))
    await costly({ resourceType: 'CodeSystem', status: 'draft', content: 'complete', concept })
  })

  it('slices by items', async () => {
    const slices = Array.from({ length: 1500 }, (_, index) => [
      { id: `Patient.identifier:s${index}`, sliceName: `s${index}` },
      { id: `Patient.identifier:s${index}.system`, fixedUri: `http://s/${index}` },
    ]).flat()
    const slicing = { discriminator: [{ type: 'value', path: 'system' }], rules: 'open' }
    const sketch: Sketch = {
      url: 'http://test/many',
      type: 'Patient',
      elements: [{ id: 'Patient' }, { id: 'Patient.identifier', slicing }, ...slices],
    }
    const identifier = Array.from({ length: 3000 }, (_, index) => ({ system: `http://t/${index}` }))
    await costly({ resourceType: 'Patient', identifier }, ['http://test/many'], [sketch])
  })

  it('an invariant that walks everything for everything', async () => {
    const constraint = [
      {
        key: 'q-1',
        severity: 'error',
        human: 'h',
        expression: '%resource.descendants().where($this in %resource.descendants()).count() > 0',
      },
    ]
    const sketch: Sketch = {
      url: 'http://test/walks',
      type: 'Patient',
      elements: [{ id: 'Patient' }, { id: 'Patient.name', constraint }],
    }
    const name = Array.from({ length: 500 }, () => ({ given: ['a', 'b', 'c'] }))
    await costly({ resourceType: 'Patient', name }, ['http://test/walks'], [sketch])
  })

  it('depth', async () => {
    let extension: JsonObject = { url: 'http://x', valueString: 'a' }
    for (let depth = 0; depth < 5000; depth++) extension = { url: 'http://x', extension: [extension] }
    await costly({ resourceType: 'Patient', extension: [extension] })
  })

  it('references in a circle, each held against the other', async () => {
    const of = (own: string, other: string): Sketch => ({
      url: own,
      type: 'Observation',
      elements: [
        { id: 'Observation' },
        { id: 'Observation.hasMember', type: [{ code: 'Reference', targetProfile: [other] }] },
      ],
    })
    const entry = Array.from({ length: 300 }, (_, index) => ({
      fullUrl: `http://x/Observation/${index}`,
      resource: {
        resourceType: 'Observation',
        id: String(index),
        meta: { profile: ['http://test/a'] },
        status: 'final',
        code: { text: 'x' },
        hasMember: [1, 2, 3].map((step) => ({ reference: `Observation/${(index + step) % 300}` })),
      },
    }))
    await costly(
      { resourceType: 'Bundle', type: 'collection', entry },
      [],
      [of('http://test/a', 'http://test/b'), of('http://test/b', 'http://test/a')],
    )
  })
})
