/** What a file of cases is about: a library with the rule sets that use it, or a rule set with its libraries. */
import { nearestName } from '../../base/nearest.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import type { Library, PlanDefinition } from '../../fhir/types.ts'
import { isCertLogic } from '../certlogic/certlogic.ts'
import { type ParameterDeclaration, parameterDeclarations } from '../cql/translate/elm.ts'
import type { CompiledLibrary } from '../cql/translate/libraries.ts'
import { libraryCanonical } from '../cql/translate/library-text.ts'
import { everyAction, type PlanAction } from '../read-plan.ts'
import { librariesOf } from '../rule-parameters.ts'
import type { RuleWorkshop } from '../rules.ts'
import { certLogicDefine, isBoolean, unquote } from '../run-expression.ts'
import type { CaseFile, RuleCase } from './case-file.ts'
import type { Fault } from './notes.ts'
import { namesOf } from './observed.ts'

/** The rules of a folder. */
export interface Artefacts {
  libraries: readonly Library[]
  plans: readonly PlanDefinition[]
}

/** What cases run. */
export interface Subject {
  plans: PlanDefinition[]
  /** Canonicals of the libraries whose conditions are looked at. */
  libraries: string[]
}

/** @returns why there is none, as a sentence */
export function findSubject(name: string, { libraries, plans }: Artefacts): Subject | string {
  const named = libraries.filter((each) => libraryNames(each).includes(name))
  const [library, otherLibrary] = named
  if (otherLibrary) return several('libraries', named.map(libraryCanonical))
  if (library) {
    const own = libraryCanonical(library)
    const using = plans.filter((plan) => librariesOf(plan).some((each) => isOf(each, own)))
    return { plans: using, libraries: [own] }
  }
  const planned = plans.filter((each) => planNames(each).includes(name))
  const [plan, otherPlan] = planned
  if (otherPlan) return several('rule sets', planned.map(planCanonical))
  if (plan) return { plans: [plan], libraries: librariesOf(plan) }
  const all = [...libraries.flatMap(libraryNames), ...plans.flatMap(planNames)]
  const near = nearestName(name, new Set(all))
  return `there is no library and no rule set ${JSON.stringify(name)}${near === undefined ? '' : `; ${JSON.stringify(near)} is the nearest`}`
}

const several = (what: string, names: string[]) =>
  `several ${what} are called so; say which by \`of\`: ${names.join(', ')}`

const tail = (url: string | undefined) =>
  parseCanonical(url ?? '')
    .url.split(/[/:]/)
    .at(-1) ?? ''
const isText = (name: string | undefined): name is string => name !== undefined && name !== ''

function libraryNames(library: Library): string[] {
  return [library.name, library.id, tail(library.url), library.url, libraryCanonical(library)].filter(isText)
}

/** `url|version` of a rule set. */
export const planCanonical = ({ url, id, version }: PlanDefinition): string =>
  `${url ?? id ?? ''}${version === undefined ? '' : `|${version}`}`

const planNames = (plan: PlanDefinition): string[] =>
  [plan.name, plan.id, tail(plan.url), plan.url, planCanonical(plan)].filter(isText)

/** Whether a canonical, with or without version, means an artefact. */
function isOf(canonical: string, own: string): boolean {
  const [wanted, known] = [parseCanonical(canonical), parseCanonical(own)]
  return wanted.url === known.url && (wanted.version === undefined || wanted.version === known.version)
}

/** What cases may name. */
export interface Known {
  subject: Subject
  libraries: CompiledLibrary[]
  /** Rules of the plans, by all their names. */
  rules: Set<string>
  /** Boolean defines, with the library that has each; `undefined`: of another type. */
  defines: Map<string, string | undefined>
  parameters: ParameterDeclaration[]
}

/** Looks at what a subject holds. @throws FhirError for a library that cannot be compiled */
export async function knowSubject(subject: Subject, { expressions }: RuleWorkshop): Promise<Known> {
  const known: Known = { subject, libraries: [], rules: new Set(), defines: new Map(), parameters: [] }
  for (const canonical of subject.libraries) {
    const resource = await expressions.findLibrary(canonical)
    if (resource && isCertLogic(resource)) {
      known.defines.set(certLogicDefine, canonical)
      continue
    }
    const library = await expressions.libraries.compile(canonical)
    known.libraries.push(library)
    for (const { name, type } of library.defines)
      if (!known.defines.has(name)) known.defines.set(name, isBoolean(type) ? library.canonical : undefined)
    for (const each of [library, ...library.includes]) known.parameters.push(...parameterDeclarations(each.elm))
  }
  for (const plan of subject.plans)
    for (const { action } of everyAction(plan)) {
      const conditions = action.condition?.map(({ expression }) => expression?.expression ?? '') ?? ['']
      for (const expression of conditions)
        for (const name of namesOf({ expression, action: titleOf(action), planDefinition: planCanonical(plan) }))
          known.rules.add(name)
    }
  return known
}

const titleOf = ({ title, description, id }: PlanAction) => title ?? description ?? id ?? ''

/** Faults of names: rules, defines, parameters and rule sets that are not there, defines that are no conditions. */
export function nameFaults({ cases }: CaseFile, known: Known, { plans }: Artefacts): Fault[] {
  const faults: Fault[] = []
  for (const each of cases) {
    const { results, messages, missing } = each.expect
    for (const { rule, place } of [...results, ...messages, ...missing]) {
      const why = ruleFault(rule, each, known)
      if (why !== undefined) faults.push({ place, text: why })
    }
    for (const { name, place } of each.parameters)
      if (!known.parameters.some((declared) => declared.name === name))
        faults.push({
          place: place || each.place,
          text: `no rule has the parameter ${JSON.stringify(name)}${nearest(
            name,
            known.parameters.map((declared) => declared.name),
          )}`,
        })
    for (const { name, place } of each.plans)
      if (!plans.some((plan) => planNames(plan).includes(name)))
        faults.push({
          place: place || each.place,
          text: `there is no rule set ${JSON.stringify(name)}${nearest(name, plans.flatMap(planNames))}`,
        })
  }
  return faults
}

function ruleFault(name: string, { selected, plans }: RuleCase, { rules, defines }: Known): string | undefined {
  // Rule sets that a server chooses, or that the case names, may be others than those of the file.
  if (rules.has(name) || (selected && name.includes('#')) || plans.length > 0) return undefined
  if (!defines.has(name))
    return `there is no rule and no define ${JSON.stringify(name)}${nearest(name, [...rules, ...defines.keys()])}`
  return defines.get(name) === undefined
    ? `define ${JSON.stringify(name)} is no Boolean: it is neither true nor false`
    : undefined
}

function nearest(name: string, names: readonly string[]): string {
  const near = nearestName(name, new Set(names))
  return near === undefined ? '' : `; ${JSON.stringify(near)} is the nearest`
}

/** The rule sets of a folder that a case runs. */
export function plansOf({ plans, selected }: RuleCase, subject: Subject, artefacts: Artefacts): PlanDefinition[] {
  if (selected) return []
  if (plans.length === 0) return subject.plans
  return plans.flatMap(({ name }) => artefacts.plans.filter((plan) => planNames(plan).includes(name)))
}

/** Defines that cases expect and that are no rules of a plan. */
export const ownDefines = ({ expect }: RuleCase, { rules, defines }: Known): { name: string; library: string }[] => {
  const named = new Set([...expect.results, ...expect.messages, ...expect.missing].map(({ rule }) => rule))
  return [...named].flatMap((name) => {
    const library = rules.has(name) ? undefined : defines.get(name)
    return library === undefined ? [] : [{ name, library }]
  })
}

/** Boolean defines that anybody may ask. */
const publicConditions = (library: CompiledLibrary): string[] =>
  library.defines.filter((each) => each.public && isBoolean(each.type)).map(({ name }) => name)

/** Defines of a library that rule sets name; of a condition that is written out, every one. */
export function rootsIn(library: CompiledLibrary, plans: readonly PlanDefinition[]): string[] {
  return plans.flatMap((plan) =>
    everyAction(plan).flatMap(({ action }) =>
      (action.condition ?? []).flatMap(({ expression: { language, expression = '', reference } = {} }) => {
        const named = reference === undefined ? (plan.library ?? []) : [reference]
        if (!named.some((each) => isOf(each, library.canonical))) return []
        return language === 'text/cql-identifier' ? [unquote(expression)] : publicConditions(library)
      }),
    ),
  )
}

/** Defines of a library from which everything is looked at: conditions, what they say is missing, and what cases name. */
export function rootsOf(library: CompiledLibrary, { subject }: Known, cases: readonly RuleCase[]): string[] {
  const { plans } = subject
  const conditions = plans.length > 0 ? rootsIn(library, plans) : publicConditions(library)
  const expected = cases.flatMap(({ expect }) =>
    [...expect.results, ...expect.messages, ...expect.missing].map(({ rule }) => rule),
  )
  const roots = new Set([...conditions, ...expected])
  const names = new Set(library.defines.map(({ name }) => name))
  return [...roots].flatMap((name) => [name, `${name} Missing`]).filter((name) => names.has(name))
}
