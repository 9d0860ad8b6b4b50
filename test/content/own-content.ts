import { readdirSync, readFileSync } from 'node:fs'
import type { Resource, StructureMap } from '../../src/fhir/types.ts'
import { parseMap } from '../../src/structure-map/language/parser.ts'

const root = new URL('../../', import.meta.url)
const folders = ['igs', 'rules', 'valuesets']

/** Text of a file of the project. */
export const projectText = (path: string): string => readFileSync(new URL(path, root), 'utf8')

const names = (folder: string, ending: string): string[] =>
  readdirSync(new URL(folder, root))
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`)

/** Paths of the FML maps. */
export const mapPaths = names('igs/maps', '.fml')
/** Paths of the CQL texts. */
export const cqlPaths = names('rules/cql', '.cql')

/** Every JSON resource of own content by path. */
export const jsonContent: [path: string, resource: Resource][] = folders
  .flatMap((folder) => names(folder, '.json'))
  .map((path) => [path, JSON.parse(projectText(path)) as Resource])

/** The maps, parsed strictly. */
export const maps: StructureMap[] = mapPaths.map((path) => parseMap(projectText(path), { strict: true }).map)

/** All of own content as a server would have it. */
export const content: Resource[] = [...jsonContent.map(([, resource]) => resource), ...maps]

/** Resources of one type. */
export const ofType = <T extends Resource['resourceType']>(type: T): Extract<Resource, { resourceType: T }>[] =>
  content.filter((each): each is Extract<Resource, { resourceType: T }> => each.resourceType === type)

/** Resources of one type with that canonical, with or without version. */
export function byCanonical<T extends Resource['resourceType']>(
  type: T,
  canonical: string,
): Extract<Resource, { resourceType: T }>[] {
  const [url, version] = canonical.split('|')
  return ofType(type).filter(
    (each) =>
      'url' in each && each.url === url && (version === undefined || ('version' in each && each.version === version)),
  )
}
