import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../../src/base/json-value.ts'
import { FhirError } from '../../src/fhir/error.ts'
import { createMaps } from '../../src/structure-map/maps.ts'
import { byCanonical, maps, ofType } from './own-content.ts'

const engine = createMaps({
  findMaps: async (url) => byCanonical('StructureMap', url),
  findStructure: async (name) => ofType('StructureDefinition').find((each) => each.url === name),
  membership: async () => () => false,
  translator: async () => () => [],
  revision: () => 1,
})
const call = { now: new Date('2026-06-01T12:00:00Z'), uuid: () => '00000000-0000-4000-8000-000000000001' }

const text = fc.oneof(
  fc.string(),
  fc.constantFrom(
    '',
    '2021-05-27',
    '1963-XX-XX',
    '2021-05-30T10:12Z',
    'EU/1/20/1528',
    'ORG-1',
    'XK',
    'Primary',
    '840539006',
  ),
)
const odd: fc.Arbitrary<Json> = fc.oneof(
  { weight: 6, arbitrary: text },
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.array(text, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('code', 'system', 'value', 'display', '__proto__'), text),
)
const object = (...members: string[]) => fc.dictionary(fc.constantFrom(...members), odd)
const list = (members: string[]) => fc.oneof(odd, object(...members), fc.array(object(...members), { maxLength: 3 }))

const event = [
  'tg',
  'vp',
  'mp',
  'ma',
  'dn',
  'sd',
  'dt',
  'co',
  'is',
  'ci',
  'tt',
  'nm',
  'sc',
  'tr',
  'tc',
  'fr',
  'df',
  'du',
]
const dcc = fc.record({
  '1': odd,
  '4': odd,
  '6': odd,
  '-260': fc.record({
    '1': fc.record({
      ver: odd,
      nam: object('fn', 'fnt', 'gn', 'gnt'),
      dob: odd,
      v: list(event),
      t: list(event),
      r: list(event),
    }),
  }),
})
const dvcEvent = ['dn', 'tg', 'vp', 'mp', 'ma', 'mid', 'dt', 'dv', 'bo', 'vls', 'vle', 'cn', 'is']
const dvcHolder = { n: odd, dob: odd, s: odd, ntl: odd, nt: odd, nid: odd, id: odd, ndt: odd, dt: odd, gn: odd, d: odd }
const dvc = fc.oneof(
  fc.record({ ...dvcHolder, v: list(dvcEvent) }),
  fc.record({ ...dvcHolder, v: odd, vx: list(dvcEvent) }),
)
const flatMembers = [
  'name',
  'birthDate',
  'sex',
  'identifier',
  'vaccine',
  'brand',
  'date',
  'dose',
  'country',
  'hcid',
  'pha',
  'test',
]
const anything = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>

const inputs: Record<string, fc.Arbitrary<Json>> = {
  HcertDccToCoreDataSet: dcc as fc.Arbitrary<Json>,
  VaccinationClaimToCoreDataSet: dvc as fc.Arbitrary<Json>,
  DdccToCoreDataSet: object(...flatMembers, 'vaccination', 'certificate') as fc.Arbitrary<Json>,
}

describe('maps of own content over hostile input', () => {
  for (const { name = '', url } of maps)
    it(`${name} answers or says what it cannot do`, async () => {
      const compiled = await engine.compile(url)
      fc.assert(
        fc.property(fc.oneof(anything, inputs[name] ?? anything), (content) => {
          try {
            const output = compiled.run(content, call)
            assert.equal(typeof output, 'object')
          } catch (error) {
            assert.ok(error instanceof FhirError, String(error))
            assert.ok(error.status < 500, `${error.status}`)
          }
        }),
        { numRuns: 300, seed: 20261125 },
      )
    })
})
