/**
 * Program of the process in which CQL of unknown origin runs: an evaluation has no limits of its own, so the process has them
 * (computing time, memory). Value sets are asked of the server. `sandbox.ts` is its only user.
 */
import type { Issue } from '../../../fhir/types.ts'
import { type Ask, serveJobs } from '../../../workers/serve-jobs.ts'
import { type RunTold, type TellCall, tellRun } from '../../explain/tell-run.ts'
import type { LogicalModel } from '../../models/logical-model.ts'
import { formatIdentifier, type LibraryIdentifier } from '../translate/cql-source.ts'
import type { Elm } from '../translate/elm.ts'
import { type CompiledLibrary, link } from '../translate/libraries.ts'
import { fhirModelInfo } from '../translate/model-info.ts'
import type { CqlTerminology, Translate } from './code-service.ts'
import { createFhirClasses } from './fhir-instance.ts'
import { type RunCall, runLibrary } from './run.ts'
import { type EncodedResult, encodeResult } from './to-parameters.ts'

/** A library as it is sent: prepared ELM, and the names of all it includes. */
export interface SentLibrary {
  canonical: string
  identifier: LibraryIdentifier
  elm: Elm
  issues: Issue[]
  includes: string[]
  models: LogicalModel[]
}

/** One run; the first library is the one to run. */
export interface EvaluateJob {
  libraries: SentLibrary[]
  call: RunCall
  /** What is to be told beside the results. */
  tell?: TellCall
}

/** Encoded results, and the warnings about parameters that the library does not have. */
export interface EvaluateAnswer {
  results: EncodedResult[]
  ignored: Issue[]
  told?: RunTold
}

/** What the process asks of the server: the codes of a value set, whether it has a code, or, without one, the systems it draws from; a translation; a property. */
export type EvaluateQuestion =
  | { expand: string }
  | { valueSet: string; code?: string; system?: string | undefined }
  | { conceptMap: string; code: string; system?: string | undefined }
  | { ofSystem: string; code: string; property: string }

const classes = createFhirClasses(fhirModelInfo())

serveJobs<EvaluateJob, EvaluateAnswer>(async ({ libraries, call, tell }, ask) => {
  const [main] = linkAll(libraries)
  if (!main) throw new Error('a job has at least one library')
  const environment = { classes, terminology: askingTerminology(ask) }
  const { results, ignored } = await runLibrary(main, call, environment)
  const answer = { results: results.map(encodeResult), ignored }
  if (!tell) return answer
  const defines = results.filter(({ issue }) => issue === undefined)
  const told = await tellRun(main, { defines, call, tell }, environment)
  return { ...answer, told: { ...told, isCut: told.isCut || defines.length < results.length } }
})

function linkAll(sent: SentLibrary[]): CompiledLibrary[] {
  const linked = new Map<string, CompiledLibrary>()
  const byName = new Map(sent.map((each) => [formatIdentifier(each.identifier), each]))
  const make = (each: SentLibrary): CompiledLibrary => {
    const name = formatIdentifier(each.identifier)
    const known = linked.get(name)
    if (known) return known
    const includes = each.includes.flatMap((include) => byName.get(include) ?? []).map(make)
    const made = link({ text: each, elm: each.elm, issues: each.issues, includes, models: each.models })
    linked.set(name, made)
    return made
  }
  return sent.map(make)
}

function askingTerminology(ask: Ask): CqlTerminology {
  const put = (question: EvaluateQuestion) => ask(question)
  return {
    // The server answers each kind of question in its own shape.
    expand: async (valueSet) => put({ expand: valueSet }) as { system?: string; code: string }[],
    translator: async (conceptMap) => (code, system) =>
      (put({ conceptMap, code, system }) ?? []) as ReturnType<Translate>,
    properties: async (ofSystem) => (code, property) => put({ ofSystem, code, property }) as string[] | undefined,
    async membership(valueSet) {
      const systems = put({ valueSet }) as string[] | undefined
      const known = new Map<string, boolean>()
      const member = (code: string, system?: string) => {
        const key = `${system ?? ''}|${code}`
        const answer = known.get(key) ?? put({ valueSet, code, system }) === true
        known.set(key, answer)
        return answer
      }
      return Object.assign(member, systems ? { systems } : {})
    },
  }
}
