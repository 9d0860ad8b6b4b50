import { parseCanonical } from '../../fhir/canonical.ts'
import { FhirError } from '../../fhir/error.ts'
import type { CodeSystem, CodeSystemConcept } from '../../fhir/types.ts'
import type { CodeSystemProvider, Ref } from '../code-system/code-system.ts'
import { indexCodeSystem } from '../code-system/concept-index.ts'
import { supplemented } from '../code-system/supplement-lookup.ts'
import { systemIdentity } from '../request/aliases.ts'
import { alternatives, txIssue, versionCheckIssue } from '../request/messages.ts'
import type { Scope } from '../request/scope.ts'
import { isWildcard, matchesVersion, olderFirst, type VersionRule, type VersionRules } from '../request/versions.ts'
import { applyFilter } from './filters/filters.ts'
import { filteredSelection, intersection, listSelection, type Selection } from './selection.ts'
import type { Clause, CompiledSet } from './value-set.ts'

/** How the version of a clause's code system was decided. */
export interface Resolution {
  /** Absent when no such version, or no such system, is known. */
  provider?: CodeSystemProvider
  /** Known versions, oldest first. */
  known: string[]
  /** The version or pattern in force; empty for "the newest". */
  asked: string
  /** What replaced or filled in the version the clause itself names. */
  changedBy?: 'force' | 'default' | 'check'
  /** Pattern that the version must meet. */
  check?: string
  /** The system has no content here, or only a part of it; the enumeration of the value set stands for it. */
  assumed: boolean
  /** No version of the system is here at all. */
  isUnknown: boolean
  /** The part of the system that an enumeration completes. */
  fragment?: CodeSystemProvider
}

/** What a value set is evaluated against. */
export interface Evaluation {
  scope: Scope
  systemRules: VersionRules
  /** What was decided for clauses so far. */
  decided: Decisions
  /**
   * Counts clauses that were asked. Now and then it looks at the clock: true when others should have a turn.
   * @throws FhirError 422 too-costly when the time for the request is over
   */
  pass(clauses: number): boolean
}

/** Decisions by clause; they may be kept as long as the scope lives when no rules are in force. */
export interface Decisions {
  bindings: WeakMap<Clause, Bound & { resolution: Resolution }>
  resolutions: WeakMap<Clause, Resolution>
  /** Listings that took a walk, by what narrowed them. */
  listings: WeakMap<CompiledSet, Map<string, unknown>>
}

/** Nothing decided yet. */
export function noDecisions(): Decisions {
  return { bindings: new WeakMap(), resolutions: new WeakMap(), listings: new WeakMap() }
}

/** The concepts of one code system that a clause names, imports aside. */
export interface Bound {
  provider: CodeSystemProvider
  members: Selection
}

/** Decides the version of a clause's system (terminology.md §2). A value's own version chooses among those a wildcard allows. */
export function resolveSystem(clause: Clause, evaluation: Evaluation, valueVersion?: string): Resolution {
  if (valueVersion !== undefined) return decide(clause, evaluation, valueVersion)
  const known = evaluation.decided.resolutions.get(clause)
  if (known) return known
  const resolution = decide(clause, evaluation, undefined)
  if (!evaluation.scope.missing()) evaluation.decided.resolutions.set(clause, resolution)
  return resolution
}

function decide(clause: Clause, evaluation: Evaluation, valueVersion: string | undefined): Resolution {
  const system = clause.system ?? ''
  const rule = ruleFor(evaluation.systemRules, system)
  // A list of codes stands for itself where the system is unknown.
  const candidates = clause.concepts ? evaluation.scope.systemsHere(system) : evaluation.scope.systems(system)
  const resolution: Resolution = {
    known: knownVersions(candidates),
    asked: '',
    assumed: false,
    isUnknown: candidates.length === 0,
  }
  if (rule?.force !== undefined) Object.assign(resolution, { asked: rule.force, changedBy: 'force' })
  else if (clause.version !== '') resolution.asked = clause.version
  else if (rule?.default !== undefined) Object.assign(resolution, { asked: rule.default, changedBy: 'default' })
  else if (rule?.check !== undefined) Object.assign(resolution, { asked: rule.check, changedBy: 'check' })
  if (rule?.check !== undefined) resolution.check = rule.check
  const { asked } = resolution
  const isAsked = ({ head }: CodeSystemProvider) => asked === '' || matchesVersion(asked, head.heldAs ?? head.version)
  const fitting = candidates.filter(isAsked)
  const own =
    valueVersion !== undefined && isWildcard(asked)
      ? fitting.find((each) => each.head.version === valueVersion)
      : undefined
  const provider = own ?? fitting[0]
  if (provider) resolution.provider = supplemented(provider, clause.supplements)
  if (clause.concepts && standsAlone(resolution, candidates)) {
    if (resolution.provider) resolution.fragment = resolution.provider
    resolution.provider = enumeratedProvider(clause, resolution.provider)
    resolution.assumed = true
  }
  return resolution
}

function ruleFor(rules: VersionRules, system: string): VersionRule | undefined {
  return rules.size === 0 ? undefined : (rules.get(system) ?? rules.get(systemIdentity(system)))
}

/** Versions of a system, oldest first. */
export function knownVersions(candidates: CodeSystemProvider[]): string[] {
  return candidates
    .map((each) => each.head.version)
    .filter((each) => each !== undefined)
    .sort(olderFirst)
}

/** An enumeration counts by itself where the system is unknown, or known in parts only. */
function standsAlone(resolution: Resolution, candidates: CodeSystemProvider[]): boolean {
  if (!resolution.provider) return candidates.every((each) => each.head.content === 'fragment')
  return resolution.provider.head.content === 'fragment'
}

const enumerated = new WeakMap<Clause, Map<CodeSystemProvider | undefined, CodeSystemProvider>>()

/** A system made of a clause's enumeration, completed by what a fragment knows of it. */
function enumeratedProvider(clause: Clause, fragment: CodeSystemProvider | undefined): CodeSystemProvider {
  const known = enumerated.get(clause)?.get(fragment)
  if (known) return known
  const concepts = [...(clause.concepts ?? [])]
  if (fragment && concepts.every(([code]) => fragment.locate(code) !== undefined)) return remember(fragment)
  const made = indexCodeSystem(enumeration(clause, fragment))
  return remember(fragment ? { ...made, head: fragment.head } : made)
  function remember(provider: CodeSystemProvider): CodeSystemProvider {
    const byFragment = enumerated.get(clause) ?? new Map()
    enumerated.set(clause, byFragment.set(fragment, provider))
    return provider
  }
}

/** What a clause enumerates as a code system; concepts that the fragment has are as it has them. */
function enumeration(clause: Clause, fragment: CodeSystemProvider | undefined): CodeSystem {
  const concept = [...(clause.concepts ?? [])].map(([code, { display }]): CodeSystemConcept => {
    const ref = fragment?.locate(code)
    return fragment && ref !== undefined ? conceptOf(fragment, ref, display) : { code, ...(display && { display }) }
  })
  const version = fragment?.head.version ?? clause.version
  const property = [...(fragment?.head.properties ?? [])].map(([code, { uri, type }]) => ({
    code,
    ...(uri && { uri }),
    type,
  }))
  return {
    resourceType: 'CodeSystem',
    status: 'active',
    content: 'fragment',
    url: clause.system ?? '',
    ...(version && { version }),
    // Of a system that nobody knows the codes are those that the set lists, letter by letter.
    ...(!fragment?.head.caseUnstated && { caseSensitive: fragment?.head.caseSensitive ?? true }),
    property: property as NonNullable<CodeSystem['property']>,
    concept,
  }
}

/** A concept of a provider in the form of the resource. */
function conceptOf(provider: CodeSystemProvider, ref: Ref, otherwise: string | undefined): CodeSystemConcept {
  const display = provider.display(ref) ?? otherwise
  const definition = provider.definition(ref)
  return {
    code: provider.code(ref),
    ...(display !== undefined && { display }),
    ...(definition !== undefined && { definition }),
    designation: provider.designations(ref).map(({ source, ...each }) => each) as CodeSystemConcept['designation'],
    property: provider
      .properties(ref)
      .map(({ code, member, value }) => ({ code, [member]: value })) as CodeSystemConcept['property'],
    extension: provider.extensions(ref),
  }
}

const bounds = new WeakMap<Clause, Map<CodeSystemProvider, Bound>>()

/** Evaluates enumeration and filters of a clause against one version of its system; kept with the clause. */
export function bind(clause: Clause, provider: CodeSystemProvider): Bound {
  const byProvider = bounds.get(clause) ?? new Map<CodeSystemProvider, Bound>()
  const known = byProvider.get(provider)
  if (known) return known
  const selections: Selection[] = []
  if (clause.concepts) selections.push(enumeratedSelection([...clause.concepts.keys()], provider))
  for (const filter of clause.filters) selections.push(applyFilter(provider, filter))
  const bound: Bound = { provider, members: selections.length > 0 ? intersection(selections) : provider.all }
  bounds.set(clause, byProvider.set(provider, bound))
  return bound
}

/** Enumerated codes in the order of the value set; those the system does not know are left out. */
function enumeratedSelection(codes: string[], provider: CodeSystemProvider): Selection {
  const refs = codes.map((code) => provider.locate(code)).filter((ref) => ref !== undefined)
  if (
    refs.length > 0 &&
    refs.every((ref, index) => typeof ref === 'number' && (index === 0 || ref > Number(refs[index - 1])))
  ) {
    return listSelection(Int32Array.from(refs as number[]))
  }
  const unique = [...new Set<Ref>(refs)]
  const set = new Set(unique)
  return { has: (ref) => set.has(ref), size: () => unique.length, at: (index) => unique[index] ?? -1 }
}

/** The bound clause for evaluation without a value: 422 when its system or version is unknown or not allowed. */
export function bindForExpansion(clause: Clause, evaluation: Evaluation): Bound & { resolution: Resolution } {
  const known = evaluation.decided.bindings.get(clause)
  if (known) return known
  const resolution = resolveSystem(clause, evaluation)
  if (!resolution.provider) throw unresolvedError(clause, resolution)
  const { check, provider } = resolution
  if (check !== undefined && !matchesVersion(check, provider.head.version)) {
    throw new FhirError(422, versionCheckIssue('code system', [clause.system, provider.head.version, check]))
  }
  const bound = { ...bind(clause, provider), resolution }
  if (!evaluation.scope.missing()) evaluation.decided.bindings.set(clause, bound)
  return bound
}

function unresolvedError(clause: Clause, { asked, known }: Resolution): FhirError {
  if (asked === '') return new FhirError(404, txIssue('UNKNOWN_CODESYSTEM_EXP', [clause.system]))
  const id = known.length > 0 ? 'UNKNOWN_CODESYSTEM_VERSION_EXP' : 'UNKNOWN_CODESYSTEM_VERSION_EXP_NONE'
  return new FhirError(404, txIssue(id, [clause.system, asked, alternatives(known)]))
}

/** A code in question, with the identity of its system. */
export interface Member {
  identity: string
  code: string
}

/** Whether a value set contains a code; nothing is expanded. Throws when a system or import it depends on is unknown. */
export function contains(set: CompiledSet, member: Member, evaluation: Evaluation): boolean {
  // Where nothing is taken away again, the first include that has it will do.
  if (set.excludes.length === 0 && !set.dropsInactive)
    return set.includes.some((clause) => covers(clause, member, evaluation))
  return locateIn(set, member, evaluation).length > 0
}

/** Whether an include or exclude covers a code in some version: {@link locateBy}, without saying which. */
function covers(clause: Clause, member: Member, evaluation: Evaluation): boolean {
  if (clause.identity !== undefined) {
    if (clause.identity !== member.identity) return false
    const { provider, members } = bindForExpansion(clause, evaluation)
    const ref = provider.locate(member.code)
    if (ref === undefined || !members.has(ref)) return false
  }
  requireImports(clause)
  if (clause.imports.length === 0) return clause.identity !== undefined
  return clause.imports.every((imported) => contains(imported, member, evaluation))
}

/** A concept of one version of a code system. */
export interface Concept {
  provider: CodeSystemProvider
  ref: Ref
}

const NONE: Concept[] = []

/** The concept in every version of its system that the set has it in. */
function locateIn(set: CompiledSet, member: Member, evaluation: Evaluation): Concept[] {
  let found = NONE
  for (const clause of set.includes) {
    for (const concept of locateBy(clause, member, evaluation)) {
      if (set.dropsInactive && concept.provider.isInactive(concept.ref)) continue
      if (found === NONE) found = [concept]
      else found.push(concept)
    }
  }
  if (found.length > 1 && set.versionsMatch === true) found = [newestOf(found)]
  if (found === NONE || set.excludes.length === 0) return found
  const kept = found.filter((each) => !isExcluded(set, member, each.provider, evaluation))
  return kept.length > 0 ? kept : NONE
}

/** The one of the newest version; of one version the first. */
export function newestOf<T extends { provider: CodeSystemProvider }>(concepts: T[]): T {
  return concepts.reduce((best, each) =>
    olderFirst(each.provider.head.version, best.provider.head.version) > 0 ? each : best,
  )
}

/** Whether an exclude of the set takes a concept away. */
export function isExcluded(
  set: CompiledSet,
  member: Member,
  provider: CodeSystemProvider,
  evaluation: Evaluation,
): boolean {
  return set.excludes.some(
    (clause) =>
      takesSystem(clause, member.identity) ||
      locateBy(clause, member, evaluation).some((each) =>
        takesAway(set, clause, { included: provider, excluded: each.provider }, evaluation),
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
  evaluation: Evaluation,
): boolean {
  const { url, version } = included.head
  if (reach === 'all' || version === excluded.head.version) return true
  return reach === 'resolved' && hasOneVersion(set, systemIdentity(url), evaluation)
}

/** Whether the includes of a set, and what they import, are all of one version of a system. */
function hasOneVersion(set: CompiledSet, identity: string, evaluation: Evaluation): boolean {
  const versions = new Set<string | undefined>()
  const visit = ({ includes }: CompiledSet) => {
    for (const clause of includes) {
      if (clause.identity === identity) versions.add(resolveSystem(clause, evaluation).provider?.head.version)
      clause.imports.forEach(visit)
    }
  }
  visit(set)
  return versions.size < 2
}

/** The concept in every version of its system that an include or exclude covers. */
export function locateBy(clause: Clause, member: Member, evaluation: Evaluation): Concept[] {
  let found: Concept[] | undefined
  if (clause.identity !== undefined) {
    if (clause.identity !== member.identity) return NONE
    const { provider, members } = bindForExpansion(clause, evaluation)
    const ref = provider.locate(member.code)
    if (ref === undefined || !members.has(ref)) return NONE
    found = [{ provider, ref }]
  }
  requireImports(clause)
  for (const imported of clause.imports) {
    const inner = locateIn(imported, member, evaluation)
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

const activeParts = new WeakMap<Selection, Selection>()

/** The members of a selection without inactive concepts. */
export function activeMembers({ provider, members }: Bound): Selection {
  if (!provider.hasInactive) return members
  const known = activeParts.get(members)
  if (known) return known
  const active = filteredSelection(members, (ref) => !provider.isInactive(ref))
  activeParts.set(members, active)
  return active
}
