import { FhirError, issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'
import type { CqlTerminology } from './code-service.ts'
import { formatIdentifier } from './cql-source.ts'
import { definitions, type Elm } from './elm.ts'
import type { EvaluateAnswer, EvaluateJob, EvaluateQuestion, SentLibrary } from './evaluate-worker.ts'
import { busy, createJobProcess, JobFailure } from './job-process.ts'
import type { CompiledLibrary } from './libraries.ts'
import type { RunCall } from './run.ts'
import type { EncodedResult } from './to-parameters.ts'

/** Runs libraries of unknown origin in a process with limits. */
export interface Sandbox {
  /** As `runLibrary`. @throws FhirError 422 too-costly when a limit is reached */
  run(library: CompiledLibrary, call: RunCall): Promise<{ results: EncodedResult[]; ignored: Issue[] }>
  close(): Promise<void>
}

/** Makes the sandbox; its process starts at the first run. */
export function createSandbox(
  terminology: CqlTerminology,
  options: { timeoutSeconds: number; idleSeconds: number },
): Sandbox {
  const process = createJobProcess<EvaluateJob, EvaluateAnswer>(new URL('./evaluate-worker.ts', import.meta.url), {
    ...options,
    heapMegabytes: 128,
    jobsPerProcess: 10_000,
    answer: (question) => terminology.expand((question as EvaluateQuestion).expand),
  })
  return {
    async run(library, call) {
      const answer = await process.run({ libraries: sendable(library), call }).catch((error: unknown) => {
        throw refusal(error)
      })
      if ('refused' in answer) throw new FhirError(answer.refused.status, answer.refused.issues)
      return answer
    },
    close: () => process.close(),
  }
}

function refusal(error: unknown): unknown {
  if (!(error instanceof JobFailure)) return error
  if (error.reason === 'busy') return busy(error)
  if (error.reason === 'closed') return new FhirError(503, issue('transient', 'the server is shutting down'))
  const limit = error.reason === 'timeout' ? 'takes too long' : 'needs too much memory'
  return new FhirError(422, issue('too-costly', `the evaluation ${limit}: ${error.message}`))
}

/** FHIRHelpers stays here when nothing calls it: it is large, and most expressions do not need it. */
function sendable(library: CompiledLibrary): SentLibrary[] {
  const all = [library, ...library.includes]
  const helpers = all.some(({ elm }) => callsHelpers(elm))
  const needed = helpers ? all : all.filter((each) => each.identifier.id !== helpersId)
  return needed.map(({ canonical, identifier, elm, issues, includes }) => ({
    canonical,
    identifier,
    elm: helpers ? elm : withoutHelpers(elm),
    issues,
    includes: includes.map((include) => formatIdentifier(include.identifier)),
  }))
}

const helpersId = 'FHIRHelpers'

/** Whether ELM refers to FHIRHelpers, by whatever name it calls it. */
function callsHelpers(elm: Elm): boolean {
  const alias = definitions(elm, 'includes').find((each) => each.path === helpersId)?.localIdentifier
  if (alias === undefined) return false
  return JSON.stringify(elm.library).includes(`"libraryName":${JSON.stringify(alias)}`)
}

function withoutHelpers(elm: Elm): Elm {
  const def = definitions(elm, 'includes').filter((each) => each.path !== helpersId)
  return { ...elm, library: { ...elm.library, includes: { def } } }
}
