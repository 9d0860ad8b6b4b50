import { isFolded } from '../../value-set/filters/property-values.ts'
import type { CodeSystemHead, Ref } from '../code-system.ts'
import { standardProperty } from '../concept-index.ts'
import { exactOrdinals, type Postings } from '../postings.ts'
import { emptySelection, listSelection, type Selection } from '../selection.ts'
import { gapsBetween, joinRanges, type Range, rangesSelection } from './ranges.ts'
import type { LargeRelations } from './relations.ts'

/** What filters are evaluated over. */
export interface FilterSource {
  head: CodeSystemHead
  count: number
  locate(code: string): Ref | undefined
  hasProperty(code: string): boolean
  relations: LargeRelations
  /** Values of a property as filters compare them; undefined when they are not indexed. */
  valuesOf(property: string): Postings | undefined
}

/** Properties that the filter table reads from elsewhere than the list of properties. */
const BUILT_IN = new Set([
  'concept',
  'code',
  'display',
  'definition',
  'designation',
  'parent',
  'child',
  'status',
  'inactive',
])

/**
 * Filters answered by indexes rather than by looking at every concept; the answers are those of the filter table
 * (filters/filters.ts). Undefined leaves a filter to the table, with its errors.
 */
export function indexedFilter(
  source: FilterSource,
): (property: string, op: string, value: string) => Selection | undefined {
  return (property, op, value) => {
    if (property === 'concept' || property === 'code') return hierarchyFilter(source, op, value)
    if (op === '=' && (property === 'parent' || property === 'child')) return neighbours(source, property, value)
    return BUILT_IN.has(property) ? undefined : valueFilter(source, { property, op, value })
  }
}

function hierarchyFilter({ relations, count, locate }: FilterSource, op: string, value: string): Selection | undefined {
  const start = locate(value)
  if (typeof start !== 'number') return undefined
  const own: Range[] = [[start, start + 1]]
  const withoutItself = () => gapsBetween(joinRanges([...gapsBetween(relations.below(start), count), ...own]), count)
  switch (op) {
    case 'is-a':
      return relations.descendants(start)
    case 'descendent-of':
      return rangesSelection(withoutItself())
    case 'is-not-a':
      return rangesSelection(gapsBetween(relations.below(start), count))
    case 'generalizes':
      return listSelection(relations.above(start))
    case 'child-of':
      return listSelection(Int32Array.from(relations.children(start)).sort())
    case 'descendent-leaf': {
      const leaves: number[] = []
      for (const [from, to] of withoutItself()) {
        for (let ref = from; ref < to; ref++) if (relations.isLeaf(ref)) leaves.push(ref)
      }
      return listSelection(Int32Array.from(leaves))
    }
  }
  return undefined
}

function neighbours({ relations, locate }: FilterSource, property: 'parent' | 'child', value: string): Selection {
  const ref = locate(value)
  if (typeof ref !== 'number') return emptySelection
  const found = property === 'parent' ? relations.children(ref) : relations.parents(ref)
  return listSelection(Int32Array.from(found).sort())
}

function valueFilter(source: FilterSource, filter: { property: string; op: string; value: string }) {
  const { property, op, value } = filter
  const declared = source.hasProperty(property) ? property : standardProperty(source.head, property)
  const values = source.valuesOf(declared)
  if (!values) return undefined
  const isAnyCase = isFolded(source.head, declared)
  const ordinalsOf = isAnyCase ? anyCaseOrdinals(values) : (word: string) => [exactOrdinals(values, word)]
  const listed = () =>
    value
      .split(',')
      .map((each) => each.trim())
      .flatMap(ordinalsOf)
  switch (op) {
    case '=':
      return listSelection(isAnyCase ? merge(ordinalsOf(value), source.count) : exactOrdinals(values, value))
    case 'in':
      return listSelection(merge(listed(), source.count))
    case 'not-in':
      return listSelection(complement(merge(listed(), source.count), source.count))
    case 'exists': {
      if (value !== 'true' && value !== 'false') return undefined
      const having = merge([values.ordinals], source.count)
      return listSelection(value === 'true' ? having : complement(having, source.count))
    }
  }
  return undefined
}

/** The concepts that have a word in whatever case, one list for each way of writing it. */
function anyCaseOrdinals(values: Postings): (word: string) => Int32Array[] {
  return (word) => {
    const wanted = word.toLowerCase()
    const found: Int32Array[] = []
    for (let rank = 0; rank < values.vocabulary.length; rank++) {
      const written = values.vocabulary.at(rank)
      if (written?.toLowerCase() === wanted) found.push(exactOrdinals(values, written))
    }
    return found
  }
}

/** All ordinals of the lists, each once, ascending. */
export function merge(lists: Int32Array[], count: number): Int32Array {
  const [only, ...others] = lists.filter((each) => each.length > 0)
  if (!only) return new Int32Array(0)
  const marks = new Uint8Array(count)
  for (const list of [only, ...others]) for (const each of list) marks[each] = 1
  const found = new Int32Array(marks.reduce((sum, each) => sum + each, 0))
  for (let ordinal = 0, at = 0; at < found.length; ordinal++) if (marks[ordinal] === 1) found[at++] = ordinal
  return found
}

/** The ordinals, of `count`, that an ascending list lacks. */
export function complement(sorted: Int32Array, count: number): Int32Array {
  const rest = new Int32Array(count - sorted.length)
  for (let ordinal = 0, next = 0, at = 0; ordinal < count; ordinal++) {
    if (sorted[next] === ordinal) next++
    else rest[at++] = ordinal
  }
  return rest
}
