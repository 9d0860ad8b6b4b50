/** A kit as a store: what is in it is found as on the server, and nothing is written. Files are read when somebody asks for them. */

import { isJsonObject, objectsIn } from '../base/json.ts'
import { keep } from '../base/keep.ts'
import { admitRule, artefactCanonical, mirroredFrom } from '../fhir/artefact.ts'
import { compareVersions, parseCanonical } from '../fhir/canonical.ts'
import { asResource, isOfType } from '../fhir/json.ts'
import { meetsConditions } from '../fhir/search/evaluate.ts'
import type { Resource } from '../fhir/types.ts'
import type { SearchQuery, Storage, StoredVersion } from '../storage/storage.ts'
import { elmKey, withheldFile } from './content/artefact-files.ts'
import type { OpenedKit } from './open-kit.ts'

/** Artefacts of a kit that are kept ready. */
const mostKept = 2000

/** Opens the store of a kit. */
export function kitStorage(kit: OpenedKit): Storage {
  const { manifest } = kit
  const read = resourceReader(kit)
  const byName = new Map<string, string[]>()
  const byType = new Map<string, string[]>()
  for (const { file, type, canonical } of manifest.files) {
    if (type === undefined || canonical === undefined) continue
    add(byType, type, file)
    add(byName, `${type} ${parseCanonical(canonical).url}`, file)
  }
  const outlines = outlinesOf(kit)
  const ofType = (type: string): Resource[] => [
    ...(byType.get(type) ?? []).map(read),
    ...outlines.filter((each) => each.resourceType === type),
  ]
  const elm = new Map(
    manifest.files.flatMap(({ file }) => (elmKey(file) === undefined ? [] : [[elmKey(file), file] as const])),
  )
  return {
    ...nothing,
    read: async (type, id) => {
      const file = `package/${type}-${id}.json`
      return (byType.get(type) ?? []).includes(file) ? versionOf(read(file)) : undefined
    },
    async findCanonical(type, canonical) {
      const { url, version } = parseCanonical(canonical)
      const found = [
        ...(byName.get(`${type} ${url}`) ?? []).map(read),
        ...outlines.filter((each) => isOf(each, type, url)),
      ]
      return found
        .filter((each) => version === undefined || artefactCanonical(each)?.version === version)
        .sort((a, b) => compareVersions(artefactCanonical(b)?.version ?? '', artefactCanonical(a)?.version ?? ''))
    },
    search: async ({ type, conditions }: SearchQuery) => ({
      matches: ofType(type)
        .filter((each) => meets(each, conditions))
        .map(versionOf),
    }),
    derived: {
      async get(kind, key) {
        const file = kind === 'elm' ? elm.get(key) : undefined
        return file === undefined ? undefined : kit.read(file).toString('utf8')
      },
      set: async () => {},
    },
  }
}

function add(map: Map<string, string[]>, name: string, file: string): void {
  const known = map.get(name)
  if (known) known.push(file)
  else map.set(name, [file])
}

const isOf = (resource: Resource, type: string, url: string): boolean =>
  resource.resourceType === type && artefactCanonical(resource)?.url === url

function resourceReader(kit: OpenedKit): (file: string) => Resource {
  const known = keep<string, Resource>(mostKept)
  return (file) =>
    known.of(file, () => {
      const resource = asResource(kit.json(file))
      // The server ran the rules of this participant, or they would not be in the kit.
      return mirroredFrom(resource) === undefined ? resource : admitRule(resource)
    })
}

/** Rule sets that are not in the kit, marked as such: where one would apply, it fails. */
function outlinesOf(kit: OpenedKit): Resource[] {
  if (!kit.manifest.files.some(({ file }) => file === withheldFile)) return []
  const json = kit.json(withheldFile)
  const plans = isJsonObject(json) ? objectsIn(json.plans) : []
  return plans.map(asResource).filter((each) => isOfType(each, 'PlanDefinition'))
}

/** A kit has its artefacts in one version each; when they were stored is not told. */
const versionOf = (resource: Resource): StoredVersion => ({
  type: resource.resourceType,
  id: resource.id ?? '',
  versionId: '1',
  lastUpdated: noMoment,
  resource,
  method: 'PUT',
})

const noMoment = '1970-01-01T00:00:00.000Z'

const meets = (resource: Resource, conditions: SearchQuery['conditions']): boolean =>
  meetsConditions({ resource, id: resource.id ?? '', lastUpdated: noMoment, now: 0 }, conditions)

const readOnly = async (): Promise<never> => {
  throw new Error('nothing is written to a kit')
}

/** What a kit does not have. */
const nothing: Storage = {
  read: async () => undefined,
  readVersion: async () => undefined,
  history: async () => ({ matches: [] }),
  search: async () => ({ matches: [] }),
  findCanonical: async () => [],
  published: async () => undefined,
  publications: async () => [],
  write: readOnly,
  count: async () => ({}),
  revision: () => 1,
  subscribe: () => () => {},
  catchUp: () => undefined,
  derived: { get: async () => undefined, set: async () => {} },
  past: { revisionAt: async () => 0, writtenAfter: readOnly, revisionOf: async () => undefined },
  records: { get: async () => undefined, all: async () => [], replace: readOnly, change: readOnly },
  close: async () => {},
}
