import { FhirError, issue } from '../fhir/error.ts'
import type { Bundle, Issue, Parameters } from '../fhir/types.ts'
import type { JobCall } from '../workers/job-pool.ts'
import { reach } from './cql/requirements/flow.ts'
import { withoutSubject } from './cql/run/expression.ts'
import type { Sandbox } from './cql/run/sandbox.ts'
import type { EncodedResult } from './cql/run/to-parameters.ts'
import type { CompiledLibrary, Libraries } from './cql/translate/libraries.ts'

/** Defines of one library, each to be answered for itself. */
export interface EachCall {
  /** Canonical. */
  library: string
  expressions: readonly string[]
  data?: Bundle
  /** Whether the resource of the subject is in `data`: without it nothing that is retrieved says anything. */
  hasSubject: boolean
  subject?: string
  parameters?: Parameters
  /** FHIR dateTime. */
  clock: string
}

/** More defines than this are not looked at one by one: all of them fail where some of them needs what is not there. */
const mostLookedAt = 200

/**
 * Evaluates defines in a process with limits. Each has an answer; one that is not there, cannot be run, or reads data of a subject of
 * whom none came, has an issue.
 * @throws FhirError 422 too-costly; with a status from 429 on, when the server cannot answer now
 */
export async function evaluateEach(
  { library, expressions, hasSubject, ...run }: EachCall,
  job: JobCall,
  { libraries, sandbox }: { libraries: Libraries; sandbox: Sandbox },
): Promise<Map<string, EncodedResult>> {
  const answers = new Map<string, EncodedResult>()
  const fail = (names: Iterable<string>, why: Issue) => {
    for (const name of names) answers.set(name, { name, parameters: [], issue: why })
  }
  const asked = new Set(expressions)
  try {
    const compiled = await libraries.compile(library)
    const defines = new Set(compiled.defines.map(({ name }) => name))
    for (const name of asked)
      if (!defines.has(name)) fail([name], issue('not-found', `library ${compiled.canonical} has no define "${name}"`))
    const known = [...asked].filter((name) => defines.has(name))
    const blind = hasSubject ? new Set<string>() : readingData(compiled, known)
    fail(blind, withoutSubject)
    const wanted = known.filter((name) => !blind.has(name))
    if (wanted.length === 0) return answers
    const { results } = await sandbox.run(compiled, { ...run, expressions: wanted }, job)
    for (const each of results) answers.set(each.name, each)
  } catch (error) {
    if (error instanceof FhirError && isAboutAll(error)) throw error
    fail(
      [...asked].filter((name) => !answers.has(name)),
      causeOf(error),
    )
  }
  return answers
}

/** Of a bug, or of an executor that stumbles, nothing is repeated: its text may hold data. */
const causeOf = (error: unknown): Issue =>
  (error instanceof FhirError ? error.issues[0] : undefined) ?? issue('exception', 'it could not be evaluated')

/** What is no fault of one library. */
const isAboutAll = ({ status, issues }: FhirError) =>
  status >= 429 || issues.some(({ code }) => code === 'too-costly' || code === 'throttled')

/** Those of the defines that retrieve anything, directly or not. */
function readingData(library: CompiledLibrary, names: readonly string[]): Set<string> {
  const reads = (some: readonly string[]) => reach(library, some).retrieves.length > 0
  if (!reads(names)) return new Set()
  return new Set(names.length > mostLookedAt ? names : names.filter((name) => reads([name])))
}
