import { copyJson } from '../../base/exact-number.ts'
import { defineMember, isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { isSoundWith } from '../../fhir/check/sound.ts'
import { isResource } from '../../fhir/elements.ts'
import { issue } from '../../fhir/error.ts'
import { asJson, isOfType } from '../../fhir/json.ts'
import type { Bundle, BundleEntry, Issue } from '../../fhir/types.ts'
import type { Evaluation } from '../evaluation.ts'

/** What came out of the maps. */
export interface Mapped {
  /** One DDCC core data set per certified event. */
  coreDataSets: JsonObject[]
  bundle: Bundle | undefined
  /** Whom the core data sets, or else the resources, are about. */
  subject: Evaluation['subject']
  /** Canonicals with version of the maps that ran, in order. */
  structureMaps: string[]
  warnings: Issue[]
  /**
   * What makes `accepted` impossible, and rules over the bundle meaningless: a required element of the logical model that the
   * maps did not fill, a certified event without a core data set, several persons, resources that are not FHIR, a concept map or
   * value set of the maps that cannot be used.
   */
  obstacles: Issue[]
  /** What makes `accepted` impossible, and over which rules have an answer all the same: what cannot have happened as it is told. */
  doubts: Issue[]
  /** Places of values that FHIR would refuse and that were left out, one remark each; never the value. */
  leftOut: string[]
}

/** Whether it is a Bundle, of whatever. */
const isBundle = (value: Json): value is JsonObject => isJsonObject(value) && value.resourceType === 'Bundle'

/** A Bundle with at least one FHIR resource. */
export function isResourceBundle(output: Json): output is JsonObject {
  if (!isBundle(output) || !Array.isArray(output.entry)) return false
  for (const entry of output.entry)
    if (isJsonObject(entry) && isJsonObject(entry.resource) && isFhir(entry.resource)) return true
  return false
}

/** Instances of logical models: those of a Bundle that holds nothing else, or the one that it is. */
export function instancesOf(output: Json): JsonObject[] {
  if (!isJsonObject(output)) return []
  if (!isBundle(output)) return [output]
  const instances: JsonObject[] = []
  for (const entry of Array.isArray(output.entry) ? output.entry : []) {
    if (!isJsonObject(entry) || !isJsonObject(entry.resource)) continue
    if (isFhir(entry.resource)) return []
    instances.push(entry.resource)
  }
  return instances
}

/**
 * One Bundle of several. What stands in them under one id is kept once when it is the same, or the Patient, of whom each may tell
 * a part; anything else would be lost, and that is an obstacle.
 */
export function mergeBundles(bundles: Bundle[], obstacles: Issue[]): Bundle {
  const [first] = bundles
  if (!first || bundles.length === 1) return first ?? { resourceType: 'Bundle', type: 'collection' }
  const known = new Map<string, BundleEntry>()
  const entries: BundleEntry[] = []
  for (const entry of bundles.flatMap((bundle) => bundle.entry ?? [])) {
    const { resource } = entry
    const key = resource?.id === undefined ? undefined : `${resource.resourceType}/${resource.id}`
    const other = key === undefined ? undefined : known.get(key)
    if (other?.resource && resource) {
      if (resource.resourceType === 'Patient' && other.resource.resourceType === 'Patient')
        other.resource = { ...resource, ...other.resource }
      else if (JSON.stringify(resource) !== JSON.stringify(other.resource))
        obstacles.push(sameId(resource.resourceType))
      continue
    }
    if (key !== undefined) known.set(key, entry)
    entries.push(entry)
  }
  return { ...first, entry: entries }
}

const sameId = (type: string) =>
  issue('duplicate', `The maps made several resources of type ${type} with one id: only one of them can be kept`)

const isFhir = ({ resourceType }: JsonObject) => typeof resourceType === 'string' && isResource(resourceType)

const ABSOLUTE = /^(?:https?:\/\/|urn:)/
/** Whether it is a UUID in lower case; without regular expression, for nearly every id is one. */
function isUuid(id: string): boolean {
  if (id.length !== 36) return false
  for (let at = 0; at < 36; at++) {
    const code = id.charCodeAt(at)
    const isHyphen = at === 8 || at === 13 || at === 18 || at === 23
    if (isHyphen ? code !== 0x2d : !((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false
  }
  return true
}

/**
 * The Bundle as others can read it alone: every entry has an absolute fullUrl (FHIR R4, Bundle.entry.fullUrl), by which the references
 * to it go; and what a coding only displays, without code, is the text of its concept. What is given is not changed.
 */
export function standingAlone(bundle: Bundle, uuid: () => string): Bundle {
  const copy = copyJson(asJson(bundle))
  if (!isOfType(copy, 'Bundle')) return bundle
  letStandAlone(copy, uuid)
  return copy
}

/** {@link standingAlone} of a Bundle that is nobody else's, in place. Answers whether it is sound for certain, as nearly every one is. */
export function letStandAlone(bundle: Bundle, uuid: () => string): boolean {
  const addresses = new Map<string, string>()
  let isOdd = false
  for (const each of bundle.entry ?? []) {
    const { resource, fullUrl } = each
    if (!resource) continue
    const { id, resourceType } = resource
    const own = fullUrl !== undefined && ABSOLUTE.test(fullUrl)
    const address = own ? fullUrl : `urn:uuid:${id !== undefined && isUuid(id) ? id : uuid()}`
    if (fullUrl) addresses.set(fullUrl, address)
    if (id) addresses.set(`${resourceType}/${id}`, address)
    each.fullUrl = address
    if (!isResource(resourceType)) isOdd = true
  }
  // An address of what has no type of R4 may stand for another one: references are changed once then.
  if (!isOdd && isSoundWith(addresses, bundle)) return true
  redirect(asJson(bundle), addresses)
  return false
}

/** A resource whose references go to other addresses. */
export function withReferences(resource: JsonObject, addresses: ReadonlyMap<string, string>): JsonObject {
  return redirect(copyJson(resource), addresses)
}

/** Changes references in place; what a concept only displays becomes its text. Answers the object, or the one that takes its place. */
function redirect(value: JsonObject, addresses: ReadonlyMap<string, string>): JsonObject {
  let coding: Json[] | undefined
  for (const name in value) {
    const member = value[name] ?? null
    if (typeof member === 'string') {
      const address = name === 'reference' ? addresses.get(member) : undefined
      if (address !== undefined) value.reference = address
    } else if (Array.isArray(member)) {
      redirectItems(member, addresses)
      if (name === 'coding') coding = member
    } else if (typeof member === 'object' && member !== null) {
      const after = redirect(member, addresses)
      if (after !== member) defineMember(value, name, after)
    }
  }
  return coding ? withoutMereDisplays(value, coding) : value
}

function redirectItems(list: Json[], addresses: ReadonlyMap<string, string>): void {
  for (let at = 0; at < list.length; at++) {
    const item = list[at] ?? null
    if (Array.isArray(item)) redirectItems(item, addresses)
    else if (typeof item === 'object' && item !== null) {
      const after = redirect(item, addresses)
      if (after !== item) list[at] = after
    }
  }
}

/** Whether a coding has nothing but words; an empty one has not even those. */
function isMere(coding: Json): boolean {
  if (!isJsonObject(coding)) return false
  for (const name in coding) if (name !== 'display') return false
  return true
}

function withoutMereDisplays(concept: JsonObject, coding: Json[]): JsonObject {
  const mere = coding.find(isMere)
  if (!isJsonObject(mere)) return concept
  const { coding: _, text = mere.display ?? null, ...rest } = concept
  const left = coding.filter((each) => !isMere(each))
  return { ...rest, ...(left.length > 0 ? { coding: left } : {}), text }
}
