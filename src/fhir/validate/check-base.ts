/** Holds a resource against R4 beyond its structure: bindings, invariants, references, extensions, what is contained; and against its profiles. */
import { isJsonObject, objectsIn } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { isResource, typeInfo } from '../elements.ts'
import { narrativeFindings } from '../xml/xhtml.ts'
import { namedType } from './base-definitions.ts'
import { askFor } from './bindings.ts'
import { checkProfile, checkTarget, checkTypeProfiles, tellUnknown } from './check-profile.ts'
import { checkExtensionUse } from './extensions.ts'
import { checkInvariant, rootItem } from './invariants/invariants.ts'
import { contentOf, contentTypeOf, type Item, propertyItems } from './items.ts'
import { checkReference, indexBundle } from './references.ts'
import { constraintsOf, type Member, memberOf } from './shapes.ts'
import { expressionOf, type Home, type Steps, type Walk } from './walk.ts'

/** Checks a resource that stands at the end of the trail, or begins it, and everything in it. */
export function* checkResourceBeyondStructure(walk: Walk, resource: JsonObject, home: Home): Steps {
  const type = String(resource.resourceType)
  if (!isResource(type) || typeInfo(type)?.abstract) return
  const outer = walk.home
  walk.home = { ...home, resource, bundle: type === 'Bundle' ? indexBundle(resource) : home.bundle }
  if (walk.trail.length === 0) walk.trail.push({ segment: type, name: type, type })
  const item = rootItem(resource, type)
  for (const constraint of constraintsOf(type)) checkInvariant(walk, constraint, item)
  yield
  yield* checkMembers(walk, resource, type)
  for (const canonical of statedProfiles(resource)) {
    if (walk.program.get(canonical) || namedType(canonical)) yield* checkProfile(walk, canonical, resource, type)
    else tellUnknown(walk, canonical, 'warning')
  }
  if (type === 'Bundle') checkEntries(walk, resource)
  checkNarrative(walk, resource)
  if (walk.trail.length === 1) walk.trail.pop()
  walk.home = outer
}

/** The profiles that a resource says it conforms to. */
export function statedProfiles({ meta }: JsonObject): string[] {
  const profiles = isJsonObject(meta) && Array.isArray(meta.profile) ? meta.profile : []
  return profiles.filter((each): each is string => typeof each === 'string')
}

function* checkMembers(walk: Walk, object: JsonObject, type: string): Steps {
  for (const name of Object.keys(object)) {
    const isExtra = name.startsWith('_')
    const property = isExtra ? name.slice(1) : name
    // A primitive with both is met with its value.
    if (isExtra && object[property] !== undefined) continue
    const member = memberOf(type, property)
    if (!member || (member.isInert && object[`_${property}`] === undefined)) continue
    const items = propertyItems(object, property, member.element)
    for (const item of items) yield* checkItem(walk, member, item)
  }
}

function* checkItem(walk: Walk, member: Member, item: Item): Steps {
  walk.trail.push({ segment: item.segment, name: member.element.name, type: item.type })
  const { rules } = member
  if (member.isResource) yield* checkInner(walk, member, item)
  else {
    const isText = item.type === 'string' && member.element.choice
    if (item.value !== undefined && !isText) for (const binding of rules.bindings) askFor(walk, binding, item.value, '')
    for (const constraint of member.constraints) checkInvariant(walk, constraint, item)
    const content = contentOf(item)
    if (content) {
      if (item.type === 'Reference') {
        checkReference(walk, content)
        if (rules.targets.length > 0) checkTarget(walk, content, { allowed: rules.targets, by: '' })
      }
      if (item.type === 'Extension') yield* checkExtension(walk, content, member.element.name)
      if (rules.profiles.length > 0 && item.type === 'Quantity')
        yield* checkTypeProfiles(walk, [rules], content, item.type)
      yield* checkMembers(walk, content, contentTypeOf(item))
    }
  }
  walk.trail.pop()
  if (!member.isPrimitive) {
    walk.tick()
    yield
  }
}

function* checkExtension(walk: Walk, extension: JsonObject, name: string): Steps {
  const definition = checkExtensionUse(walk, extension, name === 'modifierExtension')
  if (definition) yield* checkProfile(walk, definition.canonical, extension, 'Extension')
}

/** Resources in resources: contained ones share the surroundings, entries of a Bundle and parameters have their own. */
function* checkInner(walk: Walk, member: Member, { value }: Item): Steps {
  if (!isJsonObject(value)) return
  const { home } = walk
  const isContained = member.element.name === 'contained'
  const entry = walk.trail.at(-2)
  const fullUrl = entry?.name === 'entry' ? fullUrlOf(home.resource, entry.segment) : home.fullUrl
  yield* checkResourceBeyondStructure(walk, value, { ...home, root: isContained ? home.root : value, fullUrl })
}

function fullUrlOf(bundle: JsonObject, segment: string): string | undefined {
  const index = Number(/\[(\d+)\]$/.exec(segment)?.[1])
  const entry = Array.isArray(bundle.entry) ? bundle.entry[index] : undefined
  return isJsonObject(entry) && typeof entry.fullUrl === 'string' ? entry.fullUrl : undefined
}

/** What is not well-formed was told by its structure. */
function checkNarrative(walk: Walk, { text }: JsonObject): void {
  if (!isJsonObject(text) || typeof text.div !== 'string') return
  const expression = expressionOf(walk, 'text.div')
  for (const finding of narrativeFindings(text.div)) walk.report.add('invariant', { ...finding, expression })
}

const uuid = /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** Full urls: absolute, of the id of the resource where they are addresses (https://hl7.org/fhir/R4/bundle.html#bundle-unique). */
function checkEntries(walk: Walk, bundle: JsonObject): void {
  const isOfRequests = bundle.type === 'transaction' || bundle.type === 'batch'
  for (const [index, entry] of objectsIn(bundle.entry).entries()) {
    const { fullUrl, resource, request } = entry
    const expression = expressionOf(walk, `entry[${index}].fullUrl`)
    if (typeof fullUrl !== 'string') {
      const isNew = isJsonObject(request) || (isJsonObject(resource) && resource.resourceType === 'Parameters')
      if (isJsonObject(resource) && !isNew && !isOfRequests && !/response$/.test(String(bundle.type)))
        walk.report.add('required', { severity: 'warning', text: 'An entry with a resource has a fullUrl', expression })
      continue
    }
    if (/^urn:uuid:/i.test(fullUrl) && !uuid.test(fullUrl))
      walk.report.add('value', { text: 'A urn:uuid is a UUID in lower case', expression })
    else if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(fullUrl))
      walk.report.add('value', { text: 'A fullUrl is absolute: an address, or a urn', expression })
    else if (isJsonObject(resource)) checkOwnUrl(walk, fullUrl, { resource, expression })
  }
}

function checkOwnUrl(
  { report }: Walk,
  fullUrl: string,
  { resource, expression }: { resource: JsonObject; expression: string },
): void {
  const { resourceType: type, id } = resource
  if (typeof id !== 'string' || !/^https?:/.test(fullUrl)) return
  const tail = /\/([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/.exec(fullUrl)
  // A canonical ends in what its author likes.
  if (!tail || tail[1] !== type || tail[2] === id || resource.url === fullUrl) return
  report.add('value', { text: `The fullUrl ends in ${type}/${tail[2]}, the resource is ${type}/${id}`, expression })
}
