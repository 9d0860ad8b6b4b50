/** Cases as data: what a room is held to, by section of its standard. */
import { readdirSync, readFileSync } from 'node:fs'

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
