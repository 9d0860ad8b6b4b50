/** Rules over logical models: a library of four defines over one core data set and over many; our reader of FHIR against the stock one. */
import { createRequire } from 'node:module'
import cql from 'cql-execution'
import type { JsonObject } from '../src/base/json-value.ts'
import { splitByPatient } from '../src/rules/cql/run/data-provider.ts'
import { createFhirClasses } from '../src/rules/cql/run/fhir-instance.ts'
import { openRun } from '../src/rules/cql/run/run.ts'
import { generateFhirHelpers } from '../src/rules/cql/translate/fhir-helpers.ts'
import { createLibraries } from '../src/rules/cql/translate/libraries.ts'
import { fhirModelInfo } from '../src/rules/cql/translate/model-info.ts'
import { createTranslator } from '../src/rules/cql/translate/translator.ts'
import { readInstances } from '../src/rules/models/instances.ts'
import type { Measured } from './support/harness/figure.ts'
import { costs, type Effort, growthFigure, rateFigure } from './support/harness/measure.ts'
import { coreDataSet, libraryOf, sevenDefines, vaccinationBundle } from './support/vaccination-cards.ts'

const clock = '2026-06-01T00:00:00Z'

const fourDefines = `library Four version '1'
using DDCC version '1.0.0'
valueset "Vaccines": 'http://example.org/ValueSet/vaccines'
context Patient
define "Is Known": exists ([DDCCCoreDataSetVS] V where V.vaccination.vaccine in "Vaccines")
define "Is Complete": exists ([DDCCCoreDataSetVS] V where V.vaccination.dose >= V.vaccination.totalDoses)
define "Is In Time": exists ([DDCCCoreDataSetVS] V where difference in days between date from V.vaccination.date and Today() between 14 and 270)
define "Is Adult": years between Patient.birthDate and Today() >= 18`

export async function bench(effort: Effort): Promise<Measured[]> {
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
    const many = (length: number) => Array.from({ length }, (_, at) => coreDataSet(at))
    const cost = await costs({ one: over(many(1)), ten: over(many(10)), hundred: over(many(100)) }, effort)
    const size = JSON.stringify(coreDataSet(0)).length
    return [
      rateFigure('DDCC, 4 defines over a core data set', cost.one, {
        target: { value: 20_000 },
        detail: `${size} bytes`,
      }),
      growthFigure('DDCC, the same over 100, against 10', cost.hundred, cost.ten, { target: { value: 15 } }),
      ...(await againstStock(libraries, environment, effort)),
    ]
  } finally {
    await translator.close()
  }
}

/** A library over a Bundle: our reader of resources against that of cql-exec-fhir, in the same executor. */
async function againstStock(
  libraries: ReturnType<typeof createLibraries>,
  environment: Parameters<typeof openRun>[2],
  effort: Effort,
): Promise<Measured[]> {
  const library = await libraries.compile(libraryOf('Seven', sevenDefines))
  const bundles = [1, 2, 3].map(vaccinationBundle)
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
  const { own, stock } = await costs(runs, effort)
  const telling = { better: 'higher', target: { value: 10 } } as const
  return [growthFigure('own reader of FHIR, times faster than cql-exec-fhir', stock, own, telling)]
}
