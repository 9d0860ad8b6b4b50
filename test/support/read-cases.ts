import { readFileSync } from 'node:fs'

/**
 * Cases of a specification from a JSON file beside a test, e.g. `readCases<Case>(import.meta.url, 'cases/settings.json')`.
 * Every case has a name, which no other of the file has.
 */
export function readCases<Case extends { name: string }>(test: string, file: string): Case[] {
  const cases: Case[] = JSON.parse(readFileSync(new URL(file, test), 'utf8'))
  const names = new Set(cases.map(({ name }) => name))
  if (names.size !== cases.length) throw new Error(`${file}: two cases have one name`)
  return cases
}
