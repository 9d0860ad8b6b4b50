/** Rules over logical models: a library of four defines over one core data set and over many; our reader of FHIR against the stock one. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import cql from 'cql-execution'
import type { JsonObject } from '../src/base/json-value.ts'
import type { Bundle, Library } from '../src/fhir/types.ts'
import { splitByPatient } from '../src/rules/cql/run/data-provider.ts'
import { createFhirClasses } from '../src/rules/cql/run/fhir-instance.ts'
import { openRun } from '../src/rules/cql/run/run.ts'
import { generateFhirHelpers } from '../src/rules/cql/translate/fhir-helpers.ts'
import { createLibraries } from '../src/rules/cql/translate/libraries.ts'
import { fhirModelInfo } from '../src/rules/cql/translate/model-info.ts'
import { createTranslator } from '../src/rules/cql/translate/translator.ts'
import { readInstances } from '../src/rules/models/instances.ts'
import { rate } from './support/rate.ts'

const clock = '2026-06-01T00:00:00Z'
const corpora = new URL('../../shared/corpora/', import.meta.url)
const icd11 = 'http://id.who.int/icd11/mms'

const fourDefines = `library Four version '1'
using DDCC version '1.0.0'
valueset "Vaccines": 'http://example.org/ValueSet/vaccines'
context Patient
define "Is Known": exists ([DDCCCoreDataSetVS] V where V.vaccination.vaccine in "Vaccines")
define "Is Complete": exists ([DDCCCoreDataSetVS] V where V.vaccination.dose >= V.vaccination.totalDoses)
define "Is In Time": exists ([DDCCCoreDataSetVS] V where difference in days between date from V.vaccination.date and Today() between 14 and 270)
define "Is Adult": years between Patient.birthDate and Today() >= 18`

/** Two kilobytes, as a card with every element has. */
const coreDataSet = (at: number): JsonObject => ({
  resourceType: 'DDCCCoreDataSetVS',
  name: 'Ada Maria Specimen',
  birthDate: '1985-03-14',
  sex: 'female',
  identifier: { system: 'http://example.org/passport', value: 'X0000000' },
  certificate: {
    hcid: { value: `URN:UVCI:01:IE:SPECIMEN:${at}` },
    issuer: { display: 'Ministry of Health (specimen)'.padEnd(600, '.') },
    version: '1.3.0',
    period: { start: '2026-05-01T00:00:00Z', end: '2027-05-01T00:00:00Z' },
  },
  vaccination: {
    disease: { system: icd11, code: 'RA01', display: 'COVID-19' },
    vaccine: { system: icd11, code: 'XM0GQ8', display: 'COVID-19 vaccine, RNA based' },
    brand: { system: 'https://ec.europa.eu/health/documents/community-register/html/', code: 'EU/1/20/1528' },
    manufacturer: { display: 'BioNTech Manufacturing GmbH' },
    maholder: { system: 'https://spor.ema.europa.eu/v1/organisations', code: 'ORG-100030215' },
    lot: 'LOT-0000',
    date: '2026-03-01',
    dose: 2,
    totalDoses: 2,
    country: { system: 'urn:iso:std:iso:3166', code: 'IRL' },
    centre: 'Specimen vaccination centre'.padEnd(400, '.'),
    practitionerName: 'Dr Specimen',
  },
})

const libraryOf = (name: string, text: string): Library => ({
  resourceType: 'Library',
  url: `http://example.org/Library/${name}`,
  version: '1',
  status: 'active',
  type: {},
  content: [{ contentType: 'text/cql', data: Buffer.from(text).toString('base64') }],
})

/** Targets: issue of rules over every format. */
export async function bench(): Promise<{ name: string; value: string; target: string }[]> {
  const known = new Map<string, string>()
  const derived = {
    get: async (_kind: string, key: string) => known.get(key),
    set: async (_kind: string, key: string, value: string) => void known.set(key, value),
  }
  const translator = createTranslator(derived, { idleSeconds: 30, processes: 1 })
  const helpers = {
    canonical: 'http://hl7.org/fhir/Library/FHIRHelpers|4.0.1',
    identifier: { id: 'FHIRHelpers', version: '4.0.1' },
    cql: generateFhirHelpers(fhirModelInfo()),
    elm: undefined,
  }
  const store = { findLibraries: async () => [], listLibraries: async () => [], revision: () => 1 }
  const libraries = createLibraries(store, translator, [helpers])
  try {
    const membership = async () => (code: string) => code === 'XM0GQ8'
    const environment = {
      classes: createFhirClasses(fhirModelInfo()),
      terminology: { membership, expand: async () => [] },
    }
    const four = await libraries.compile(libraryOf('Four', fourDefines))
    const over = (coreDataSets: JsonObject[]) => async () => {
      const run = openRun(four, { coreDataSets, clock }, environment)
      for (const { name } of four.defines) if ((await run.evaluate(name)).value !== true) throw new Error(name)
    }
    const one = await rate(over([coreDataSet(0)]), 1500)
    const ten = await rate(over(Array.from({ length: 10 }, (_, at) => coreDataSet(at))), 1500)
    const hundred = await rate(over(Array.from({ length: 100 }, (_, at) => coreDataSet(at))), 1500)
    const size = JSON.stringify(coreDataSet(0)).length
    return [
      {
        name: `DDCC, 4 defines over a core data set of ${size} bytes`,
        value: `${Math.round(one)}/s`,
        target: '> 20000/s',
      },
      { name: 'DDCC, the same over 100, against 10', value: `${(ten / hundred).toFixed(1)} x`, target: '< 15 x' },
      ...(await againstStock(libraries, environment)),
    ]
  } finally {
    await translator.close()
  }
}

/** WHO's library over the visible bundles: our reader of resources against that of cql-exec-fhir, in the same executor. */
async function againstStock(
  libraries: ReturnType<typeof createLibraries>,
  environment: Parameters<typeof openRun>[2],
): Promise<{ name: string; value: string; target: string }[]> {
  const name = 'own reader of FHIR, against cql-exec-fhir'
  if (!existsSync(corpora)) return [{ name, value: 'skipped: ../shared is absent', target: '' }]
  const text = readFileSync(new URL('cql/who/TestPass-1.0.0.cql', corpora), 'utf8')
  const library = await libraries.compile(libraryOf('TestPass', text))
  const folder = new URL('structure-map/gdhcn-validator/', corpora)
  const bundles = readdirSync(folder)
    .filter((each) => each.endsWith('Bundle.json'))
    .map((each): Bundle => JSON.parse(readFileSync(new URL(each, folder), 'utf8')))
  const { PatientSource } = createRequire(import.meta.url)('cql-exec-fhir')
  const now = cql.DateTime.parse(clock) ?? undefined
  const scope = { timezoneOffset: 0 }
  const codes = { findValueSet: async () => ({ hasMatch: () => false }), findValueSetsByOid: async () => [] }
  // Its model info is parsed once: to parse it for each request costs more than everything else.
  const shared = PatientSource.FHIRv401()
  const runs = {
    own: async () => {
      for (const data of bundles) {
        const instances = readInstances([], {}, scope)
        const [patient] = splitByPatient(data, { classes: environment.classes, scope, instances }).patients
        const context = new cql.PatientContext(library.executable, patient as never, codes as never, {}, now)
        for (const each of library.defines) await library.executable.expressions[each.name].execute(context)
      }
    },
    stock: async () => {
      for (const data of bundles) {
        shared.reset()
        shared.loadBundles([data])
        const patient = shared.currentPatient()
        const context = new cql.PatientContext(library.executable, patient, codes as never, {}, now)
        for (const each of library.defines) await library.executable.expressions[each.name].execute(context)
      }
    },
  }
  const [own, theirs] = [await rate(runs.own, 1500), await rate(runs.stock, 1500)]
  return [{ name, value: `${(own / theirs).toFixed(1)} x`, target: '> 10 x' }]
}
