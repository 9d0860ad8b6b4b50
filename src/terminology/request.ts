import { parseCanonical } from '../fhir/canonical.ts'
import { badRequest } from '../fhir/error.ts'
import {
  allParameters,
  booleanParameter,
  firstParameter,
  parameterValue,
  textParameter,
  textParameters,
} from '../fhir/operation.ts'
import type { CodeSystem, Parameters, Resource, ValueSet } from '../fhir/types.ts'
import type { Artefacts } from './artefacts.ts'
import type { Evaluation } from './binding.ts'
import { expansionParameter } from './extensions.ts'
import { type Languages, parseLanguages, servesAny } from './languages.ts'
import type { Limits } from './limits.ts'
import { txError } from './messages.ts'
import { createScope, type Scope } from './scope.ts'
import { supplementsNamed } from './supplement-lookup.ts'
import { type CompiledSet, compileValueSet } from './value-set.ts'
import { versionRules } from './versions.ts'

/** What reaches the engine beside the parameters. */
export interface TerminologyCall {
  /** Accept-Language, verbatim. */
  acceptLanguage?: string | undefined
  /** A lower limit on the codes of an unpaged expansion than the server's own. */
  expansionCodes?: number | undefined
}

/** What the engine is given once. */
export interface Surroundings {
  artefacts: Artefacts
  limits: Limits
  /** A clock that only moves forward, in milliseconds. */
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
  around.artefacts.refresh()
  return { parameters, call, around, scope: createScope(around.artefacts, broughtResources(parameters)) }
}

function broughtResources(parameters: Parameters): Resource[] {
  return allParameters(parameters, 'tx-resource').flatMap((each) => (each.resource as Resource | undefined) ?? [])
}

/** The value set in question: `valueSet`, or `url` with `valueSetVersion`; 404 when it is unknown, 400 when none is named. */
export function requestedValueSet(request: Request, rules = valueSetRules(request)): ValueSet {
  const { parameters, scope } = request
  const given = firstParameter(parameters, 'valueSet')?.resource as Resource | undefined
  if (given?.resourceType === 'ValueSet') return given
  const canonical = textParameter(parameters, 'url') ?? textParameter(parameters, 'valueSet')
  if (!canonical) throw badRequest('No value set: send url, or the resource as valueSet', 'required')
  const { url, version } = parseCanonical(canonical)
  const rule = rules.get(url)
  const wanted = rule?.force ?? version ?? textParameter(parameters, 'valueSetVersion') ?? rule?.default ?? rule?.check
  const found = scope.valueSet(url, wanted)
  if (!found) throw txError('Unable_to_resolve_value_Set_', [wanted ? `${url}|${wanted}` : url], 404)
  return found
}

/** Rules for value set versions. */
export function valueSetRules({ parameters }: Request) {
  return versionRules(parameters, {
    default: 'default-valueset-version',
    check: 'check-valueset-version',
    force: 'force-valueset-version',
  })
}

/** Compiles the value set of a request with the rules and supplements the request names. */
export function compileRequested(request: Request): { set: CompiledSet; languages: Languages | undefined } {
  const rules = valueSetRules(request)
  const definition = requestedValueSet(request, rules)
  const languages = requestedLanguages(request, definition)
  const supplements = requestedSupplements(request, languages)
  const set = compileValueSet(definition, { scope: request.scope, valueSetRules: rules, supplements })
  return { set, languages }
}

/** Supplements named by `useSupplement`, and those brought along for a language that is asked for. */
export function requestedSupplements(request: Request, languages: Languages | undefined): CodeSystem[] {
  const named = supplementsNamed(request.scope, textParameters(request.parameters, 'useSupplement'))
  const forLanguage = request.scope.brought.filter(
    (each): each is CodeSystem =>
      each.resourceType === 'CodeSystem' &&
      each.content === 'supplement' &&
      languages !== undefined &&
      servesAny(languages, each.language),
  )
  return [...new Set([...named, ...forLanguage])]
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

/** `*` alone, as some clients add on their own, is no wish. */
function headerLanguage(header: string | undefined): string | undefined {
  return header === undefined || header.trim() === '' || header.trim() === '*' ? undefined : header
}

/** Version rules for code systems, and the guard on time. */
export function evaluationOf({ parameters, scope, around }: Request, canonical: string): Evaluation {
  const allowed = around.limits.evaluationMilliseconds
  const end = around.milliseconds() + allowed
  return {
    scope,
    bindings: new Map(),
    systemRules: versionRules(parameters, {
      default: 'system-version',
      check: 'check-system-version',
      force: 'force-system-version',
    }),
    tick: () => {
      if (around.milliseconds() > end) throw txError('VALUESET_TOO_SLOW', [canonical, String(allowed)])
    },
  }
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
