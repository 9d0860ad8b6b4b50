import { keepPerObject } from '../../base/keep.ts'
import { FhirError } from '../../fhir/error.ts'
import { finish, type Steps } from '../../workers/budget.ts'
import type { CodeSystemProvider, Ref } from '../code-system/code-system.ts'
import { filteredSelection, intersection, listSelection, type Selection } from '../code-system/selection.ts'
import { alternatives, txError, txIssue, versionCheckIssue } from '../request/messages.ts'
import { matchesVersion } from '../request/versions.ts'
import type { Clause } from './clause.ts'
import type { FilterDefinition } from './filters/filter-operator.ts'
import { applyFilter } from './filters/filters.ts'
import type { ClauseMembers, Resolution, ValueSetQuery } from './query.ts'
import { resolveSystem } from './resolve-clause.ts'

/** Evaluates enumeration and filters of a clause against one version of its system; kept with the clause. */
const membersOfClause = keepPerObject((clause: Clause) =>
  keepPerObject((provider: CodeSystemProvider): ClauseMembers => {
    const selections: Selection[] = []
    if (clause.concepts) selections.push(enumeratedSelection(enumeratedRefs(clause, provider)))
    for (const filter of clause.filters) selections.push(filtered(provider, filter, clause))
    return { provider, members: selections.length > 0 ? intersection(selections) : provider.all }
  }),
)

/** A set that names a concept or reference set which is not there does not exist (https://hl7.org/fhir/R4/snomedct.html). */
function filtered(provider: CodeSystemProvider, filter: FilterDefinition, { implied }: Clause): Selection {
  if (implied === undefined || filter.property !== 'concept') return applyFilter(provider, filter)
  try {
    return applyFilter(provider, filter)
  } catch (error) {
    if (!(error instanceof FhirError) || error.status >= 500) throw error
    throw txError('Unable_to_resolve_value_Set_', [implied], 404)
  }
}

/** The concepts of one version of its system that a clause names. */
export const membersIn = (clause: Clause, provider: CodeSystemProvider): ClauseMembers =>
  membersOfClause(clause)(provider)

type Located = readonly (Ref | undefined)[]

const enumerated = keepPerObject((_: Clause) => keepPerObject((_: CodeSystemProvider): { refs?: Located } => ({})))

/** What a code that is put together by a grammar costs for each of its characters, as a multiple of a clause that is asked. */
const costPerCharacter = 10

/** What a clause enumerates, in its order; undefined for what the system does not have. */
export const enumeratedRefs = (clause: Clause, provider: CodeSystemProvider): Located =>
  finish(located(clause, provider, () => false))

/** The same in steps; found once. `pass` as {@link ValueSetQuery.pass}. */
function* located(clause: Clause, provider: CodeSystemProvider, pass: ValueSetQuery['pass']): Steps<Located> {
  const kept = enumerated(clause)(provider)
  if (kept.refs) return kept.refs
  const refs: (Ref | undefined)[] = []
  for (const code of clause.concepts?.keys() ?? []) {
    const ref = provider.locate(code)
    refs.push(ref)
    if (pass(typeof ref === 'number' ? 1 : 1 + costPerCharacter * code.length)) yield
  }
  kept.refs = refs
  return refs
}

/**
 * Finds what long clauses enumerate, in steps, so that nobody waits for it where the clauses are asked: codes may be put together by a grammar.
 * `versions` are those that the values in question name. @throws FhirError 422 too-costly
 */
export function* findEnumerated(
  clauses: readonly Clause[],
  query: ValueSetQuery,
  versions: ReadonlySet<string | undefined> = new Set([undefined]),
): Steps<void> {
  for (const clause of clauses) {
    for (const version of versions) {
      const { provider } = resolveSystem(clause, query, version)
      if (provider) yield* located(clause, provider, query.pass)
    }
  }
}

/** Enumerated codes in the order of the value set; those the system does not know are left out. */
function enumeratedSelection(located: Located): Selection {
  const refs = located.filter((ref) => ref !== undefined)
  const ordinals = refs.filter((ref) => typeof ref === 'number')
  const isAscending = ordinals.every((ref, index) => index === 0 || ref > (ordinals[index - 1] ?? ref))
  if (ordinals.length > 0 && ordinals.length === refs.length && isAscending)
    return listSelection(Int32Array.from(ordinals))
  const unique = [...new Set<Ref>(refs)]
  const set = new Set(unique)
  return { has: (ref) => set.has(ref), size: () => unique.length, at: (index) => unique[index] ?? -1 }
}

/** The members of a clause without a value to choose a version by: 422 when its system or version is unknown or not allowed. */
export function requireMembers(clause: Clause, query: ValueSetQuery): ClauseMembers & { resolution: Resolution } {
  const known = query.decided.members.get(clause)
  if (known) return known
  const resolution = resolveSystem(clause, query)
  if (!resolution.provider) throw unresolvedError(clause, resolution)
  const { check, provider } = resolution
  if (check !== undefined && !matchesVersion(check, provider.head.version)) {
    throw new FhirError(422, versionCheckIssue('code system', [clause.system, provider.head.version, check]))
  }
  const found = { ...membersIn(clause, provider), resolution }
  query.decided.members.set(clause, found)
  return found
}

function unresolvedError(clause: Clause, { asked, known }: Resolution): FhirError {
  if (asked === '') return new FhirError(404, txIssue('UNKNOWN_CODESYSTEM_EXP', [clause.system]))
  const id = known.length > 0 ? 'UNKNOWN_CODESYSTEM_VERSION_EXP' : 'UNKNOWN_CODESYSTEM_VERSION_EXP_NONE'
  return new FhirError(404, txIssue(id, [clause.system, asked, alternatives(known)]))
}

const activeParts = keepPerObject((provider: CodeSystemProvider) =>
  keepPerObject((members: Selection) => filteredSelection(members, (ref) => !provider.isInactive(ref))),
)

/** The members of a clause without inactive concepts. */
export function activeMembers({ provider, members }: ClauseMembers): Selection {
  return provider.hasInactive ? activeParts(provider)(members) : members
}
