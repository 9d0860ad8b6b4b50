import { badRequest } from '../../fhir/error.ts'
import { allParameters, firstParameter, type OperationBudget, parameterValue } from '../../fhir/operation.ts'
import type { CodeSystem, ConceptMap, Parameters, Resource, ValueSet } from '../../fhir/types.ts'
import { requireSingle } from './agreement.ts'
import type { Artefacts } from './artefacts.ts'
import { dayAsked } from './day.ts'
import type { Limits } from './limits.ts'
import { createScope, type Scope } from './scope.ts'
import { isOf, type ResourceOf } from './typed.ts'

/** What reaches the engine beside the parameters. */
export interface TerminologyCall {
  /** Accept-Language, verbatim. */
  acceptLanguage?: string | undefined
  /** A lower limit on the codes of an unpaged expansion than the server's own. */
  expansionCodes?: number | undefined
  /** Of the request; without it work is done at once, within {@link Limits.evaluationMilliseconds}. */
  budget?: OperationBudget | undefined
}

/** The call as work sees it: of the budget the clock alone. */
export type RequestCall = Omit<TerminologyCall, 'budget'> & { budget?: Pick<OperationBudget, 'tick'> | undefined }

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
  call: RequestCall
  scope: Scope
  around: Surroundings
}

/** The request with the resources it brought. */
export function openRequest(parameters: Parameters, call: RequestCall, around: Surroundings): Request {
  requireSingle(parameters)
  const day = dayAsked(parameters, around.now)
  const brought = broughtResources(parameters)
  if (brought.length === 0 && day === undefined) return { parameters, call, around, scope: around.sharedScope() }
  around.artefacts.refresh()
  return { parameters, call, around, scope: createScope(around.artefacts, brought, day) }
}

/** Most urls that a shared scope looks up before the next one takes its place: they come from outside, any number of them. */
const SHARED_URLS = 20_000

/** One scope for all requests that bring nothing along, until the stored artefacts change. */
export function sharedScopes(artefacts: Artefacts): () => Scope {
  let revision = Number.NaN
  let scope: Scope | undefined
  return () => {
    const current = artefacts.refresh()
    if (!scope || current !== revision || scope.size() > SHARED_URLS) scope = createScope(artefacts, [])
    revision = current
    return scope
  }
}

const NOTHING: Resource[] = []

/** Resources of `tx-resource`, and a code system sent as `codeSystem`. */
function broughtResources(parameters: Parameters): Resource[] {
  if (!parameters.parameter?.some((each) => each.resource !== undefined)) return NOTHING
  return [...allParameters(parameters, 'tx-resource'), ...allParameters(parameters, 'codeSystem')].flatMap(
    ({ resource }) => (isBrought(resource) ? resource : []),
  )
}

/** The types that count for a request alone; anything else that comes along says nothing to the engine. */
const isBrought = (resource: { resourceType: string } | undefined): resource is CodeSystem | ValueSet | ConceptMap =>
  isOf('CodeSystem')(resource) || isOf('ValueSet')(resource) || isOf('ConceptMap')(resource)

/** The resource of a parameter, when it is one of that type. */
export function resourceParameter<Type extends Resource['resourceType']>(
  parameters: Parameters,
  name: string,
  type: Type,
): ResourceOf<Type> | undefined {
  const given = firstParameter(parameters, name)?.resource
  return isOf(type)(given) ? given : undefined
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

export { booleanParameter, textParameter, textParameters } from '../../fhir/operation.ts'
