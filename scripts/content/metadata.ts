import { readFileSync } from 'node:fs'
import type { Resource } from '../../src/fhir/types.ts'

const root = new URL('../../', import.meta.url)

/** A text file of the project. */
export const projectFile = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** JSON of a file of the project; its shape is what the reader of the file says, and the test of the written content proves it. */
export const readData = <T>(path: string): T => JSON.parse(projectFile(path))

/** Rows of a table: columns are parted by tabs, lines that begin with # are remarks. */
export const readTable = (path: string): string[][] =>
  projectFile(path)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'))

/** Base of every canonical that the project publishes. */
const base = 'http://vidimus.org/fhir'

/** Version of the content; a change of meaning raises it, and the rules name it. */
export const version = '1.0.0'

/** Day of the release, of software and content alike: `releaseDate` in package.json. */
export const releaseDate = readData<{ releaseDate: string }>('package.json').releaseDate

/** Canonical of a resource of ours. */
export const canonical = (type: Resource['resourceType'], id: string): string => `${base}/${type}/${id}`

/** A canonical that may be written short: `ValueSet/covid-19` is one of ours. */
export const absolute = (name: string): string => (/^[A-Z]\w+\//.test(name) ? `${base}/${name}` : name)

/** The two spellings of the ICD-11 system that are in use: WHO's DDCC guide, and the official one. */
export const icd11 = { ddcc: 'http://id.who.int/icd11/mms', official: 'http://id.who.int/icd/release/11/mms' }

/** Elements that every published resource carries. */
export const published = {
  version,
  status: 'active' as const,
  experimental: false,
  date: releaseDate,
  publisher: 'vidimus project',
}

/** PascalCase name out of a kebab-case id, as `name` of conformance resources wants it. */
export const computerName = (id: string): string => {
  const name = id
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
  return /^[A-Z]/.test(name) ? name : `Vs${name}`
}
