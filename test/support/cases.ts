/** Cases as data: what a room is held to, by section of its standard. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'

/** One file of cases. */
export interface CaseFile<Case> {
  /** Name without `.json`. */
  file: string
  /** Address of the section. */
  source: string
  cases: Case[]
}

/**
 * Every JSON file of a folder, in alphabetical order.
 * @throws Error for a file without cases, and for two cases of one name: one of them would never be missed
 */
export function readCases<Case extends { name: string }>(folder: URL): CaseFile<Case>[] {
  const files = readdirSync(folder).filter((each) => each.endsWith('.json'))
  return files.sort().map((name) => {
    const read = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Omit<CaseFile<Case>, 'file'>
    const names = read.cases.map((each) => each.name)
    if (names.length === 0) throw new Error(`${name} has no cases`)
    const twice = names.find((each, index) => names.indexOf(each) !== index)
    if (twice !== undefined) throw new Error(`${name} has two cases named ${twice}`)
    return { file: name.replace(/\.json$/, ''), ...read }
  })
}

/** A part of a specification as data: its section, and cases of one sentence each. */
interface Section<Case> {
  section: string
  cases: (Case & { name: string })[]
}

/** The cases of a file beside a test, each with its section. */
export function readSections<Case>(file: string, base: string): Section<Case>[] {
  const sections: Section<Case>[] = JSON.parse(readFileSync(new URL(`cases/${file}`, base), 'utf8'))
  return sections
}

/** Walks the cases of a file beside a test: a suite for each section, a test for each case. */
export function walkCases<Case>(file: string, base: string, run: (each: Case) => void | Promise<void>): void {
  for (const { section, cases } of readSections<Case>(file, base))
    describe(section, () => {
      for (const each of cases) it(each.name, () => run(each))
    })
}
