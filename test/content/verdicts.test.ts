import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { Json, JsonObject } from '../../src/base/json-value.ts'
import { credentialFormats } from '../../src/credentials/credentials.ts'
import { certificateKinds, contentAbout } from '../../src/evaluate/certificate-kinds.ts'
import type { Bundle } from '../../src/fhir/types.ts'
import { createRules, readPlan } from '../../src/rules/rules.ts'
import { selectPlans } from '../../src/rules/select-plans.ts'
import { createMaps } from '../../src/structure-map/maps.ts'
import { createTerminology } from '../../src/terminology/terminology.ts'
import { inputOf } from '../support/map-samples.ts'
import { byCanonical, maps, ofType } from './own-content.ts'

// Own content with the real rooms and nothing else: what a fresh server says of claims.
const revision = () => 1
const uuid = () => crypto.randomUUID()
const clock = '2026-06-01T12:00:00Z'
const now = () => new Date(clock)

const terminology = createTerminology(
  {
    find: async (type, url) => ofType(type).filter((each) => 'url' in each && each.url === url),
    list: async (type) => ofType(type),
    revision,
  },
  { now, uuid },
)
const engine = createMaps({
  findMaps: async (url) => byCanonical('StructureMap', url),
  findStructure: async (name) => {
    const models = ofType('StructureDefinition')
    return models.find((each) => each.url === name) ?? models.find((each) => each.type === name)
  },
  membership: terminology.membership,
  translator: terminology.translator,
  revision,
})
const kept = new Map<string, string>()
const rules = createRules(
  {
    findLibraries: async (url) => byCanonical('Library', url),
    listLibraries: async () => ofType('Library'),
    membership: terminology.membership,
    expand: async () => [],
    derived: {
      get: async (kind, key) => kept.get(`${kind} ${key}`),
      set: async (kind, key, value) => {
        kept.set(`${kind} ${key}`, value)
      },
    },
    revision,
  },
  { jobSeconds: 60 },
)
after(() => rules.close())

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function resourcesOf(bundle: Json): JsonObject[] {
  const entries = isObject(bundle) && Array.isArray(bundle.entry) ? bundle.entry : []
  return entries.flatMap((entry) => (isObject(entry) && isObject(entry.resource) ? [entry.resource] : []))
}

async function transform(canonicals: readonly string[], content: Json): Promise<Json> {
  let current = content
  for (const canonical of canonicals) current = (await engine.compile(canonical)).run(current, { now: now(), uuid })
  return current
}

/** The bundles of every event, with the holder once. */
async function toFhir(format: string, content: Json): Promise<Bundle> {
  const chain = inputOf(format, content).maps
  const resources: JsonObject[] = []
  for (const coreDataSet of resourcesOf(await transform(chain.coreDataSet, content)))
    for (const resource of resourcesOf(await transform(chain.bundle, coreDataSet)))
      if (!resources.some((each) => each.resourceType === resource.resourceType && each.id === resource.id))
        resources.push(resource)
  const bundle: Json = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: resources.map((resource) => ({ resource })),
  }
  return bundle as unknown as Bundle // a Bundle by construction
}

/** Results of the rules that apply by default, by id of the rule set. */
async function verdicts(format: string, kinds: string[], content: Json) {
  const data = await toFhir(format, content)
  const plans = selectPlans(ofType('PlanDefinition'), { kinds: certificateKinds(kinds, data), clock: now() })
  const found: Record<string, boolean | null> = {}
  for (const plan of plans)
    for (const { result, issue } of await rules.evaluatePlan(plan, {
      data: contentAbout(readPlan(plan).kinds.value, data),
      clock,
    })) {
      assert.equal(issue, undefined, JSON.stringify(issue))
      found[plan.id ?? ''] = result
    }
  return found
}

const dcc = (events: JsonObject): JsonObject => ({
  '1': 'IE',
  '4': 1_798_761_600,
  '6': 1_767_225_600,
  '-260': {
    '1': { ver: '1.3.0', nam: { fn: 'Beispiel', fnt: 'BEISPIEL', gn: 'Aoife', gnt: 'AOIFE' }, dob: '1984', ...events },
  },
})
const common = { tg: '840539006', co: 'IE', is: 'Test Health Authority', ci: 'URN:UVCI:01:IE:1' }
const dose = (dn: number, sd: number | undefined, mp = 'EU/1/20/1528'): JsonObject => ({
  ...common,
  vp: '1119349007',
  mp,
  ma: 'ORG-100030215',
  dn,
  ...(sd === undefined ? {} : { sd }),
  dt: '2026-01-15',
})
const sample = (tt: string, sc: string, tr: string): JsonObject => ({ ...common, tt, sc, tr, tc: 'Harbour' })
const [naat, antigen, detected, notDetected] = ['LP6464-4', 'LP217198-3', '260373001', '260415000'] as const

describe('verdicts of own content', () => {
  const cases: [
    name: string,
    format: string,
    kinds: string[],
    content: Json,
    expected: Record<string, boolean | null>,
  ][] = [
    ['DCC 2/2', 'hcert-dcc', ['vaccination'], dcc({ v: [dose(2, 2)] }), { 'complete-primary-series': true }],
    ['DCC 1/2', 'hcert-dcc', ['vaccination'], dcc({ v: [dose(1, 2)] }), { 'complete-primary-series': false }],
    ['DCC 2/1', 'hcert-dcc', ['vaccination'], dcc({ v: [dose(2, 1)] }), { 'complete-primary-series': true }],
    [
      'DCC no total',
      'hcert-dcc',
      ['vaccination'],
      dcc({ v: [dose(2, undefined)] }),
      { 'complete-primary-series': null },
    ],
    [
      'DCC single dose 1/2',
      'hcert-dcc',
      ['vaccination'],
      dcc({ v: [dose(1, 2, 'EU/1/20/1525')] }),
      { 'complete-primary-series': true },
    ],
    [
      'DCC, two entries',
      'hcert-dcc',
      ['vaccination'],
      dcc({ v: [dose(1, 2), dose(2, 2)] }),
      { 'complete-primary-series': true },
    ],
    [
      'DCC test',
      'hcert-dcc',
      ['test'],
      dcc({ t: [sample(naat, '2026-05-30T10:12:22+02:00', notDetected)] }),
      { 'valid-test': true },
    ],
    [
      'DCC test, antigen, old',
      'hcert-dcc',
      ['test'],
      dcc({ t: [sample(antigen, '2026-05-30T10:12:22+02:00', notDetected)] }),
      { 'valid-test': false },
    ],
    [
      'DCC test, positive',
      'hcert-dcc',
      ['test'],
      dcc({ t: [sample(naat, '2026-06-01T08:00:00Z', detected)] }),
      { 'valid-test': false },
    ],
    [
      'DCC test, unknown type',
      'hcert-dcc',
      ['test'],
      dcc({ t: [sample('94763-0', '2026-06-01T08:00:00Z', notDetected)] }),
      { 'valid-test': null },
    ],
    [
      'DCC recovery',
      'hcert-dcc',
      ['recovery'],
      dcc({ r: [{ ...common, fr: '2026-03-01', df: '2026-03-12', du: '2026-08-28' }] }),
      { 'recovery-window': true },
    ],
    [
      'DCC recovery, month only and across the border',
      'hcert-dcc',
      ['recovery'],
      dcc({ r: [{ ...common, fr: '2026-05', df: '2026-05-12', du: '2026-11-01' }] }),
      { 'recovery-window': null },
    ],
    [
      'DCC of all three',
      'hcert-dcc',
      ['vaccination', 'test', 'recovery'],
      dcc({
        v: [dose(2, 2)],
        t: [sample(naat, '2026-06-01T08:00:00Z', notDetected)],
        r: [{ ...common, fr: '2021-03-01' }],
      }),
      { 'complete-primary-series': true, 'valid-test': true, 'recovery-window': false },
    ],
    [
      'flat DDCC 1/2',
      'hcert-ddcc-vs',
      ['vaccination'],
      {
        name: 'Aoife',
        vaccine: { code: '1119349007', system: 'http://snomed.info/sct' },
        date: '2026-01-15',
        dose: 1,
        total_doses: 2,
      },
      { 'complete-primary-series': false },
    ],
    [
      'DDCC claim 4',
      'hcert-ddcc-tr',
      ['test'],
      {
        name: 'Aoife',
        test: {
          type: { code: '1334426561', system: 'http://id.who.int/icd11/mms' },
          date: '2026-06-01T08:00:00Z',
          result: { code: '260415000', system: 'http://snomed.info/sct' },
        },
      },
      { 'valid-test': true },
    ],
    [
      'DVC, yellow fever',
      'hcert-dvc',
      ['vaccination'],
      {
        n: 'Aoife',
        dob: '1984-02-29',
        v: { dn: 'Primary', tg: '1D47', vp: 'XM0N24', dt: '2026-01-15', bo: 'A1', vls: '2026-01-25' },
      },
      { 'yellow-fever-certificate': true },
    ],
    [
      'ICVP, yellow fever, not yet in force',
      'hcert-icvp',
      ['vaccination'],
      {
        n: 'Aoife',
        v: [{ vp: 'YellowFeverProductd2c75a15ed309658b3968519ddb31690', dt: '2026-05-30', vls: '2026-06-09' }],
      },
      { 'yellow-fever-certificate': false },
    ],
    [
      'DVC, poliomyelitis, a dose without total',
      'hcert-dvc',
      ['vaccination'],
      { n: 'Aoife', v: { dn: 'SecondDose', tg: '1C81', vp: 'XM0N50', dt: '2026-01-15' } },
      { 'poliomyelitis-certificate': true },
    ],
  ]
  for (const [name, format, kinds, content, expected] of cases)
    it(`${name}: ${JSON.stringify(expected)}`, async () => {
      assert.deepEqual(await verdicts(format, kinds, content), expected)
    })

  it('come with the maps of own content alone', () => {
    assert.ok(maps.length > 0)
    for (const { input } of credentialFormats.flatMap(({ kinds }) => Object.values(kinds)))
      for (const canonical of Object.values(input?.({}).maps ?? {}).flat())
        assert.equal(byCanonical('StructureMap', canonical).length, 1)
  })
})
