/** Clusters over the codes of a release: whether one is good, what it is called, what it stands below. */
import type { CodeSystemProvider, Ref } from '../../code-system/code-system.ts'
import type { OpenIndex } from '../../code-system/large/large-code-system.ts'
import { type ClusterPart, isCluster, LONGEST, parseCluster, type StemWithExtensions } from './cluster.ts'

/** A stem and its extensions as concepts. */
interface Element {
  stem: number
  extensions: number[]
}

/** A cluster whose codes are known. */
export interface Cluster {
  elements: Element[]
  /** The stem that the cluster is sorted under. */
  first: number
}

/** Its stems and extensions, in the order of the cluster. */
export const partsOf = ({ elements }: Cluster): number[] =>
  elements.flatMap(({ stem, extensions }) => [stem, ...extensions])

/** What is known of the clusters of a release. */
export interface Clusters {
  /** The cluster of a text; undefined for a text that is none, or is not good. */
  read(text: string): Cluster | undefined
  /** Why a text is no good cluster; undefined where it is one, or is not meant as one. */
  fault(text: string): string | undefined
  /** Codes of its parts by what they are. */
  parts(cluster: Cluster): { stems: string[]; extensions: string[] }
  /** Its parts put together, each called as `name` says. */
  compose(cluster: Cluster, name: (ref: number) => string | undefined): string | undefined
  /** Whether the first is the second, or less than it says. */
  subsumes(general: Cluster, special: Cluster): boolean
}

/** The chapter of extension codes. */
const EXTENSIONS = 'X'

/** Texts that were read lately. */
const KEPT = 1_000

/** Clusters of a release. */
export function clustersOf(index: OpenIndex): Clusters {
  const { provider } = index
  const judge = clusterJudge(index)
  const known = new Map<string, { cluster: Cluster } | { fault: string }>()
  const judged = (text: string): { cluster: Cluster } | { fault: string } => {
    const before = known.get(text)
    if (before) return before
    const parsed = parseCluster(text)
    const made = 'fault' in parsed ? parsed : judge(parsed.stems)
    if (text.length > LONGEST) return made
    if (known.size >= KEPT) known.clear()
    known.set(text, made)
    return made
  }
  const code = (ref: number) => provider.code(ref)
  return {
    read: (text) => {
      if (!isCluster(text)) return undefined
      const found = judged(text)
      return 'cluster' in found ? found.cluster : undefined
    },
    fault: (text) => {
      if (!isCluster(text)) return undefined
      const found = judged(text)
      return 'fault' in found ? found.fault : undefined
    },
    parts: ({ elements }) => ({
      stems: elements.map(({ stem }) => code(stem)),
      extensions: elements.flatMap(({ extensions }) => extensions.map(code)),
    }),
    compose: ({ elements }, name) => {
      const parts = elements.map(({ stem, extensions }) => [stem, ...extensions].map(name))
      if (parts.flat().includes(undefined)) return undefined
      return parts.map((each) => each.join(' & ')).join(' / ')
    },
    subsumes: (general, special) => subsumesCluster(provider, general, special),
  }
}

/** Judges the codes of a cluster one after the other: the first that is wrong is told. */
function clusterJudge(index: OpenIndex): (stems: StemWithExtensions[]) => { cluster: Cluster } | { fault: string } {
  const { provider } = index
  const allowed = axisRules(index)
  const chapterOf = (ref: Ref) => provider.properties(ref).find(({ code }) => code === 'chapterNo')?.value
  const find = ({ code, column }: ClusterPart): number | string => {
    const ref = provider.locate(code)
    if (typeof ref !== 'number' || provider.code(ref) !== code) return `'${code}' at column ${column} is not known`
    if (provider.isAbstract(ref)) return `'${code}' at column ${column} is a chapter or a block, and codes nothing`
    return ref
  }
  const element = ({ stem, extensions }: StemWithExtensions): Element | string => {
    const ref = find(stem)
    if (typeof ref === 'string') return ref
    if (chapterOf(ref) === EXTENSIONS)
      return `'${stem.code}' at column ${stem.column} is an extension code; it stands behind a stem code, joined by '&'`
    const refs: number[] = []
    for (const each of extensions) {
      const found = find(each)
      if (typeof found === 'string') return found
      const place = `'${each.code}' at column ${each.column}`
      if (chapterOf(found) !== EXTENSIONS) return `${place} is no extension code; stem codes are joined by '/'`
      if (refs.includes(found)) return `${place} is there twice`
      refs.push(found)
    }
    return allowed(ref, refs) ?? { stem: ref, extensions: refs }
  }
  return (stems) => {
    const elements: Element[] = []
    for (const each of stems) {
      const made = element(each)
      if (typeof made === 'string') return { fault: made }
      if (elements.some(({ stem }) => stem === made.stem))
        return { fault: `'${each.stem.code}' at column ${each.stem.column} is there twice` }
      elements.push(made)
    }
    return { cluster: { elements, first: elements[0]?.stem ?? -1 } }
  }
}

/** The property that says of a stem which axes it has: name, `required` or `optional`, `several` or `one`. */
const RULES = 'postcoordination'

/**
 * Holds extensions to the axes of their stem, where the release gives axes at all. An extension that is on no axis of any stem, such as
 * those of the certainty or the time of a diagnosis, goes with every one.
 */
function axisRules({ provider, valuesOf }: OpenIndex): (stem: number, extensions: number[]) => string | undefined {
  const axes = [...provider.head.properties].filter(([, { uri }]) => uri?.startsWith('http://id.who.int/icd/schema/'))
  let roots: Ref[] | undefined
  const bound = (extension: number) => {
    roots ??= axes.flatMap(([name]) => valueRefs(provider, valuesOf(name)))
    return roots.some((root) => provider.subsumes(root, extension))
  }
  return (stem, extensions) => {
    if (axes.length === 0 || extensions.length === 0) return undefined
    const own = axesOf(provider, stem)
    const used = new Map<string, string>()
    for (const extension of extensions) {
      const axis = own.find(({ values }) => values.some((root) => provider.subsumes(root, extension)))
      const code = provider.code(extension)
      if (!axis && bound(extension))
        return `'${code}' does not extend '${provider.code(stem)}': it is on none of its axes`
      if (!axis) continue
      const before = used.get(axis.name)
      if (before !== undefined && !axis.allowsSeveral)
        return `'${before}' and '${code}' are both of the axis ${axis.name}, of which '${provider.code(stem)}' takes one`
      used.set(axis.name, code)
    }
    return undefined
  }
}

function valueRefs(provider: CodeSystemProvider, values: ReturnType<OpenIndex['valuesOf']>): Ref[] {
  const length = values?.vocabulary.length ?? 0
  return Array.from({ length }, (_, rank) => provider.locate(values?.vocabulary.at(rank) ?? '')).filter(
    (each) => each !== undefined,
  )
}

function axesOf(provider: CodeSystemProvider, stem: number) {
  const properties = provider.properties(stem)
  return properties
    .filter(({ code }) => code === RULES)
    .map(({ value }) => {
      const [name = '', , count] = String(value).split(' ')
      const values = properties.flatMap((each) =>
        each.code === name ? (provider.locate(String(each.value)) ?? []) : [],
      )
      return { name, allowsSeveral: count === 'several', values }
    })
}

/** Every part of the general one is in the special one, or something below it, and the first stems agree. */
function subsumesCluster(provider: CodeSystemProvider, general: Cluster, special: Cluster): boolean {
  const covers = (a: Element, b: Element) =>
    provider.subsumes(a.stem, b.stem) &&
    a.extensions.every((each) => b.extensions.some((other) => provider.subsumes(each, other)))
  const [first, ...others] = general.elements
  const [own] = special.elements
  if (!first || !own || !covers(first, own)) return false
  return others.every((each) => special.elements.some((other) => covers(each, other)))
}
