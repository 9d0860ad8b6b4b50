/**
 * Which artefacts an artefact names, and where: every element of the type `canonical` that R4 has (fhir/elements.json), whatever
 * element it stands in, and those that name an artefact by a `uri`.
 */
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { formatCanonical } from '../../fhir/canonical.ts'
import { elementInfo, type FoundElement, typeInfo } from '../../fhir/elements.ts'
import { asJson } from '../../fhir/json.ts'
import type { Resource } from '../../fhir/types.ts'
import targets from './canonical-targets.json' with { type: 'json' }
import type { CanonicalReference, ReferenceRole } from './reference.ts'
import { textReferences } from './text-references.ts'
import { codedElements, looseElements, neededRelations, uriReferences, versionedElements } from './uri-references.ts'

const targetTypes = new Map<string, readonly string[]>(Object.entries(targets))

/** Elements after which others have a turn. */
const slice = 500

/** All of them, in the order of the document. */
export function canonicalReferences(resource: Resource): CanonicalReference[] {
  const steps = referenceSteps(resource)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** The same in steps: a code system has a hundred thousand elements. */
export function* referenceSteps(resource: Resource): Generator<void, CanonicalReference[], void> {
  const walk: Walk = { found: [], seen: 0 }
  yield* walkObject(asJson(resource), { type: resource.resourceType, path: resource.resourceType }, walk)
  return walk.found
}

interface Walk {
  found: CanonicalReference[]
  seen: number
}

interface Place {
  /** Type or backbone path by which the members are declared. */
  type: string
  path: string
  /** Path under which the element itself was declared; that of a code tells what the code is for. */
  declared?: string
}

function* walkObject(object: JsonObject, place: Place, walk: Walk): Generator<void, void, void> {
  if (++walk.seen % slice === 0) yield
  if (place.declared !== undefined && codedElements.has(place.declared)) addSystem(object, place, walk)
  if (place.type === 'Extension') addExtension(object, place, walk)
  walk.found.push(...textReferences(object, place))
  for (const name of Object.keys(object)) {
    const extended = name.startsWith('_')
    const element = elementInfo(place.type, extended ? name.slice(1) : name)
    if (!element) continue
    const path = `${place.path}.${extended ? name.slice(1) : name}`
    const declared = `${declaringType(place.type, element.name)}.${name}`
    const values = [object[name] ?? null].flat()
    for (const [index, value] of values.entries()) {
      const at = element.isArray ? `${path}[${index}]` : path
      if (typeof value === 'string' && !extended) addText(value, { element, declared, at, object, place }, walk)
      else if (isJsonObject(value)) {
        const type = extended ? 'Element' : typeOf(value, element)
        yield* walkObject(value, { type, path: at, declared }, walk)
      }
    }
  }
}

/** Type by which the members of a value are declared: of a contained resource that it says it is. */
const typeOf = (value: JsonObject, { childType }: FoundElement): string =>
  childType === 'Resource' && typeof value.resourceType === 'string' ? value.resourceType : childType

/** The type or backbone at which an element is declared, which may be one that this one is derived from. */
function declaringType(type: string, name: string): string {
  const base = typeInfo(type)?.base
  return base !== undefined && !type.includes('.') && elementInfo(base, name) ? declaringType(base, name) : type
}

interface Text {
  element: FoundElement
  declared: string
  at: string
  object: JsonObject
  place: Place
}

function addText(text: string, { element, declared, at, object, place }: Text, { found }: Walk): void {
  const uri = Object.hasOwn(uriReferences, declared) ? uriReferences[declared] : undefined
  const [type] = element.types
  // A fragment names what the artefact itself contains, and that is walked as well.
  const isCanonical = type === 'canonical' && element.types.length === 1 && !text.startsWith('#')
  if (uri ? uri.names?.(text) === false : !isCanonical) return
  const sibling = uri?.version ?? versionedElements[declared]
  const version = sibling === undefined ? undefined : object[sibling]
  found.push({
    canonical: typeof version === 'string' ? formatCanonical(text, version) : text,
    path: at,
    ...(sibling === undefined ? {} : { versionPath: `${place.path}.${sibling}` }),
    role: uri ? (uri.isNeeded ? 'needed' : 'related') : roleOf(declared, object),
    element: declared,
    types: uri?.types ?? targetTypes.get(declared) ?? [],
  })
}

function roleOf(declared: string, holder: JsonObject): ReferenceRole {
  if (declared === 'Meta.profile') return 'profile'
  if (declared === 'RelatedArtifact.resource') return neededRelations.has(String(holder.type)) ? 'needed' : 'related'
  if (looseElements.has(declared) || /\.(?:replaces|instantiatesCanonical)$/.test(declared)) return 'related'
  // What an extension or a value says of itself is known to who wrote it alone.
  if (/^Extension\.value/.test(declared)) return 'needed'
  if (/^ElementDefinition\.(?:defaultValue|fixed|pattern|example)/.test(declared)) return 'related'
  return 'needed'
}

function addExtension({ url }: JsonObject, { path }: Place, { found }: Walk): void {
  // Parts of a complex extension are named by a word.
  if (typeof url !== 'string' || !/^(?:https?:|urn:)/.test(url)) return
  const types = ['StructureDefinition']
  found.push({ canonical: url, path: `${path}.url`, role: 'extension', element: 'Extension.url', types })
}

function addSystem({ system, version }: JsonObject, { path, declared = '' }: Place, { found }: Walk): void {
  if (typeof system !== 'string') return
  const canonical = typeof version === 'string' ? formatCanonical(system, version) : system
  const places = { path: `${path}.system`, versionPath: `${path}.version` }
  found.push({ canonical, ...places, role: 'needed', element: `${declared}.system`, types: ['CodeSystem'] })
}
