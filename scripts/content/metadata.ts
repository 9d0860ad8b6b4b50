import type { Resource } from '../../src/fhir/types.ts'

/** Base of every canonical that the project publishes. */
export const base = 'http://vidimus.org/fhir'

/** Version of the content; a change of meaning raises it, and the rules name it. */
export const version = '1.0.0'

/** Canonical of a resource of ours. */
export const canonical = (type: Resource['resourceType'], id: string): string => `${base}/${type}/${id}`

/** The two spellings of the ICD-11 system that are in use: WHO's DDCC guide, and the official one. */
export const icd11 = { ddcc: 'http://id.who.int/icd11/mms', official: 'http://id.who.int/icd/release/11/mms' }

/** Elements that every published resource carries. */
export const published = (date: string) => ({
  version,
  status: 'active' as const,
  experimental: false,
  date,
  publisher: 'vidimus project',
})

/** PascalCase name out of a kebab-case id, as `name` of conformance resources wants it. */
export const computerName = (id: string): string => {
  const name = id
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
  return /^[A-Z]/.test(name) ? name : `Vs${name}`
}
