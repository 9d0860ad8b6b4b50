import type { Resource } from '../../fhir/types.ts'

/** `Type?name=value`, to be resolved when the transaction is worked off. */
const conditional = /^[A-Z][A-Za-z]{1,63}\?./

/** Conditional references of a resource, each once (https://hl7.org/fhir/R4/http.html#trules). */
export function conditionalReferences(resource: Resource): string[] {
  const found = new Set<string>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const each of value) visit(each)
    else if (typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) {
        if (name === 'reference' && typeof member === 'string' && conditional.test(member)) found.add(member)
        else visit(member)
      }
    }
  }
  visit(resource)
  return [...found]
}

/**
 * A copy in which every reference, uri and link to one of `addresses` points to its new address: whole strings, and
 * `urn:uuid:` and `urn:oid:` links in narrative.
 */
export function rewriteReferences(resource: Resource, addresses: ReadonlyMap<string, string>): Resource {
  if (addresses.size === 0) return resource
  const rewrite = (value: unknown, name: string): unknown => {
    if (typeof value === 'string')
      return name === 'div' ? inNarrative(value, addresses) : inText(value, name, addresses)
    if (Array.isArray(value)) return value.map((each) => rewrite(each, name))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([member, each]) => [member, rewrite(each, member)]))
  }
  // The shape stays the same, only texts change.
  return rewrite(resource, '') as Resource
}

function inText(text: string, name: string, addresses: ReadonlyMap<string, string>): string {
  const [whole = '', fragment] = text.split('#')
  const address = addresses.get(whole)
  if (address === undefined || (name !== 'reference' && !/^urn:(uuid|oid):/.test(whole))) return text
  return fragment === undefined ? address : `${address}#${fragment}`
}

function inNarrative(text: string, addresses: ReadonlyMap<string, string>): string {
  return text.replace(/(href|src)="(urn:(?:uuid|oid):[^"]+)"/g, (whole, name, urn) => {
    const address = addresses.get(urn)
    return address === undefined ? whole : `${name}="${address}"`
  })
}
