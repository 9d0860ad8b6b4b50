import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'

/** A part of a specification as data: its section, and cases of one sentence each. */
interface Section<Case> {
  section: string
  cases: (Case & { name: string })[]
}

/** The cases of a file beside a test, each with its section. */
export function readCases<Case>(file: string, base: string): Section<Case>[] {
  const sections: Section<Case>[] = JSON.parse(readFileSync(new URL(`cases/${file}`, base), 'utf8'))
  return sections
}

/** Walks the cases of a file beside a test: a suite for each section, a test for each case. */
export function walkCases<Case>(file: string, base: string, run: (each: Case) => void | Promise<void>): void {
  for (const { section, cases } of readCases<Case>(file, base))
    describe(section, () => {
      for (const each of cases) it(each.name, () => run(each))
    })
}
