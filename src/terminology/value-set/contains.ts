import { parseCanonical } from '../../fhir/canonical.ts'
import { FhirError } from '../../fhir/error.ts'
import type { CodeSystemProvider, Ref } from '../code-system/code-system.ts'
import { type Selection, takesAway as takesFrom } from '../code-system/selection.ts'
import { systemIdentity } from '../request/aliases.ts'
import { otherIssue, txIssue } from '../request/messages.ts'
import { type Clause, type CompiledSet, contentOf } from './clause.ts'
import { requireMembers } from './clause-members.ts'
import { takingAway, type ValueSetQuery } from './query.ts'
import { newestOf, resolveSystem } from './resolve-clause.ts'

/** A code in question, with the identity of its system. */
export interface Member {
  identity: string
  code: string
}

/** Whether a value set contains a code; nothing is expanded. Throws when a system or import it depends on is unknown. */
export function contains(set: CompiledSet, member: Member, query: ValueSetQuery): boolean {
  // Where nothing is taken away again, the first include that has it will do.
  if (set.excludes.length === 0 && !set.dropsInactive)
    return set.includes.some((clause) => covers(clause, member, query))
  return locateIn(set, member, query).length > 0
}

/** Whether an include or exclude covers a code in some version: {@link locateBy}, without saying which. */
function covers(clause: Clause, member: Member, query: ValueSetQuery): boolean {
  if (clause.identity !== undefined) {
    if (clause.identity !== member.identity) return false
    const { provider, members } = requireMembers(clause, query)
    const ref = provider.locate(member.code)
    if (ref === undefined || !isMember(members, ref, query)) return false
  }
  requireImports(clause)
  if (clause.imports.length === 0) return clause.identity !== undefined
  return clause.imports.every((imported) => contains(imported, member, query))
}

/** A concept of one version of a code system. */
export interface Concept {
  provider: CodeSystemProvider
  ref: Ref
}

const NONE: Concept[] = []

/** The concept in every version of its system that the set has it in. */
function locateIn(set: CompiledSet, member: Member, query: ValueSetQuery): Concept[] {
  let found = NONE
  for (const clause of set.includes) {
    for (const concept of locateBy(clause, member, query)) {
      if (set.dropsInactive && concept.provider.isInactive(concept.ref)) continue
      if (found === NONE) found = [concept]
      else found.push(concept)
    }
  }
  if (found.length > 1 && set.versionsMatch === true) found = [newestOf(found)]
  if (found === NONE || set.excludes.length === 0) return found
  const kept = found.filter((each) => !isExcluded(set, member, each.provider, query))
  return kept.length > 0 ? kept : NONE
}

/** Whether a clause has a concept. @throws FhirError 422 where that cannot be told and the clause takes it away */
export function isMember(members: Selection, ref: Ref, { isTaking }: ValueSetQuery): boolean {
  if (!isTaking) return members.has(ref)
  const isTaken = takesFrom(members, ref)
  if (isTaken !== undefined) return isTaken
  const text = `Whether '${ref}' is excluded cannot be told: what is excluded is stated of concepts alone, and one that it is put together of may be meant`
  throw new FhirError(422, otherIssue('not-supported', text))
}

/** Whether an exclude of the set takes a concept away. */
export function isExcluded(
  set: CompiledSet,
  member: Member,
  provider: CodeSystemProvider,
  query: ValueSetQuery,
): boolean {
  const taking = takingAway(query)
  return set.excludes.some(
    (clause) =>
      takesSystem(clause, member.identity) ||
      locateBy(clause, member, taking).some((each) =>
        takesAway(set, clause, { included: provider, excluded: each.provider }, query),
      ),
  )
}

/** Whether an exclude takes a system away as a whole, whatever versions there are. */
export const takesSystem = ({ reach, identity: excluded }: Clause, identity: string): boolean =>
  reach === 'system' && excluded === identity

/** Whether an exclude that has a code in one version takes it away in another. */
export function takesAway(
  set: CompiledSet,
  { reach }: Clause,
  { included, excluded }: { included: CodeSystemProvider; excluded: CodeSystemProvider },
  query: ValueSetQuery,
): boolean {
  const { url, version } = included.head
  if (reach === 'all' || version === excluded.head.version) return true
  return reach === 'resolved' && hasOneVersion(set, systemIdentity(url), query)
}

/** Whether the includes of a set, and what they import, are all of one version of a system. */
function hasOneVersion(set: CompiledSet, identity: string, query: ValueSetQuery): boolean {
  const own = contentOf(set).includes.filter((clause) => clause.identity === identity)
  const versions = own.map((clause) => resolveSystem(clause, query).provider?.head.version)
  return new Set(versions).size < 2
}

/** The concept in every version of its system that an include or exclude covers. */
export function locateBy(clause: Clause, member: Member, query: ValueSetQuery): Concept[] {
  let found: Concept[] | undefined
  if (clause.identity !== undefined) {
    if (clause.identity !== member.identity) return NONE
    const { provider, members } = requireMembers(clause, query)
    const ref = provider.locate(member.code)
    if (ref === undefined || !isMember(members, ref, query)) return NONE
    found = [{ provider, ref }]
  }
  requireImports(clause)
  for (const imported of clause.imports) {
    const inner = locateIn(imported, member, query)
    if (inner.length === 0) return NONE
    found ??= inner
  }
  return found ?? NONE
}

/** 404 naming the imports of a clause that could not be found. */
export function requireImports(clause: Clause): void {
  if (clause.missing.length === 0) return
  throw new FhirError(
    404,
    clause.missing.map((canonical) => {
      const { url, version } = parseCanonical(canonical)
      if (version === undefined) return txIssue('Unable_to_resolve_value_Set_', [canonical])
      return txIssue('VS_EXP_IMPORT_UNK_PINNED', [url, version])
    }),
  )
}
