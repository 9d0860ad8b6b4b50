import { parseCanonical } from '../../fhir/canonical.ts'
import { badRequest, FhirError } from '../../fhir/error.ts'
import {
  allParameters,
  booleanParameter,
  firstParameter,
  type OperationBudget,
  parameterValue,
  textParameter,
  textParameters,
} from '../../fhir/operation.ts'
import type { CodeSystem, Parameters, Resource, ValueSet } from '../../fhir/types.ts'
import { expansionParameter } from '../code-system/extensions.ts'
import { supplementsNamed } from '../code-system/supplement-lookup.ts'
import { type Decisions, type Evaluation, noDecisions } from '../value-set/resolve-clause.ts'
import { type CompiledSet, type CompileOptions, compileValueSet } from '../value-set/value-set.ts'
import type { Artefacts } from './artefacts.ts'
import { type Languages, parseLanguages, servesAny } from './languages.ts'
import type { Limits } from './limits.ts'
import { txError, versionCheckIssue } from './messages.ts'
import { createScope, type Scope } from './scope.ts'
import {
  chosenVersion,
  matchesVersion,
  SYSTEM_RULES,
  VALUE_SET_RULES,
  type VersionRule,
  type VersionRules,
  versionRules,
} from './versions.ts'

/** What reaches the engine beside the parameters. */
export interface TerminologyCall {
  /** Accept-Language, verbatim. */
  acceptLanguage?: string | undefined
  /** A lower limit on the codes of an unpaged expansion than the server's own. */
  expansionCodes?: number | undefined
  /** Of the request; without it work is done at once, within {@link Limits.evaluationMilliseconds}. */
  budget?: OperationBudget | undefined
}

/** What the engine is given once. */
export interface Surroundings {
  artefacts: Artefacts
  limits: Limits
  /** What requests see that bring nothing along. */
  sharedScope(): Scope
  /** Milliseconds of computing so far: a clock that moves while work is done. */
  milliseconds(): number
  now(): Date
  uuid(): string
}

/** One request on its way through the engine. */
export interface Request {
  parameters: Parameters
  call: TerminologyCall
  scope: Scope
  around: Surroundings
}

/** The request with the resources it brought. */
export function openRequest(parameters: Parameters, call: TerminologyCall, around: Surroundings): Request {
  const brought = broughtResources(parameters)
  const scope = brought.length === 0 ? around.sharedScope() : createScope(around.artefacts, brought)
  return { parameters, call, around, scope }
}

/** One scope for all requests that bring nothing along, until the stored artefacts change. */
export function sharedScopes(artefacts: Artefacts): () => Scope {
  let revision = Number.NaN
  let scope: Scope | undefined
  return () => {
    const current = artefacts.refresh()
    if (!scope || current !== revision) scope = createScope(artefacts, [])
    revision = current
    return scope
  }
}

const NOTHING: Resource[] = []

/** Resources of `tx-resource`, and a code system sent as `codeSystem`. */
function broughtResources(parameters: Parameters): Resource[] {
  if (!parameters.parameter?.some((each) => each.resource !== undefined)) return NOTHING
  return [...allParameters(parameters, 'tx-resource'), ...allParameters(parameters, 'codeSystem')].flatMap(
    (each) => (each.resource as Resource | undefined) ?? [],
  )
}

/** The value set in question: `valueSet`, or `url` with `valueSetVersion`; 404 when it is unknown, 400 when none is named. */
function requestedValueSet(
  request: Request,
  rules: VersionRules,
  onRule: NonNullable<CompileOptions['onRule']>,
): ValueSet {
  const { parameters, scope } = request
  const given = firstParameter(parameters, 'valueSet')?.resource as Resource | undefined
  if (given?.resourceType === 'ValueSet') return given
  const canonical = textParameter(parameters, 'url') ?? textParameter(parameters, 'valueSet')
  if (!canonical) throw badRequest('No value set: send url, or the resource as valueSet', 'required')
  const { url, version } = parseCanonical(canonical)
  const rule = rules.get(url)
  const { version: wanted, kind } = chosenVersion(rule, version ?? textParameter(parameters, 'valueSetVersion'))
  if (kind) onRule(url, kind)
  const found = scope.valueSet(url, wanted)
  if (!found) throw txError('Unable_to_resolve_value_Set_', [wanted ? `${url}|${wanted}` : url], 404)
  if (rule?.check !== undefined && !matchesVersion(rule.check, found.version)) {
    throw new FhirError(422, versionCheckIssue('value set', [url, found.version, rule.check]))
  }
  return found
}

/** Rules for value set versions. */
export function valueSetRules({ parameters }: Request) {
  return versionRules(parameters, VALUE_SET_RULES)
}

/** Most compiled definitions kept. */
const COMPILED_KEPT = 5_000

/** The value set of a request, ready to be asked. */
interface RequestedSet {
  set: CompiledSet
  languages: Languages | undefined
  /** Rules of the request that decided the version of this set or of an imported one: canonical → name of the parameter. */
  decisive: ReadonlyMap<string, string>
}

const NO_RULE: ReadonlyMap<string, string> = new Map()

/** Compiles the value set of a request with the rules and supplements the request names. */
export function compileRequested(request: Request): RequestedSet {
  const { scope } = request
  const rules = valueSetRules(request)
  const applied = new Map<string, string>()
  const onRule = (url: string, kind: keyof VersionRule) => {
    applied.set(`${url}|${rules.get(url)?.[kind]}`, VALUE_SET_RULES[kind])
  }
  const definition = requestedValueSet(request, rules, onRule)
  const languages = requestedLanguages(request, definition)
  const supplements = requestedSupplements(request, languages)
  const isPlain = rules.size === 0 && supplements.length === 0 && definition.url !== undefined
  const known = isPlain ? (scope.compiled.get(definition) as CompiledSet | undefined) : undefined
  if (known) return { set: known, languages, decisive: NO_RULE }
  const set = compileValueSet(definition, { scope, valueSetRules: rules, supplements, onRule })
  if (isPlain && !scope.missing()) {
    if (scope.compiled.size >= COMPILED_KEPT) scope.compiled.clear()
    scope.compiled.set(definition, set)
  }
  return { set, languages, decisive: applied }
}

/** Supplements named by `useSupplement`, and those brought along for a language that is asked for. */
export function requestedSupplements(request: Request, languages: Languages | undefined): CodeSystem[] {
  const wanted = textParameters(request.parameters, 'useSupplement')
  const named = wanted.length > 0 ? supplementsNamed(request.scope, wanted) : []
  if (request.scope.brought.length === 0) return named
  const forLanguage = request.scope.brought.filter(
    (each): each is CodeSystem =>
      each.resourceType === 'CodeSystem' &&
      each.content === 'supplement' &&
      languages !== undefined &&
      (servesAny(languages, each.language) || hasTextIn(languages, each.concept)),
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

/**
 * The wished languages: parameter, then the value set's own parameter, then Accept-Language, then the language of the value
 * set. 422 for a text that is no language.
 */
export function requestedLanguages(request: Request, definition?: ValueSet): Languages | undefined {
  const given =
    textParameter(request.parameters, 'displayLanguage') ??
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
export function evaluationOf(request: Request, canonical: string): Evaluation {
  const { parameters, scope } = request
  const systemRules = versionRules(parameters, SYSTEM_RULES)
  const look = guard(request, canonical)
  let cost = 0
  return {
    scope,
    decided: systemRules.size === 0 ? decisionsOf(scope) : noDecisions(),
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

/** Without rules a clause is decided the same way in every request. */
function decisionsOf(scope: Scope): Decisions {
  const known = scope.compiled.get('decisions') as Decisions | undefined
  if (known) return known
  const made = noDecisions()
  scope.compiled.set('decisions', made)
  return made
}

/** A whole number from zero; 400 naming parameter and value otherwise. */
export function countParameter(parameters: Parameters, name: string): number | undefined {
  const value = parameterValue(firstParameter(parameters, name))
  if (value === undefined) return undefined
  const number = typeof value === 'number' ? value : Number(value)
  if (!Number.isInteger(number) || number < 0)
    throw badRequest(`${name} must be a whole number from 0, not '${String(value)}'`)
  return number
}

export { booleanParameter, textParameter, textParameters }
