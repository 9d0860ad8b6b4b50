/**
 * Program of the process in which CQL of unknown origin runs: an evaluation has no limits of its own, so the process has them (time,
 * heap). Value sets are asked of the server. `sandbox.ts` is its only user.
 */
import { FhirError } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'
import type { CqlTerminology } from './code-service.ts'
import { formatIdentifier, type LibraryIdentifier } from './cql-source.ts'
import type { Elm } from './elm.ts'
import { createFhirClasses } from './fhir-instance.ts'
import { serveJobs } from './job-process.ts'
import { type CompiledLibrary, link } from './libraries.ts'
import { fhirModelInfo } from './model-info.ts'
import { type RunCall, runLibrary } from './run.ts'
import { type EncodedResult, encodeResult } from './to-parameters.ts'

/** A library as it is sent: prepared ELM, and the names of all it includes. */
export interface SentLibrary {
  canonical: string
  identifier: LibraryIdentifier
  elm: Elm
  issues: Issue[]
  includes: string[]
}

/** One run; the first library is the one to run. */
export interface EvaluateJob {
  libraries: SentLibrary[]
  call: RunCall
}

/** Encoded results, or the FhirError that was thrown. */
export type EvaluateAnswer =
  | { results: EncodedResult[]; ignored: Issue[] }
  | { refused: { status: number; issues: Issue[] } }

/** What the process asks of the server. */
export interface EvaluateQuestion {
  expand: string
}

const classes = createFhirClasses(fhirModelInfo())

serveJobs<EvaluateJob, EvaluateAnswer>(async ({ libraries, call }, ask) => {
  try {
    const [main] = linkAll(libraries)
    if (!main) throw new Error('a job has at least one library')
    const { results, ignored } = await runLibrary(main, call, { classes, terminology: askingTerminology(ask) })
    return { results: results.map(encodeResult), ignored }
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    return { refused: { status: error.status, issues: error.issues } }
  }
})

function linkAll(sent: SentLibrary[]): CompiledLibrary[] {
  const linked = new Map<string, CompiledLibrary>()
  const byName = new Map(sent.map((each) => [formatIdentifier(each.identifier), each]))
  const make = (each: SentLibrary): CompiledLibrary => {
    const name = formatIdentifier(each.identifier)
    const known = linked.get(name)
    if (known) return known
    const includes = each.includes.flatMap((include) => byName.get(include) ?? []).map(make)
    const made = link({ text: each, elm: each.elm, issues: each.issues, includes })
    linked.set(name, made)
    return made
  }
  return sent.map(make)
}

/** Membership is asked as the whole list of codes: the executor needs its answer at once. */
function askingTerminology(ask: (question: unknown) => Promise<unknown>): CqlTerminology {
  const expand = async (valueSet: string) =>
    (await ask({ expand: valueSet } satisfies EvaluateQuestion)) as { system?: string; code: string }[]
  return {
    expand,
    async membership(valueSet) {
      const listed = await expand(valueSet)
      const codes = new Set(listed.flatMap(({ system, code }) => [`${system ?? ''}|${code}`, `|${code}`]))
      const member = (code: string, system?: string) => codes.has(`${system ?? ''}|${code}`)
      return Object.assign(member, { systems: [...new Set(listed.map(({ system }) => system ?? ''))] })
    },
  }
}
