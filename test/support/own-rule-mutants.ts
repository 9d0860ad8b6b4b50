/** Every change of one step of an own rule, over the cases of rules/cases. */
import { readAuthorFolder } from '../../src/cli/rules/author-folder.ts'
import { suiteLines } from '../../src/cli/rules/print-suite.ts'
import { openSuite, runSuite } from '../../src/cli/rules/suite.ts'
import { scoreOf } from '../../src/rules/cases/try-mutants.ts'

/** The least share of changes that the cases of each library must notice. */
const least = 0.9

/** Runs them; a library with a lower score has failed. */
export async function mutateOwnRules(): Promise<{ lines: string[]; passed: number; failed: number }> {
  const suite = await openSuite(await readAuthorFolder('rules', undefined))
  try {
    const milliseconds = () => performance.now()
    const mutants = { milliseconds, caseMilliseconds: 5_000 }
    const outcome = await runSuite(suite, { coverage: true, milliseconds, mutants })
    const failed = outcome.libraries.filter(({ tried }) => !tried || scoreOf(tried).score < least).length
    return { lines: suiteLines(outcome), passed: outcome.libraries.length - failed, failed }
  } finally {
    await suite.server.close()
  }
}
