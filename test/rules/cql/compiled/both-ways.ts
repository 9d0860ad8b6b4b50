/** Rules run compiled and by the executor, to be held against each other. */

import type { Program } from '../../../../src/rules/cql/compiled/program.ts'
import { programOf, programsWith } from '../../../../src/rules/cql/compiled/program.ts'
import type { DefineResult } from '../../../../src/rules/cql/run/define-result.ts'
import { type RunCall, type RunEnvironment, runLibrary } from '../../../../src/rules/cql/run/run.ts'
import { toJson } from '../../../../src/rules/cql/run/to-json.ts'
import { encodeResult } from '../../../../src/rules/cql/run/to-parameters.ts'
import type { CompiledLibrary } from '../../../../src/rules/cql/translate/libraries.ts'

/** What a define gave, in every form in which it is told. */
export interface Told {
  name: string
  encoded: unknown
  value: unknown
  evidence: unknown
  issue: unknown
}

/** A library with one of its defines alone: what another one reaches does not keep it from being compiled. */
export const onlyDefine = (library: CompiledLibrary, name: string): CompiledLibrary => ({
  canonical: library.canonical,
  identifier: library.identifier,
  elm: library.elm,
  issues: library.issues,
  includes: library.includes,
  models: library.models,
  executable: library.executable,
  // Without data a context is none; those of a patient are compiled.
  defines: library.defines.flatMap((each) => (each.name === name ? [{ ...each, context: 'Patient' }] : [])),
})

/** Counts how often a program was asked, and how often it left the library to the executor. */
export interface Counted {
  asked: number
  answered: number
}

/** A program that is counted. */
export const counting = (program: Program, counted: Counted): Program => ({
  ...program,
  evaluate(define, run) {
    counted.asked++
    const value = program.evaluate(define, run)
    counted.answered++
    return value
  },
})

/** Programs whose every define and function is generated code from its second run on. */
export const generatedOf = programsWith({ isFor: () => true, runsBefore: 1 })

/** A way of running a library; without `counted` it is the executor's. */
export interface Way {
  environment: RunEnvironment
  counted?: Counted | undefined
  /** As generated code. */
  isGenerated?: boolean
}

/** Runs defines of a library one way. @throws what is wrong with a compiled form that the executor does not meet */
export async function runOneWay(
  library: CompiledLibrary,
  call: RunCall,
  { environment, counted, isGenerated = false }: Way,
): Promise<Told[]> {
  const way: RunEnvironment = {
    classes: environment.classes,
    terminology: environment.terminology,
    programFailed: (error) => {
      throw error
    },
    ...(counted && {
      programOf: (each) => {
        const program = isGenerated ? generatedOf(each) : programOf(each)
        return typeof program === 'string' ? program : counting(program, counted)
      },
    }),
  }
  if (isGenerated) await runLibrary(library, call, way)
  const { results } = await runLibrary(library, call, way)
  return results.map(told)
}

const told = (result: DefineResult): Told => ({
  name: result.name,
  encoded: result.issue ? undefined : encodeResult(result),
  value: toJson(result.value),
  evidence: result.evidence,
  issue: result.issue,
})
