/**
 * What was active once under a `url|version` keeps its content for ever: a verdict that names its rules by version can be
 * repeated. Who wants other content raises the version.
 */

import { sha256Hex } from '../base/crypto/sha256.ts'
import { exactNumber } from '../base/exact-number.ts'
import { canonicalJson } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import { artefactCanonical, artefactName, isRefused, statusOf } from '../fhir/artefact.ts'
import { FhirError, issue } from '../fhir/error.ts'
import { asJson } from '../fhir/json.ts'
import type { Resource } from '../fhir/types.ts'
import type { Write } from '../storage/storage.ts'
import { POSITION } from '../structure-map/model/extensions.ts'
import { removalFault, returnFault, stageOf, stepFault } from './lifecycle/transitions.ts'

/** Members that are no content: whose copy it is, what the server says of it, what is shown for it, where it stands in its life. */
const beside = ['resourceType', 'id', 'meta', 'text', 'status']

/**
 * Members in which two resources differ, contents alone, in alphabetical order; a retirement may say its own date. Decimals
 * differ when their text does, for precision is content.
 */
function differingMembers(published: Resource, given: Resource): string[] {
  const [before, after] = [asJson(published), asJson(given)]
  const mayDiffer = statusOf(given) === 'retired' ? [...beside, 'date', '_date'] : beside
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].filter((name) => !mayDiffer.includes(name) && !isSame(before, after, name)).sort()
}

/**
 * Whether two objects or lists say the same at a key, whatever the order of members; decimals when their texts do. Where a rule of a map
 * stood in its text is nothing that it says: the same map, printed and read back, stands elsewhere.
 */
export function isSame(before: JsonHolder, after: JsonHolder, key: string): boolean {
  const [a, b] = [saidAt(before, key), saidAt(after, key)]
  if (typeof a === 'number' && typeof b === 'number')
    return (exactNumber(before, key) ?? String(a)) === (exactNumber(after, key) ?? String(b))
  if (Array.isArray(a) !== Array.isArray(b) || !isHolder(a) || !isHolder(b)) return a === b
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((each) => isSame(a, b, each))
}

type JsonHolder = JsonObject | Json[]

const isHolder = (value: Json | undefined): value is JsonHolder => typeof value === 'object' && value !== null
const valueAt = (holder: JsonHolder, key: string): Json | undefined =>
  Array.isArray(holder) ? holder[Number(key)] : holder[key]

function saidAt(holder: JsonHolder, key: string): Json | undefined {
  const value = valueAt(holder, key)
  if (key !== 'extension' || !Array.isArray(value)) return value
  const said = value.filter((each) => !isHolder(each) || valueAt(each, 'url') !== POSITION)
  return said.length > 0 ? said : undefined
}

/**
 * What a write of an artefact is judged by, inside its transaction.
 * @returns nothing for a resource without url or version: nobody can name it exactly
 */
export function judgedWrite(resource: Resource): Pick<Write, 'unlessPublished' | 'unlessInForce'> {
  const unlessInForce: Write['unlessInForce'] = ({ resource: current, isUnrecorded }) => {
    const conflict = current && displacement(current, resource, isUnrecorded)
    if (conflict) throw conflict
  }
  if (artefactCanonical(resource)?.version === undefined) return { unlessInForce }
  return {
    unlessInForce,
    unlessPublished: ({ resource: published, isRetired }) => {
      const conflict =
        (isRetired ? returnFault(resource) : undefined) ?? (published && conflictWith(published, resource))
      if (conflict) throw conflict
    },
  }
}

/** What a deletion is judged by, inside its transaction: what is in force is retired before. */
export const judgedRemoval: Pick<Write, 'unlessInForce'> = {
  unlessInForce: ({ resource: current }) => {
    const fault = current && removalFault(current)
    if (fault) throw fault
  },
}

/**
 * Why a resource cannot take the place of another: its life has no such step, or the other is in force, and would be no more, though
 * nobody said so. The same version may be retired, and another one that is active itself may follow it; one without version may be
 * changed by its author, never by an import that found the new content unfit. Anything else needs an id of its own. What is retired
 * keeps its content, whoever published it.
 * @param isShipped that it came with the software and was never published here: who takes it in hand begins with what he likes
 */
export function displacement(current: Resource, given: Resource, isShipped = false): FhirError | undefined {
  const fault = isShipped ? undefined : stepFault(current, given)
  // That a draft was made of it is told below: nobody wrote one.
  if (fault && !(isRefused(given) && stageOf(current) === 'active')) return fault
  const canonical = artefactCanonical(current)
  const [name, other] = [artefactName(current), artefactName(given)]
  if (name === other && stageOf(current) === 'retired' && canonical?.version !== undefined)
    return conflictWith(current, given)
  if (statusOf(current) !== 'active' || !canonical) return undefined
  // What may become of the same version is judged by what was published.
  if (name === other && !(canonical.version === undefined && isRefused(given))) return undefined
  const next = artefactCanonical(given)
  if (next?.url === canonical.url && next.version !== undefined && statusOf(given) === 'active') return undefined
  const type = given.resourceType
  const status = statusOf(given) ?? 'without status'
  const text = `${type}/${current.id} is ${name}, which is active: in its place, ${other} (${status}) would take it out of force. Give ${other} an id of its own; to take ${name} out of force, write it as it is with the status retired.`
  return new FhirError(422, issue('business-rule', { text, expression: `${type}.id` }))
}

/** Why a resource cannot be stored where another was published under its `url|version`; undefined when it can. */
export function conflictWith(published: Resource, given: Resource): FhirError | undefined {
  const name = artefactName(given)
  const type = given.resourceType
  const status = statusOf(given)
  const changed = differingMembers(published, given)
  if (changed.length > 0) {
    const shown = changed.slice(0, 8).join(', ')
    const text = `${name} was published, and what is published does not change: raise the version. It differs in ${shown}.`
    return new FhirError(422, issue('business-rule', { text, expression: changed.map((each) => `${type}.${each}`) }))
  }
  if (status === 'active' || status === 'retired') return undefined
  const text = `${name} was published: it can be active or retired, and never ${status ?? 'without status'} again. Raise the version for a draft.`
  return new FhirError(422, issue('business-rule', { text, expression: `${type}.status` }))
}

/** SHA-256 of the content of a resource, the same for every order of members: by it shipped content is known to have been checked. */
export function contentHash(resource: Resource): string {
  const members = Object.entries(asJson(resource))
  const content = Object.fromEntries(members.filter(([name]) => !beside.includes(name)))
  return sha256Hex(canonicalJson(content))
}
