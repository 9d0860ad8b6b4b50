import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StructureMap } from '../../../src/fhir/types.ts'
import { parseMap, printMap, readR5 } from '../../../src/structure-map/maps.ts'
import { corpusText, mapCases } from '../../support/map-cases.ts'
import { overShared } from '../../support/shared.ts'

/** A map without the places of its rules, which move when it is printed, and without `id`, which is not FML. */
function withoutPlaces(map: unknown): unknown {
  return JSON.parse(
    JSON.stringify(map, (name, value) => {
      if (name === 'id' && typeof value === 'string' && !/^[A-Z#]/.test(value)) return value
      if (name !== 'extension' || !Array.isArray(value)) return value
      const kept = value.filter((each) => !/fml-position$/.test(each.url))
      return kept.length > 0 ? kept : undefined
    }),
  )
}

function checkRoundTrip(map: StructureMap, name: string): void {
  const text = printMap(map)
  const { map: back } = parseMap(text)
  const { id: _, ...given } = map
  assert.deepEqual(withoutPlaces(back), withoutPlaces(given), name)
  assert.equal(printMap(back), text, `${name} prints differently the second time`)
}

overShared.test('print and parse give back every map of the corpora', () => {
  const seen = new Set(mapCases().flatMap((each) => each.maps))
  for (const path of seen) {
    const text = corpusText(path)
    if (!text.trimStart().startsWith('{')) checkRoundTrip(parseMap(text).map, path)
  }
})

test('print and parse give back every map of the project', () => {
  const folder = join(import.meta.dirname, '../../../igs/maps')
  for (const name of readdirSync(folder)) checkRoundTrip(parseMap(readFileSync(join(folder, name), 'utf8')).map, name)
})

const name = fc.oneof(
  fc.stringMatching(/^[a-z][A-Za-z0-9]{0,6}$/),
  fc.constantFrom('-260', 'a b', 'then', "it's", 'section4.5', '_x'),
)
const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 8 }),
  fc.constantFrom('a"b', "it's", '\\', 'line\nbreak', '\t', 'ü😀', '/* x */', '// y'),
)
const expression = fc.constantFrom(
  "a.b = 'x'",
  'name.exists()',
  "x & 'it\\'s'",
  '%v + 5 days',
  '1.5',
  '`-260`.first()',
  '@2024-01-02',
  '(a or b) and c',
  '{}',
)
const documentation = fc.option(fc.constantFrom('one line', 'two\nlines', '/ slash'), { nil: undefined })
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const cardinality = fc.option(fc.record({ min: fc.nat(3), max: fc.constantFrom('1', '*') }), { nil: {} })
const sourceParts = fc.record({
  context: name,
  element: optional(name),
  type: optional(fc.constantFrom('string', 'Patient')),
  defaultValueString: optional(text),
  listMode: optional(fc.constantFrom('first', 'not_first', 'last', 'not_last', 'only_one')),
  variable: optional(name),
  condition: optional(expression),
  check: optional(expression),
  logMessage: optional(expression),
})
const source = fc.tuple(sourceParts, cardinality).map(([parts, counts]) => ({ ...parts, ...counts }))
const argument = fc.oneof(
  fc.record({ valueId: fc.stringMatching(/^[a-z][A-Za-z0-9]{0,6}$/) }),
  fc.record({ valueString: text }),
  fc.record({ valueInteger: fc.integer() }),
  fc.record({ valueBoolean: fc.boolean() }),
  fc.record({ valueDecimal: fc.constantFrom(0.5, -1.25, 1e-7, 3) }),
)
const making = fc.oneof(
  fc.constant({}),
  fc.record({ transform: fc.constant('copy'), parameter: fc.tuple(argument) }),
  fc.record({
    transform: fc.constantFrom('create', 'cast', 'append', 'c'),
    parameter: fc.array(argument, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({ transform: fc.constant('evaluate'), parameter: fc.tuple(fc.record({ valueString: expression })) }),
  fc.record({ transform: fc.constant('uuid') }),
)
const target = fc
  .tuple(
    fc.record({
      context: name,
      element: name,
      variable: optional(name),
      listMode: optional(fc.constantFrom(['first'], ['last'], ['collate'])),
    }),
    making,
  )
  .map(([place, made]) => ({ ...place, contextType: 'variable', ...made }))
const rule = fc.letrec((tie) => ({
  rule: fc.record({
    name: fc.stringMatching(/^[a-z][A-Za-z0-9 -]{0,8}$/),
    documentation,
    source: fc.array(source, { minLength: 1, maxLength: 2 }),
    target: fc.array(target, { minLength: 1, maxLength: 3 }),
    dependent: optional(
      fc.array(fc.record({ name: fc.constant('other'), variable: fc.tuple(fc.constant('a'), fc.constant("'x'")) }), {
        minLength: 1,
        maxLength: 2,
      }),
    ),
    rule: fc.option(fc.array(tie('rule'), { minLength: 1, maxLength: 2 }), { nil: undefined, depthSize: 'small' }),
  }),
})).rule
const generated = fc.record({
  resourceType: fc.constant('StructureMap'),
  url: fc.constant('http://example.org/StructureMap/generated'),
  name: fc.constantFrom('Generated', 'with space'),
  status: fc.constantFrom('draft', 'active'),
  title: optional(text.filter((each) => each.trim() !== '')),
  description: optional(fc.constantFrom('one', 'two\nlines', ' padded ', 'with """ quotes\nx')),
  experimental: optional(fc.boolean()),
  contact: optional(fc.constant([{ name: 'WHO', telecom: [{ value: 'a' }, { value: 'b' }] }, { name: 'Other' }])),
  structure: optional(
    fc.tuple(
      fc.record({
        url: fc.constant('http://x/Y'),
        mode: fc.constantFrom('source', 'produced'),
        alias: optional(name),
        documentation,
      }),
    ),
  ),
  import: optional(fc.constant(['http://x/*', 'http://y'])),
  group: fc.array(
    fc.record({
      name: fc.stringMatching(/^[a-z][a-z0-9]{0,6}$/),
      extends: optional(fc.constant('other')),
      typeMode: fc.constantFrom('none', 'types', 'type-and-types'),
      documentation,
      input: fc.array(
        fc.record({
          name,
          type: optional(fc.constantFrom('Patient', 'My Type')),
          mode: fc.constantFrom('source', 'target'),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      rule: fc.array(rule, { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 3 },
  ),
})

test('print and parse give back generated maps', () => {
  fc.assert(
    fc.property(generated, (given) => {
      checkRoundTrip(JSON.parse(JSON.stringify(given)), 'generated')
    }),
    { numRuns: 250, seed: 3 },
  )
})

test('R5 spelling is read as R4', () => {
  const r5 = {
    resourceType: 'StructureMap',
    url: 'http://example.org/StructureMap/r5',
    name: 'r5',
    status: 'active',
    const: [{ name: 'system', value: "'http://x'" }],
    group: [
      {
        name: 'g',
        input: [{ name: 'src', mode: 'source' }],
        rule: [
          {
            source: [{ context: 'src', element: 'a', defaultValue: 'src.id' }],
            target: [
              {
                context: 'tgt',
                element: 'b',
                listMode: ['single'],
                transform: 'append',
                parameter: [{ valueDate: '2024-01-02' }],
              },
            ],
            dependent: [{ name: 'h', parameter: [{ valueId: 'src' }, { valueString: 'text' }, { valueInteger: 1 }] }],
          },
        ],
      },
    ],
  }
  const before = JSON.stringify(r5)
  const map = readR5(r5 as unknown as StructureMap) // R5 is not in the types
  assert.equal(JSON.stringify(r5), before)
  assert.equal(map.group[0]?.typeMode, 'none')
  assert.equal(map.group[0]?.rule[0]?.name, 'a')
  assert.deepEqual(map.group[0]?.rule[0]?.dependent, [{ name: 'h', variable: ['src', "'text'", '1'] }])
  assert.equal(map.group[0]?.rule[0]?.target?.[0]?.contextType, 'variable')
  const text = printMap(map)
  assert.match(text, /^let system = 'http:\/\/x';$/m)
  assert.match(
    text,
    /src\.a default \(src\.id\) -> tgt\.b = append\(\(@2024-01-02\)\) single then h\(src, 'text', 1\);/,
  )
  checkRoundTrip(map, 'r5')
  const { map: r4 } = parseMap(text)
  assert.equal(readR5(r4), r4)
})

test('create() without a type is printed as it was written', () => {
  const text = printMap(
    parseMap(`map "http://x/m" = m
group g(source s, target t) {
  s -> t.a = create() as a, t.b as b, a.c = 1 "r";
  s.d -> t.d;
}
`).map,
  )
  assert.match(text, / s -> t\.a = create\(\) as a, t\.b as b, a\.c = 1 "r";\n {2}s\.d -> t\.d;\n/)
})
