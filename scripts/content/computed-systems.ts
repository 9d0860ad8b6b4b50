import type { CodeSystem } from '../../src/fhir/types.ts'
import { published } from './metadata.ts'

type ComputedSystem = Required<Pick<CodeSystem, 'id' | 'url' | 'name' | 'title' | 'caseSensitive'>> &
  Pick<CodeSystem, 'version' | 'copyright' | 'compositional' | 'hierarchyMeaning'>

const systems: ComputedSystem[] = [
  {
    id: 'ucum',
    url: 'http://unitsofmeasure.org',
    version: '2.2',
    name: 'UCUM',
    title: 'Unified Code for Units of Measure',
    caseSensitive: true,
    compositional: true,
    copyright:
      'UCUM is copyright of Regenstrief Institute, Inc. and The UCUM Organization; its licence is at https://ucum.org/license.',
  },
  {
    id: 'bcp-47',
    url: 'urn:ietf:bcp:47',
    name: 'LanguageTags',
    title: 'Tags for identifying languages, IETF BCP 47',
    caseSensitive: false,
    compositional: true,
  },
  {
    id: 'bcp-13',
    url: 'urn:ietf:bcp:13',
    name: 'MediaTypes',
    title: 'Media types, IETF BCP 13',
    caseSensitive: false,
    compositional: true,
  },
  {
    id: 'iso-3166',
    url: 'urn:iso:std:iso:3166',
    name: 'ISO3166Part1',
    title: 'Codes of countries, ISO 3166-1',
    caseSensitive: true,
    compositional: false,
  },
  {
    id: 'iso-3166-2',
    url: 'urn:iso:std:iso:3166:-2',
    name: 'ISO3166Part2',
    title: 'Codes of subdivisions of countries, ISO 3166-2',
    caseSensitive: true,
    compositional: false,
    hierarchyMeaning: 'part-of',
  },
  {
    id: 'iso-4217',
    url: 'urn:iso:std:iso:4217',
    name: 'ISO4217',
    title: 'Codes of currencies, ISO 4217',
    caseSensitive: true,
    compositional: false,
  },
]

/** Systems that are computed rather than listed: published so that clients find what the server answers for. */
export const computedSystems: CodeSystem[] = systems.map(({ id, url, version, name, title, ...rest }) => {
  // No version of ours: a system that has no versions must not seem to have one.
  const { version: _, ...metadata } = published('2026-11-25')
  return {
    resourceType: 'CodeSystem',
    id,
    url,
    ...(version === undefined ? {} : { version }),
    ...metadata,
    name,
    title,
    description:
      'The server computes the codes of this system: it validates, looks up, filters and, where there is an end to them, expands them. None is listed here.',
    ...rest,
    content: 'not-present',
  }
})
