/** Whether what a folder holds is fit to be published, before anybody is asked to store it: by the checks of this software. */
import { artefactCanonical, statusOf } from '../../fhir/artefact.ts'
import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { isError } from '../../fhir/error.ts'
import type { Issue, Resource } from '../../fhir/types.ts'
import type { Rules } from '../../rules/rules.ts'
import { findByCanonical } from '../../storage/find-artefacts.ts'
import type { Storage } from '../../storage/storage.ts'
import { dependencyTree, type Found } from '../dependencies/dependency-tree.ts'
import { type NamedReference, namedBy } from '../dependencies/named.ts'
import { isCanonicalType } from '../package/find.ts'
import type { Publish } from '../publish.ts'
import type { PublicationServer } from './server.ts'

/** An own store of artefacts, and its checks. */
export interface Workshop {
  storage: Storage
  publish: Pick<Publish, 'check'>
  rules: Pick<Rules, 'references'>
}

/** What resources are judged with. */
export interface Surroundings {
  /** Everything that the folder holds. */
  beside: readonly Resource[]
  server: Pick<PublicationServer, 'find'>
  workshop: Workshop
}

/**
 * What is wrong with each resource: errors refuse an active one, all else is told. What the resources lean on and the folder does not
 * have is fetched from the server into the workshop first, so that it counts as it stands there.
 */
export async function judgeFolder(
  resources: readonly Resource[],
  surroundings: Surroundings,
): Promise<Map<Resource, Issue[]>> {
  await fetchDependencies(resources, surroundings)
  const { beside, workshop } = surroundings
  const issues = new Map<Resource, Issue[]>()
  for (const each of resources) issues.set(each, await workshop.publish.check(each, [...beside]))
  return issues
}

/** Whether a resource may be published with such issues. */
export const isPublishable = (issues: readonly Issue[]): boolean => !issues.some(isError)

async function fetchDependencies(
  resources: readonly Resource[],
  { beside, server, workshop: { storage, rules } }: Surroundings,
): Promise<void> {
  const asked = new Map<string, Promise<Found>>()
  const find = async ({ canonical, types, isGenerated, unknown }: NamedReference): Promise<Found[]> => {
    if (isGenerated) return [{ known: 'made here' }]
    if (unknown !== undefined) return [{ absent: unknown }]
    const { url, version } = parseCanonical(canonical)
    const own = beside.find((each) => isMeant(each, types, { url, version }))
    if (own) return [{ resource: own }]
    const key = JSON.stringify([types, canonical])
    const found = asked.get(key) ?? look({ types, url, version }, server, storage)
    asked.set(key, found)
    return [await found]
  }
  for (const root of resources) await dependencyTree(root, { find, named: namedBy(rules) })
}

const isMeant = (each: Resource, types: readonly string[], { url, version }: Wanted): boolean => {
  const own = artefactCanonical(each)
  const isFitting = types.length === 0 || types.includes(each.resourceType)
  return isFitting && own?.url === url && (version === undefined || own.version === version)
}

interface Wanted {
  url: string
  version: string | undefined
}

async function look(
  { types, url, version }: Wanted & { types: readonly string[] },
  server: Pick<PublicationServer, 'find'>,
  storage: Storage,
): Promise<Found> {
  for (const type of types.filter(isCanonicalType)) {
    const [here] = await findByCanonical(storage, type, formatCanonical(url, version))
    if (here) return { resource: here }
    const there = await server.find(type, version === undefined ? { url } : { url, version })
    const active = there.find((each) => statusOf(each) === 'active') ?? there[0]
    if (!active) continue
    await storage.write([{ method: 'PUT', type, id: String(active.id), resource: active }])
    return { resource: active }
  }
  return { absent: 'neither the folder nor the server has it' }
}
