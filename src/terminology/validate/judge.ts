import { formatCanonical } from '../../fhir/canonical.ts'
import type { Issue } from '../../fhir/types.ts'
import type { CodeSystemProvider } from '../code-system/code-system.ts'
import { unknownCodeIssues } from '../code-system/other-editions.ts'
import { otherIssue, txIssue } from '../request/messages.ts'
import { type CodedValue, codelessIssue } from '../request/value.ts'
import { checkVersion, type UnknownSystem, unknownSystemIssue } from '../request/version-check.ts'
import { isNamedBy, matchesVersion } from '../request/versions.ts'
import { type CompiledSet, enumeratedConcept } from '../value-set/clause.ts'
import { findMatch, type Match, type Search } from '../value-set/find-member.ts'
import type { Resolution, ValueSetQuery } from '../value-set/query.ts'
import { knownVersions, newestOf } from '../value-set/resolve-clause.ts'
import { checkConcept, checkEnumeration, checkUse, type Located, type ValidationOptions } from './concept-check.ts'

/** What came out about one coding. */
export interface Judgement {
  value: CodedValue
  /** The set has the code, whatever is wrong with version, display or status. */
  isMember: boolean
  /** The set could not be asked: an import or the system itself is unknown. */
  isOpen: boolean
  issues: Issue[]
  unknown: UnknownSystem[]
  /** The concept, where the code system has it. */
  located?: Located
  /** The version the answer is about. */
  version?: string | undefined
  /** Why the concept is not in the set, for the message alone. */
  reason?: string | undefined
}

/** Judges one coding against a value set; nothing is expanded. */
export function judge(
  set: CompiledSet,
  value: CodedValue,
  query: ValueSetQuery,
  options: ValidationOptions,
): Judgement {
  const judgement: Judgement = { value, isMember: false, isOpen: false, issues: [], unknown: [] }
  if (value.code === '') return { ...judgement, issues: [codelessIssue(value)] }
  if (value.system === undefined) {
    judgement.issues.push(notInSet(set, value))
    const expression = value.at('')
    judgement.issues.push(txIssue('Coding_has_no_system__cannot_validate', [], { expression }))
    return judgement
  }
  const isChoosy = options.activeOnly || !options.abstractAllowed
  const mayBeUsed = (each: Match) => checkUse(value, each, options).length === 0
  const { match, search } = findMatch(set, value, query, isChoosy ? mayBeUsed : undefined)
  if (match) return judgeMatch(judgement, set, match, options)
  if (search.inactive) return judgeInactive(judgement, set, search.inactive, options)
  if (search.missing.length > 0) return judgeMissing(judgement, search)
  if (search.unresolved.length > 0 && search.outside.length === 0) {
    return judgeUnresolved(judgement, search.unresolved[0], query)
  }
  if (search.outside.length > 0) return judgeOutside(judgement, set, search, { query, options })
  return judgeForeign(judgement, set, query, options)
}

function judgeMatch(judgement: Judgement, set: CompiledSet, match: Match, options: ValidationOptions): Judgement {
  const { value } = judgement
  const { provider, ref, clause, resolution } = match
  const code = provider.code(ref)
  const concept = enumeratedConcept(clause, code, provider.head.caseSensitive)
  // Of SNOMED CT filters of hierarchy and attributes find active concepts alone; whatever brings others asks for them.
  const isMeant = provider.head.edition !== undefined && clause.filters.length > 0
  const located: Located = { provider, ref, code, concept, isMeant }
  const version = checkVersion(clause, resolution, value)
  const use = checkUse(value, located, options)
  judgement.isMember = use.length === 0
  judgement.located = located
  judgement.version = provider.head.version
  for (const each of version.issues) judgement.issues.push(each)
  for (const each of use) judgement.issues.push(each)
  if (use.length > 0) judgement.issues.push(notInSet(set, value))
  for (const each of version.unknown) judgement.unknown.push(each)
  if (resolution.isUnknown) remarkUnknown(judgement)
  else if (resolution.fragment && !options.membershipOnly && resolution.fragment.locate(value.code) === undefined)
    judgement.issues.push(unknownInFragment(value, resolution.fragment))
  for (const each of checkConcept(value, located, options)) judgement.issues.push(each)
  if (options.membershipOnly) return judgement
  for (const each of checkEnumeration(value, concept, match.set.canonical)) judgement.issues.push(each)
  return judgement
}

/** The system is unknown, and the decision did not need it: the set says itself which codes it has. */
function remarkUnknown({ value, issues, unknown }: Judgement): void {
  const system = value.system ?? ''
  issues.push({ ...unknownSystemIssue(system, undefined, [], value), severity: 'warning' })
  unknown.push({ parameter: 'x-unknown-system', canonical: system })
}

/** The set leaves inactive concepts out. */
function judgeInactive(judgement: Judgement, set: CompiledSet, match: Match, options: ValidationOptions): Judgement {
  return judgeMatch(judgement, set, match, { ...options, activeOnly: true })
}

function judgeMissing(judgement: Judgement, search: Search): Judgement {
  judgement.isOpen = true
  for (const canonical of new Set(search.missing)) {
    judgement.issues.push(txIssue('Unable_to_resolve_value_Set_', [canonical]))
  }
  return judgement
}

/** The set needs a system, or a version of it, that is not here. */
function judgeUnresolved(
  judgement: Judgement,
  first: Search['unresolved'][number] | undefined,
  query: ValueSetQuery,
): Judgement {
  if (!first) return judgement
  const { value } = judgement
  const finding = checkVersion(first.clause, first.resolution, value)
  judgement.isOpen = true
  judgement.issues.push(...finding.issues)
  judgement.unknown.push(...finding.unknown)
  const provider = standIn(value, query, first.resolution)
  if (!provider) return judgement
  judgement.version = provider.head.version
  const ref = provider.locate(value.code)
  if (ref !== undefined) judgement.located = { provider, ref, code: provider.code(ref) }
  return judgement
}

/** A version to speak of where the one asked for is unknown: the value's own, the one a rule names, the newest. */
function standIn(value: CodedValue, query: ValueSetQuery, { known }: Resolution): CodeSystemProvider | undefined {
  const candidates = query.scope.systems(value.system ?? '')
  const rule = query.systemRules.get(value.system ?? '')
  const wanted =
    value.version !== undefined && known.some((each) => isNamedBy(value.version, each))
      ? value.version
      : (rule?.default ?? rule?.check)
  return candidates.find((each) => wanted !== undefined && matchesVersion(wanted, each.head.version)) ?? candidates[0]
}

/** The set names the system, but not the code. */
function judgeOutside(
  judgement: Judgement,
  set: CompiledSet,
  search: Search,
  { query, options }: { query: ValueSetQuery; options: ValidationOptions },
): Judgement {
  const { value } = judgement
  const own = search.outside.find((each) => isNamedBy(value.version, each.provider.head.version))
  const first = own ?? newestOutside(search.outside)
  if (!first) return judgement
  const { provider, ref, clause, resolution } = first
  const version = checkVersion(clause, resolution, value)
  judgement.version = provider.head.version
  judgement.unknown.push(...version.unknown)
  const isWhole = !clause.concepts && clause.filters.length === 0
  if (ref === undefined && provider.head.content === 'fragment' && isWhole) {
    judgement.isMember = true
    judgement.issues.push(...version.issues, unknownInFragment(value, provider))
    return judgement
  }
  judgement.issues.push(notInSet(set, value), ...version.issues)
  const reasons = clause.filters.map((each) => ref !== undefined && provider.explainFilter?.(ref, each))
  judgement.reason = reasons.find((each) => typeof each === 'string')
  if (resolution.isUnknown) remarkUnknown(judgement)
  else addCode(judgement, resolution.fragment ?? provider, { query, options })
  return judgement
}

/** Of several versions the newest speaks for the system; of several clauses over it one whose system has the code. */
function newestOutside(outside: Search['outside']): Search['outside'][number] | undefined {
  const version = outside.length < 2 ? undefined : newestOf(outside).provider.head.version
  const newest = version === undefined ? outside : outside.filter((each) => each.provider.head.version === version)
  return newest.find((each) => each.ref !== undefined) ?? newest[0]
}

/** The set does not name the system at all. */
function judgeForeign(
  judgement: Judgement,
  set: CompiledSet,
  query: ValueSetQuery,
  options: ValidationOptions,
): Judgement {
  const { value } = judgement
  const provider = locateSystem(judgement, query)
  judgement.issues.push(notInSet(set, value))
  if (!provider) return judgement
  judgement.version = provider.head.version
  addCode(judgement, provider, { query, options })
  return judgement
}

/** The system of a value by itself; says why when there is none. */
export function locateSystem(judgement: Judgement, query: ValueSetQuery): CodeSystemProvider | undefined {
  const { value, issues, unknown } = judgement
  const system = value.system ?? ''
  const expression = value.at('system')
  const candidates = query.scope.systems(system)
  const rule = query.systemRules.get(system)
  const wanted = rule?.force ?? value.version ?? rule?.default ?? rule?.check
  const provider = candidates.find((each) => wanted === undefined || matchesVersion(wanted, each.head.version))
  if (provider) return provider
  const supplement = query.scope.supplement(system, value.version)
  if (supplement) {
    const canonical = formatCanonical(supplement.url, supplement.version)
    issues.push(txIssue('CODESYSTEM_CS_NO_SUPPLEMENT', [canonical], { expression }))
    return undefined
  }
  if (candidates.length === 0 && query.scope.isValueSet(system)) {
    issues.push(txIssue('Terminology_TX_System_ValueSet2', [system], { expression }))
    return undefined
  }
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(system)) {
    issues.push(txIssue('Terminology_TX_System_Relative', [], { expression }))
  }
  const known = knownVersions(candidates)
  issues.push(unknownSystemIssue(system, wanted, known, value))
  unknown.push({
    parameter: 'x-unknown-system',
    canonical: wanted !== undefined && known.length > 0 ? `${system}|${wanted}` : system,
  })
  return undefined
}

/** Adds what the code system says about a code that is not in the set. */
function addCode(
  judgement: Judgement,
  provider: CodeSystemProvider,
  { query, options }: { query: ValueSetQuery; options: ValidationOptions },
): void {
  const { value } = judgement
  const ref = provider.locate(value.code)
  if (ref === undefined) {
    if (!options.membershipOnly) judgement.issues.push(...unknownCode(value, provider, query))
    return
  }
  judgement.located = { provider, ref, code: provider.code(ref) }
  judgement.issues.push(...checkConcept(value, judgement.located, options))
}

/** A code the system does not have: a warning, for it is a fragment. */
function unknownInFragment(value: CodedValue, { head }: CodeSystemProvider): Issue {
  return txIssue('UNKNOWN_CODE_IN_FRAGMENT', [value.code, value.system, head.version], { expression: value.at('code') })
}

/** A code the system does not have: an error, in a fragment a warning; with what can be said about it. */
export function unknownCode(value: CodedValue, provider: CodeSystemProvider, { scope }: ValueSetQuery): Issue[] {
  if (provider.head.content === 'fragment') return [unknownInFragment(value, provider), ...explanation(value, provider)]
  const { code, system } = value
  const others = system === undefined ? [] : scope.systemsHere(system)
  const issues = unknownCodeIssues(provider, { code, system, expression: value.at('code') }, others)
  return [...issues, ...explanation(value, provider)]
}

/** What the system can say about a text that is no code of it. */
function explanation(value: CodedValue, provider: CodeSystemProvider): Issue[] {
  const options = { severity: 'information', expression: value.at('code') } as const
  const text = provider.explain?.(value.code)
  if (text !== undefined) return [otherIssue('code-invalid', text, { ...options, type: 'invalid-code' })]
  if (!provider.head.compositional || provider.remarks) return []
  const note = `The code system '${provider.head.url}' is compositional, and its grammar is not known: expressions are not judged`
  return [otherIssue('not-supported', note, { ...options, type: 'processing-note' })]
}

function notInSet(set: CompiledSet, value: CodedValue): Issue {
  const display = value.display === undefined ? '' : ` ('${value.display}')`
  const named = `'${formatCanonical(value.system, value.version)}#${value.code}${display}'`
  return txIssue('None_of_the_provided_codes_are_in_the_value_set_one', ['', set.canonical, named], {
    expression: value.at('code'),
    count: 1,
  })
}

/** Turns "not in the set" into a remark about one coding among several. */
export function asRemark(issue: Issue): Issue {
  const coding = issue.details?.coding?.[0]
  if (coding?.code !== 'not-in-vs') return issue
  return {
    ...issue,
    severity: 'information',
    details: { ...issue.details, coding: [{ ...coding, code: 'this-code-not-in-vs' }] },
  }
}
