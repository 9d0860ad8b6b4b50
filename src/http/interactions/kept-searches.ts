/** What searches found that name what they look for: kept as the text of their entries as long as the store has not changed. */
import { type Keep, keep } from '../../base/keep.ts'
import type { ParsedSearch } from '../../fhir/search/parse-search.ts'
import type { SearchCondition } from '../../storage/storage.ts'

/** Everything that a search found, in order. */
interface FoundEntries {
  /** Number of matches. */
  count: number
  /** The entries of the Bundle as JSON, with commas between them. */
  entries: string
}

/** What was found. */
export interface KeptSearches {
  find(key: string): FoundEntries | undefined
  /** Keeps what was found while the store was at `revision`. */
  keep(key: string, found: FoundEntries, revision: number): void
  /** The state of the store now. */
  revision(): number
}

/** Searches that are kept, and the longest text of entries: 16 MB at most. */
const mostSearches = 4000
/** Longer results are rare, and take their time to be written anyway. */
export const longestEntries = 4000

/** Keeps nothing yet. */
export function createKeptSearches(revision: () => number): KeptSearches {
  let kept: Keep<string, FoundEntries> = keep(mostSearches)
  let validAt = revision()
  const refresh = (): number => {
    const now = revision()
    if (now !== validAt) kept = keep(mostSearches)
    validAt = now
    return now
  }
  return {
    revision: refresh,
    find(key) {
      refresh()
      return kept.get(key)
    },
    keep(key, found, at) {
      if (refresh() === at && found.entries.length <= longestEntries) kept.set(key, found)
    },
  }
}

/** The name of a search of that type. */
export const searchKey = (type: string, conditions: readonly SearchCondition[]): string =>
  `${type} ${JSON.stringify(conditions)}`

/** Whether what a search finds may be kept whole, as it is. */
export function mayBeKept({ type, conditions, sort, include, revinclude, ...parsed }: ParsedSearch): boolean {
  // Of operations some are made here, and in no store.
  if (type === 'OperationDefinition' || parsed.cursor !== undefined || parsed.count === 0) return false
  if (refusesTotal(parsed.used)) return false
  if (sort.length + include.length + revinclude.length + parsed.elements.length > 0) return false
  return (parsed.summary === undefined || parsed.summary === 'false') && isNaming(conditions)
}

/** `_total=none`: the client has no use for it (https://hl7.org/fhir/R4/search.html#total). */
export const refusesTotal = (used: ParsedSearch['used']): boolean =>
  used.some(([name, value]) => name === '_total' && value === 'none')

/** Parameters by which clients look for an artefact that they know. */
const naming: ReadonlySet<string> = new Set(['url', 'version', 'status', 'name', 'system', '_id'])

/** Whether conditions name what is looked for, and nothing but the store decides what they find. */
function isNaming(conditions: readonly SearchCondition[]): boolean {
  if (conditions.length === 0) return false
  for (const each of conditions) {
    if (!('parameter' in each) || each.modifier !== undefined || !naming.has(each.parameter)) return false
    for (const { prefix } of each.values) if (prefix !== undefined) return false
  }
  return true
}
