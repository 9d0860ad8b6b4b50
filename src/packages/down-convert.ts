/** FHIR R5 content for an R4 server: what can be read as it is, what is rewritten, what is left out. */

import type { Json, JsonObject } from '../base/json-value.ts'
import { issue } from '../fhir/error.ts'
import { asJson, asResource } from '../fhir/json.ts'
import type { Issue, Resource } from '../fhir/types.ts'

/** A resource as R4, or the reason why it has no R4 form. */
export type DownConversion = { resource: Resource; issues: Issue[] } | { skipped: string }

/** Top-level elements that R5 added to the types below; R4 has no place for them. */
const newElements = ['versionAlgorithmString', 'versionAlgorithmCoding', 'copyrightLabel', 'effectivePeriod', 'topic']
const newMetadata = ['approvalDate', 'lastReviewDate', 'author', 'editor', 'reviewer', 'endorser', 'relatedArtifact']
const removed: Record<string, string[]> = {
  CodeSystem: [...newElements, ...newMetadata],
  ValueSet: [...newElements, ...newMetadata, 'scope'],
  ConceptMap: [...newElements, ...newMetadata, 'property', 'additionalAttribute'],
  StructureDefinition: ['versionAlgorithmString', 'versionAlgorithmCoding', 'copyrightLabel'],
}

/** R5 relationships (source to target) as R4 equivalences (target to source): the middle two change direction. */
const equivalences: Record<string, string> = {
  'related-to': 'relatedto',
  equivalent: 'equivalent',
  'source-is-narrower-than-target': 'wider',
  'source-is-broader-than-target': 'narrower',
  'not-related-to': 'disjoint',
}

/** Converts a resource of an R5 package. The input is not changed. */
export function downConvert(resource: Resource): DownConversion {
  const drop = removed[resource.resourceType]
  if (!drop) return { skipped: `${resource.resourceType} of FHIR R5 has no R4 form here` }
  const members = Object.entries(asJson(resource))
  const dropped = members.map(([name]) => name).filter((name) => drop.includes(name.replace(/^_/, '')))
  const kept: JsonObject = Object.fromEntries(members.filter(([name]) => !dropped.includes(name)))
  const issues: Issue[] = []
  const name = `${resource.resourceType}/${resource.id ?? ''}`
  if (dropped.length > 0)
    issues.push(information(`${name}: left out what FHIR R4 does not know: ${dropped.join(', ')}.`))
  if (resource.resourceType === 'ConceptMap') {
    convertConceptMap(kept)
    issues.push(information(`${name}: converted from FHIR R5 (relationship became equivalence).`))
  }
  return { resource: asResource(kept), issues }
}

const information = (text: string) => issue('informational', { severity: 'information', text })

function convertConceptMap(map: JsonObject): void {
  rename(map, 'sourceScope', 'source')
  rename(map, 'targetScope', 'target')
  if (!Array.isArray(map.group)) return
  map.group = objects(map.group).map((group) => {
    const made: JsonObject = { ...group }
    if (Array.isArray(group.element)) made.element = objects(group.element).map(convertElement)
    return made
  })
}

function rename(map: JsonObject, from: string, to: string): void {
  for (const kind of ['Canonical', 'Uri']) {
    const value = map[from + kind]
    if (value === undefined) continue
    delete map[from + kind]
    map[to + kind] = value
  }
}

function convertElement(element: JsonObject): JsonObject {
  const { noMap, ...made } = element
  // R5 says so itself, R4 by a target without code
  if (noMap === true) return { ...made, target: [{ equivalence: 'unmatched' }] }
  if (Array.isArray(made.target)) made.target = objects(made.target).map(convertTarget)
  return made
}

function convertTarget(target: JsonObject): JsonObject {
  const { relationship, property: _, ...rest } = target
  const known = typeof relationship === 'string' ? equivalences[relationship] : undefined
  return { ...rest, equivalence: known ?? 'relatedto' }
}

function objects(list: Json[]): JsonObject[] {
  return list.flatMap((each) => (typeof each === 'object' && each !== null && !Array.isArray(each) ? [each] : []))
}
