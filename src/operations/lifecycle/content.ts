/** Artefacts with other members: all of these are pure. */
import { copyJson } from '../../base/exact-number.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { ownTags } from '../../fhir/artefact.ts'
import { asJson, asResource } from '../../fhir/json.ts'
import type { Resource } from '../../fhir/types.ts'

/** Extensions that an active artefact alone has. */
const activeOnly = [
  'http://hl7.org/fhir/StructureDefinition/artifact-releaseLabel',
  'http://hl7.org/fhir/StructureDefinition/artifact-releaseDescription',
  'http://hl7.org/fhir/StructureDefinition/cqf-releaseLabel',
]

/** Members that tell of an approval, a review or the use of an active artefact. */
const activeMembers = ['approvalDate', 'lastReviewDate', 'effectivePeriod', 'text']

/** An artefact as its next draft begins: without what was true of the published one alone. */
export function asDraft(
  resource: Resource,
  { id, version, day }: { id: string; version: string; day: string },
): Resource {
  const copy = copyJson(asJson(resource))
  for (const name of activeMembers) {
    delete copy[name]
    delete copy[`_${name}`]
  }
  const extension = extensionsOf(copy).filter(({ url }) => !activeOnly.includes(String(url)))
  setList(copy, 'extension', extension)
  const { profile, security } = resource.meta ?? {}
  const tag = ownTags(resource)
  const meta = { ...(profile && { profile }), ...(security && { security }), ...(tag.length > 0 && { tag }) }
  delete copy.meta
  const { resourceType, ...rest } = copy
  const made = { resourceType, id, ...(Object.keys(meta).length > 0 ? { meta } : {}), ...rest }
  return withMembers(asResource(made), { version, status: 'draft', date: day })
}

/** The same with other members; `undefined` takes one away. */
export function withMembers(resource: Resource, members: Record<string, Json | undefined>): Resource {
  const copy = copyJson(asJson(resource))
  for (const [name, value] of Object.entries(members)) {
    delete copy[`_${name}`]
    if (value === undefined) delete copy[name]
    else copy[name] = value
  }
  return asResource(copy)
}

/** The same with a text at places of it, by FHIRPath as `canonicalReferences` writes it (`Library.relatedArtifact[0].resource`). */
export function withTexts(resource: Resource, texts: ReadonlyMap<string, string>): Resource {
  const copy = copyJson(asJson(resource))
  for (const [path, text] of texts) setText(copy, path, text)
  return asResource(copy)
}

function setText(root: JsonObject, path: string, text: string): void {
  const steps = path.split('.').slice(1)
  let holder: Json | undefined = root
  for (const [at, step] of steps.entries()) {
    const [, name = '', , index] = /^([^[]+)(\[(\d+)\])?$/.exec(step) ?? []
    if (typeof holder !== 'object' || holder === null || Array.isArray(holder)) return
    const isLast = at === steps.length - 1
    if (isLast && index === undefined) holder[name] = text
    const member: Json | undefined = holder[name]
    if (index === undefined) holder = member
    else if (Array.isArray(member)) {
      if (isLast) member[Number(index)] = text
      holder = member[Number(index)]
    } else return
  }
}

/** The same with an extension of one text in place of others of its url. */
export function withExtension(resource: Resource, url: string, value: JsonObject): Resource {
  const copy = copyJson(asJson(resource))
  setList(copy, 'extension', [...extensionsOf(copy).filter((each) => each.url !== url), { url, ...value }])
  return asResource(copy)
}

function extensionsOf({ extension }: JsonObject): JsonObject[] {
  const list = Array.isArray(extension) ? extension : []
  return list.filter((each): each is JsonObject => typeof each === 'object' && each !== null && !Array.isArray(each))
}

function setList(holder: JsonObject, name: string, list: JsonObject[]): void {
  if (list.length > 0) holder[name] = list
  else delete holder[name]
}
