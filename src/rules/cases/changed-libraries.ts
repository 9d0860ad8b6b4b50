/** The rules of a case once more, over libraries that were changed after their translation. */

import type { StepListener } from '../cql/run/trace.ts'
import { type CompiledLibrary, link } from '../cql/translate/libraries.ts'
import { type RuleResult, type RuleWorkshop, ruleEvaluator } from '../rules.ts'
import type { Asked } from './observed.ts'

/** What stands in for a library. */
export type LibraryChange = (library: CompiledLibrary) => CompiledLibrary

/** One library in place of another, also where others include it. */
export function inPlaceOf(original: CompiledLibrary, changed: CompiledLibrary): LibraryChange {
  const made = new Map<CompiledLibrary, CompiledLibrary>()
  const change: LibraryChange = (library) => {
    if (library.canonical === original.canonical) return changed
    const known = made.get(library)
    if (known) return known
    const { includes } = library
    const isConcerned = includes.some((each) => each.canonical === original.canonical)
    const { canonical, identifier, status, elm, issues, models } = library
    const it = isConcerned
      ? link({ text: { canonical, identifier, status }, elm, issues, includes: includes.map(change), models })
      : library
    made.set(library, it)
    return it
  }
  return change
}

/** How rules are run again. */
export interface Rerun {
  workshop: RuleWorkshop
  change: LibraryChange
  step?: StepListener
}

/** Runs what a case asked once more. */
export async function runAgain(asked: readonly Asked[], { workshop, change, step }: Rerun): Promise<RuleResult[]> {
  const { expressions, pin } = workshop
  const { libraries } = expressions
  const evaluate = ruleEvaluator({
    pin,
    expressions: {
      ...expressions,
      // A changed library runs a few times: to compile it would cost more than it saves.
      run: { ...expressions.run, programOf: undefined },
      libraries: {
        ...libraries,
        compiled: () => undefined,
        compile: async (...given: Parameters<typeof libraries.compile>) => change(await libraries.compile(...given)),
        compileText: async (...given: Parameters<typeof libraries.compileText>) =>
          change(await libraries.compileText(...given)),
      },
    },
  })
  const results: RuleResult[] = []
  for (const { source, call } of asked) results.push(...(await evaluate(source, step ? { ...call, step } : call)))
  return results
}
