import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { FhirError } from '../../fhir/error.ts'
import type { CodeSystem, ValueSet } from '../../fhir/types.ts'
import { EXTENSION, expansionParameter, extensionText } from '../code-system/extensions.ts'
import { supplementsNamed } from '../code-system/supplement-lookup.ts'
import { systemIdentity } from '../request/aliases.ts'
import { otherIssue, txError, versionCheckIssue } from '../request/messages.ts'
import type { Scope } from '../request/scope.ts'
import { refuseModifiers } from '../request/understood.ts'
import { expansionGap } from '../request/usable.ts'
import { chosenVersion, matchesVersion, olderFirst, type VersionRule, type VersionRules } from '../request/versions.ts'
import { type FilterDefinition, requireValue } from './filters/filters.ts'

/** One concept as a value set enumerates it, with its own display and designations. */
export type EnumeratedConcept = NonNullable<NonNullable<ValueSet['compose']>['include'][number]['concept']>[number]

/** One include or exclude of a value set: everything in it must hold of a member. */
export interface Clause {
  /** `ValueSet.compose.include[0]` */
  expression: string
  /** As written; absent when the clause only imports. */
  system?: string
  /** One name for all names of the system. */
  identity?: string
  /** As written; empty when the clause has none. */
  version: string
  /** Enumerated concepts by code, in order. */
  concepts?: Map<string, EnumeratedConcept>
  filters: FilterDefinition[]
  imports: CompiledSet[]
  /** Imports that could not be found. */
  missing: string[]
  /** Supplements to apply to the system. */
  supplements: CodeSystem[]
  /** Of an exclude: which versions of a code it takes away. */
  reach: Reach
}

/**
 * What an exclude takes away: the system with every code of every version; every version of its codes; the version it names; the
 * one it is resolved to where it names none, unless the set has no other.
 */
type Reach = 'system' | 'all' | 'named' | 'resolved'

/** A value set whose definition is understood; code systems are bound later, when their version is decided. */
export interface CompiledSet {
  definition: ValueSet
  /** `url|version`, `(unidentified)` for a set without url. */
  canonical: string
  includes: Clause[]
  excludes: Clause[]
  /** compose.inactive is false. */
  dropsInactive: boolean
  /**
   * Wish of the set (valueset-expansion-parameter `versionsMatch`): true makes one member of a code in several versions, which an
   * exclude takes away as a whole. Otherwise versions are kept apart, and an exclude takes away what it names.
   */
  versionsMatch?: boolean
  /** No wish is made, and an exclude names a version that the set does not have: it can only mean the codes. */
  excludesAcross: boolean
  /** Whether the set is contained in another one. */
  contained: boolean
  /** Includes and excludes to ask for one answer, each import counted wherever it is imported. */
  clauses: number
}

/** What compiling needs beside the definition. */
export interface CompileOptions {
  scope: Scope
  /** Rules for the versions of imported value sets. */
  valueSetRules: VersionRules
  /** Supplements named by the request. */
  supplements: CodeSystem[]
  /** Told of every rule that decided the version of an imported set. */
  onRule?(url: string, kind: keyof VersionRule): void
  /** Told of every imported set with the canonical that names it; throws when it may not be used by that name. */
  admit?(canonical: string, definition: ValueSet): void
}

interface Surroundings extends CompileOptions {
  /** Definitions on the way here, outermost first. */
  path: string[]
  /** The resource whose `contained` a `#id` refers to. */
  container: ValueSet
  /** Imported sets compiled so far, with the supplements that hold in them. */
  done: Map<ValueSet, { set: CompiledSet; supplements: CodeSystem[] }>
}

/** Most includes and excludes that one answer may take, and most imports of imports. */
const MOST_CLAUSES = 20_000
const DEEPEST = 600

/**
 * Reads a value set and everything it imports. Throws 422 for circular imports, filters without value, required
 * supplements that are missing, modifiers, and an expansion that is not whole where there is no definition.
 */
export function compileValueSet(definition: ValueSet, options: CompileOptions): CompiledSet {
  return compile(definition, { ...options, path: [], container: definition, done: new Map() })
}

/** Name of a value set in texts. */
function canonicalOf(definition: ValueSet): string {
  return definition.url ? formatCanonical(definition.url, definition.version) : '(unidentified)'
}

function compile(definition: ValueSet, around: Surroundings): CompiledSet {
  const canonical = canonicalOf(definition)
  refuseModifiers(definition, canonical)
  const own = supplementsNamed(around.scope, requiredSupplements(definition))
  const within: Surroundings = {
    ...around,
    path: [...around.path, canonical],
    supplements: [...new Set([...around.supplements, ...own])],
  }
  const compose = definition.compose ?? composeOfExpansion(definition, canonical)
  const clauses = (kind: 'include' | 'exclude') =>
    (compose?.[kind] ?? []).map((each, index) => clauseOf(each, `ValueSet.compose.${kind}[${index}]`, within))
  const wish = expansionParameter(compose?.extension, 'versionsMatch')
  const includes = newestVersionFirst(clauses('include'))
  const excludes = clauses('exclude')
  const crossing = wish === undefined ? crossingSystems(includes, excludes) : new Set<string>()
  for (const clause of excludes) clause.reach = reachOf(clause, wish === 'true', crossing)
  const all = [...includes, ...excludes]
  const count = all.reduce((sum, { imports }) => imports.reduce((inner, each) => inner + each.clauses, sum + 1), 0)
  if (count > MOST_CLAUSES) throw tooCostly(canonical, `more than ${MOST_CLAUSES} includes and excludes`)
  return {
    definition,
    canonical,
    includes,
    excludes,
    clauses: count,
    dropsInactive: compose?.inactive === false,
    ...(wish !== undefined && { versionsMatch: wish === 'true' }),
    excludesAcross: crossing.size > 0,
    contained: false,
  }
}

/** Of includes of one system that name their version the newest first, wherever they stand; all others keep their place. */
function newestVersionFirst(clauses: Clause[]): Clause[] {
  const ordered = [...clauses]
  const systems = new Set(clauses.map(({ identity }) => identity))
  for (const identity of systems) {
    const places = ordered.flatMap((each, place) =>
      identity && each.identity === identity && each.version ? place : [],
    )
    const sorted = places.flatMap((place) => ordered[place] ?? []).sort((a, b) => olderFirst(b.version, a.version))
    sorted.forEach((clause, index) => {
      ordered[places[index] ?? 0] = clause
    })
  }
  return ordered
}

/** Systems of which includes and excludes all name a version, and never the same: the excludes can only mean the codes. */
function crossingSystems(includes: Clause[], excludes: Clause[]): Set<string> {
  const crossing = new Set<string>()
  for (const { identity } of excludes) {
    if (identity === undefined) continue
    const included = includes.filter((each) => each.identity === identity).map(({ version }) => version)
    const excluded = excludes.filter((each) => each.identity === identity).map(({ version }) => version)
    const allNamed = included.length > 0 && [...included, ...excluded].every((version) => version !== '')
    if (allNamed && !excluded.some((version) => included.includes(version))) crossing.add(identity)
  }
  return crossing
}

function reachOf(clause: Clause, isAcross: boolean, crossing: Set<string>): Reach {
  const { identity, version, concepts, filters, imports } = clause
  if (identity === undefined) return isAcross ? 'all' : 'resolved'
  const isWhole = !concepts && filters.length === 0 && imports.length === 0
  if (isWhole && (version === '' || version === '*')) return 'system'
  if (isAcross || version === '*' || crossing.has(identity)) return 'all'
  return version === '' ? 'resolved' : 'named'
}

function requiredSupplements(definition: ValueSet): string[] {
  return (definition.extension ?? [])
    .filter((each) => each.url === EXTENSION.supplement)
    .flatMap((each) => each.valueCanonical ?? each.valueUri ?? [])
}

type Include = NonNullable<ValueSet['compose']>['include'][number]

function clauseOf(include: Include, expression: string, around: Surroundings): Clause {
  if (!include.system && !include.valueSet?.length) {
    throw new FhirError(
      422,
      otherIssue('invalid', `${expression} of ${around.path.at(-1)} has neither system nor valueSet`, {
        type: 'vs-invalid',
        expression,
      }),
    )
  }
  const clause: Clause = {
    expression,
    version: include.version ?? '',
    filters: [],
    imports: [],
    missing: [],
    supplements: around.supplements,
    reach: 'resolved',
  }
  if (include.system) {
    const { url, version } = parseCanonical(include.system)
    clause.system = url
    clause.identity = systemIdentity(url)
    if (version) clause.version ||= version
    if (include.concept?.length) clause.concepts = enumeratedConcepts(include.concept, expression)
    clause.filters = (include.filter ?? []).map((each, index) => filterOf(each, `${expression}.filter[${index}]`))
    for (const filter of clause.filters) requireValue(url, filter)
  }
  for (const canonical of include.valueSet ?? []) {
    const imported = importOf(canonical, around)
    if (typeof imported === 'string') clause.missing.push(imported)
    else clause.imports.push(imported)
  }
  return clause
}

function enumeratedConcepts(concepts: EnumeratedConcept[], expression: string): Map<string, EnumeratedConcept> {
  const nameless = concepts.findIndex((each) => !each.code || each.designation?.some(({ value }) => !value))
  if (nameless >= 0) {
    const at = `${expression}.concept[${nameless}]`
    const text = `${at} lacks ${concepts[nameless]?.code ? 'the value of a designation' : 'a code'}`
    throw new FhirError(422, otherIssue('invalid', text, { type: 'vs-invalid', expression: at }))
  }
  return new Map(concepts.map((each) => [each.code, each]))
}

function filterOf(filter: NonNullable<Include['filter']>[number], expression: string): FilterDefinition {
  const underscore = (filter as { _op?: { extension?: { url: string }[] } })._op?.extension
  const op = filter.op ?? extensionText(underscore, EXTENSION.filterOperator) ?? ''
  return { property: filter.property, op, value: filter.value, expression }
}

/** The imported set; its canonical when it is unknown. */
function importOf(canonical: string, around: Surroundings): CompiledSet | string {
  if (canonical.startsWith('#')) {
    const contained = around.container.contained?.find(
      (each): each is ValueSet => each.resourceType === 'ValueSet' && each.id === canonical.slice(1),
    )
    if (!contained) return canonical
    const name = contained.url ? canonicalOf(contained) : canonical
    if (around.path.includes(name)) throw circular(name, around.path)
    checkDepth(around)
    return { ...compile(contained, around), contained: true }
  }
  const { url, version } = parseCanonical(canonical)
  const rule = around.valueSetRules.get(url)
  const chosen = chosenVersion(rule, version)
  const wanted = chosen.version
  if (chosen.kind) around.onRule?.(url, chosen.kind)
  const definition = around.scope.valueSet(url, wanted)
  if (!definition) return formatCanonical(url, wanted)
  around.admit?.(canonical, definition)
  if (rule?.check !== undefined && !matchesVersion(rule.check, definition.version)) {
    throw new FhirError(422, versionCheckIssue('value set', [url, definition.version, rule.check]))
  }
  const name = canonicalOf(definition)
  if (around.path.includes(name)) throw circular(name, around.path)
  checkDepth(around)
  const known = around.done.get(definition)
  if (known && sameSupplements(known.supplements, around.supplements)) return known.set
  const set = compile(definition, { ...around, container: definition })
  around.done.set(definition, { set, supplements: around.supplements })
  return set
}

function checkDepth({ path }: Surroundings): void {
  if (path.length >= DEEPEST) throw tooCostly(path[0], `imports of imports more than ${DEEPEST} deep`)
}

const sameSupplements = (a: CodeSystem[], b: CodeSystem[]) =>
  a.length === b.length && a.every((each, index) => each === b[index])

function tooCostly(canonical: string | undefined, why: string): FhirError {
  return new FhirError(
    422,
    otherIssue('too-costly', `The value set '${canonical}' is too costly to evaluate: it has ${why}`),
  )
}

function circular(name: string, path: string[]): FhirError {
  return txError('VALUESET_CIRCULAR_REFERENCE', [name, `[${path.join(', ')}, ${name}]`])
}

/** A set that is stored as an expansion alone: its entries are its definition, when they are all of them. */
function composeOfExpansion(definition: ValueSet, canonical: string): ValueSet['compose'] {
  const gap = definition.expansion && expansionGap(definition.expansion)
  if (gap) {
    const text = `The value set '${canonical}' cannot be expanded: it has no definition, and its stored expansion ${gap}`
    throw new FhirError(422, otherIssue('incomplete', text, { type: 'vs-invalid', expression: 'ValueSet.expansion' }))
  }
  type Contains = NonNullable<NonNullable<ValueSet['expansion']>['contains']>
  const bySystem = new Map<string, Include>()
  const visit = (entries: Contains | undefined) => {
    for (const { system, version, code, display, abstract, contains } of entries ?? []) {
      if (system && code && !abstract) {
        const key = formatCanonical(system, version)
        const include = bySystem.get(key) ?? { system, ...(version && { version }), concept: [] }
        include.concept?.push({ code, ...(display && { display }) })
        bySystem.set(key, include)
      }
      visit(contains)
    }
  }
  visit(definition.expansion?.contains)
  return bySystem.size > 0 ? { include: [...bySystem.values()] } : undefined
}

const foldedConcepts = new WeakMap<Clause, Map<string, EnumeratedConcept>>()

/** How a clause enumerates a code; in a system without regard to case however it is written. */
export function enumeratedConcept(clause: Clause, code: string, caseSensitive: boolean): EnumeratedConcept | undefined {
  const found = clause.concepts?.get(code)
  if (found || caseSensitive || !clause.concepts) return found
  let folded = foldedConcepts.get(clause)
  if (!folded) {
    // Of several spellings the first one counts.
    folded = new Map([...clause.concepts].reverse().map(([written, concept]) => [written.toLowerCase(), concept]))
    foldedConcepts.set(clause, folded)
  }
  return folded.get(code.toLowerCase())
}
