import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Json } from '../../src/base/json-value.ts'
import { FhirError } from '../../src/fhir/error.ts'
import type { StructureMap } from '../../src/fhir/types.ts'
import { checkMap, createMaps, parseMap, printMap } from '../../src/structure-map/maps.ts'
import { corpusText, mapCases, memoryEnvironment } from '../support/map-cases.ts'
import { mapCall } from '../support/run-map.ts'
import { isShared } from '../support/shared.ts'

const MUTANTS = 10_000
/** Every so many mutants that parse are also compiled and run. */
const RUN_EACH = 20
const LARGEST = 4000

/** Small linear generator: the same mutants every time. */
function randomNumbers(seed: number) {
  let state = seed
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function seeds(): string[] {
  const folder = join(import.meta.dirname, '../../igs/maps')
  const own = readdirSync(folder).map((name) => wholeGroups(readFileSync(join(folder, name), 'utf8')))
  const corpora = !isShared ? [] : [...new Set(mapCases().flatMap((each) => each.maps))].map(corpusText)
  return [...own, ...corpora.filter((each) => each.length < LARGEST && !each.trimStart().startsWith('{'))]
}

/** The first groups of a long map: cut within one, no mutant of it would parse. */
function wholeGroups(text: string): string {
  return text.length <= LARGEST ? text : text.slice(0, text.lastIndexOf('\n}', LARGEST) + 2)
}

const PIECES = [
  '{',
  '}',
  '(',
  ')',
  ';',
  ',',
  '->',
  "'",
  '"',
  '`',
  '"""',
  '/*',
  '//',
  '///',
  '\\',
  '<<',
  '>>',
  ' as ',
  ' then ',
  ' where ',
  '..',
  '@',
  '%',
  '\u0000',
  '😀',
  'group x(',
  '{}',
  '*',
  '1e9',
  '\r',
]

function mutate(text: string, random: (below: number) => number): string {
  let mutant = text
  for (let count = 1 + random(3); count > 0; count--) {
    const at = random(mutant.length + 1)
    const length = random(random(2) ? 4 : 200)
    const piece = random(2)
      ? (PIECES[random(PIECES.length)] ?? '')
      : mutant.slice(random(mutant.length), at + random(40))
    mutant = mutant.slice(0, at) + (random(3) ? piece : '') + mutant.slice(random(2) ? at : at + length)
  }
  return mutant
}

/** Parses, prints and parses again; the map when there is one. */
function parseMutant(text: string): StructureMap | undefined {
  let map: StructureMap
  try {
    map = parseMap(text).map
  } catch (error) {
    assert.ok(error instanceof FhirError, `${String(error)} for ${JSON.stringify(text)}`)
    for (const issue of error.issues)
      assert.match(issue.diagnostics ?? '', /^line \d+, column \d+: /, JSON.stringify(text))
    return undefined
  }
  const printed = printMap(map)
  assert.doesNotThrow(() => parseMap(printed), `printed ${printed} of ${JSON.stringify(text)}`)
  checkMap(map)
  return map
}

async function runMutant(map: StructureMap, source: Json): Promise<void> {
  const maps = createMaps(memoryEnvironment([]), { limits: { steps: 2000 } })
  try {
    const compiled = await maps.compile(map)
    compiled.run(source, mapCall())
  } catch (error) {
    assert.ok(
      error instanceof FhirError,
      `${error instanceof Error ? error.stack : String(error)} for ${printMap(map)}`,
    )
  }
}

test(`${MUTANTS} mutated maps: no crash, and every rejection has a position`, async () => {
  const random = randomNumbers(20_261_125)
  const texts = seeds()
  const source: Json = {
    resourceType: 'Patient',
    id: 'a',
    name: [{ family: 'B', given: ['C'] }],
    entry: [{ resource: { resourceType: 'Patient' } }],
  }
  let parsed = 0
  for (let i = 0; i < MUTANTS; i++) {
    const map = parseMutant(mutate(texts[i % texts.length] ?? '', random))
    if (map && parsed++ % RUN_EACH === 0) await runMutant(map, source)
  }
  assert.ok(parsed > 0)
})

test('deep nesting and endless text are refused, not crashed on', () => {
  const head = 'map "http://x" = x\ngroup g(source a, target b) {\n'
  const hostile = [
    `${head}a where ${'('.repeat(20_000)}`,
    `${head}${'a then { '.repeat(20_000)}`,
    `${head}a -> b.c = ${'-'.repeat(20_000)}1;`,
    `${head}${'a -> -> ;\n'.repeat(20_000)}`,
    `${head}a where ${'a.b '.repeat(20_000)}`,
    '"'.repeat(20_001),
    '/*'.repeat(20_000),
    `${head}a${'.b'.repeat(20_000)} as v -> b.c = v;`,
  ]
  for (const text of hostile) {
    try {
      parseMap(text)
    } catch (error) {
      assert.ok(error instanceof FhirError, String(error).slice(0, 200))
      assert.ok(error.issues.length <= 1000)
    }
  }
})
