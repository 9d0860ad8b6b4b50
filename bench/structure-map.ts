/** Certificate chain, alone and after the rest of an evaluation, Bundle throughput, linearity and parsing, each beside the same work written by hand. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Json, JsonObject } from '../src/base/json-value.ts'
import type { ConceptMap, StructureDefinition, StructureMap } from '../src/fhir/types.ts'
import { type CompiledMap, createMaps, parseMap } from '../src/structure-map/maps.ts'
import { inlineTranslator } from '../src/structure-map/run/translate.ts'
import type { Measured } from './support/harness/figure.ts'
import {
  costInMix,
  costOfWork,
  costs,
  type Effort,
  growthFigure,
  rateFigure,
  timeFigure,
} from './support/harness/measure.ts'
import { type Asked, besideExpress, httpCosts, warmUp } from './support/http-costs.ts'
import { wholeRequest } from './support/whole-request.ts'

const PROJECT = join(import.meta.dirname, '..')
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
  return createMaps(
    {
      findMaps: async (url) => [...extra, ...maps].filter((each) => each.url === url),
      findStructure: async (url) => structures.find((each) => each.url === url),
      membership: async () => () => false,
      translator: async (map) =>
        inlineTranslator(
          conceptMaps.find((each) => each.url === map) ?? { resourceType: 'ConceptMap', status: 'draft' },
        ),
      revision: () => 1,
    },
    { generate: { runsBefore: 0 } },
  )
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

/** FML of as many rules as the largest public map has: groups that call each other, conditions, creations, translations. */
function largeMap(): string {
  const group = (at: number) => `
group part${at}(source src : Bundle, target tgt : Bundle) {
  src.entry as entry where (resource.id = 'o${at}') then {
    entry.resource as obs where ($this.ofType(FHIR.Observation)) -> tgt.entry as e, e.resource = create('Observation') as o, o.id = uuid() then {
      obs.component as c -> o.component = c "component-${at}";
      obs.status as status -> o.status = status "status-${at}";
      obs.code as code -> o.code = code "code-${at}";
    } "observation-${at}";
  } "entry-${at}";
}`
  return `${BUNDLE_MAP}${Array.from({ length: 320 }, (_, at) => group(at)).join('\n')}`
}

/** How much more work of one size costs than of another, with the same number of items in all. */
async function observationFigures(bundle: CompiledMap, effort: Effort): Promise<Measured[]> {
  const items = 10_000
  const over = (count: number, run: (source: JsonObject) => unknown) => {
    const source = observations(count)
    return () => {
      for (let at = 0; at < items / count; at++) run(source)
    }
  }
  const mapped = (source: JsonObject) => bundle.run(source, call)
  const cost = await costs(
    {
      small: over(100, mapped),
      thousand: over(1000, mapped),
      large: over(items, mapped),
      hand: over(1000, mapObservations),
    },
    effort,
  )
  return [
    timeFigure('Bundle of 1,000 observations', cost.thousand, 'ms', { per: items / 1000, target: { value: 3 } }),
    growthFigure('Bundle of 1,000 observations against hand-written', cost.thousand, cost.hand),
    growthFigure('10,000 observations against 100, each observation', cost.large, cost.small, {
      target: { value: 1.2 },
    }),
  ]
}

const mapId = 'bench'

/** The same over HTTP: the bundle is read, checked, mapped, and what the map made is checked and written. */
function overHttp(effort: Effort): Promise<Measured> {
  const map = { ...parseMap(BUNDLE_MAP).map, id: mapId, version: '1.0.0', status: 'active' }
  const body = JSON.stringify(observations(1000))
  const contents = { artefacts: [map], object: { resourceType: 'Bundle' }, connections: 2 }
  return besideExpress(contents, async ({ url, used, bare, load }) => {
    const asked: Asked = {
      weight: 50,
      used,
      load: (_from, count) => ({
        addresses: new Array<string>(count).fill(`${url}/StructureMap/${mapId}/$transform`),
        bodies: [body],
        wanted: '"Observation"',
      }),
    }
    await warmUp(load, [asked, bare])
    const [cost] = await httpCosts(load, [asked], { asked: bare, name: 'bare Express' }, effort)
    if (!cost) throw new TypeError('nothing was measured')
    const detail = `${Math.round(body.length / 1000)} KB`
    return timeFigure('$transform of 1,000 observations over HTTP', cost, 'ms', { target: { value: 6 }, detail })
  })
}

export async function bench(effort: Effort): Promise<Measured[]> {
  const maps = ownMaps([{ ...parseMap(BUNDLE_MAP).map, status: 'active' }])
  const toCore = await maps.compile('http://vidimus.org/fhir/StructureMap/HcertDccToCoreDataSet')
  const toBundle = await maps.compile('http://vidimus.org/fhir/StructureMap/CoreDataSetToBundle')
  const bundle = await maps.compile('http://example.org/StructureMap/bench')
  const claims = certificate()
  const chain = () => runChain(toCore, toBundle, claims)
  const alone = await costs({ chain, hand: () => mapCertificate(claims) }, effort)
  const whole = await wholeRequest()
  const mixed = await costInMix(chain, whole.evaluate, effort).finally(whole.close)
  const text = largeMap()
  const parsing = await costOfWork(() => parseMap(text), effort)
  return [
    rateFigure('EU DCC → core data set → Bundle per CPU-second', alone.chain, { target: { value: 5000 } }),
    growthFigure('the same against hand-written', alone.chain, alone.hand),
    timeFigure('EU DCC → core data set → Bundle, warm', alone.chain, 'µs'),
    timeFigure('EU DCC → core data set → Bundle, each after a whole evaluation', mixed, 'µs'),
    ...(await observationFigures(bundle, effort)),
    await overHttp(effort),
    timeFigure('parsing FML', parsing, 'ms', { target: { value: 30 }, detail: `${Math.round(text.length / 1000)} KB` }),
  ]
}

function runChain(toCore: CompiledMap, toBundle: CompiledMap, claims: JsonObject): void {
  const core = toCore.run(claims, call) as { entry: { resource: Json }[] }
  for (const { resource } of core.entry) toBundle.run(resource, call)
}
