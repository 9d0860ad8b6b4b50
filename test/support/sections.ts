import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'

/** A part of a specification as data: its section, and cases of one sentence each. */
interface Section<Case> {
  section: string
  cases: (Case & { name: string })[]
}

/**
 * Walks the sections of a file of cases beside a test: a suite for each section, a test for each case.
 * @throws Error for a section without cases, and for two cases of one name in it: one of them would never be missed
 */
export function walkSections<Case>(file: string, base: string, run: (each: Case) => void | Promise<void>): void {
  const sections: Section<Case>[] = JSON.parse(readFileSync(new URL(`cases/${file}`, base), 'utf8'))
  for (const { section, cases } of sections) {
    if (cases.length === 0) throw new Error(`${file}: "${section}" has no cases`)
    const names = cases.map(({ name }) => name)
    const twice = names.find((each, at) => names.indexOf(each) !== at)
    if (twice !== undefined) throw new Error(`${file}: "${section}" has two cases named "${twice}"`)
    describe(section, () => {
      for (const each of cases) it(each.name, () => run(each))
    })
  }
}
