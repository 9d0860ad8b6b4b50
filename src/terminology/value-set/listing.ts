import { parseCanonical } from '../../fhir/canonical.ts'
import type { Steps } from '../../workers/budget.ts'
import type { CodeSystemProvider, Ref } from '../code-system/code-system.ts'
import { textsOf } from '../code-system/designations.ts'
import { listMemory } from '../code-system/list-memory.ts'
import { intersection, type Selection } from '../code-system/selection.ts'
import { words } from '../code-system/text-index.ts'
import { systemIdentity } from '../request/aliases.ts'
import { olderFirst } from '../request/versions.ts'
import { type Clause, type CompiledSet, contentOf, enumeratedConcept } from './clause.ts'
import { activeMembers, requireMembers } from './clause-members.ts'
import { contains, isExcluded, locateBy, type Member, requireImports } from './contains.ts'
import type { ClauseMembers, Entry, Listing, ValueSetQuery } from './query.ts'

/** Code systems, or versions of them, that a listing leaves out: identity of the system → versions, `*` for all of them. */
export type LeftOut = ReadonlyMap<string, ReadonlySet<string>>

/** Nothing is left out. */
export const NOTHING_LEFT_OUT: LeftOut = new Map()

/** Reads canonicals (`exclude-system`). */
export function leftOut(canonicals: string[]): LeftOut {
  if (canonicals.length === 0) return NOTHING_LEFT_OUT
  const systems = new Map<string, Set<string>>()
  for (const canonical of canonicals) {
    const { url, version } = parseCanonical(canonical)
    const identity = systemIdentity(url)
    systems.set(identity, (systems.get(identity) ?? new Set()).add(version ?? '*'))
  }
  return systems
}

/** Whether a system is left out in that version, or in the one that a clause writes. */
export function isLeftOut(without: LeftOut, identity: string | undefined, version: string | undefined): boolean {
  const versions = identity === undefined ? undefined : without.get(identity)
  return versions !== undefined && (versions.has('*') || (version !== undefined && versions.has(version)))
}

/** What narrows a listing. */
export interface ListingOptions {
  activeOnly: boolean
  /** Words that members' texts must have. */
  text?: string
  /** Code systems to leave out; they need not be known. */
  without: LeftOut
  /** Most members worth listing: beyond it {@link list} answers `tooMany`. */
  most?: number
}

/** Lists the members of a value set: at once where one include says it all, by walking the includes otherwise. */
export function* list(set: CompiledSet, query: ValueSetQuery, options: ListingOptions): Steps<Listing | 'tooMany'> {
  const [only] = set.includes
  const single = set.includes.length === 1 && set.excludes.length === 0 && only?.system && only.imports.length === 0
  if (single && only.missing.length === 0 && !options.without.has(only.identity ?? '')) {
    const listing = yield* listClause(only, set, query, options)
    return options.most !== undefined && listing.size > options.most ? 'tooMany' : listing
  }
  return yield* listByWalking(set, query, options)
}

function* listClause(clause: Clause, set: CompiledSet, query: ValueSetQuery, options: ListingOptions): Steps<Listing> {
  const found = requireMembers(clause, query)
  const active = options.activeOnly || set.dropsInactive
  let members = active ? activeMembers(found) : found.members
  if (options.text !== undefined) {
    members = clause.concepts
      ? yield* filteredByText(found, members, clause, { query, text: options.text })
      : intersection([members, found.provider.search(options.text)])
  }
  yield* count(members, query)
  const size = members.size()
  return {
    size,
    at: (index) => (index < size ? { provider: found.provider, ref: members.at(index), clause } : undefined),
  }
}

/** Counts a selection, which may take a test of every concept of its system. */
function* count(members: Selection, query: ValueSetQuery): Steps<void> {
  for (const tested of members.counting?.() ?? []) if (query.pass(tested)) yield
}

/** Enumerated concepts have texts of their own, which no index knows. */
function* filteredByText(
  found: ClauseMembers,
  members: Selection,
  clause: Clause,
  { query, text }: { query: ValueSetQuery; text: string },
): Steps<Selection> {
  const matches = textMatcher(text)
  const kept: Ref[] = []
  yield* count(members, query)
  for (let i = 0, size = members.size(); i < size; i++) {
    if (query.pass(10)) yield
    const ref = members.at(i)
    if (matches({ provider: found.provider, ref, clause })) kept.push(ref)
  }
  const set = new Set(kept)
  return { has: (ref) => set.has(ref), size: () => kept.length, at: (index) => kept[index] ?? -1 }
}

/** Tests whether members have words that begin with those of a text; each system's index is asked once. */
function textMatcher(text: string): (entry: Entry) => boolean {
  const found = new Map<CodeSystemProvider, Selection>()
  const wanted = words(text)
  return ({ provider, ref, clause }) => {
    const known = found.get(provider) ?? provider.search(text)
    found.set(provider, known)
    if (known.has(ref)) return true
    const concept = enumeratedConcept(clause, provider.code(ref), provider.head.caseSensitive)
    if (!concept?.display && !concept?.designation) return false
    const own = [provider.code(ref), ...textsOf(provider, ref, concept).map((each) => each.value)].flatMap(words)
    return wanted.length > 0 && wanted.every((prefix) => own.some((word) => word.startsWith(prefix)))
  }
}

/** A walk over all includes, kept for the next page. */
function* listByWalking(set: CompiledSet, query: ValueSetQuery, options: ListingOptions): Steps<Listing | 'tooMany'> {
  const without = [...options.without].map(([identity, versions]) => [identity, ...versions])
  const key = JSON.stringify([options.activeOnly, options.text, without])
  const kept = query.decided.listings(set)
  const known = kept.get(key)
  if (known) return options.most !== undefined && known.size > options.most ? 'tooMany' : known
  const members = memberList()
  const matches = options.text === undefined ? undefined : textMatcher(options.text)
  yield* requireAll(set, { query, options })
  const isWhole = yield* walk(set, { query, options }, (entry) => {
    if (options.activeOnly && entry.provider.isInactive(entry.ref)) return true
    if (matches && !matches(entry)) return true
    members.add(entry)
    return options.most === undefined || members.size() <= options.most
  })
  if (!isWhole) return 'tooMany'
  return kept.set(key, { size: members.size(), at: members.at })
}

/** What an entry takes in a list, and after how many of them they are counted. */
const bytesOfRef = 8
const refsPerLook = 1_000

/** Entries in little room: their concepts, and where a run of entries from one include begins. */
function memberList() {
  const refs: Ref[] = []
  const memory = listMemory.account(refs)
  const runs: { from: number; entry: Entry }[] = []
  return {
    size: () => refs.length,
    add: (entry: Entry) => {
      const last = runs.at(-1)?.entry
      if (last?.provider !== entry.provider || last.clause !== entry.clause) runs.push({ from: refs.length, entry })
      refs.push(entry.ref)
      if (refs.length % refsPerLook === 0) memory.add(refsPerLook * bytesOfRef)
    },
    at: (index: number): Entry | undefined => {
      const ref = refs[index]
      if (ref === undefined) return undefined
      let low = 0
      let high = runs.length - 1
      while (low < high) {
        const middle = (low + high + 1) >>> 1
        if ((runs[middle]?.from ?? 0) <= index) low = middle
        else high = middle - 1
      }
      const run = runs[low]
      return run && { ...run.entry, ref }
    },
  }
}

interface Walk {
  query: ValueSetQuery
  options: ListingOptions
}

/** Visits the members in order, each once, until a visit answers false. */
function* walk(set: CompiledSet, context: Walk, visit: (entry: Entry) => boolean): Steps<boolean> {
  const { query, options } = context
  for (const [position, clause] of set.includes.entries()) {
    if (isLeftOut(options.without, clause.identity, clause.version)) continue
    const goOn = yield* walkClause(clause, { ...context, clauses: set.clauses }, (entry) => {
      if (
        options.without.size > 0 &&
        isLeftOut(options.without, memberOf(entry).identity, entry.provider.head.version)
      ) {
        return true
      }
      if (set.dropsInactive && entry.provider.isInactive(entry.ref)) return true
      if (isBroughtElsewhere(set, position, entry, query)) return true
      if (set.excludes.length > 0 && isExcluded(set, memberOf(entry), entry.provider, query)) return true
      return visit(entry)
    })
    if (!goOn) return false
  }
  return true
}

/** Whether another include brings the member: an earlier one, or one with a newer version where versions are one. */
function isBroughtElsewhere(set: CompiledSet, position: number, entry: Entry, query: ValueSetQuery): boolean {
  const member = memberOf(entry)
  const { version } = entry.provider.head
  const isOne = set.versionsMatch === true
  const clauses = isOne ? set.includes : set.includes.slice(0, position)
  return clauses.some((clause, index) =>
    locateBy(clause, member, query).some(({ provider, ref }) => {
      if (set.dropsInactive && provider.isInactive(ref)) return false
      const difference = provider.head.version === version ? 0 : olderFirst(provider.head.version, version)
      return difference === 0 ? index < position : isOne && difference > 0
    }),
  )
}

/** Errors of a clause show even if no member is ever tested against it. */
function* requireAll(set: CompiledSet, { query, options }: Walk): Steps<void> {
  for (const clause of contentOf(set).clauses) {
    if (isLeftOut(options.without, clause.identity, clause.version)) continue
    requireImports(clause)
    if (clause.system) requireMembers(clause, query)
    if (query.pass(100)) yield
  }
}

/** What a clause costs that is asked of a code that is put together by a grammar, as a multiple of what it costs else. */
const costOfGrammar = 1000

function* walkClause(
  clause: Clause,
  context: Walk & { clauses: number },
  visit: (entry: Entry) => boolean,
): Steps<boolean> {
  const { query, clauses } = context
  const [first, ...others] = clause.imports
  const inAll = (entry: Entry, sets: CompiledSet[]) => sets.every((each) => contains(each, memberOf(entry), query))
  if (clause.system) {
    const { provider, members } = requireMembers(clause, query)
    yield* count(members, query)
    for (let i = 0, size = members.size(); i < size; i++) {
      const entry: Entry = { provider, ref: members.at(i), clause }
      if (query.pass(typeof entry.ref === 'string' ? clauses * costOfGrammar : clauses)) yield
      if (clause.imports.length > 0 && !inAll(entry, clause.imports)) continue
      if (!visit(entry)) return false
    }
    return true
  }
  if (!first) return true
  return yield* walk(first, context, (entry) => (others.length > 0 && !inAll(entry, others) ? true : visit(entry)))
}

function memberOf({ provider, ref, clause }: Entry): Member {
  return { identity: clause.identity ?? systemIdentity(provider.head.url), code: provider.code(ref) }
}
