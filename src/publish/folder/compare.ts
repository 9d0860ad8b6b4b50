/** How the content of a folder stands to what a server has. */
import { isBelow, readPrefix } from '../../authority/canonical-prefix.ts'
import { canonicalJson } from '../../base/json.ts'
import { artefactCanonical, artefactName, statusOf } from '../../fhir/artefact.ts'
import { asJson, asResource } from '../../fhir/json.ts'
import type { Resource } from '../../fhir/types.ts'
import { conflictWith, displacement } from '../identity.ts'
import { derivedId } from '../import/assign-ids.ts'
import { canonicalTypes } from '../package/find.ts'
import type { FolderArtefact } from './read-folder.ts'
import { hasCanonical, type PublicationServer } from './server.ts'

/** One line of the difference. */
export interface Difference {
  state: 'new' | 'changed' | 'unchanged' | 'refused' | 'only on server'
  type: string
  /** `url|version`, or `Type/id` of what has no url. */
  name: string
  file?: string
  /** As it is to be stored: under the id by which the server has it. */
  resource?: Resource
  /** The version that it takes the place of, as If-Match has it; undefined where the id is free. */
  replaces?: string
  /** Members that differ. */
  members?: string[]
  /** Why it is refused. */
  reasons?: string[]
  /** Whether it stands below the canonical base of the folder; undefined where the folder has none. */
  isOwn?: boolean
}

/** Compares every artefact; `base` is the canonical base of the folder, below which the server's artefacts are listed. */
export async function compareWith(
  server: PublicationServer,
  artefacts: readonly FolderArtefact[],
  base: string | undefined,
): Promise<Difference[]> {
  const differences: Difference[] = []
  for (const artefact of artefacts) differences.push(await differenceOf(server, artefact, base))
  return [...differences, ...(base === undefined ? [] : await onlyThere(server, artefacts, base))]
}

async function differenceOf(
  server: PublicationServer,
  { file, resource }: FolderArtefact,
  base: string | undefined,
): Promise<Difference> {
  const canonical = artefactCanonical(resource)
  const line = { type: resource.resourceType, name: artefactName(resource), file, ...ownership(canonical?.url, base) }
  const there = canonical
    ? (await server.find(resource.resourceType, canonical)).filter((each) => hasCanonical(each, canonical))
    : []
  // Of several under one name the one that has the id of the file, else the one that is in force.
  const [stored] = there.toSorted((a, b) => rank(a, resource) - rank(b, resource))
  if (stored) {
    const here = { ...resource, id: String(stored.id) }
    const members = differing(stored, here)
    if (members.length === 0) return { ...line, state: 'unchanged', resource: here }
    const conflict =
      statusOf(stored) === 'active' || statusOf(stored) === 'retired' ? conflictWith(stored, here) : undefined
    if (conflict) return { ...line, state: 'refused', members, reasons: [conflict.message] }
    return { ...line, state: 'changed', resource: here, members, ...versionOf(stored) }
  }
  return withFreeId(server, line, resource)
}

/** An id that another artefact has is left to it, as an import does. */
async function withFreeId(
  server: PublicationServer,
  line: Omit<Difference, 'state'>,
  resource: Resource,
): Promise<Difference> {
  const current = await server.read(resource.resourceType, String(resource.id))
  if (!current) return { ...line, state: 'new', resource }
  const canonical = artefactCanonical(resource)
  if (!canonical) {
    const members = differing(current, resource)
    return { ...line, state: members.length === 0 ? 'unchanged' : 'changed', resource, members, ...versionOf(current) }
  }
  const isNext = artefactCanonical(current)?.url === canonical.url && !displacement(current, resource)
  if (isNext) return { ...line, state: 'new', resource, ...versionOf(current) }
  return { ...line, state: 'new', resource: { ...resource, id: derivedId(String(resource.id), line.name) } }
}

const versionOf = ({ meta }: Resource): Pick<Difference, 'replaces'> =>
  meta?.versionId === undefined ? {} : { replaces: `W/"${meta.versionId}"` }

function rank(stored: Resource, wanted: Resource): number {
  if (stored.id === wanted.id) return 0
  return statusOf(stored) === 'active' ? 1 : 2
}

/** Members that a server sets itself, or that are shown for an artefact. */
const besides = ['meta', 'text', 'id', 'resourceType']

function differing(stored: Resource, given: Resource): string[] {
  const [before, after] = [asJson(stored), asJson(given)]
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((each) => !besides.includes(each))
  const text = (value: unknown) => (value === undefined ? '' : canonicalJson(value))
  const differ = names.filter((name) => text(before[name]) !== text(after[name]))
  // The precision of decimals is content, and no part of the canonical form.
  const asActive = (resource: Resource) => asResource({ ...resource, status: 'active' })
  const precise = conflictWith(asActive(stored), asActive(given))?.issues[0]?.expression ?? []
  return [...new Set([...differ, ...precise.map((each) => each.slice(each.indexOf('.') + 1))])].sort()
}

const ownership = (url: string | undefined, base: string | undefined): Pick<Difference, 'isOwn'> =>
  base === undefined || url === undefined ? {} : { isOwn: isBelow(url, readPrefix(base)) }

async function onlyThere(
  server: PublicationServer,
  artefacts: readonly FolderArtefact[],
  base: string,
): Promise<Difference[]> {
  const here = new Set(artefacts.map(({ resource }) => `${resource.resourceType} ${artefactName(resource)}`))
  const found: Difference[] = []
  for (const type of canonicalTypes.filter((each) => each !== 'OperationDefinition' && each !== 'CapabilityStatement'))
    for (const resource of await server.below(type, base)) {
      const name = artefactName(resource)
      if (here.has(`${type} ${name}`) || !isBelow(name, readPrefix(base))) continue
      found.push({ state: 'only on server', type, name, isOwn: true })
    }
  return found
}
