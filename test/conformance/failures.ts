/** Official tests that are known to fail, by name, each with its reason. */
import { readFileSync } from 'node:fs'

/** Tests that fail for one reason. */
interface Reason {
  because: string
  /** Test → a code that it asks for or expects, which the content lacks. */
  lacks?: Record<string, string>
  /** Test → a text of the expected reply that cannot be given. */
  expects?: Record<string, string>
}

/** Why one test fails. */
export interface ArguedFailure {
  because: string
  lacks?: string
  expects?: string
}

/** The list in a file: `suite/test` → why it fails. @throws Error for a test that is named twice or without anything to look up */
export function arguedFailures(path: string | URL): Map<string, ArguedFailure> {
  const { reasons } = JSON.parse(readFileSync(path, 'utf8')) as { reasons: Reason[] }
  const argued = new Map<string, ArguedFailure>()
  for (const { because, lacks = {}, expects = {} } of reasons) {
    const named = [
      ...Object.entries(lacks).map(([name, code]) => [name, { because, lacks: code }] as const),
      ...Object.entries(expects).map(([name, text]) => [name, { because, expects: text }] as const),
    ]
    if (named.length === 0) throw new Error(`no test fails because: ${because}`)
    for (const [name, failure] of named) {
      if (argued.has(name)) throw new Error(`${name} is named twice`)
      argued.set(name, failure)
    }
  }
  return argued
}

/** The result of a run as the runner writes it (`--json`). */
export interface RunResult {
  suites: { name: string; tests: { name: string; status: 'pass' | 'fail' | 'broken' }[] }[]
}

/** What is wrong with the failures of a run: those that nobody argued, and arguments for what passes or was not run. */
export function unarguedFailures(argued: ReadonlyMap<string, unknown>, { suites }: RunResult): string[] {
  const ran = new Map(suites.flatMap((each) => each.tests.map(({ name, status }) => [`${each.name}/${name}`, status])))
  return [
    ...[...ran].flatMap(([name, status]) =>
      status === 'pass' || argued.has(name) ? [] : [`${name} fails (${status}), and nobody said why it may`],
    ),
    ...[...argued.keys()].flatMap((name) => {
      const status = ran.get(name)
      if (status === undefined) return [`${name} is said to fail, and was not run`]
      return status === 'pass' ? [`${name} is said to fail, and passes: take it out of the list`] : []
    }),
  ]
}
