import type { Steps } from '../../workers/budget.ts'
import type { Ref } from '../code-system/code-system.ts'
import type { Contains } from '../expand/contains-entry.ts'
import type { CompiledSet } from './clause.ts'
import { requireMembers } from './clause-members.ts'
import { HIERARCHY_OPERATORS } from './filters/filters.ts'
import type { LeftOut } from './listing.ts'
import type { Entry, Listing, ValueSetQuery } from './query.ts'

/**
 * Whether an expansion may keep the hierarchy: one whole system or one branch of it, nothing taken away. What further filters
 * and a text leave of the branch still hangs together.
 */
export function canNest(set: CompiledSet, query: ValueSetQuery, without: LeftOut): boolean {
  const [clause] = set.includes
  if (!clause?.system || set.includes.length > 1 || set.excludes.length > 0) return false
  if (clause.concepts || clause.imports.length > 0 || clause.missing.length > 0) return false
  if (without.has(clause.identity ?? '')) return false
  if (clause.filters.length > 0 && !clause.filters.some((each) => HIERARCHY_OPERATORS.has(each.op))) return false
  return requireMembers(clause, query).provider.hierarchical
}

/**
 * Entries as a forest: below the nearest ancestor that is a member, too. The listing is in depth-first order of the first
 * parents; where no member is above a concept in that order, one above it by another parent is.
 */
export function* nest(listing: Listing, show: (entry: Entry) => Contains, isTurnDue: () => boolean): Steps<Contains[]> {
  const roots: Contains[] = []
  const open: { entry: Entry; shown: Contains }[] = []
  const shownByRef = new Map<Ref, Contains>()
  const orphans: { entry: Entry; shown: Contains }[] = []
  for (let index = 0; index < listing.size; index++) {
    if (isTurnDue()) yield
    const entry = listing.at(index)
    if (!entry) continue
    const shown = show(entry)
    shownByRef.set(entry.ref, shown)
    while (open.length > 0) {
      const last = open.at(-1)
      if (last && entry.provider.subsumes(last.entry.ref, entry.ref)) break
      open.pop()
    }
    const parent = open.at(-1)?.shown
    if (parent) adopt(parent, shown)
    else orphans.push({ entry, shown })
    open.push({ entry, shown })
  }
  for (const { entry, shown } of orphans) {
    if (isTurnDue()) yield
    const parent = memberAbove(entry, shownByRef)
    if (parent) adopt(parent, shown)
    else roots.push(shown)
  }
  return roots
}

function adopt(parent: Contains, child: Contains): void {
  parent.contains ??= []
  parent.contains.push(child)
}

/** The nearest member above a concept by any parent; none in a circle. */
function memberAbove({ provider, ref }: Entry, members: Map<Ref, Contains>): Contains | undefined {
  const above = new Set(provider.parents(ref))
  for (const each of above) {
    if (provider.subsumes(ref, each)) return undefined
    const member = members.get(each)
    if (member) return member
    for (const next of provider.parents(each)) above.add(next)
  }
  return undefined
}
