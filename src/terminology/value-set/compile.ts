import { formatCanonical, parseCanonical } from '../../fhir/canonical.ts'
import { FhirError } from '../../fhir/error.ts'
import type { CodeSystem, ValueSet } from '../../fhir/types.ts'
import { EXTENSION, expansionParameter, extensionText } from '../code-system/extensions.ts'
import { isSnomedSet } from '../code-system/implicit/implicit-value-sets.ts'
import { supplementsNamed } from '../code-system/supplement-lookup.ts'
import { systemIdentity } from '../request/aliases.ts'
import { otherIssue, txError, versionCheckIssue } from '../request/messages.ts'
import type { Need, Scope } from '../request/scope.ts'
import { isOf } from '../request/typed.ts'
import { refuseModifiers } from '../request/understood.ts'
import { chosenVersion, matchesVersion, type VersionRule, type VersionRules } from '../request/versions.ts'
import { loaded, type Work } from '../request/work.ts'
import type { Clause, CompiledSet, EnumeratedConcept } from './clause.ts'
import type { FilterDefinition } from './filters/filter-operator.ts'
import { requireValue } from './filters/filters.ts'
import { composeOfExpansion } from './stored-expansion.ts'
import { crossingSystems, newestVersionFirst, reachOf } from './versions-of-set.ts'

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
 * Reads a value set and everything it imports in one walk: what a definition names is loaded when the walk comes to it, so that
 * afterwards every question about the set is answered from memory. Throws 422 for circular imports, filters without value,
 * required supplements that are missing, modifiers, and an expansion that is not whole where there is no definition.
 */
export function compileValueSet(definition: ValueSet, options: CompileOptions): Work<CompiledSet> {
  return compile(definition, { ...options, path: [], container: definition, done: new Map() })
}

/** Name of a value set in texts. */
function canonicalOf(definition: ValueSet): string {
  return definition.url ? formatCanonical(definition.url, definition.version) : '(unidentified)'
}

function* compile(definition: ValueSet, around: Surroundings): Work<CompiledSet> {
  const canonical = canonicalOf(definition)
  refuseModifiers(definition, canonical)
  const own = yield* supplementsNamed(around.scope, requiredSupplements(definition))
  const within: Surroundings = {
    ...around,
    path: [...around.path, canonical],
    supplements: [...new Set([...around.supplements, ...own])],
  }
  const compose = definition.compose ?? composeOfExpansion(definition, canonical)
  yield* loaded(around.scope, needsOf([...(compose?.include ?? []), ...(compose?.exclude ?? [])]))
  const wish = expansionParameter(compose?.extension, 'versionsMatch')
  const includes = newestVersionFirst(yield* clausesOf(compose?.include, 'include', within))
  const excludes = yield* clausesOf(compose?.exclude, 'exclude', within)
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

function requiredSupplements(definition: ValueSet): string[] {
  return (definition.extension ?? [])
    .filter((each) => each.url === EXTENSION.supplement)
    .flatMap((each) => each.valueCanonical ?? each.valueUri ?? [])
}

type Include = NonNullable<ValueSet['compose']>['include'][number]

/** What the clauses of one definition name: their systems, and the value sets they import. */
function needsOf(clauses: readonly Include[]): Need[] {
  return clauses.flatMap(({ system, valueSet = [] }): Need[] => {
    const imports = valueSet
      .filter((canonical) => !canonical.startsWith('#'))
      .map((canonical): Need => ({ type: 'ValueSet', url: parseCanonical(canonical).url }))
    return system ? [{ type: 'CodeSystem', url: parseCanonical(system).url }, ...imports] : imports
  })
}

function* clausesOf(includes: Include[] = [], kind: 'include' | 'exclude', within: Surroundings): Work<Clause[]> {
  const clauses: Clause[] = []
  for (const [index, each] of includes.entries())
    clauses.push(yield* clauseOf(each, `ValueSet.compose.${kind}[${index}]`, within))
  return clauses
}

function* clauseOf(include: Include, expression: string, around: Surroundings): Work<Clause> {
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
  if (around.container.url !== undefined && isSnomedSet(around.container)) clause.implied = around.container.url
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
    const imported = yield* importOf(canonical, around)
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
  const op = filter.op ?? extensionText(filter._op?.extension, EXTENSION.filterOperator) ?? ''
  return { property: filter.property, op, value: filter.value, expression }
}

/** The imported set; its canonical when it is unknown. */
function* importOf(canonical: string, around: Surroundings): Work<CompiledSet | string> {
  if (canonical.startsWith('#')) {
    const contained = around.container.contained?.filter(isOf('ValueSet')).find(({ id }) => id === canonical.slice(1))
    if (!contained) return canonical
    const name = contained.url ? canonicalOf(contained) : canonical
    if (around.path.includes(name)) throw circular(name, around.path)
    checkDepth(around)
    return { ...(yield* compile(contained, around)), contained: true }
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
  const set = yield* compile(definition, { ...around, container: definition })
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
