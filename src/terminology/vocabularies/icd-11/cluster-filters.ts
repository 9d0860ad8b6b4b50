/**
 * What filters say of clusters. They are stated of the entities of the release; a cluster is asked by its parts: by its first stem where
 * that decides, and where another part may be what is meant, nobody can tell.
 */
import { FhirError } from '../../../fhir/error.ts'
import type { CodeSystemProvider, Ref } from '../../code-system/code-system.ts'
import type { Selection } from '../../code-system/selection.ts'
import { otherIssue } from '../../request/messages.ts'
import { filterOfTable } from '../../value-set/filters/filters.ts'
import { type Cluster, type Clusters, partsOf } from './clusters.ts'

/** Whether a cluster passes; undefined where nobody can tell. */
type Verdict = (cluster: Cluster, text: string) => boolean | undefined

interface Asked {
  /** Entities alone. */
  base: CodeSystemProvider
  /** Entities and clusters. */
  whole: CodeSystemProvider
  clusters: Clusters
  property: string
  op: string
  value: string
  /** The entities that pass. */
  listed: Selection
}

/** Filters with the clusters that pass. `whole` is the provider that they are for. */
export function clusterFilter(
  base: CodeSystemProvider,
  clusters: Clusters,
  whole: () => CodeSystemProvider,
): NonNullable<CodeSystemProvider['filter']> {
  return (property, op, value, fail) => {
    const isOfConcepts = base.locate(value) !== undefined || !clusters.read(value)
    const provider = isOfConcepts ? base : whole()
    const listed =
      (isOfConcepts ? base.filter?.(property, op, value, fail) : undefined) ??
      filterOfTable({ provider, property, value, fail }, op)
    const asked = { base, whole: whole(), clusters, property, op, value, listed }
    return withVerdict(listed, {
      verdict: verdictOf(asked),
      isRest: isRest(op, value),
      clusters,
      filter: `${property} ${op} ${value}`,
    })
  }
}

/** Whether a filter is what another one leaves. */
const isRest = (op: string, value: string): boolean =>
  op === 'not-in' || op === 'is-not-a' || (op === 'exists' && value === 'false')

function withVerdict(
  listed: Selection,
  {
    verdict,
    isRest: isOpen,
    clusters,
    filter,
  }: { verdict: Verdict; isRest: boolean; clusters: Clusters; filter: string },
): Selection {
  const takes = (text: string) => {
    const cluster = clusters.read(text)
    return cluster !== undefined && verdict(cluster, text)
  }
  const has = (text: string) => {
    const found = takes(text)
    // What may be among those that are left out does not come in with the rest.
    if (found === undefined && isOpen) throw notTold(text, filter)
    return found === true
  }
  return {
    has: (ref) => (typeof ref === 'number' ? listed.has(ref) : has(ref)),
    takes,
    size: listed.size,
    at: listed.at,
    ...(listed.counting && { counting: listed.counting }),
  }
}

const notTold = (cluster: string, filter: string): FhirError =>
  new FhirError(
    422,
    otherIssue(
      'not-supported',
      `Whether the cluster '${cluster}' passes the filter '${filter}' cannot be told: it is stated of entities, and one part of the cluster is among those that it leaves out`,
    ),
  )

function verdictOf(asked: Asked): Verdict {
  const { property, op } = asked
  if (property === 'concept' || property === 'code') return ofConcepts(asked)
  if (property === 'parent' || property === 'child') return ifAnyPart(asked)
  return isRest(op, asked.value) ? ifEveryPart(asked) : byFirstStem(asked)
}

/** What is stated of its first stem is stated of the cluster. */
const byFirstStem =
  (asked: Asked): Verdict =>
  (cluster, text) =>
    asked.listed.has(cluster.first) || ifAnyPart(asked)(cluster, text)

/** No cluster passes for sure, and none that has a part that passes, or that is named, for sure not. */
const ifAnyPart =
  ({ listed, base, value }: Asked): Verdict =>
  (cluster) =>
    partsOf(cluster).some((part) => listed.has(part) || part === base.locate(value)) ? undefined : false

const ifEveryPart =
  ({ listed }: Asked): Verdict =>
  (cluster) => {
    if (!listed.has(cluster.first)) return false
    return partsOf(cluster).every((part) => listed.has(part)) ? true : undefined
  }

/** Filters of the codes themselves: a code means exactly that code, and what is below one is told by comparison. */
function ofConcepts(asked: Asked): Verdict {
  const { op, value, whole } = asked
  const named = (op === 'in' || op === 'not-in' ? value.split(',') : [value]).flatMap(
    (each) => whole.locate(each.trim()) ?? [],
  )
  const [start = -1] = named
  const open: Verdict = (cluster) => (touches(asked, cluster, named) ? undefined : false)
  const isBelow: Verdict = (cluster, text) => whole.subsumes(start, text) || open(cluster, text)
  const isNamed: Verdict = (cluster, text) => named.some((each) => isSame(whole, each, text)) || open(cluster, text)
  switch (op) {
    case 'is-a':
      return isBelow
    case 'is-not-a':
      return not(isBelow)
    case 'descendent-of':
      return (cluster, text) => !isSame(whole, start, text) && isBelow(cluster, text)
    case '=':
    case 'in':
      return isNamed
    case 'not-in':
      return not(isNamed)
    case 'generalizes':
      return (cluster, text) => whole.subsumes(text, start) || ifAnyPart(asked)(cluster, text)
    case 'regex':
      return (cluster, text) => {
        const { property } = asked
        const found = filterOfTable({ provider: whole, property, value, fail: (reason) => new Error(reason) }, op)
        return found.has(text) || ifAnyPart(asked)(cluster, text)
      }
    default:
      return ifAnyPart(asked)
  }
}

const not =
  (verdict: Verdict): Verdict =>
  (cluster, text) => {
    const found = verdict(cluster, text)
    return found === undefined ? undefined : !found
  }

const isSame = (provider: CodeSystemProvider, a: Ref, b: Ref): boolean =>
  a === b || (typeof a === 'string' && provider.subsumes(a, b) && provider.subsumes(b, a))

/** Whether a part of the cluster is, or is below, a code that is named or a part of one. */
function touches({ base, clusters }: Asked, cluster: Cluster, named: readonly Ref[]): boolean {
  const meant = named.flatMap((each) => {
    if (typeof each === 'number') return [each]
    const one = clusters.read(each)
    return one ? partsOf(one) : []
  })
  return partsOf(cluster).some((part) => meant.some((each) => base.subsumes(each, part)))
}
