/** ICD-11 over its index: clusters as codes, entities by the URIs that WHO gives them. */
import type { CodeSystemProvider, ConceptProperty, LookedUpProperty, Ref } from '../../code-system/code-system.ts'
import type { OpenIndex } from '../../code-system/large/large-code-system.ts'
import { exactOrdinals } from '../../code-system/postings.ts'
import type { Selection } from '../../code-system/selection.ts'
import { closest, parseLanguages } from '../../request/languages.ts'
import { clusterFilter } from './cluster-filters.ts'
import { type Cluster, type Clusters, clustersOf } from './clusters.ts'

/** The provider of a release. Handles of clusters are their texts. */
export function icdProvider(index: OpenIndex): CodeSystemProvider {
  const { provider } = index
  const clusters = clustersOf(index)
  const entity = entityFinder(index)
  const clusterOf = (ref: Ref): Cluster | undefined => (typeof ref === 'string' ? clusters.read(ref) : undefined)
  /** What a cluster is sorted under. */
  const stemOf = (ref: Ref): Ref => clusterOf(ref)?.first ?? ref
  const asCluster = (ref: Ref): Cluster | undefined =>
    typeof ref === 'number' ? { elements: [{ stem: ref, extensions: [] }], first: ref } : clusters.read(ref)
  const withClusters = (selection: Selection): Selection => clustered(selection, stemOf)
  // Clusters are its grammar, and that is known here.
  const { compositional: _, ...head } = provider.head
  const properties = (ref: Ref): ConceptProperty[] => {
    const cluster = clusterOf(ref)
    return cluster ? clusterProperties(clusters, cluster) : provider.properties(ref)
  }
  const subsumes = (general: Ref, special: Ref): boolean => {
    if (typeof general === 'number' && typeof special === 'number') return provider.subsumes(general, special)
    const [a, b] = [asCluster(general), asCluster(special)]
    return a !== undefined && b !== undefined && clusters.subsumes(a, b)
  }
  const whole: CodeSystemProvider = {
    ...provider,
    head,
    all: withClusters(provider.all),
    locate: (code) => provider.locate(code) ?? entity(code) ?? (clusters.read(code) ? code : undefined),
    code: (ref) => (typeof ref === 'string' ? ref : provider.code(ref)),
    display: (ref) => {
      const cluster = clusterOf(ref)
      return cluster ? clusters.compose(cluster, provider.display) : provider.display(ref)
    },
    definition: (ref) => (typeof ref === 'string' ? undefined : provider.definition(ref)),
    designations: (ref) => (typeof ref === 'string' ? [] : provider.designations(ref)),
    extensions: (ref) => (typeof ref === 'string' ? [] : provider.extensions(ref)),
    isInactive: (ref) => typeof ref === 'number' && provider.isInactive(ref),
    isAbstract: (ref) => typeof ref === 'number' && provider.isAbstract(ref),
    status: (ref) => (typeof ref === 'string' ? undefined : provider.status(ref)),
    parents: (ref) => (typeof ref === 'string' ? [stemOf(ref)] : provider.parents(ref)),
    children: (ref) => (typeof ref === 'string' ? [] : provider.children(ref)),
    properties,
    lookUp: (ref, asked) => lookedUp(properties(ref), asked),
    subsumes,
    descendants: (ref) =>
      typeof ref === 'string' ? belowCluster(ref, subsumes) : withClusters(provider.descendants(ref)),
    search: (text) => provider.search(text),
    filter: clusterFilter(provider, clusters, () => whole),
    explain: (code) => clusters.fault(code),
    translate: (ref, language) => {
      const cluster = clusterOf(ref)
      return cluster && clusters.compose(cluster, (part) => nameIn(provider, part, language))
    },
  }
  return whole
}

const entityUri = /^https?:\/\/id\.who\.int\//
const release = /^(https?:\/\/id\.who\.int\/icd\/release\/11\/)[\w-]+\/(?=(?:mms|icf|ichi)\/)/

/** Finds an entity by its linearization URI, with or without a release in it, or by its foundation URI. */
function entityFinder({ provider, valuesOf }: OpenIndex): (text: string) => number | undefined {
  return (text) => {
    if (!entityUri.test(text)) return undefined
    const uri = text.replace(release, '$1').replace(/^https:/, 'http:')
    for (const property of ['linearizationUri', 'foundationUri']) {
      const values = valuesOf(property)
      const found = values ? [...exactOrdinals(values, uri)] : []
      const isResidual = (ref: number) =>
        provider.properties(ref).some(({ code, value }) => code === 'isResidual' && value === true)
      const [one] = found.length > 1 ? found.filter((each) => !isResidual(each)) : found
      if (one !== undefined) return one
    }
    return undefined
  }
}

/** A set of concepts in which a cluster is where the stem is that it is sorted under; lists name no clusters. */
function clustered(selection: Selection, stemOf: (ref: Ref) => Ref): Selection {
  return {
    has: (ref) => selection.has(stemOf(ref)),
    size: selection.size,
    at: selection.at,
    ...(selection.counting && { counting: selection.counting }),
  }
}

function belowCluster(cluster: string, subsumes: (general: Ref, special: Ref) => boolean): Selection {
  return { has: (ref) => subsumes(cluster, ref), size: () => 1, at: () => cluster }
}

function clusterProperties(clusters: Clusters, cluster: Cluster): ConceptProperty[] {
  const { stems, extensions } = clusters.parts(cluster)
  const codes = (code: string, values: string[]): ConceptProperty[] =>
    values.map((value) => ({ code, member: 'valueCode', value }))
  return [...codes('stem', stems), ...codes('extension', extensions)]
}

/** A look-up tells everything: there is little of it. */
function lookedUp(properties: ConceptProperty[], asked: readonly string[]): LookedUpProperty[] {
  const isWanted = (code: string) => asked.length === 0 || asked.includes('*') || asked.includes(code)
  return [
    { code: 'inactive', member: 'valueBoolean', value: false },
    ...properties.filter(({ code }) => isWanted(code)),
  ]
}

/** The title of an entity in a language; its display where that is of it. */
function nameIn(provider: CodeSystemProvider, ref: number, language: string): string | undefined {
  const titles = provider.designations(ref).filter(({ use }) => use === undefined)
  const all = [{ language: provider.head.language, value: provider.display(ref) ?? '' }, ...titles]
  return closest(language, parseLanguages(language), all, (each) => each.language)?.value
}
