/** Maps of the cases of the language, of the corpora and of generated rules: code answers what the closures answer. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isJsonObject } from '../../../src/base/json.ts'
import type { Json } from '../../../src/base/json-value.ts'
import { FhirError } from '../../../src/fhir/error.ts'
import { isAnyResource, parseJson } from '../../../src/fhir/json.ts'
import type { Resource, StructureMap } from '../../../src/fhir/types.ts'
import { parseMap } from '../../../src/structure-map/maps.ts'
import { bothWays } from '../../support/map-agreement.ts'
import { corpusText, mapCases, memoryEnvironment } from '../../support/map-cases.ts'
import { withRules } from '../../support/run-map.ts'
import { isShared } from '../../support/shared.ts'

interface Case {
  name: string
  rules?: string
  map?: string
  maps?: string[]
  artefacts?: Resource[]
  source?: Json
}

async function agree(map: StructureMap, others: Resource[], sources: Json[]): Promise<number> {
  const ways = await bothWays(map, memoryEnvironment([map, ...others]))
  for (const source of sources)
    for (const tolerant of [true, false]) {
      ways.run(source, { tolerant })
      if (tolerant) await ways.countSteps(source, { tolerant })
    }
  return ways.counts.generated
}

/** Whether a map can be read and compiled at all. */
async function ifCompiled(run: () => Promise<number>): Promise<number> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof FhirError) return 0
    throw error
  }
}

const folder = join(import.meta.dirname, '../cases')

describe('maps as generated code', () => {
  it('the cases of the language', async () => {
    let ran = 0
    for (const file of readdirSync(folder)) {
      const cases: Case[] = JSON.parse(readFileSync(join(folder, file), 'utf8'))
      for (const { rules, map, maps = [], artefacts = [], source = {} } of cases) {
        if (rules === undefined && map === undefined) continue
        ran += await ifCompiled(async () => {
          const [main, ...others] = [map ?? withRules(`  ${rules}`), ...maps].map((each) => parseMap(each).map)
          return main ? agree(main, [...others, ...artefacts], [source]) : 0
        })
      }
    }
    assert.ok(ran > 200, `${ran}`)
  })

  const own: (Case & { types?: [string, string]; sources: Json[] })[] = JSON.parse(
    readFileSync(join(import.meta.dirname, 'cases.json'), 'utf8'),
  )
  for (const { name, rules, map, types, sources } of own)
    it(name, async () => {
      assert.ok((await agree(parseMap(map ?? withRules(`  ${rules}`, types)).map, [], sources)) > 0)
    })

  if (isShared)
    it('the maps of the corpora', async () => {
      let ran = 0
      for (const { kind, supporting = [], maps, map, source } of mapCases()) {
        if (source === undefined || kind === 'parse') continue
        const artefacts = [...supporting, ...maps].flatMap((path) => {
          if (path.endsWith('.xml')) return []
          const text = corpusText(path)
          const resource = /^\s*\{/.test(text) ? parseJson(text) : parseMap(text).map
          return isAnyResource(resource) ? [resource] : []
        })
        const environment = memoryEnvironment(artefacts)
        let value: Json | undefined = parseJson(corpusText(source)) as Json
        for (const url of [map ?? []].flat()) {
          const [found] = await environment.findMaps(url)
          if (!found || value === undefined) break
          const given: Json = value
          value = undefined
          ran += await ifCompiled(async () => {
            const ways = await bothWays(found, environment)
            value = ways.run(given, { tolerant: true })
            if (isJsonObject(value) && Array.isArray(value.entry) && [map ?? []].flat().length > 1)
              ways.run(value.entry)
            return ways.counts.generated
          })
        }
      }
      assert.ok(ran > 40, `${ran}`)
    })
})

/** Paths from an Observation, with variables that stand for what is there. */
const anySource = fc.constantFrom(
  'src as s',
  'src.status as s',
  'src.subject as s',
  'src.subject as o, o.reference as s',
  'src.code as s',
  'src.component as s',
  'src.component first as s',
  'src.value as s',
  'src.effective as s',
  'src.note as s',
  'src.id as s',
  'src.category as s',
  'src.contained as s',
  'src.nothing as s',
  "src.status as s where ($this = 'final')",
  "src.status as s where (status.startsWith('f'))",
  'src.component as s where (code.exists())',
  'src.code as s where (text.exists() and coding.empty())',
  "src.id as s where ($this.length() > 3 or $this.matches('^[a-z]+$'))",
  'src.subject as s where (%s.reference.empty().not())',
  'src.contained as s where ($this.ofType(FHIR.Patient))',
  'src.component last as s',
  'src.id as s check ($this.exists())',
)
const anyValue = fc.constantFrom(
  '= s',
  "= 'x'",
  "= 'a b'",
  '= true',
  '= 5',
  '= uuid()',
  "= append('a', s)",
  "= append('x/', 'y')",
  "= c('http://example.org', 'b')",
  "= c('http://example.org', s, 'D')",
  "= create('CodeableConcept')",
  "= create('Patient')",
  "= cast(s, 'date')",
  "= cast('2026-01-01', 'dateTime')",
  '= (%s)',
  "= (iif($this.exists(), 'y', 'n'))",
  "= ('a' & 'b')",
  "= translate(s, '#none', 'Coding')",
  '',
  '= truncate(s, 2)',
  "= qty('5 mg')",
  '= ($this.toString().trim())',
  '= src.status',
  "= cc('t')",
)
const anyElement = fc.constantFrom(
  'id',
  'status',
  'subject',
  'code',
  'component',
  'value',
  'effective',
  'note',
  'identifier',
  'category',
  'contained',
  'meta',
  'language',
  'focus',
  'hasMember',
  'performer',
  'nothing',
  'code.text',
  'interpretation',
  'bodySite',
  'valueQuantity',
  'issued',
  'extension',
)
const anyMode = fc.constantFrom('', '', '', '', ' first', ' last', ' share r1', ' collate', ' single')
const anyTarget = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(anyElement, anyValue, fc.constantFrom('', ' as t'), anyMode)
      .map(([element, value, name, mode]) => `tgt.${element} ${value}${name}${mode}`),
  },
  {
    weight: 1,
    arbitrary: anyValue
      .filter((each) => each.startsWith('= ') && !each.includes('src.'))
      .map((each) => (each.includes('(') && !each.startsWith('= (') ? `${each.slice(2)} as t` : 'uuid() as t')),
  },
)
const anyInner = fc.constantFrom(
  '',
  '',
  ' then { s -> t.text = s "inner1"; s -> t.coding = c(\'http://x.org\', \'y\') "inner2"; }',
  ' then { s -> t.reference = append(\'P/\', s) "inner3"; }',
  ' then more(s, t)',
  ' then { s then more(s, tgt) "inner4"; }',
  " then { s.text as q -> t.display = q 'inner5'; src.component as c then { c.code as d -> tgt.code = d 'inner6'; } 'inner7'; }".replaceAll(
    "'",
    '"',
  ),
)
const anyRule = fc
  .tuple(anySource, fc.array(anyTarget, { minLength: 0, maxLength: 3 }), anyInner)
  .map(([source, targets, inner]) => `  ${source}${targets.length > 0 ? ` -> ${targets.join(', ')}` : ''}${inner}`)
const anyMap = fc.array(anyRule, { minLength: 1, maxLength: 4 }).map(
  (rules) =>
    `${withRules(rules.map((each, index) => `${each} "rule${index}";`).join('\n'), ['Observation', 'Observation'])}
group more(source a, target b) {
  a -> b.text = 'more' "m1";
  a.text as x where ($this != 'none') -> b.text = x "m2";
  a.coding as x -> b.coding = x as y, y.display = 'shown' "m3";
  a -> b.id = uuid() "m4";
}`,
)

const text = fc.constantFrom('', 'final', 'x', 'a b', ' ', '2026-01-01', 'abc', 'a'.repeat(70))
const coding = fc.record(
  { system: fc.constantFrom('http://x.org', 'not a uri'), code: text, display: text },
  { requiredKeys: [] },
)
const concept = fc.record({ text, coding: fc.array(coding, { maxLength: 2 }) }, { requiredKeys: [] })
const odd: fc.Arbitrary<Json> = fc.constantFrom<Json>(
  null,
  [],
  {},
  5,
  'odd',
  ['x'],
  [{}],
  { resourceType: 'Patient', id: 'p' },
  true,
)
const orOdd = (given: fc.Arbitrary<unknown>) => fc.oneof({ weight: 9, arbitrary: given }, { weight: 1, arbitrary: odd })
const anyObservation = fc
  .record(
    {
      id: orOdd(text),
      status: orOdd(text),
      _status: fc.constant({ extension: [{ url: 'http://x.org', valueCode: 'c' }] }),
      subject: orOdd(fc.record({ reference: text, display: text }, { requiredKeys: [] })),
      code: orOdd(concept),
      component: orOdd(
        fc.array(fc.record({ code: orOdd(concept), valueString: text }, { requiredKeys: [] }), { maxLength: 3 }),
      ),
      valueString: text,
      effectiveDateTime: text,
      note: orOdd(fc.array(fc.record({ text }), { maxLength: 2 })),
      category: orOdd(fc.array(concept, { maxLength: 2 })),
      contained: fc.array(fc.constantFrom({ resourceType: 'Patient', id: 'p' }, { resourceType: 'Group' }), {
        maxLength: 2,
      }),
    },
    { requiredKeys: [] },
  )
  .map((members) => JSON.parse(JSON.stringify({ resourceType: 'Observation', ...members })) as Json)

const numRuns = Number(process.env.VIDIMUS_FUZZ_RUNS ?? 150)

it('generated maps over generated instances', async () => {
  let ran = 0
  await fc.assert(
    fc.asyncProperty(anyMap, fc.array(anyObservation, { minLength: 1, maxLength: 4 }), async (fml, sources) => {
      ran += await ifCompiled(() => agree(parseMap(fml).map, [], sources))
    }),
    { numRuns },
  )
  assert.ok(ran > numRuns, `${ran}`)
})
