/** Own maps, over samples of every format and samples that are twisted, answer as generated code what they answer as closures. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { keepExactNumber } from '../../../src/base/exact-number.ts'
import { isJsonObject } from '../../../src/base/json.ts'
import type { Json, JsonObject } from '../../../src/base/json-value.ts'
import type { MapEnvironment } from '../../../src/structure-map/environment.ts'
import { inlineTranslator } from '../../../src/structure-map/run/translate.ts'
import { byCanonical, maps, ofType } from '../../content/own-content.ts'
import { type BothWays, bothWays } from '../../support/map-agreement.ts'
import * as samples from '../../support/map-samples.ts'

const environment: MapEnvironment = {
  findMaps: async (url) => maps.filter((each) => each.url === url.split('|')[0]),
  findStructure: async (name) => ofType('StructureDefinition').find((each) => each.url === name || each.type === name),
  membership: async () => () => false,
  translator: async (conceptMap) => {
    const found = typeof conceptMap === 'string' ? byCanonical('ConceptMap', conceptMap)[0] : conceptMap
    return inlineTranslator(found ?? { resourceType: 'ConceptMap', status: 'draft' })
  },
  revision: () => 1,
}

const loaded = new Map<string, Promise<BothWays>>()
function ways(url: string): Promise<BothWays> {
  const map = maps.find((each) => each.url === url.split('|')[0])
  assert.ok(map, url)
  const known = loaded.get(map.url) ?? bothWays(map, environment)
  loaded.set(map.url, known)
  return known
}

const {
  dcc,
  vaccination,
  testEvent,
  recovery,
  card,
  cardPatient,
  cardDose,
  cardResult,
  seal,
  sealDose,
  flat,
  claim6,
  divoc,
  divocDose,
} = samples

/** Content by kind of certificate. */
const contents: [string, Json][] = [
  ['hcert-dcc', dcc({ v: [vaccination] })],
  [
    'hcert-dcc',
    dcc({ v: [vaccination, { ...vaccination, mp: 'CoronaVac', vp: 'J07BX03', co: 'XK' }], t: [testEvent] }),
  ],
  ['hcert-dcc', dcc({ t: [testEvent, { ...testEvent, sc: '2026-05-30', nm: 'X', ma: '1232' }] })],
  ['hcert-dcc', dcc({ r: [recovery] })],
  ['hcert-ddcc-vs', flat],
  ['hcert-dvc', claim6],
  ['shc', card(cardPatient(), cardDose(), cardDose({ lotNumber: 'L1' }), cardResult())],
  ['icao-vds-nc', seal({ ve: [{ des: 'XM68M6', dis: 'RA01.0', nam: 'Comirnaty', vd: [sealDose] }] })],
  ['divoc', divoc(divocDose)],
]

function instancesOf(value: Json | undefined): Json[] {
  if (!isJsonObject(value) || !Array.isArray(value.entry)) return []
  return value.entry.flatMap((each) => (isJsonObject(each) && each.resource !== undefined ? [each.resource] : []))
}

/** Runs the chain of a kind of certificate both ways; answers how many resources came out. */
async function runChain(format: string, content: Json, isCounted = false): Promise<number> {
  const { claims, maps: chain } = samples.inputOf(format, content)
  const run = async (urls: readonly string[], given: Json) => {
    let current: Json | undefined = given
    for (const url of urls) {
      if (current === undefined) break
      const way = await ways(url)
      if (isCounted) await way.countSteps(current, { tolerant: true })
      current = way.run(current, { tolerant: true })
    }
    return current
  }
  const middle = await run(chain.coreDataSet, claims)
  const inner = [...instancesOf(middle), ...(isJsonObject(middle) ? [middle] : [])]
  let count = 0
  for (const instance of chain.bundleOf === 'content' ? [claims] : inner)
    count += instancesOf(await run(chain.bundle, instance)).length
  return count
}

/** What a member may be besides what a map expects. */
const oddities: Json[] = [
  null,
  '',
  ' ',
  'x',
  '2021-13-45',
  '0',
  0,
  -1,
  1.5,
  1e21,
  true,
  [],
  {},
  [null],
  ['a', ''],
  [{}],
  { a: 1 },
  { value: 'v' },
  { resourceType: 'Patient' },
  { resourceType: 'Nothing' },
  [{ code: 'c', system: 's' }],
  { code: 'c' },
  'a'.repeat(63),
  'a'.repeat(64),
  'b'.repeat(200),
  '\u2028`"',
]

interface Twist {
  /** Which of all members is changed. */
  at: number
  how: 'replace' | 'remove' | 'extend' | 'wrap' | 'exact'
  with: Json
}

const anyTwist: fc.Arbitrary<Twist> = fc.record({
  at: fc.nat(200),
  how: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'extend', 'wrap', 'exact'),
  with: fc.constantFrom(...oddities),
})

function placesIn(value: Json): [JsonObject, string][] {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap(placesIn)
  return Object.keys(value).flatMap((name): [JsonObject, string][] => [[value, name], ...placesIn(value[name] ?? null)])
}

function twisted(content: Json, twists: Twist[]): Json {
  const copy: Json = structuredClone(content)
  for (const { at, how, with: odd } of twists) {
    const places = placesIn(copy)
    const [holder, name] = places[at % places.length] ?? []
    if (!holder || name === undefined) continue
    if (how === 'replace') holder[name] = structuredClone(odd)
    else if (how === 'remove') delete holder[name]
    else if (how === 'wrap') holder[name] = [holder[name] ?? null, structuredClone(odd)]
    else if (how === 'extend')
      holder[`_${name}`] = { id: 'i', extension: [{ url: 'http://example.org/x', valueString: 'y' }] }
    else {
      holder[name] = 1.5
      keepExactNumber(holder, name, '1.50')
    }
  }
  return copy
}

/** Of these the steps are counted, too. */
const countedSamples = [0, 3]

const numRuns = Number(process.env.VIDIMUS_FUZZ_RUNS ?? 400)

describe('own maps as generated code', () => {
  for (const [index, [format, content]] of contents.entries())
    it(`${format}, sample ${index + 1}: the same answer`, async () => {
      assert.ok((await runChain(format, content, countedSamples.includes(index))) > 0)
    })

  it('twisted content: the same answer, remarks and errors', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...contents),
        fc.array(anyTwist, { minLength: 1, maxLength: 4 }),
        async ([format, content], twists) => {
          await runChain(format, twisted(content, twists))
        },
      ),
      { numRuns },
    )
  })

  it('code ran for every map whose source has a model', async () => {
    const untyped = [
      'DdccToCoreDataSet',
      'DivocToCoreDataSet',
      'IcaoVdsToCoreDataSet',
      'ShcToCoreDataSet',
      'VaccinationClaimToCoreDataSet',
    ]
    for (const [url, each] of loaded) {
      const { generated, closures } = (await each).counts
      const isTyped = !untyped.some((name) => url.endsWith(`/${name}`))
      assert.ok(
        isTyped ? generated > 20 && closures === 0 : closures > 20,
        `${url}: ${generated} runs of code, ${closures} of closures`,
      )
    }
  })
})
