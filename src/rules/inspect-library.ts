/** What publication must know of rule libraries: whether they can be run, and what a condition may name in them. */
import { artefactCanonical, artefactName } from '../fhir/artefact.ts'
import { FhirError, isError, issue } from '../fhir/error.ts'
import type { Issue, Library } from '../fhir/types.ts'
import type { JobCall } from '../workers/job-pool.ts'
import { isCertLogic, readCertLogic } from './certlogic/certlogic.ts'
import { inlineLibrary } from './cql/run/expression.ts'
import { formatIdentifier, fullName, type LibraryIdentifier } from './cql/translate/cql-source.ts'
import {
  type CodeReference,
  codeReferences,
  formatType,
  type ValueSetReference,
  valueSetReferences,
} from './cql/translate/elm.ts'
import { includesOf } from './cql/translate/include-closure.ts'
import { createLibraries, type Libraries } from './cql/translate/libraries.ts'
import type { LibraryStore } from './cql/translate/library-index.ts'
import { identityFaults, type LibraryText, readLibrary } from './cql/translate/library-text.ts'
import type { Translator } from './cql/translate/translator.ts'
import type { ModelStore } from './models/models.ts'

/** What became of reading, translating and linking a library. */
interface LibraryReport {
  /** Errors where it, or an include, cannot be run; CQL faults with line and column in `diagnostics`. */
  issues: Issue[]
  /** Absent for a library that holds no rules at all. */
  language?: 'cql' | 'certlogic'
  /** Public defines, with the type that the translator gave them (`System.Boolean`); ELM may come without. */
  defines: { name: string; type?: string }[]
  /** Codes that it names, for whoever has terminology to hold them against. */
  codes: CodeReference[]
  /** Value sets that it declares, likewise. */
  valueSets: ValueSetReference[]
}

/** The report of a library that says nothing of its own. */
const nothing = { defines: [], codes: [], valueSets: [] }

/** Looks at libraries of one store. All methods throw FhirErrors of 5xx alone: the server being unable is no fault of a library. */
export interface LibraryInspector {
  inspect(library: Library): Promise<LibraryReport>
  /** A CQL expression as a condition of a plan has it: faults, and the static type when there are none. */
  inspectExpression(expression: string, library: Library): Promise<{ issues: Issue[]; type?: string }>
}

/** An expression is translated where it is published, and not kept. */
const inspection: JobCall = { client: 'publication', cpuSeconds: 10 }

/** Makes an inspector; `beside` are libraries that are to be stored together, seen instead of what they replace. */
export function createInspector(
  store: LibraryStore & ModelStore,
  { translator, generated }: { translator: Translator; generated: LibraryText[] },
  beside: Library[],
): LibraryInspector {
  const overlaid = overlay(store, beside)
  const libraries = createLibraries(overlaid, translator, generated)
  return {
    async inspect(library) {
      if (isCertLogic(library)) return inspectCertLogic(library)
      const text = textOf(library)
      if (!text) return { issues: [], ...nothing }
      if ('issues' in text) return { language: 'cql', issues: text.issues, ...nothing }
      const stored = await overlaid.listLibraries()
      const wanted = { text, library, others: stored.filter((each) => each.id !== library.id), generated }
      const { issues, ...found } = await compileIssues(library, libraries)
      return {
        language: 'cql',
        issues: [...issues, ...identityIssues(text, generated), ...rivalIssues(wanted), ...includeIssues(wanted)],
        ...found,
      }
    },
    async inspectExpression(expression, library) {
      const compiled = await refused(async () => {
        const { identifier } = await libraries.compile(library)
        return libraries.compileText(inlineLibrary(expression, [{ ...identifier }], true), inspection)
      })
      if (compiled instanceof FhirError) return { issues: compiled.issues }
      const issues = compiled.issues.filter(isError)
      const type = compiled.defines.find(({ name }) => name === 'return')?.type
      return issues.length > 0 ? { issues } : { issues, type: formatType(type) }
    },
  }
}

function overlay(store: LibraryStore & ModelStore, beside: Library[]): LibraryStore & ModelStore {
  const names = new Set(beside.map(artefactName))
  const ids = new Set(beside.flatMap(({ id }) => id ?? []))
  const remains = (each: Library) => !names.has(artefactName(each)) && !ids.has(each.id ?? '')
  return {
    findLibraries: async (url) => [
      ...beside.filter((each) => artefactCanonical(each)?.url === url),
      ...(await store.findLibraries(url)).filter(remains),
    ],
    listLibraries: async () => [...beside, ...(await store.listLibraries()).filter(remains)],
    listLogicalModels: async () => (await store.listLogicalModels?.()) ?? [],
    revision: () => 0,
  }
}

function inspectCertLogic(library: Library): LibraryReport {
  try {
    readCertLogic(library)
    return { language: 'certlogic', ...nothing, issues: [], defines: [{ name: 'Logic' }] }
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    return { language: 'certlogic', issues: error.issues, ...nothing }
  }
}

/** Types of Library that hold something to run (http://terminology.hl7.org/CodeSystem/library-type); the others are lists and models. */
const isLogic = ({ type }: Library) => type?.coding?.some(({ code }) => code === 'logic-library') === true

/** The text of a library; issues where it should have one, undefined where it need not. */
function textOf(library: Library): LibraryText | { issues: Issue[] } | undefined {
  const types = library.content?.map(({ contentType }) => contentType?.split(';')[0]?.trim() ?? '') ?? []
  const known = types.some((each) => each === 'text/cql' || each === 'application/elm+json')
  if (!known && !isLogic(library)) return undefined
  try {
    return readLibrary(library)
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    return { issues: error.issues }
  }
}

/** @returns what `work` makes, or the refusal of less than 500 */
async function refused<T>(work: () => Promise<T>): Promise<T | FhirError> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof FhirError && error.status < 500) return error
    throw error
  }
}

async function compileIssues(library: Library, libraries: Libraries): Promise<Omit<LibraryReport, 'language'>> {
  const compiled = await refused(() => libraries.compile(library))
  if (compiled instanceof FhirError) return { issues: compiled.issues.map(inContent), ...nothing }
  const defines = compiled.defines.filter((each) => each.public)
  return {
    issues: compiled.issues.map(inContent),
    defines: defines.map(({ name, type }) => ({ name, ...(type && { type: formatType(type) }) })),
    codes: codeReferences(compiled.elm),
    valueSets: valueSetReferences(compiled.elm),
  }
}

const inContent = (each: Issue): Issue => (each.expression ? each : { ...each, expression: ['Library.content'] })

/** The text is included by what it calls itself, the resource named by its url and version: they must not part. */
function identityIssues(text: LibraryText, generated: LibraryText[]): Issue[] {
  const parted = identityFaults(text).map((fault) =>
    issue('business-rule', { text: fault.text, expression: `Library.${fault.element}` }),
  )
  const name = formatIdentifier(text.identifier)
  const isOther = (each: LibraryText) => formatIdentifier(each.identifier) === name && each.cql !== text.cql
  if (!generated.some(isOther)) return parted
  const hidden = `rules that include ${name} get the one of this server, and not this one`
  return [...parted, issue('business-rule', { severity: 'warning', text: hidden, expression: 'Library.content' })]
}

/**
 * An include finds a library by its name and version: of two active ones that share them and differ neither could be meant. A draft
 * hides nothing, but cannot be published so.
 */
function rivalIssues({ text, library, others }: Including): Issue[] {
  const name = fullName(text.identifier)
  // Of the same url and version it is the same library, of which the store judges itself.
  const rival = knownTexts(others).find(
    (each) =>
      each.status === 'active' &&
      fullName(each.identifier) === name &&
      each.cql !== text.cql &&
      each.canonical !== text.canonical,
  )
  if (!rival) return []
  const severity = library.status === 'active' ? 'error' : 'warning'
  const said = `${rival.canonical} calls itself ${name}, too, and says something else: neither could be included any more. Give this one another name or version, or a namespace (library MyOrg.${text.identifier.id})`
  return [issue('business-rule', { severity, text: said, expression: 'Library.content' })]
}

/** Texts that may be included: those that are published under the name they give themselves. */
const knownTexts = (libraries: Library[]): LibraryText[] =>
  libraries.flatMap((each) => {
    const read = textOf(each)
    return read && !('issues' in read) && identityFaults(read).length === 0 ? [read] : []
  })

interface Including {
  text: LibraryText
  library: Library
  others: Library[]
  generated: LibraryText[]
}

/** What is published includes nothing that may still change, and says which version it includes. */
function includeIssues({ text, library, others, generated }: Including): Issue[] {
  const known = knownTexts(others)
  return includesOf(text).flatMap((wanted) => {
    const fits = ({ identifier: { id, version } }: LibraryText) =>
      id === wanted.id && (wanted.version === undefined || version === wanted.version)
    const expression = 'Library.content'
    const name = formatIdentifier(wanted)
    const isFixed = known.some((each) => fits(each) && each.status === 'active') || generated.some(fits)
    if (!isFixed && library.status === 'active' && known.some(fits)) {
      const text = `the included library ${name} is stored, but not active: its text may still change`
      return [issue('business-rule', { text, expression, ...placeOf(wanted, library) })]
    }
    if (wanted.version !== undefined || generated.some(({ identifier }) => identifier.id === wanted.id)) return []
    const text = `the library ${name} is included without a version: any later one of it changes these rules`
    return [issue('business-rule', { text, expression, ...placeOf(wanted, library) })]
  })
}

/** Line of an include in the author's text, as the translator would tell it. */
function placeOf({ id }: LibraryIdentifier, library: Library): { diagnostics?: string } {
  const data = library.content?.find(({ contentType }) => contentType?.startsWith('text/cql'))?.data
  const lines = Buffer.from(data ?? '', 'base64')
    .toString('utf8')
    .split('\n')
  const line = lines.findIndex((each) => /\binclude\b/.test(each) && each.includes(id))
  if (line < 0) return {}
  return { diagnostics: `line ${line + 1}, column ${(lines[line]?.search(/\binclude\b/) ?? 0) + 1}` }
}
