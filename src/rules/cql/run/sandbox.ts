import { jobRefusal } from '../../../workers/job-failure.ts'
import { createJobPool, type JobCall } from '../../../workers/job-pool.ts'
import type { TellCall } from '../../explain/tell-run.ts'
import { formatIdentifier } from '../translate/cql-source.ts'
import { definitions, type Elm } from '../translate/elm.ts'
import type { CompiledLibrary } from '../translate/libraries.ts'
import type { CqlTerminology } from './code-service.ts'
import type { EvaluateAnswer, EvaluateJob, EvaluateQuestion, SentLibrary } from './evaluate-worker.ts'
import type { RunCall } from './run.ts'

/** Runs libraries of unknown origin in processes with limits. */
export interface Sandbox {
  /** As `runLibrary`. @throws FhirError 422 too-costly when a limit is reached, 429 or 503 when too much is waiting */
  run(library: CompiledLibrary, call: RunCall & { tell?: TellCall }, job: JobCall): Promise<EvaluateAnswer>
  close(): Promise<void>
}

/** Makes the sandbox; its first process starts at the first run. */
export function createSandbox(
  terminology: CqlTerminology,
  options: { processes: number; idleSeconds: number },
): Sandbox {
  const pool = createJobPool<EvaluateJob, EvaluateAnswer>(new URL('./evaluate-worker.ts', import.meta.url), {
    ...options,
    programMegabytes: 96,
    memoryMegabytes: 64,
    jobsPerProcess: 10_000,
    answer: (question: EvaluateQuestion) => answer(question, terminology),
  })
  return {
    run: (library, { tell, ...call }, job) =>
      pool.run({ libraries: sendable(library), call, ...(tell && { tell }) }, job).catch((error: unknown) => {
        throw jobRefusal(error, 'the evaluation')
      }),
    close: () => pool.close(),
  }
}

async function answer(question: EvaluateQuestion, terminology: CqlTerminology): Promise<unknown> {
  const { translator, properties } = terminology
  if ('expand' in question) return terminology.expand(question.expand)
  if ('conceptMap' in question) {
    if (!translator) throw new Error('no concept maps are here to ask')
    return (await translator(question.conceptMap))(question.code, question.system)
  }
  if ('property' in question) {
    if (!properties) throw new Error('no properties are here to ask')
    return (await properties(question.ofSystem))(question.code, question.property)
  }
  const { valueSet, code, system } = question
  const includes = await terminology.membership(valueSet)
  return code === undefined ? includes.systems : includes(code, system)
}

/** FHIRHelpers stays here when nothing calls it: it is large, and most expressions do not need it. */
function sendable(library: CompiledLibrary): SentLibrary[] {
  const all = [library, ...library.includes]
  const helpers = all.some(({ elm }) => callsHelpers(elm))
  const needed = helpers ? all : all.filter((each) => each.identifier.id !== helpersId)
  return needed.map(({ canonical, identifier, elm, issues, includes, models }) => ({
    canonical,
    models,
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
