/**
 * Program of the process that holds the CQL-to-ELM translator: it takes 1.6 s and some 170 MB to get going, which the server must not pay.
 * One job is one {@link TranslateJob}; the answer is one {@link TranslateAnswer}. `translator.ts` is its only user.
 */
import { NamespaceManager } from '@cqframework/cql/cql'
import {
  CqlCompilerOptions,
  CqlTranslator,
  createLibrarySourceProvider,
  createModelInfoProvider,
  createUcumService,
  LibraryManager,
  ModelManager,
  stringAsSource,
} from '@cqframework/cql/cql-to-elm'
import { serveJobs } from '../../../workers/serve-jobs.ts'
import { generateFhirHelpers } from './fhir-helpers.ts'
import { fhirModelInfo, readFhirModelInfoXml } from './model-info.ts'
import { systemModelInfo } from './system-model-info.ts'

/** One CQL text with every library that it includes, directly or not. */
export interface TranslateJob {
  text: string
  includes: { id: string; version?: string; text: string }[]
  /** Logical models that they use, as model info. */
  models: { name: string; version: string; key: string; xml: string }[]
}

/** ELM as JSON text, or the message of what the translator threw. `missing` names includes that no source was given for. */
export interface TranslateAnswer {
  elm?: string
  thrown?: { name: string; message: string }
  missing: string[]
}

let sources: TranslateJob['includes'] = []
let missing: string[] = []

/** Includes compiled so far are kept while their text stays the same: FHIRHelpers alone takes 0.4 s. */
const compiledTexts = new Map<string, string>()

const fhirModelInfoXml = readFhirModelInfoXml()
let logicalModels: TranslateJob['models'] = []

function neverCalled(): never {
  throw new Error('the translator does not convert units')
}

const options = CqlCompilerOptions.defaultOptions()
const flags = options.options.asJsSetView()
flags.delete(CqlCompilerOptions.Options.EnableAnnotations)
flags.add(CqlCompilerOptions.Options.EnableLocators)
flags.add(CqlCompilerOptions.Options.EnableResultTypes)
options.validateUnits = false

/** A translator for one choice of logical models: a manager keeps a model for good, under its name alone. */
interface Surroundings {
  models: ModelManager
  libraries: LibraryManager
}

function surroundings(shared: ModelManager | undefined): Surroundings {
  const namespaces = new NamespaceManager()
  const models = shared
    ? new ModelManager(namespaces, undefined, undefined, shared.globalCache)
    : new ModelManager(namespaces)
  models.modelInfoLoader.registerModelInfoProvider(
    createModelInfoProvider((id, _system, version) => {
      if (id === 'System') return stringAsSource(systemModelInfo)
      if (id === 'FHIR') return version == null || version === '4.0.1' ? stringAsSource(fhirModelInfoXml) : null
      const found = logicalModels.find((each) => each.name === id && (version == null || each.version === version))
      return found ? stringAsSource(found.xml) : null
    }),
  )
  const ucum = createUcumService(neverCalled, () => null, neverCalled, neverCalled)
  const libraries = new LibraryManager(models, options, null, ucum)
  libraries.librarySourceLoader.registerProvider(
    createLibrarySourceProvider((id, _system, version) => {
      const found = sources.find((each) => each.id === id && (version == null || each.version === version))
      if (!found) missing.push(version ? `${id}|${version}` : id)
      return found ? stringAsSource(found.text) : null
    }),
  )
  return { models, libraries }
}

/** For texts that use no logical model; it holds the one model of FHIR. */
const plain = surroundings(undefined)
/** For the last choice of logical models: most jobs in a row come from one author, or from one publication. */
let chosen: (Surroundings & { key: string }) | undefined

function surroundingsFor(models: TranslateJob['models']): Surroundings {
  if (models.length === 0) return plain
  const key = models.map((each) => each.key).join()
  if (chosen?.key === key) return chosen
  // The cache of models is common to all managers; in it only System and FHIR are the same for everybody.
  const cache = plain.models.globalCache.asJsMapView()
  for (const each of [...cache.keys()])
    if (!/^ModelIdentifier\(id=(?:System|FHIR),/.test(String(each))) cache.delete(each)
  chosen = { key, ...surroundings(plain.models) }
  const compiled = chosen.libraries.compiledLibraries.asJsMapView()
  for (const [id, library] of plain.libraries.compiledLibraries.asJsMapView())
    if (id.id === helpersId) compiled.set(id, library)
  return chosen
}

const helpersId = 'FHIRHelpers'

function forgetChanged(includes: TranslateJob['includes']): void {
  const changed = includes.some((each) => {
    const known = compiledTexts.get(`${each.id}|${each.version ?? ''}`)
    return known !== undefined && known !== each.text
  })
  if (changed) forgetAll()
  for (const each of includes) compiledTexts.set(`${each.id}|${each.version ?? ''}`, each.text)
}

function forgetAll(): void {
  plain.libraries.compiledLibraries.asJsMapView().clear()
  chosen = undefined
  compiledTexts.clear()
}

function translate(job: TranslateJob): TranslateAnswer {
  sources = job.includes
  missing = []
  logicalModels = job.models
  forgetChanged(job.includes)
  try {
    const { libraries } = surroundingsFor(job.models)
    return { elm: CqlTranslator.fromText(job.text, libraries).toJson(), missing }
  } catch (error) {
    // After an exception half compiled libraries may be in the cache.
    forgetAll()
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    return { thrown: { name, message }, missing }
  }
}

/** The first text that uses FHIR costs a second more than the next: that is no part of anybody's job. */
function warmUp(): void {
  const { version } = fhirModelInfo()
  const helpers = { id: helpersId, version, text: generateFhirHelpers(fhirModelInfo()) }
  const header = `using FHIR version '${version}'\ninclude FHIRHelpers version '${version}'\ncontext Patient`
  translate({
    text: `library Warm\n${header}\ndefine "x": [Immunization] I where I.status = 'a'`,
    includes: [helpers],
    models: [],
  })
}

warmUp()
serveJobs(translate)
