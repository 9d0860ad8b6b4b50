import { FhirError, issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'
import type { CqlTerminology } from './code-service.ts'
import { formatIdentifier } from './cql-source.ts'
import type { EvaluateAnswer, EvaluateJob, EvaluateQuestion, SentLibrary } from './evaluate-worker.ts'
import { createJobProcess, JobFailure } from './job-process.ts'
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
  if (error.reason === 'closed') return new FhirError(503, issue('transient', 'the server is shutting down'))
  const limit = error.reason === 'timeout' ? 'takes too long' : 'needs too much memory'
  return new FhirError(422, issue('too-costly', `the evaluation ${limit}: ${error.message}`))
}

/** Included libraries that nothing refers to stay here: FHIRHelpers is large, and a plain expression does not need it. */
function sendable(library: CompiledLibrary): SentLibrary[] {
  const needed = [library, ...library.includes].filter(
    (each) => each === library || each.identifier.id !== 'FHIRHelpers' || usesHelpers(library),
  )
  return needed.map(({ canonical, identifier, elm, issues, includes }) => ({
    canonical,
    identifier,
    elm: withoutIncludes(elm, needed.length === 1),
    issues,
    includes: includes.map((include) => formatIdentifier(include.identifier)),
  }))
}

const usesHelpers = (library: CompiledLibrary) =>
  [library, ...library.includes].some(
    ({ identifier, elm }) =>
      identifier.id !== 'FHIRHelpers' &&
      JSON.stringify(elm.library.statements ?? null).includes('"libraryName":"FHIRHelpers"'),
  )

/** ELM without its include section, when no included library is sent. */
function withoutIncludes(elm: SentLibrary['elm'], alone: boolean): SentLibrary['elm'] {
  if (!alone) return elm
  const { includes: _dropped, ...library } = elm.library
  return { ...elm, library: library as SentLibrary['elm']['library'] }
}
