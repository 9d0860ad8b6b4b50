import type { Mapping } from '../../src/evaluate/map/map-content.ts'
import type { ConceptMap, Resource, StructureDefinition, StructureMap } from '../../src/fhir/types.ts'
import { createMaps, parseMap } from '../../src/structure-map/maps.ts'
import { inlineTranslator } from '../../src/structure-map/run/translate.ts'
import { byCanonical, ofType } from '../content/own-content.ts'

/** Clock of a test's mapping. */
export const mappingClock = new Date('2026-06-01T12:00:00Z')

/** Mapping over own content, further maps as FML, and further artefacts; every uuid is another. */
export function ownMapping(fml: string[] = [], artefacts: Resource[] = []): Mapping {
  const further = <T extends Resource['resourceType']>(type: T) =>
    artefacts.filter((each): each is Extract<Resource, { resourceType: T }> => each.resourceType === type)
  const added = [...fml.map((each) => parseMap(each).map), ...further('StructureMap')]
  const findMaps = async (url: string): Promise<StructureMap[]> => [
    ...added.filter((each) => each.url === url.split('|')[0]),
    ...byCanonical('StructureMap', url),
  ]
  const engine = createMaps({
    findMaps,
    findStructure: async (url): Promise<StructureDefinition | undefined> =>
      [...further('StructureDefinition'), ...ofType('StructureDefinition')].find((each) => each.url === url),
    membership: async () => () => false,
    translator: async (map) => {
      const known: ConceptMap | undefined = typeof map === 'string' ? byCanonical('ConceptMap', map)[0] : map
      return inlineTranslator(known ?? { resourceType: 'ConceptMap', status: 'draft' })
    },
    revision: () => 1,
  })
  let uuids = 0
  return {
    compile: (canonical) => engine.compile(canonical),
    findMap: async (canonical) => (await findMaps(canonical))[0],
    now: mappingClock,
    uuid: () => `00000000-0000-4000-8000-${String(++uuids).padStart(12, '0')}`,
  }
}
