import { formatCanonical } from '../../fhir/canonical.ts'
import type { CodeSystemProvider, Ref } from '../code-system/code-system.ts'
import { sameText, textsOf } from '../code-system/designations.ts'
import { systemIdentity } from '../request/aliases.ts'
import type { CodedValue } from '../request/value.ts'
import { isNamedBy } from '../request/versions.ts'
import { type Clause, type CompiledSet, contentOf, enumeratedConcept } from './clause.ts'
import { membersIn } from './clause-members.ts'
import { isMember, takesAway, takesSystem } from './contains.ts'
import { type Resolution, takingAway, type ValueSetQuery } from './query.ts'
import { newestOf, resolveSystem } from './resolve-clause.ts'

/** A value found in a value set. */
export interface Match {
  clause: Clause
  resolution: Resolution
  provider: CodeSystemProvider
  ref: Ref
  /** The set whose clause it is: the root or an import. */
  set: CompiledSet
}

/** Why a value was not found, or what stood beside the match. */
export interface Search {
  /** Whether any clause names the value's system. */
  usesSystem: boolean
  /** Clauses whose system, or version of it, is unknown. */
  unresolved: { clause: Clause; resolution: Resolution }[]
  /** Imports that are unknown. */
  missing: string[]
  /** Clauses of the system that do not have the code; `ref` when the system has it. */
  outside: { clause: Clause; resolution: Resolution; provider: CodeSystemProvider; ref?: Ref }[]
  /** A match that the set drops because it is inactive. */
  inactive?: Match
}

/** Looks a value up in a set without expanding anything; of several versions one that may be used is preferred. */
export function findMatch(
  set: CompiledSet,
  value: CodedValue,
  query: ValueSetQuery,
  mayBeUsed?: (match: Match) => boolean,
): { match?: Match; search: Search } {
  const search: Search = { usesSystem: false, unresolved: [], missing: [], outside: [] }
  const context: Context = { value, identity: systemIdentity(value.system ?? ''), query, search }
  const match = bestOf(matchSet(set, context), context, mayBeUsed)
  return match ? { match, search } : { search }
}

interface Context {
  value: CodedValue
  identity: string
  query: ValueSetQuery
  search: Search
}

const NONE: Match[] = []

/** The value in every version of its system that the set has it in. */
function matchSet(set: CompiledSet, context: Context): Match[] {
  let matches = NONE
  for (const clause of set.includes) {
    for (const match of matchClause(clause, set, context)) {
      if (set.dropsInactive && match.provider.isInactive(match.ref)) context.search.inactive = match
      else if (matches === NONE) matches = [match]
      else matches.push(match)
    }
  }
  if (matches.length > 1 && set.versionsMatch === true && context.value.version === undefined)
    matches = [newestOf(matches)]
  if (matches === NONE || set.excludes.length === 0) return matches
  if (set.excludes.some((each) => takesSystem(each, context.identity))) return NONE
  const { search } = context
  const before = search.missing.length + search.unresolved.length
  const excluded = set.excludes.flatMap((exclude) =>
    matchClause(exclude, set, excluding(context)).map(({ provider }) => ({ exclude, provider })),
  )
  // An exclude that cannot be asked leaves the question open.
  if (excluded.length === 0 && search.missing.length + search.unresolved.length > before) return NONE
  const isTaken = ({ provider: included }: Match) =>
    excluded.some(({ exclude, provider }) => takesAway(set, exclude, { included, excluded: provider }, context.query))
  return matches.filter((each) => !isTaken(each))
}

/** Excludes take part in no explanation but that of what is missing. */
function excluding(context: Context): Context {
  const { missing, unresolved } = context.search
  return {
    ...context,
    query: takingAway(context.query),
    search: { usesSystem: false, unresolved, missing, outside: [] },
  }
}

/**
 * The match in the value's own version, unless that version is in the set without the code; for a value without version the newest
 * that has its display, else the newest.
 */
function bestOf(
  matches: Match[],
  { value, search }: Context,
  mayBeUsed: ((match: Match) => boolean) | undefined,
): Match | undefined {
  if (matches.length < 2 && value.version === undefined) return matches[0]
  if (value.version === undefined) {
    const preferred = (all: Match[], test: (match: Match) => boolean) => {
      const some = all.filter(test)
      return some.length > 0 ? some : all
    }
    const usable = mayBeUsed ? preferred(matches, mayBeUsed) : matches
    const { display } = value
    return newestOf(display === undefined ? usable : preferred(usable, (each) => hasText(each, display)))
  }
  const named = value.version
  const isOwn = ({ provider }: { provider: CodeSystemProvider }) => isNamedBy(named, provider.head.version)
  const own = matches.find(isOwn)
  if (own) return own
  return search.outside.some(isOwn) ? undefined : matches[0]
}

function hasText({ provider, ref, clause }: Match, display: string): boolean {
  const concept = enumeratedConcept(clause, provider.code(ref), provider.head.caseSensitive)
  return textsOf(provider, ref, concept).some((each) => sameText(each.value, display))
}

function matchClause(clause: Clause, set: CompiledSet, context: Context): Match[] {
  for (const each of clause.missing) context.search.missing.push(each)
  let matches: Match[] | undefined
  if (clause.identity !== undefined) {
    const match = matchSystem(clause, set, context)
    if (!match) return NONE
    matches = [match]
  }
  for (const imported of clause.imports) {
    const inner = matchSet(imported, context)
    if (inner.length === 0) return NONE
    matches ??= inner
  }
  return clause.missing.length > 0 ? NONE : (matches ?? NONE)
}

function matchSystem(clause: Clause, set: CompiledSet, context: Context): Match | undefined {
  const { value, identity, query, search } = context
  if (clause.identity !== identity) return undefined
  search.usesSystem = true
  const resolution = resolveSystem(clause, query, value.version)
  const { provider } = resolution
  if (!provider) {
    search.unresolved.push({ clause, resolution })
    return undefined
  }
  const { members } = membersIn(clause, provider)
  const ref = provider.locate(value.code)
  if (ref === undefined || !isMember(members, ref, query)) {
    search.outside.push({ clause, resolution, provider, ...(ref !== undefined && { ref }) })
    return undefined
  }
  return { clause, resolution, provider, ref, set }
}

/** The systems of a set that have a code as a member: url as written, in order; with those that could not be asked. */
export function systemsWithCode(
  set: CompiledSet,
  code: string,
  query: ValueSetQuery,
): { found: string[]; searched: string[]; unknown: string[] } {
  const searched = new Map<string, string>()
  for (const { identity, system } of contentOf(set).includes) if (system && identity) searched.set(identity, system)
  const systems = [...searched.values()]
  const found: string[] = []
  const unknown: string[] = []
  for (const system of systems) {
    const { match, search } = findMatch(set, { code, system, at: () => '' }, query)
    if (match) found.push(system)
    for (const { resolution } of search.unresolved) unknown.push(formatCanonical(system, resolution.asked || undefined))
  }
  return { found, searched: systems, unknown }
}
