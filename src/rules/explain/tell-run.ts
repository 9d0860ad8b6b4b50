/** What is told of a run beside its results: why each Boolean define gave what it gave, and which conditions it went through. */
import type { Library } from '../../fhir/types.ts'
import { type Covered, coverageOf, createCounter } from '../cases/coverage.ts'
import { reachOf } from '../cases/sites.ts'
import { openRun, type RunCall, type RunEnvironment } from '../cql/run/run.ts'
import { tracedCopy } from '../cql/run/trace.ts'
import type { CompiledLibrary } from '../cql/translate/libraries.ts'
import { cqlOf } from './author-texts.ts'
import { explainDefine } from './explain-define.ts'
import type { Explanation } from './explanation.ts'

/** What was told. */
export interface RunTold {
  reasons: { define: string; explanation: Explanation }[]
  /** Conditions of the library's own text, in its order, and how often each was what. */
  conditions: Covered[]
  /** Nothing is said of the conditions: there were too many steps, or a define failed half way. */
  isCut: boolean
}

/** What it is told with: the Library resources of a run (`url|version`), its own among them, and a language. */
export interface TellCall {
  resources: Record<string, Library>
  language: string | undefined
}

/** Steps that are counted at most. */
const mostSteps = 200_000
/** Conditions that are told at most. */
const mostConditions = 1_000

/**
 * Runs defines that ran before once more, and tells of them; their results are not changed by it.
 * @param defines names of defines that are there and have no errors
 * @throws FhirError with a status from 500 on, when the server cannot answer now
 */
export async function tellRun(
  library: CompiledLibrary,
  { defines, call, tell }: { defines: { name: string; value: unknown }[]; call: RunCall; tell: TellCall },
  environment: RunEnvironment,
): Promise<RunTold> {
  const { resources, language } = tell
  const findLibrary = async (canonical: string) => resources[canonical]
  const run = openRun(library, call, environment)
  const reasons: RunTold['reasons'] = []
  for (const { name, value } of defines) {
    if (typeof value !== 'boolean' && value !== null) continue
    const evaluated = await run.evaluate(name)
    const told = await explainDefine(run, evaluated, { language, findLibrary })
    if (told?.explanation) reasons.push({ define: name, explanation: told.explanation })
  }
  return {
    reasons,
    ...(await countConditions(library, { defines, call, text: cqlOf(resources[library.canonical]) }, environment)),
  }
}

interface Counted {
  defines: { name: string }[]
  call: RunCall
  text: string | undefined
}

async function countConditions(
  library: CompiledLibrary,
  { defines, call, text = '' }: Counted,
  environment: RunEnvironment,
): Promise<Pick<RunTold, 'conditions' | 'isCut'>> {
  const copy = tracedCopy(library)
  const counter = createCounter()
  const step: typeof counter.step = (name, value) => {
    counter.step(name, value)
    if (counter.total() > mostSteps) throw new Error('too many steps to be told')
  }
  const run = openRun(copy, { ...call, step }, environment)
  let isCut = false
  for (const { name } of defines) {
    const { issue } = await run.evaluate(name)
    if (issue) isCut = true
  }
  const reach = reachOf(
    copy,
    defines.map(({ name }) => name),
  )
  const { conditions } = coverageOf(reach, counter.given, text.split(/\r?\n/))
  return { conditions: conditions.slice(0, mostConditions), isCut: isCut || conditions.length > mostConditions }
}
