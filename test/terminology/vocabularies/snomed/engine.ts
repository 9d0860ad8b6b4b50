/** The engine over releases of SNOMED CT in memory. */
import type { CodeSystem, Resource } from '../../../../src/fhir/types.ts'
import type { CodeSystemProvider } from '../../../../src/terminology/code-system/code-system.ts'
import { createTerminology, type Terminology } from '../../../../src/terminology/terminology.ts'
import type { SnomedContent } from '../../../../src/terminology/vocabularies/snomed/content.ts'
import { eclSet } from '../../../../src/terminology/vocabularies/snomed/ecl/ecl.ts'
import type { SubjectMeets } from '../../../../src/terminology/vocabularies/snomed/expression/expression-filters.ts'
import { withExpressions } from '../../../../src/terminology/vocabularies/snomed/expression/with-expressions.ts'
import { snomedProvider } from '../../../../src/terminology/vocabularies/snomed/provider/provider.ts'
import { SNOMED } from '../../../../src/terminology/vocabularies/snomed/version-uri.ts'
import { memorySource } from '../../support.ts'

/** A release as it is stored: a resource without concepts. */
export const releaseResource = ({ version, count }: SnomedContent): CodeSystem => ({
  resourceType: 'CodeSystem',
  url: SNOMED,
  version,
  name: 'SNOMED_CT',
  status: 'active',
  content: 'not-present',
  caseSensitive: true,
  count,
})

/** The engine over some releases and other resources. */
export function snomedTerminology(
  releases: readonly SnomedContent[],
  { resources = [], snomedEdition }: { resources?: Resource[]; snomedEdition?: string } = {},
): Terminology {
  const providers = new Map(
    releases.map((content) => {
      const resource = releaseResource(content)
      const concepts = snomedProvider(resource, content, undefined)
      const meets: SubjectMeets = (constraint, subject, use) => eclSet(content, constraint)[use](subject)
      return [resource, withExpressions(concepts, content, meets)]
    }),
  )
  return engineOver(providers, { resources, snomedEdition })
}

/** The engine over code systems that are open, and other resources. */
export function engineOver(
  providers: ReadonlyMap<CodeSystem, CodeSystemProvider>,
  { resources = [], snomedEdition }: { resources?: Resource[]; snomedEdition?: string | undefined } = {},
): Terminology {
  let uuid = 0
  return createTerminology(
    {
      ...memorySource([...providers.keys(), ...resources]),
      largeCodeSystem: async (resource) => providers.get(resource),
    },
    {
      now: () => new Date('2026-01-01T00:00:00Z'),
      uuid: () => `00000000-0000-4000-8000-${String(uuid++).padStart(12, '0')}`,
      snomedEdition,
    },
  )
}
