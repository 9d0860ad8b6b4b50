import type { ConceptMap, StructureDefinition, StructureMap } from '../fhir/types.ts'
import type { Translator } from './run/translate.ts'

/** What maps need of the server; the room itself reads nothing. */
export interface MapEnvironment {
  /** Maps by canonical, `url|version`, newest first; `*` in the url stands for anything. */
  findMaps(url: string): Promise<StructureMap[]>
  /** A definition by canonical, or by type name. */
  findStructure(urlOrType: string): Promise<StructureDefinition | undefined>
  /** Membership in a value set; FhirError when there is none of that url. */
  membership(valueSet: string): Promise<(code: string, system?: string) => boolean>
  /** Translation by a concept map: url, url|version, or bare id; FhirError when there is none. */
  translator(conceptMap: string | ConceptMap): Promise<Translator>
  /** Changes when anything that the others answer may have changed. */
  revision(): number
}
