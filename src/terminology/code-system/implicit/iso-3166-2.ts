import { iso31662 } from 'iso-3166'
import { indexCodeSystem } from '../concept-index.ts'
import type { ImplicitSystem } from './implicit-system.ts'

/** `urn:iso:std:iso:3166:-2`: codes of subdivisions, `CH-ZH`; a subdivision of a subdivision is below it. */
export const subdivisions: ImplicitSystem = {
  url: 'urn:iso:std:iso:3166:-2',
  make: () =>
    indexCodeSystem({
      resourceType: 'CodeSystem',
      url: 'urn:iso:std:iso:3166:-2',
      name: 'ISO3166Part2',
      status: 'active',
      content: 'complete',
      caseSensitive: true,
      hierarchyMeaning: 'part-of',
      // A parent is a country, which is no code of this part, or another subdivision.
      concept: iso31662.map(({ code, name, parent }) => ({
        code,
        display: name,
        ...(parent.includes('-') && { property: [{ code: 'parent', valueCode: parent }] }),
      })),
    }),
}
