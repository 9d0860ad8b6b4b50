/** References: where they lead inside the resource or Bundle, and whether what is there may be there. */
import { isJsonObject, objectsIn } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { isResource, isSubtype } from '../elements.ts'
import { namedType } from './base-definitions.ts'
import { type BundleIndex, expressionOf, type Home, type Walk } from './walk.ts'

/** Entries of a Bundle by full url and by `Type/id`; the first of each counts. */
export function indexBundle(bundle: JsonObject): BundleIndex {
  const byUrl = new Map<string, JsonObject>()
  const byTail = new Map<string, JsonObject>()
  for (const { fullUrl, resource } of objectsIn(bundle.entry)) {
    if (!isJsonObject(resource)) continue
    if (typeof fullUrl === 'string' && !byUrl.has(fullUrl)) byUrl.set(fullUrl, resource)
    const tails = [typeof fullUrl === 'string' ? tailOf(fullUrl) : undefined, `${resource.resourceType}/${resource.id}`]
    for (const tail of tails) if (tail !== undefined && !byTail.has(tail)) byTail.set(tail, resource)
  }
  return { type: String(bundle.type), byUrl, byTail }
}

const literal = /(?:^|\/)([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/

/** `Type/id` at the end of a reference to a resource of R4. */
function tailOf(reference: string): string | undefined {
  const tail = literal.exec(reference)?.[1]
  return tail !== undefined && isResource(tail.slice(0, tail.indexOf('/'))) ? tail : undefined
}

/** The resource that a reference leads to inside what is being checked. */
export function followReference(reference: string, { root, bundle, fullUrl }: Home): JsonObject | undefined {
  if (reference === '#') return root
  if (reference.startsWith('#')) return objectsIn(root.contained).find(({ id }) => id === reference.slice(1))
  if (!bundle) return undefined
  const bare = reference.replace(/\/_history\/[^/]*$/, '')
  const exact = bundle.byUrl.get(reference) ?? bundle.byUrl.get(bare)
  const tail = tailOf(bare)
  if (exact || tail === undefined) return exact
  if (bare !== tail) return undefined
  // A relative reference stands at the base of its entry's full url (https://hl7.org/fhir/R4/bundle.html#references).
  const at = fullUrl === undefined ? undefined : tailOf(fullUrl)
  const base = at === undefined || fullUrl === undefined ? undefined : fullUrl.slice(0, fullUrl.lastIndexOf(at))
  return (base === undefined ? undefined : bundle.byUrl.get(`${base}${tail}`)) ?? bundle.byTail.get(tail)
}

/** What a reference says of itself. */
export interface Target {
  /** The resource, where it is at hand. */
  resource: JsonObject | undefined
  /** Its type, as far as it can be told. */
  type: string | undefined
}

/** Where a Reference leads. */
export function targetOf(value: JsonObject, home: Home): Target {
  const reference = typeof value.reference === 'string' ? value.reference : undefined
  const resource = reference === undefined ? undefined : followReference(reference, home)
  const tail = reference === undefined ? undefined : tailOf(reference)
  const stated = typeof value.type === 'string' ? value.type : undefined
  const found = resource && typeof resource.resourceType === 'string' ? resource.resourceType : undefined
  return { resource, type: found ?? tail?.slice(0, tail.indexOf('/')) ?? stated }
}

/** What every Reference is held against: it leads somewhere, to the type that it says. */
export function checkReference(walk: Walk, value: JsonObject): Target {
  const target = targetOf(value, walk.home)
  const { reference, type: stated } = value
  const expression = expressionOf(walk, 'reference')
  if (typeof reference === 'string' && !target.resource) {
    if (reference.startsWith('#'))
      walk.report.add('not-found', { text: `There is no contained resource ${cut(reference)} (ref-1)`, expression })
    else checkInBundle(walk, reference, expression)
  }
  if (typeof stated === 'string' && target.type !== undefined && isResource(stated) && stated !== target.type)
    walk.report.add('value', {
      text: `The reference leads to a ${target.type}, its type says ${stated}`,
      expression: expressionOf(walk, 'type'),
    })
  return target
}

/** A urn of a Bundle's own means nothing outside it; documents and messages bring along what they refer to. */
function checkInBundle({ report, home: { bundle } }: Walk, reference: string, expression: string): void {
  if (!bundle) return
  if (/^urn:(?:uuid|oid):/.test(reference))
    report.add('not-found', { text: `No entry of the Bundle has the full url ${cut(reference)}`, expression })
  else if (['document', 'message'].includes(bundle.type) && tailOf(reference) === reference)
    report.add('not-found', {
      severity: 'warning',
      text: `${cut(reference)} is not in the Bundle, a ${bundle.type}`,
      expression,
    })
}

const cut = (text: string) => (text.length > 120 ? `${text.slice(0, 120)}…` : text)

/**
 * Whether a target is of one of the types that are allowed.
 * @param allowed canonicals of types and profiles
 * @param typeOfProfile the type that a profile constrains; undefined where it is not known
 * @returns false where it is none, undefined where it cannot be told
 */
export function isAllowedTarget(
  type: string,
  allowed: readonly string[],
  typeOfProfile: (canonical: string) => string | undefined,
): boolean | undefined {
  let isKnown = true
  for (const canonical of allowed) {
    const base = namedType(canonical) ?? typeOfProfile(canonical)
    if (base === undefined) isKnown = false
    else if (isSubtype(type, base)) return true
  }
  return isKnown ? false : undefined
}
