import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Json, JsonObject } from '../src/base/json-value.ts'
import type { ConceptMap, StructureDefinition, StructureMap } from '../src/fhir/types.ts'
import { type CompiledMap, createMaps, parseMap } from '../src/structure-map/maps.ts'
import { inlineTranslator } from '../src/structure-map/run/translate.ts'

const PROJECT = join(import.meta.dirname, '..')
/** Largest public map; not part of this project. */
const LARGE_MAP = join(PROJECT, '../shared/corpora/structure-map/matchbox/cda/FullHeader.map')
const ROUNDS = 5

/** CPU seconds of this process, user and system. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Least CPU seconds of several rounds of a work, after one to warm up. */
function secondsFor(work: () => void): number {
  work()
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const start = cpuSeconds()
    work()
    least = Math.min(least, cpuSeconds() - start)
  }
  return least
}

const call = { now: new Date('2026-01-01T00:00:00Z'), uuid: () => '7f2f0f5a-3d9c-4d2e-9a5f-2a1a2c3b4d5e' }

/** Maps over the content that the server brings along. */
function ownMaps(extra: StructureMap[] = []) {
  const folder = join(PROJECT, 'igs')
  const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
  const structures: StructureDefinition[] = readdirSync(folder)
    .filter((name) => name.startsWith('StructureDefinition-'))
    .map((name) => json(join(folder, name)))
  const maps = readdirSync(join(folder, 'maps')).map(
    (name) => parseMap(readFileSync(join(folder, 'maps', name), 'utf8')).map,
  )
  const conceptMaps: ConceptMap[] = readdirSync(join(PROJECT, 'valuesets'))
    .filter((name) => name.startsWith('ConceptMap-'))
    .map((name) => json(join(PROJECT, 'valuesets', name)))
  return createMaps({
    findMaps: async (url) => [...extra, ...maps].filter((each) => each.url === url),
    findStructure: async (url) => structures.find((each) => each.url === url),
    membership: async () => () => false,
    translator: async (map) =>
      inlineTranslator(conceptMaps.find((each) => each.url === map) ?? { resourceType: 'ConceptMap', status: 'draft' }),
    revision: () => 1,
  })
}

const certificate = (): JsonObject => ({
  '1': 'XA',
  '4': 1_690_000_000,
  '6': 1_640_000_000,
  '-260': {
    '1': {
      ver: '1.3.0',
      nam: { fn: 'Example', fnt: 'EXAMPLE', gn: 'Ada', gnt: 'ADA' },
      dob: '1970-01-02',
      v: [
        {
          tg: '840539006',
          vp: '1119349007',
          mp: 'EU/1/20/1528',
          ma: 'ORG-100030215',
          dn: 2,
          sd: 2,
          dt: '2021-05-27',
          co: 'DE',
          is: 'Ministry of Health',
          ci: 'URN:UVCI:01:XA:0000000',
        },
      ],
    },
  },
})

const BUNDLE_MAP = `
map "http://example.org/StructureMap/bench" = bench
uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as source
uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as target
group bench(source src : Bundle, target tgt : Bundle) {
  src.entry as entry then {
    entry.resource as obs where ($this.ofType(FHIR.Observation)) -> tgt.entry as e, e.resource = create('Observation') as o, o.id = uuid() then {
      obs.component as c -> o.component = c "component";
      obs.status as status -> o.status = status "status";
    } "observation";
  } "entry";
}`

function observations(count: number): JsonObject {
  const component = (value: number) => ({ code: { text: 'systolic' }, valueQuantity: { value, unit: 'mmHg' } })
  const entry = Array.from({ length: count }, (_, index) => ({
    resource: {
      resourceType: 'Observation',
      id: `o${index}`,
      status: 'final',
      component: [component(index), component(index + 1)],
    },
  }))
  return { resourceType: 'Bundle', type: 'collection', entry }
}

/** The mapping of {@link BUNDLE_MAP} as a programmer would write it. */
function mapObservations(source: JsonObject): Json {
  const entries = source.entry as { resource: { component: Json; status: Json } }[]
  return {
    resourceType: 'Bundle',
    entry: entries.map(({ resource }) => ({
      resource: {
        resourceType: 'Observation',
        id: call.uuid(),
        component: structuredClone(resource.component),
        status: resource.status,
      },
    })),
  }
}

/** The two certificate maps as a programmer would write them, as far as the fields of {@link certificate} go. */
function mapCertificate(claims: JsonObject): Json {
  const { ver, nam, dob, v } = (claims['-260'] as Record<string, Record<string, Json>>)['1'] as {
    ver: string
    nam: Record<string, string>
    dob: string
    v: Record<string, string | number>[]
  }
  const date = (seconds: Json) => new Date(Number(seconds) * 1000).toISOString()
  const coding = (system: string, code: Json | undefined) => ({ system, code: code ?? null })
  return v.map((event) => {
    const data = {
      name: `${nam.gn} ${nam.fn}`,
      birthDate: dob,
      certificate: {
        version: ver,
        hcid: { value: event.ci },
        issuer: { display: event.is },
        period: { start: date(claims['6'] ?? 0), end: date(claims['4'] ?? 0) },
      },
      vaccination: {
        disease: coding('http://snomed.info/sct', event.tg),
        vaccine: coding('http://snomed.info/sct', event.vp),
        dose: event.dn,
        date: event.dt,
      },
    }
    const [composition, immunization, organization] = [call.uuid(), call.uuid(), call.uuid()]
    return {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        {
          resource: {
            resourceType: 'Composition',
            id: composition,
            status: 'final',
            subject: { reference: 'Patient/holder' },
            event: [{ period: data.certificate.period }],
          },
        },
        {
          resource: {
            resourceType: 'Patient',
            id: 'holder',
            name: [{ use: 'official', text: data.name }],
            birthDate: data.birthDate,
          },
        },
        {
          resource: {
            resourceType: 'Immunization',
            id: immunization,
            status: 'completed',
            vaccineCode: { coding: [data.vaccination.vaccine] },
            occurrenceDateTime: data.vaccination.date,
          },
        },
        { resource: { resourceType: 'Organization', id: organization, name: data.certificate.issuer.display } },
      ],
    }
  }) as unknown as Json // built of plain values
}

const ratio = (engine: number, hand: number) => `${(engine / hand).toFixed(1)} × hand-written`

/** Certificate chain, Bundle throughput, linearity and parsing, each beside the same work written by hand. */
export async function bench(): Promise<{ name: string; value: string; target: string }[]> {
  const figures: { name: string; value: string; target: string }[] = []
  const maps = ownMaps([parseMap(BUNDLE_MAP).map])
  const toCore = await maps.compile('http://vidimus.org/fhir/StructureMap/HcertDccToCoreDataSet')
  const toBundle = await maps.compile('http://vidimus.org/fhir/StructureMap/CoreDataSetToBundle')
  const claims = certificate()
  const times = 2000
  const chain = secondsFor(() => {
    for (let i = 0; i < times; i++) runChain(toCore, toBundle, claims)
  })
  const byHand = secondsFor(() => {
    for (let i = 0; i < times; i++) mapCertificate(claims)
  })
  figures.push({
    name: 'EU DCC → core data set → Bundle per CPU-second',
    value: `${Math.round(times / chain)} (${ratio(chain, byHand)})`,
    target: '≥ 5000',
  })
  const bundle = await maps.compile('http://example.org/StructureMap/bench')
  const [small = 0, thousand = 0, large = 0] = [100, 1000, 10_000].map((count) => {
    const source = observations(count)
    const repeat = 10_000 / count
    return (
      secondsFor(() => {
        for (let i = 0; i < repeat; i++) bundle.run(source, call)
      }) / repeat
    )
  })
  const [smallByHand = 0, hand = 0, largeByHand = 0] = [100, 1000, 10_000].map((count) => {
    const source = observations(count)
    const repeat = 10_000 / count
    return (
      secondsFor(() => {
        for (let i = 0; i < repeat; i++) mapObservations(source)
      }) / repeat
    )
  })
  figures.push({
    name: 'Bundle of 1,000 observations',
    value: `${(thousand * 1000).toFixed(1)} ms (${ratio(thousand, hand)})`,
    target: '< 20 ms',
  })
  figures.push({
    name: '10,000 observations against 100',
    value: `${(large / small).toFixed(0)} × (by hand ${(largeByHand / smallByHand).toFixed(0)} ×)`,
    target: '≤ 120 ×',
  })
  if (existsSync(LARGE_MAP)) {
    const text = readFileSync(LARGE_MAP, 'utf8')
    figures.push({
      name: `parsing ${Math.round(text.length / 1000)} KB of FML`,
      value: `${(secondsFor(() => parseMap(text)) * 1000).toFixed(1)} ms`,
      target: '< 30 ms',
    })
  }
  return figures
}

function runChain(toCore: CompiledMap, toBundle: CompiledMap, claims: JsonObject): void {
  const core = toCore.run(claims, call) as { entry: { resource: Json }[] }
  for (const { resource } of core.entry) toBundle.run(resource, call)
}
