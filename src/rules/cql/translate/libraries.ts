import { createHash } from 'node:crypto'
import { Library as ExecutableLibrary } from 'cql-execution'
import { isJsonObject } from '../../../base/json.ts'
import type { Json } from '../../../base/json-value.ts'
import { keep, keepPerObject } from '../../../base/keep.ts'
import { FhirError, issue, unprocessable } from '../../../fhir/error.ts'
import type { Issue, Library } from '../../../fhir/types.ts'
import type { JobCall } from '../../../workers/job-pool.ts'
import type { LogicalModel } from '../../models/logical-model.ts'
import { modelInfoXml } from '../../models/model-info-xml.ts'
import { createModels, type ModelStore } from '../../models/models.ts'
import { correctExecutor } from '../corrections/corrections.ts'
import { executableElm } from '../corrections/executable-elm.ts'
import { checkLiterals } from '../corrections/literals.ts'
import { hasOperator } from '../corrections/operators.ts'
import { elmFaults, pinFaults } from './check-elm.ts'
import {
  formatIdentifier,
  type LibraryIdentifier,
  readHeader,
  type UsedModel,
  withoutNamespaces,
} from './cql-source.ts'
import {
  annotations,
  authorsLine,
  type Define,
  defines,
  definitions,
  type Elm,
  includeDefinitions,
  type Preface,
  prepareElm,
  shiftLocators,
} from './elm.ts'
import { includeClosure } from './include-closure.ts'
import { createIndex, findByCanonical, type LibraryStore } from './library-index.ts'
import { elmIn, type LibraryText, readLibrary } from './library-text.ts'
import type { Source, TranslateCall, Translator } from './translator.ts'
import { refuseUnclear } from './unclear-elm.ts'

/** A library ready to run, with all it includes. */
export interface CompiledLibrary {
  /** `url|version`, or `id|version` of a library without url. */
  canonical: string
  identifier: LibraryIdentifier
  /** Publication status of the stored Library; absent for a text that is not stored. */
  status?: string | undefined
  elm: Elm
  defines: Define[]
  /** Errors and warnings of the translator. With an error among them only defines that it does not reach may run. */
  issues: Issue[]
  executable: ExecutableLibrary
  /** Included libraries, directly or not. */
  includes: CompiledLibrary[]
  /** Logical models that it uses, or one that it includes. */
  models: LogicalModel[]
}

/**
 * Finds, translates and links libraries. What is stored stays in memory, and its ELM in the derived store; what a client `brought` is
 * translated at its cost and kept nowhere.
 */
export interface Libraries {
  /** @throws FhirError 404 unknown, 422 not usable (no CQL or ELM content, circular or missing include) */
  compile(library: string | Library, brought?: JobCall): Promise<CompiledLibrary>
  /** What `compile` of a canonical gives, at once, where it gave it before and nothing was stored since. */
  compiled(library: string): CompiledLibrary | undefined
  /** Whether `compile` gave it by its canonical and it is active: nothing in it came with a request. */
  isPublished(library: CompiledLibrary): boolean
  /** Translates a text that is not stored. */
  compileText(
    source: { text: string; canonical?: string; preface?: Preface },
    brought: JobCall | undefined,
  ): Promise<CompiledLibrary>
  /** The library a canonical names, without translating it. */
  resolve(library: string | Library): Promise<LibraryText>
}

/** Makes the library room over a store. `generated` are libraries that every include by their name means (FHIRHelpers). */
export function createLibraries(
  store: LibraryStore & ModelStore,
  translator: Translator,
  generated: LibraryText[],
): Libraries {
  const stored = createIndex(store, generated)
  const models = createModels(store)
  // By text, good until the store changes; and by text with all included texts, good for ever.
  const current = keep<string, Promise<CompiledLibrary>>(keptLibraries)
  const linked = keep<string, Promise<CompiledLibrary>>(keptLibraries)
  const resolved = keep<string, Promise<LibraryText>>(keptLibraries)
  let revision = Number.NaN
  const forgetOld = () => {
    if (revision === store.revision()) return
    revision = store.revision()
    current.clear()
    resolved.clear()
  }

  const compileKept = (text: LibraryText, preface: Preface): Promise<CompiledLibrary> => {
    forgetOld()
    if (text.broken !== undefined) throw notRun(text)
    return current.of(textKey(text, preface), async () => {
      const closure = await includeClosure(text, stored)
      for (const each of closure) if (each.broken !== undefined) throw notRun(each)
      const used = await modelsOf([text, ...closure], preface)
      const key = [
        textKey(text, preface),
        ...closure.map((each) => textKey(each, noPreface)),
        ...used.map(({ key }) => key),
      ].join()
      return linked.of(key, () => translateAndLink(text, { closure, models: used }, { preface, brought: undefined }))
    })
  }
  /** @throws FhirError 422 with the place of each model that cannot be used */
  const modelsOf = async ([text, ...closure]: [LibraryText, ...LibraryText[]], preface: Preface) => {
    const found = [await models.find(usingsOf(text, preface), usingLibrary(text))]
    // What an active library includes stays active, whoever asks for it.
    for (const each of closure)
      found.push(
        await models.find(usingsOf(each, noPreface), usingLibrary({ ...each, status: each.status ?? text.status })),
      )
    const issues = found.flatMap((each) => each.issues)
    const used = [...new Set(found.flatMap((each) => each.models))]
    issues.push(...rivals(used, text))
    if (issues.length > 0) throw new FhirError(422, issues)
    return used
  }
  const translateAndLink = async (text: LibraryText, { closure, models }: Surroundings, options: TextOptions) => {
    const { elm, issues } =
      text.cql === undefined
        ? elmOf(text, models)
        : await translator.translate(sourceOf(text, { closure, models }, options.preface), translateCall(options))
    shiftLocators(elm, options.preface)
    const includes = await Promise.all(closure.map((each) => compileKept(each, noPreface)))
    if (text.cql === undefined) refuseUnclear(elm, includes, models)
    // Before literals become what the executor counts with.
    const literals = checkLiterals(elm.library.statements, String(elm.library.identifier.id ?? ''))
    const all = [...issues, ...literals, ...pinFaults(elm)]
    return link({ text, elm: prepareElm(elm), issues: all, includes, models })
  }
  const compile = async (text: LibraryText, options: TextOptions): Promise<CompiledLibrary> => {
    if (!options.brought) return compileKept(text, options.preface)
    const closure = await includeClosure(text, stored)
    return translateAndLink(text, { closure, models: await modelsOf([text, ...closure], options.preface) }, options)
  }
  const resolve = async (library: string | Library) => {
    forgetOld()
    if (typeof library !== 'string') return readLibrary(library)
    return resolved.of(library, () => findByCanonical(library, store, stored))
  }

  const made: Parameters<typeof atOnce>[0] = {
    resolve,
    compile: async (library, brought) => compile(await resolve(library), { preface: noPreface, brought }),
    compileText({ text, canonical, preface }, brought) {
      const identifier = readHeader(text).identifier ?? { id: '' }
      return compile(
        { canonical: canonical ?? formatIdentifier(identifier), identifier, cql: text, elm: undefined },
        { preface: preface ?? noPreface, brought },
      )
    },
  }
  return atOnce(made, store)
}

/** Libraries that were given before are there at once, until something is stored. */
function atOnce(libraries: Pick<Libraries, 'compile' | 'compileText' | 'resolve'>, store: LibraryStore): Libraries {
  const given = keep<string, CompiledLibrary>(keptLibraries)
  const published = new WeakSet<CompiledLibrary>()
  let revision = Number.NaN
  const now = () => {
    const current = store.revision()
    if (revision !== current) given.clear()
    revision = current
    return revision
  }
  return {
    ...libraries,
    async compile(library, brought) {
      const asked = now()
      const made = await libraries.compile(library, brought)
      if (typeof library !== 'string' || brought) return made
      if (made.status === 'active') published.add(made)
      // What was stored meanwhile may be another library of that name.
      if (asked === now()) given.set(library, made)
      return made
    },
    compiled(library) {
      now()
      return given.get(library)
    },
    isPublished: (library) => published.has(library),
  }
}

const notRun = ({ canonical, broken }: LibraryText) => unprocessable(`Library ${canonical}: ${broken}`, 'business-rule')

/** What a text is translated among. */
interface Surroundings {
  /** All that it includes, directly or not. */
  closure: LibraryText[]
  /** All that it or they use. */
  models: LogicalModel[]
}

/** The models that a text uses, at the author's lines. */
function usingsOf(text: LibraryText, preface: Preface): UsedModel[] {
  if (text.cql === undefined)
    return definitions(elmIn(text), 'usings').map(({ localIdentifier, uri, version, locator }) => {
      const place = /^(\d+):(\d+)/.exec(String(locator ?? ''))
      return {
        id: String(localIdentifier),
        url: String(uri),
        ...(typeof version === 'string' ? { version } : {}),
        ...(place ? { place: { line: Number(place[1]), column: Number(place[2]) } } : {}),
      }
    })
  return readHeader(text.cql).usings.map(({ place, ...used }) => {
    const line = place === undefined ? undefined : authorsLine(place.line, preface)
    return line === undefined || place === undefined ? used : { ...used, place: { line, column: place.column } }
  })
}

const usingLibrary = ({ identifier, canonical, status, publisher }: LibraryText) => ({
  id: identifier.id,
  canonical,
  status,
  publisher,
})

/** Types are told by the name of their model: two of one name cannot be told apart. */
function rivals(models: readonly LogicalModel[], { identifier }: LibraryText): Issue[] {
  const found = models.filter((each) => models.some((other) => other !== each && other.name === each.name))
  if (found.length === 0) return []
  const text = `models of one name cannot be used together: ${found.map(({ url, version }) => `${url}|${version}`).join(', ')}`
  return [issue('conflict', { text, diagnostics: `library ${identifier.id}` })]
}

interface TextOptions {
  preface: Preface
  /** Who brought the text along; undefined for what is stored. */
  brought: JobCall | undefined
}

/** What is stored is translated once, for whoever asks first. */
const serverCall: JobCall = { client: 'server', cpuSeconds: 10 }

const translateCall = ({ brought }: TextOptions): TranslateCall => ({
  ...(brought ?? serverCall),
  keep: brought === undefined,
})

/** Bounds the memory of ad hoc texts; far above what a store of rules holds. */
const keptLibraries = 500

/** What an active library may include is not what a draft may. */
const hashOf = keepPerObject((text: LibraryText) =>
  createHash('sha256')
    .update(`${text.canonical}\0${text.status === 'active'}\0${text.cql ?? JSON.stringify(text.elm)}`)
    .digest('base64url'),
)

const noPreface: Preface = { lines: 0, isAuthored: false }

const textKey = (text: LibraryText, { lines, isAuthored }: Preface) => `${hashOf(text)}:${lines}:${isAuthored}`

/**
 * Stored ELM without errors may run as it is (CQL beside it would have won).
 * @throws FhirError 422 for ELM that the executor cannot read
 */
function elmOf(text: LibraryText, models: readonly LogicalModel[]): { elm: Elm; issues: Issue[] } {
  const faults = elmFaults(elmIn(text), models)
  if (faults.length > 0) throw new FhirError(422, faults)
  const elm = structuredClone(elmIn(text))
  const errors = annotations(elm).filter((each) => each.type === 'CqlToElmError' && each.errorSeverity === 'error')
  return { elm, issues: errors.map((each) => issue('code-invalid', String(each.message))) }
}

/** Documents for the translator, made once for each model. */
const xmlOf = keepPerObject(modelInfoXml)

function sourceOf(text: LibraryText, { closure, models }: Surroundings, preface: Preface): Source {
  const includes = closure.flatMap(({ identifier, cql }) =>
    cql === undefined ? [] : [{ ...identifier, text: withoutNamespaces(cql) }],
  )
  const identifier = text.identifier.id ? text.identifier : undefined
  const used = models.map((each) => ({ name: each.name, version: each.version, key: each.key, xml: xmlOf(each) }))
  return { identifier, text: withoutNamespaces(text.cql ?? ''), includes, models: used, preface }
}

/** What {@link link} makes a library of. */
export interface Linking {
  text: { canonical: string; identifier: LibraryIdentifier; status?: string | undefined }
  elm: Elm
  issues: Issue[]
  includes: CompiledLibrary[]
  /** Logical models that it or they use. */
  models?: LogicalModel[]
}

/**
 * Makes a library runnable; `elm` is prepared, `includes` are all that it includes, directly or not. What the executor makes of it is
 * made when it runs: what a client brought along runs in another process.
 */
export function link({ text, elm, issues, includes, models = [] }: Linking): CompiledLibrary {
  correctExecutor()
  const find = (path: string, version: string | undefined) => {
    const id = path.slice(path.lastIndexOf('/') + 1)
    return includes.find(
      (each) => each.identifier.id === id && (version === undefined || each.identifier.version === version),
    )
  }
  // ELM that is run as stored was never seen by the translator, which finds missing includes otherwise.
  const missing = includeDefinitions(elm).filter(({ path, version }) => !find(path, version))
  const found = missing.map(({ path, version }) =>
    issue(
      'not-found',
      `the included library ${formatIdentifier(version ? { id: path, version } : { id: path })} is not known`,
    ),
  )
  const broken = issues.some((each) => each.severity === 'error')
  let executable: ExecutableLibrary | undefined
  let all: Define[] | undefined
  return {
    canonical: text.canonical,
    identifier: text.identifier,
    status: text.status,
    elm,
    get defines() {
      all ??= defines(elm)
      return all
    },
    issues: [...issues, ...(broken ? [] : found), ...unknownOperators(elm)],
    get executable() {
      executable ??= new ExecutableLibrary(executableElm(elm), {
        resolve: (path: string, version?: string) => find(path, version)?.executable,
      })
      return executable
    },
    includes,
    models,
  }
}

/** Steps that the executor does not have: it would leave them out, which makes a condition that always holds. */
function unknownOperators(elm: Elm): Issue[] {
  const issues: Issue[] = []
  const look = (node: Json | undefined): void => {
    if (Array.isArray(node)) for (const each of node) look(each)
    if (!isJsonObject(node)) return
    if (typeof node.type === 'string' && !node.type.endsWith('TypeSpecifier') && !hasOperator(node.type)) {
      const place = /^(\d+):(\d+)/.exec(String(node.locator ?? ''))
      const where = place ? `, line ${place[1]}, column ${place[2]}` : ''
      const diagnostics = `library ${elm.library.identifier.id}${where}`
      issues.push(issue('code-invalid', { text: `the operator ${node.type} is not supported`, diagnostics }))
    }
    for (const member in node) if (member !== 'annotation') look(node[member])
  }
  for (const each of definitions(elm, 'statements')) look(each.expression)
  return issues
}
