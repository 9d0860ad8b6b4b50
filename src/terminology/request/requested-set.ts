import { keepPerObject } from '../../base/keep.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import { badRequest, FhirError } from '../../fhir/error.ts'
import { textParameter, textParameters } from '../../fhir/operation.ts'
import type { CodeSystem, ValueSet } from '../../fhir/types.ts'
import { expansionParameter } from '../code-system/extensions.ts'
import { listMemory } from '../code-system/list-memory.ts'
import { supplementsNamed } from '../code-system/supplement-lookup.ts'
import type { CompiledSet } from '../value-set/clause.ts'
import { type CompileOptions, compileValueSet } from '../value-set/compile.ts'
import { decisionsIn, noDecisions, type ValueSetQuery } from '../value-set/query.ts'
import { agreed, requireSameArtefact } from './agreement.ts'
import { type Languages, parseLanguages, servesAny } from './languages.ts'
import { txError, versionCheckIssue } from './messages.ts'
import { type Request, resourceParameter } from './request.ts'
import type { Need, Scope } from './scope.ts'
import { isOf } from './typed.ts'
import {
  chosenVersion,
  matchesVersion,
  SYSTEM_RULES,
  VALUE_SET_RULES,
  type VersionRule,
  type VersionRules,
  versionRules,
} from './versions.ts'
import type { Work } from './work.ts'

/** How a request names its value set: the resource itself, or a canonical that is to be looked up. */
type NamedSet = ValueSet | (Need & { version: string | undefined })

/**
 * The value set in question: `valueSet`, or `url` with `valueSetVersion`.
 * @throws FhirError 400 when none is named, or `url` names another one than the resource
 */
function namedSet({ parameters }: Request): NamedSet {
  const given = resourceParameter(parameters, 'valueSet', 'ValueSet')
  const canonical = textParameter(parameters, 'url') ?? (given ? undefined : textParameter(parameters, 'valueSet'))
  const version = textParameter(parameters, 'valueSetVersion')
  if (given) {
    requireSameArtefact(given, { url: canonical, version, versionName: 'valueSetVersion' })
    return given
  }
  if (!canonical) throw badRequest('No value set: send url, or the resource as valueSet', 'required')
  const { url, version: own } = parseCanonical(canonical)
  return { type: 'ValueSet', url, version: own === undefined ? version : agreedSetVersion(own, version) }
}

/** Rules for versions of value sets, and who is told of those that decide. */
interface RequestRules {
  of: VersionRules
  onRule: NonNullable<CompileOptions['onRule']>
}

/** A value set that is in memory when it is known at all; 404 when it is not, 422 when its version is not allowed. */
function definitionOf(named: NamedSet, { scope }: Request, rules: RequestRules): ValueSet {
  if ('resourceType' in named) return named
  const { url } = named
  const rule = rules.of.get(url)
  const { version: wanted, kind } = chosenVersion(rule, named.version)
  if (kind) rules.onRule(url, kind)
  const found = scope.valueSet(url, wanted)
  if (!found) throw txError('Unable_to_resolve_value_Set_', [wanted ? `${url}|${wanted}` : url], 404)
  if (rule?.check !== undefined && !matchesVersion(rule.check, found.version)) {
    throw new FhirError(422, versionCheckIssue('value set', [url, found.version, rule.check]))
  }
  return found
}

const agreedSetVersion = (inUrl: string, beside: string | undefined) =>
  agreed('version of the value set', [
    { at: 'url', says: inUrl },
    { at: 'valueSetVersion', says: beside },
  ])

/** Rules for value set versions. */
export function valueSetRules({ parameters }: Request) {
  return versionRules(parameters, VALUE_SET_RULES)
}

/** The value set of a request, ready to be asked. */
interface RequestedSet {
  set: CompiledSet
  languages: Languages | undefined
  /** Rules of the request that decided the version of this set or of an imported one: canonical → name of the parameter. */
  decisive: ReadonlyMap<string, string>
}

const NO_RULE: ReadonlyMap<string, string> = new Map()

/**
 * Sets compiled without rules and supplements of a request: the same for every request that sees the same artefacts. All that was worked
 * out of them goes with them.
 */
const compiledInScopes = () => keepPerObject((_: Scope) => new WeakMap<ValueSet, CompiledSet>())
let compiledIn = compiledInScopes()
listMemory.whenFull(listMemory, () => {
  compiledIn = compiledInScopes()
})

/** Compiles the value set of a request with the rules and supplements the request names. */
export function* compileRequested(request: Request): Work<RequestedSet> {
  const { scope } = request
  const rules = valueSetRules(request)
  const applied = new Map<string, string>()
  const onRule = (url: string, kind: keyof VersionRule) => {
    applied.set(`${url}|${rules.get(url)?.[kind]}`, VALUE_SET_RULES[kind])
  }
  const named = namedSet(request)
  if ('type' in named && !scope.has(named)) yield [named]
  const definition = definitionOf(named, request, { of: rules, onRule })
  const languages = requestedLanguages(request, definition)
  const supplements = bringsSupplements(request) ? yield* requestedSupplements(request, languages) : NO_SUPPLEMENTS
  const isPlain = rules.size === 0 && supplements.length === 0 && definition.url !== undefined
  const known = isPlain ? compiledIn(scope).get(definition) : undefined
  if (known) return { set: known, languages, decisive: NO_RULE }
  const set = yield* compileValueSet(definition, { scope, valueSetRules: rules, supplements, onRule })
  if (isPlain) compiledIn(scope).set(definition, set)
  return { set, languages, decisive: applied }
}

/** What such a request comes with. */
export const NO_SUPPLEMENTS: CodeSystem[] = []

/** Most requests name no supplement and bring none along. */
export const bringsSupplements = ({ parameters, scope }: Request) =>
  scope.brought.length > 0 || parameters.parameter?.some(({ name }) => name === 'useSupplement') === true

/** Supplements named by `useSupplement`, and those brought along for a language that is asked for. */
export function* requestedSupplements(request: Request, languages: Languages | undefined): Work<CodeSystem[]> {
  const wanted = textParameters(request.parameters, 'useSupplement')
  const named = wanted.length > 0 ? yield* supplementsNamed(request.scope, wanted) : []
  if (request.scope.brought.length === 0) return named
  if (!languages) return named
  const supplements = request.scope.brought.filter(isOf('CodeSystem')).filter(({ content }) => content === 'supplement')
  const forLanguage = supplements.filter(
    (each) => servesAny(languages, each.language) || hasTextIn(languages, each.concept),
  )
  return [...new Set([...named, ...forLanguage])]
}

/** Whether any designation of those concepts is in a wished language. */
function hasTextIn(languages: Languages, concepts: CodeSystem['concept'] = []): boolean {
  return concepts.some(
    ({ designation, concept }) =>
      designation?.some((each) => servesAny(languages, each.language)) || hasTextIn(languages, concept),
  )
}

/** Some clients send one language after the other instead of a list. */
function displayLanguage({ parameters }: Request): string | undefined {
  const first = textParameter(parameters, 'displayLanguage')
  return first === undefined ? undefined : textParameters(parameters, 'displayLanguage').join(', ')
}

/**
 * The wished languages: parameter, then the value set's own parameter, then Accept-Language, then the language of the value
 * set. 422 for a text that is no language.
 */
export function requestedLanguages(request: Request, definition?: ValueSet): Languages | undefined {
  const given =
    displayLanguage(request) ??
    expansionParameter(definition?.compose?.extension, 'displayLanguage') ??
    expansionParameter(definition?.extension, 'displayLanguage') ??
    headerLanguage(request.call.acceptLanguage) ??
    definition?.language
  return given === undefined ? undefined : parseLanguages(given)
}

/** `*` alone, as some clients add on their own, is no wish; a header that cannot be read is none either. */
function headerLanguage(header: string | undefined): string | undefined {
  if (header === undefined || header.trim() === '' || header.trim() === '*') return undefined
  try {
    parseLanguages(header)
    return header
  } catch {
    return undefined
  }
}

/** Clauses that are asked between two looks at the clock: some fraction of a millisecond. */
const costPerLook = 2000

/** Version rules for code systems, and the guard on computing time. */
export function queryOf(request: Request, canonical: string): ValueSetQuery {
  const { parameters, scope } = request
  const systemRules = versionRules(parameters, SYSTEM_RULES)
  const look = guard(request, canonical)
  let cost = 0
  return {
    scope,
    decided: systemRules.size === 0 ? decisionsIn(scope) : noDecisions(),
    systemRules,
    pass(more) {
      cost += more
      if (cost < costPerLook) return false
      cost = 0
      return look()
    },
  }
}

/** Looks at the clock: whether others should have a turn. It throws 422 too-costly when the time is over. */
function guard({ around, call: { budget } }: Request, canonical: string): () => boolean {
  const allowed = around.limits.evaluationMilliseconds
  const tooSlow = () => txError('VALUESET_TOO_SLOW', [canonical, String(allowed)])
  if (budget) {
    return () => {
      try {
        return budget.tick()
      } catch (error) {
        throw error instanceof FhirError ? tooSlow() : error
      }
    }
  }
  let end: number | undefined
  return () => {
    const now = around.milliseconds()
    end ??= now + allowed
    if (now > end) throw tooSlow()
    return false
  }
}
