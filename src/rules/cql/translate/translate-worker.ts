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
const models = new ModelManager(new NamespaceManager())
models.modelInfoLoader.registerModelInfoProvider(
  createModelInfoProvider((id, _system, version) => {
    if (id === 'System') return stringAsSource(systemModelInfo)
    return id === 'FHIR' && (version == null || version === '4.0.1') ? stringAsSource(fhirModelInfoXml) : null
  }),
)

function neverCalled(): never {
  throw new Error('the translator does not convert units')
}

const options = CqlCompilerOptions.defaultOptions()
const flags = options.options.asJsSetView()
flags.delete(CqlCompilerOptions.Options.EnableAnnotations)
flags.add(CqlCompilerOptions.Options.EnableLocators)
flags.add(CqlCompilerOptions.Options.EnableResultTypes)
options.validateUnits = false

const libraries = new LibraryManager(
  models,
  options,
  null,
  createUcumService(neverCalled, () => null, neverCalled, neverCalled),
)
libraries.librarySourceLoader.registerProvider(
  createLibrarySourceProvider((id, _system, version) => {
    const found = sources.find((each) => each.id === id && (version == null || each.version === version))
    if (!found) missing.push(version ? `${id}|${version}` : id)
    return found ? stringAsSource(found.text) : null
  }),
)

function forgetChanged(includes: TranslateJob['includes']): void {
  const changed = includes.some((each) => {
    const known = compiledTexts.get(`${each.id}|${each.version ?? ''}`)
    return known !== undefined && known !== each.text
  })
  if (changed) {
    libraries.compiledLibraries.asJsMapView().clear()
    compiledTexts.clear()
  }
  for (const each of includes) compiledTexts.set(`${each.id}|${each.version ?? ''}`, each.text)
}

function translate(job: TranslateJob): TranslateAnswer {
  sources = job.includes
  missing = []
  forgetChanged(job.includes)
  try {
    return { elm: CqlTranslator.fromText(job.text, libraries).toJson(), missing }
  } catch (error) {
    // After an exception half compiled libraries may be in the cache.
    libraries.compiledLibraries.asJsMapView().clear()
    compiledTexts.clear()
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    return { thrown: { name, message }, missing }
  }
}

/** The first text that uses FHIR costs a second more than the next: that is no part of anybody's job. */
function warmUp(): void {
  const { version } = fhirModelInfo()
  const helpers = { id: 'FHIRHelpers', version, text: generateFhirHelpers(fhirModelInfo()) }
  const header = `using FHIR version '${version}'\ninclude FHIRHelpers version '${version}'\ncontext Patient`
  translate({ text: `library Warm\n${header}\ndefine "x": [Immunization] I where I.status = 'a'`, includes: [helpers] })
}

warmUp()
serveJobs(translate)
