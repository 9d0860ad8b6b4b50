/** Whatever is structurally sound is judged: issues or nothing, never a bug. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { checkResource } from '../../src/fhir/check/resource.ts'
import { FhirError, isError } from '../../src/fhir/error.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { openTestServer } from '../support/loaded-server.ts'
import { codeSystem, conceptMap, contentLibrary, cqlLibrary, plan, valueSet } from './support.ts'

const { server, close } = await openTestServer()
after(close)

const samples: Resource[] = [
  plan('a', 'http://vidimus.org/fhir/Library/ValidTest|1.0.0', {
    useContext: [{ code: { code: 'focus' }, valueCodeableConcept: { coding: [{ code: 'test' }] } }],
    jurisdiction: [{ coding: [{ code: 'DE' }] }],
    effectivePeriod: { start: '2026', end: '2027' },
  }),
  cqlLibrary('Fuzz', 'define Good: true'),
  contentLibrary('Cert', 'application/certlogic+json', '{"and":[true,{"var":"payload.v.0"}]}'),
  contentLibrary(
    'Elm',
    'application/elm+json',
    '{"library":{"identifier":{"id":"Elm"},"statements":{"def":[{"name":"A","expression":{"type":"Null"}}]}}}',
  ),
  valueSet('a', {
    compose: {
      include: [
        { system: 'http://vidimus.org/fhir/CodeSystem/decision', concept: [{ code: 'accepted' }] },
        {
          system: 'http://vidimus.org/fhir/CodeSystem/decision',
          filter: [{ property: 'concept', op: 'is-a', value: 'accepted' }],
        },
        { valueSet: ['http://vidimus.org/fhir/ValueSet/decision'] },
      ],
      exclude: [{ system: 'urn:x' }],
    },
  }),
  codeSystem('a', ['a', 'b'], {
    concept: [{ code: 'a', concept: [{ code: 'b', property: [{ code: 'parent', valueCode: 'a' }] }] }],
    supplements: 'http://x|1',
  }),
  conceptMap('a', {
    group: [
      {
        source: 'a',
        target: 'b',
        element: [
          { code: 'x', target: [{ code: 'y', equivalence: 'wider', dependsOn: [{ property: 'p', value: 'v' }] }] },
        ],
        unmapped: { mode: 'fixed', code: 'z' },
      },
    ],
  }),
]

const odd = fc.oneof(
  fc.constantFrom<Json>(
    '',
    ' ',
    '|',
    '#',
    'a|b|c',
    '__proto__',
    'constructor',
    'toString',
    'http://x',
    null,
    0,
    -1,
    true,
    [],
    {},
    [null],
    '2026-13-01',
  ),
  fc.string({ maxLength: 8 }),
)

/** Every place of a JSON value. */
function places(value: Json, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path]
  return [
    path,
    ...Object.entries(value).flatMap(([name, each]) =>
      places(each as Json, [...path, Array.isArray(value) ? Number(name) : name]),
    ),
  ]
}

/** A copy with something else, or nothing, at a place. */
function changed(value: Json, [name, ...rest]: (string | number)[], to: Json | undefined): Json {
  if (name === undefined) return to ?? null
  const copy = structuredClone(value) as JsonObject
  const next = rest.length > 0 ? changed(copy[name] ?? null, rest, to) : to
  if (next === undefined) delete copy[name]
  else copy[name] = next
  return Array.isArray(copy) ? copy.flat(0) : copy
}

test('mutated artefacts are judged or refused by their structure, as active ones, drafts and on import', async () => {
  const mutation = fc.tuple(fc.nat(), fc.option(odd, { nil: undefined }))
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...samples),
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      async (sample, mutations) => {
        let value = structuredClone(sample) as unknown as Json
        for (const [at, to] of mutations) {
          const all = places(value).slice(1)
          const place = all[at % all.length]
          if (place) value = changed(value, place, to)
        }
        if (checkResource(value).some(isError)) return
        const resource = value as unknown as Resource
        for (const status of ['active', 'draft']) {
          const given = { ...resource, status } as Resource
          try {
            const issues = await server.publish.check(given, [given])
            assert.ok(Array.isArray(issues))
            if (status === 'draft') assert.ok(!issues.some(isError))
            await server.publish.admit(given)
            await server.publish.compare(given)
            server.publish.write({ method: 'PUT', type: given.resourceType, id: 'x', resource: given })
          } catch (error) {
            assert.ok(
              error instanceof FhirError && error.status === 503,
              `${error instanceof Error ? error.stack : error} ${JSON.stringify(given)}`,
            )
          }
        }
      },
    ),
    { numRuns: 1000 },
  )
})
