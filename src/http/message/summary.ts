import { typeInfo } from '../../fhir/elements.ts'
import { badRequest } from '../../fhir/error.ts'
import { asResource } from '../../fhir/json.ts'
import type { Resource } from '../../fhir/types.ts'
import type { QueryPair } from './exchange.ts'
import { single } from './paging.ts'
import { summaryElements } from './summary-elements.ts'

/** Which part of a resource is wanted (https://hl7.org/fhir/R4/search.html#summary). */
export interface Selection {
  summary?: 'true' | 'text' | 'data' | 'count'
  /** Names of top-level elements; with a type before the dot they count for that type alone. */
  elements?: string[]
}

/** Reads `_summary` and `_elements`. @throws FhirError 400 for a summary of no known kind */
export function selection(query: QueryPair[]): Selection {
  const summary = single(query, '_summary')
  const elements = single(query, '_elements')
  const selected: Selection = {}
  if (summary === 'true' || summary === 'text' || summary === 'data' || summary === 'count') selected.summary = summary
  else if (summary !== undefined && summary !== 'false' && summary !== '') {
    throw badRequest('_summary must be true, text, data, count or false.', 'value')
  }
  if (elements) selected.elements = elements.split(',').map((each) => each.trim())
  return selected
}

/** The selected part of a resource, tagged SUBSETTED; the resource itself when all of it is wanted. */
export function select(resource: Resource, { summary, elements }: Selection): Resource {
  const type = resource.resourceType
  if (summary === 'true') return keep(resource, summaryElements(type))
  if (summary === 'text') return keep(resource, new Set(['text']))
  if (summary === 'data')
    return subsetted(
      Object.entries(resource).filter(([name]) => name !== 'text'),
      resource,
    )
  if (elements) return keep(resource, new Set(elements.map((each) => elementOf(each, type))))
  return resource
}

function elementOf(name: string, type: string): string {
  return name.startsWith(`${type}.`) ? name.slice(type.length + 1) : name
}

/** Keeps the wanted and the mandatory elements: without these the rest would be no valid resource. */
function keep(resource: Resource, wanted: ReadonlySet<string>): Resource {
  const mandatory = new Set(['resourceType', 'id', 'meta'])
  for (const { name, min } of typeInfo(resource.resourceType)?.elements ?? []) if (min > 0) mandatory.add(name)
  const members = Object.entries(resource).filter(([member]) => {
    const name = elementName(resource.resourceType, member)
    return wanted.has(name) || mandatory.has(name)
  })
  return subsetted(members, resource)
}

/** `_status` → `status`, `sourceUri` → `source`. */
function elementName(type: string, member: string): string {
  const plain = member.replace(/^_/, '')
  const elements = typeInfo(type)?.elements ?? []
  if (elements.some(({ name }) => name === plain)) return plain
  return elements.find(({ name, choice }) => choice && plain.startsWith(name))?.name ?? plain
}

const subsettedTag = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'SUBSETTED',
  display: 'subsetted',
}

function subsetted(members: [string, unknown][], resource: Resource): Resource {
  const meta = { ...resource.meta, tag: [...(resource.meta?.tag ?? []), subsettedTag] }
  const { resourceType, id } = resource
  // What is left are members of the resource, the mandatory ones among them.
  const rest = Object.fromEntries(members)
  return asResource({ resourceType, ...(id === undefined ? {} : { id }), ...rest, meta })
}
