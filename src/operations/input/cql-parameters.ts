import { isDeepStrictEqual } from 'node:util'
import { input } from '../../fhir/declare-parameter.ts'
import { badRequest, operationOutcome, unprocessable } from '../../fhir/error.ts'
import { isOfType, type ResourceOf, type ResourceType } from '../../fhir/json.ts'
import {
  allParameters,
  firstParameter,
  type ParameterDeclaration,
  parameterValue,
  textParameter,
} from '../../fhir/operation.ts'
import type { Bundle, BundleEntry, Issue, Parameter, Parameters } from '../../fhir/types.ts'
import { type EncodedResult, withGreatestDecimal } from '../../rules/rules.ts'

/** In-parameters that `$cql` and `Library/$evaluate` share. */
export const runParameters: ParameterDeclaration[] = [
  input(
    'subject',
    'string',
    'Which Patient of the data the evaluation is about (`Patient/id`); needed when there are several.',
  ),
  input('parameters', 'Parameters', 'Values of CQL parameters, by name.'),
  input(
    'useServerData',
    'boolean',
    'Accepted; this server holds no patient data, so only `data` and `prefetchData` are used.',
  ),
  input('data', 'Bundle', 'The data to evaluate over.'),
  input(
    'prefetchData',
    [
      input('key', 'string', 'Key of the prefetch; no two may have the same.'),
      input('descriptor', 'DataRequirement', 'What the data answers: said for people, the data are all looked at.'),
      input('data', 'Any', 'A Bundle or a resource; nothing when there is none.'),
    ],
    'Further data.',
    '0..*',
  ),
]

/** Endpoints of the standard operations; refused. */
export const endpointParameters: ParameterDeclaration[] = [
  'dataEndpoint',
  'contentEndpoint',
  'terminologyEndpoint',
].map((name) =>
  input(name, 'Endpoint', 'Refused with 422: the server answers from its own artefacts and contacts no other.'),
)

/**
 * Reads what an evaluation runs over.
 * @throws FhirError 400 for a parameter of another type, 422 for an endpoint, two prefetches of one key, and a resource that comes in two
 * ways
 */
export function readRunParameters(parameters: Parameters): {
  data?: Bundle
  subject?: string
  parameters?: Parameters
} {
  for (const { name } of endpointParameters)
    if (firstParameter(parameters, name))
      throw unprocessable({ text: `${name} is not supported`, expression: 'Parameters.parameter' }, 'not-supported')
  const data = resourceParameter(firstParameter(parameters, 'data'), 'Bundle')
  const values = resourceParameter(firstParameter(parameters, 'parameters'), 'Parameters')
  const prefetches = allParameters(parameters, 'prefetchData')
  checkKeys(prefetches)
  const prefetched = prefetches.flatMap(prefetchEntries)
  const subject = textParameter(parameters, 'subject')
  // What data says alone is as it came: the resources of two servers may have one id.
  const own = data?.entry ?? []
  const entry = prefetched.length > 0 ? distinct([...own, ...prefetched]) : own
  const all: Bundle | undefined =
    data || prefetched.length > 0 ? { resourceType: 'Bundle', type: 'collection', entry } : undefined
  return { ...(all ? { data: all } : {}), ...(values ? { parameters: values } : {}), ...(subject ? { subject } : {}) }
}

/** The resource that a parameter holds. @throws FhirError 400 when it is of another type */
export function resourceParameter<T extends ResourceType>(
  parameter: Parameter | undefined,
  type: T,
): ResourceOf<T> | undefined {
  const value = parameterValue(parameter)
  if (value === undefined || isOfType(value, type)) return value
  throw badRequest({
    text: `the parameter ${parameter?.name} must be a ${type} resource`,
    expression: 'Parameters.parameter',
  })
}

function checkKeys(prefetches: Parameter[]): void {
  const keys = new Set<unknown>()
  for (const { part = [] } of prefetches) {
    const key = part.find(({ name }) => name === 'key')?.valueString
    if (key !== undefined && keys.has(key)) {
      const text = 'prefetchData has one key twice'
      throw unprocessable({ text, expression: "Parameters.parameter.where(name='prefetchData')" }, 'duplicate')
    }
    keys.add(key)
  }
}

/** The entries, each resource once: the same patient comes with the data and with a prefetch, and is one. */
function distinct(entries: BundleEntry[]): BundleEntry[] {
  const known = new Map<string, unknown>()
  return entries.filter(({ resource }) => {
    if (resource?.id === undefined) return true
    const name = `${resource.resourceType}/${resource.id}`
    const other = known.get(name)
    known.set(name, resource)
    if (other === undefined) return true
    if (isDeepStrictEqual(other, resource)) return false
    const text = `data and prefetchData tell one ${resource.resourceType} in two ways`
    throw unprocessable({ text, expression: "Parameters.parameter.where(name='data')" }, 'conflict')
  })
}

function prefetchEntries({ part }: Parameter): BundleEntry[] {
  const resource = part?.find((each) => each.name === 'data')?.resource
  if (!resource) return []
  return isOfType(resource, 'Bundle') ? (resource.entry ?? []) : [{ resource }]
}

/** Parameters of results: a failed one as `evaluation error`, warnings about parameters that were not used as `outcome`. */
export function encodedReply(results: EncodedResult[], ignored: Issue[]): Parameters {
  const parameter = results.flatMap(({ parameters, issue: problem }): Parameter[] =>
    problem
      ? [{ name: 'evaluation error', resource: operationOutcome([problem]) }]
      : parameters.map(withGreatestDecimal),
  )
  if (ignored.length > 0) parameter.push({ name: 'outcome', resource: operationOutcome(ignored) })
  return { resourceType: 'Parameters', parameter }
}
