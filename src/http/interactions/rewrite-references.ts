/** Links between the entries of a transaction (https://hl7.org/fhir/R4/http.html#trules, bundle.html#references). */
import { carryExactNumbers } from '../../base/exact-number.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { elementInfo, isResource } from '../../fhir/elements.ts'
import { asJson, asResource } from '../../fhir/json.ts'
import type { Resource } from '../../fhir/types.ts'

/** `Type?name=value`, to be resolved when the transaction is worked off. */
const conditional = /^[A-Z][A-Za-z]{1,63}\?./

/** Conditional references of a resource, each once (https://hl7.org/fhir/R4/http.html#trules). */
export function conditionalReferences(resource: Resource): string[] {
  const found = new Set<string>()
  rewriteTexts(resource, (text, kind) => {
    if (kind === 'reference' && conditional.test(text)) found.add(text)
    return text
  })
  return [...found]
}

/** Where the resources of a transaction will stand. */
export interface Addresses {
  /** The new address by `fullUrl`, and by conditional reference. */
  byUrl: ReadonlyMap<string, string>
  /** Of the entry whose links are rewritten. */
  fullUrl: string | undefined
}

/**
 * A copy in which every link to another entry points to where that will stand: literal references, elements of the types uri, url, oid
 * and uuid, and links in narrative. A canonical names what it names wherever that stands, and a text that happens to be an address is
 * no link: both stay.
 */
export function rewriteReferences(resource: Resource, addresses: Addresses): Resource {
  if (addresses.byUrl.size === 0) return resource
  return rewriteTexts(resource, (text, kind) => {
    if (kind === 'narrative') return inNarrative(text, addresses)
    const [whole = '', fragment] = text.split('#')
    const address = kind === 'reference' ? referenced(whole, addresses) : linked(whole, addresses)
    if (address === undefined) return text
    return fragment === undefined ? address : `${address}#${fragment}`
  })
}

/** `http://server/base/Type/id`, and what of it is the base. */
const restful = /^(https?:\/\/.+\/)[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/
const relative = /^([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/

/** A relative reference is meant beside the full url of the resource that it stands in. */
function referenced(reference: string, { byUrl, fullUrl }: Addresses): string | undefined {
  const local = relative.exec(reference)?.[1]
  const base = restful.exec(fullUrl ?? '')?.[1]
  return byUrl.get(local !== undefined && base !== undefined ? `${base}${local}` : (local ?? reference))
}

/** A uri may be the url of an artefact, which is its name and not its place: links of other elements are urns alone. */
const linked = (uri: string, { byUrl }: Addresses): string | undefined =>
  /^urn:(?:uuid|oid):/.test(uri) ? byUrl.get(uri) : undefined

function inNarrative(div: string, addresses: Addresses): string {
  return div.replace(
    /(\s(?:href|src)\s*=\s*)(["'])([^"'<>]+)\2/g,
    (whole, name: string, quote: string, link: string) => {
      const [target = '', fragment] = link.split('#')
      const address = referenced(target, addresses)
      if (address === undefined) return whole
      return `${name}${quote}${address}${fragment === undefined ? '' : `#${fragment}`}${quote}`
    },
  )
}

type Kind = 'reference' | 'link' | 'narrative'
type Rewrite = (text: string, kind: Kind) => string

const linkTypes = new Set(['uri', 'url', 'oid', 'uuid'])

/** A copy of a resource in which the texts that may be links are rewritten; what R4 does not have stays as it is. */
function rewriteTexts(resource: Resource, rewrite: Rewrite): Resource {
  return asResource(rewriteObject(asJson(resource), resource.resourceType, rewrite))
}

function rewriteObject(object: JsonObject, type: string, rewrite: Rewrite): JsonObject {
  const members = Object.entries(object).map(([name, value]): [string, Json] => {
    if (name.startsWith('_')) return [name, rewriteValue(value, 'Element', rewrite)]
    const isReference = type === 'Reference' && name === 'reference'
    const element = isReference ? 'reference' : elementInfo(type, name)?.childType
    return [name, element === undefined ? value : rewriteValue(value, element, rewrite)]
  })
  return carryExactNumbers(object, Object.fromEntries(members))
}

function rewriteValue(value: Json, type: string, rewrite: Rewrite): Json {
  if (Array.isArray(value))
    return carryExactNumbers(
      value,
      value.map((each) => rewriteValue(each, type, rewrite)),
    )
  if (isJsonObject(value)) return rewriteObject(value, typeOf(value, type), rewrite)
  if (typeof value !== 'string') return value
  if (type === 'reference') return rewrite(value, 'reference')
  if (type === 'xhtml') return rewrite(value, 'narrative')
  return linkTypes.has(type) ? rewrite(value, 'link') : value
}

/** A resource inside another says what it is. */
const typeOf = ({ resourceType }: JsonObject, type: string): string =>
  isResource(type) && typeof resourceType === 'string' ? resourceType : type
