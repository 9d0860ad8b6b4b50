/** What every artefact says of itself (https://hl7.org/fhir/R4/metadataresource.html). */
import { conceptWords, jurisdictionWords, type UseContext, useContextOf } from './concept.ts'
import { Reading, translated } from './reading.ts'

/** The types of artefacts that the catalogue has pages of, in the order in which they are offered. */
export const artefactTypes = [
  'ValueSet',
  'CodeSystem',
  'ConceptMap',
  'StructureMap',
  'Library',
  'PlanDefinition',
  'StructureDefinition',
] as const

/** One of them. */
export type ArtefactType = (typeof artefactTypes)[number]

/** Whether a text names one of them. */
export const isArtefactType = (text: string): text is ArtefactType => artefactTypes.some((each) => each === text)

/** The head of an artefact. */
export interface Head {
  type: string
  id: string
  /** Version of the resource on this server. */
  versionId: string
  lastUpdated: string
  source: string
  url: string
  version: string
  name: string
  /** Title, else name, else id: never empty when there is an id. */
  title: string
  status: string
  isExperimental: boolean
  publisher: string
  date: string
  jurisdictions: string[]
  contexts: UseContext[]
  description: string
  purpose: string
  copyright: string
  /** Library.type in words. */
  kind: string
}

/** Reads a head; texts that were translated come in the language. */
export function headOf(resource: Reading, language: string): Head {
  const meta = resource.child('meta')
  const words = (name: string) => translated(resource, name, language)
  return {
    type: resource.text('resourceType'),
    id: resource.text('id'),
    versionId: meta.text('versionId'),
    lastUpdated: meta.text('lastUpdated'),
    source: meta.text('source'),
    url: resource.text('url'),
    version: resource.text('version'),
    name: resource.text('name'),
    title: words('title') || resource.text('name') || resource.text('id'),
    status: resource.text('status'),
    isExperimental: resource.flag('experimental') === true,
    publisher: words('publisher'),
    date: resource.text('date'),
    jurisdictions: resource
      .children('jurisdiction')
      .map((each) => jurisdictionWords(each, language))
      .filter(Boolean),
    contexts: resource.children('useContext').map(useContextOf),
    description: words('description'),
    purpose: words('purpose'),
    copyright: words('copyright'),
    kind: resource.text('resourceType') === 'Library' ? conceptWords(resource.child('type')) : '',
  }
}

/** A page of a search or a history. */
export interface BundlePage {
  /** How many there are; undefined where the server does not say. */
  total: number | undefined
  resources: Reading[]
  /** Addresses of other pages by relation, as the server wrote them. */
  links: Record<string, string>
  odd: Set<string>
}

/** Reads a Bundle; undefined for what is none. */
export function bundleOf(value: unknown): BundlePage | undefined {
  const bundle = new Reading(value)
  if (bundle.text('resourceType') !== 'Bundle') return undefined
  const links: Record<string, string> = {}
  for (const each of bundle.children('link')) links[each.text('relation')] = each.text('url')
  return {
    total: bundle.number('total'),
    resources: bundle
      .children('entry')
      .filter((each) => each.child('search').text('mode') !== 'outcome')
      .map((each) => each.child('resource'))
      .filter((each) => each.text('resourceType') !== ''),
    links,
    odd: bundle.odd,
  }
}
