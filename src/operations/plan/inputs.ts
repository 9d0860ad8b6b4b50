/** What `$apply` is asked, beside which definition is meant. */
import { input } from '../../fhir/declare-parameter.ts'
import { badRequest, unprocessable } from '../../fhir/error.ts'
import {
  booleanParameter,
  firstParameter,
  type OperationCall,
  type ParameterDeclaration,
  parameterValue,
  textParameter,
} from '../../fhir/operation.ts'
import type { Bundle, BundleEntry, Parameters } from '../../fhir/types.ts'
import { endpointParameters, readRunParameters, runParameters } from '../input/cql-parameters.ts'

/** In-parameters of every `$apply` (https://hl7.org/fhir/R4/plandefinition-operation-apply.html and CPG), but for the definition. */
export const applyInputs: ParameterDeclaration[] = [
  { ...input('subject', 'string', 'Reference of the subject, `Patient/id` or `Group/id`.', '1..1'), personal: true },
  { ...input('encounter', 'string', 'Reference of the encounter.'), personal: true },
  {
    ...input('practitioner', 'string', 'Reference of the practitioner: who asks for what is proposed.'),
    personal: true,
  },
  { ...input('organization', 'string', 'Reference of the organization.'), personal: true },
  ...['userType', 'userLanguage', 'userTaskContext', 'setting', 'settingContext'].map((name) =>
    input(name, 'CodeableConcept', `The ${name} of the call: %${name} in expressions of FHIRPath.`),
  ),
  input('parameters', 'Parameters', 'Values of CQL parameters, by name.'),
  input(
    'useServerData',
    'boolean',
    'This server stores no patients: expressions see `data` and `prefetchData` alone, whatever is said here.',
  ),
  input('data', 'Bundle', 'The data to evaluate over.'),
  ...runParameters.filter(({ name }) => name === 'prefetchData'),
  ...endpointParameters,
]

/** The inputs, read. */
export interface ApplyInputs {
  /** Reference. */
  subject: string
  encounter: string | undefined
  practitioner: string | undefined
  organization: string | undefined
  data: Bundle | undefined
  /** Values of CQL parameters. */
  parameters: Parameters | undefined
  subjectResource: object | undefined
  hasSubject: boolean
  /** Variables of FHIRPath. */
  variables: Record<string, unknown>
  /** FHIR dateTime: `Now()` and `now()`. */
  clock: string
  /** Said outright: the server's own data. */
  wantsServerData: boolean
}

/** Types that each reference may lead to. */
const typesOf: Record<'subject' | 'encounter' | 'practitioner' | 'organization', readonly string[]> = {
  subject: ['Patient', 'Group'],
  encounter: ['Encounter'],
  practitioner: ['Practitioner', 'PractitionerRole'],
  organization: ['Organization'],
}

const concepts = ['userType', 'userLanguage', 'userTaskContext', 'setting', 'settingContext'] as const

/**
 * Reads what expressions and results are made with.
 * @throws FhirError 400 for what is missing or no reference, 422 for a subject of another type, for an endpoint and for data that
 * contradict each other
 */
export function readApplyInputs({ parameters }: OperationCall, now: Date): ApplyInputs {
  const subject = referenceIn(parameters, 'subject')
  if (subject === undefined)
    throw badRequest(
      { text: 'subject is required: whom the definition is applied to', expression: at('subject') },
      'required',
    )
  const run = readRunParameters(parameters)
  const entries = run.data?.entry ?? []
  const find = (reference: string | undefined) =>
    reference === undefined ? undefined : entries.find((each) => isNamed(each, reference))?.resource
  const [encounter, practitioner, organization] = (['encounter', 'practitioner', 'organization'] as const).map((name) =>
    referenceIn(parameters, name),
  )
  const subjectResource = find(subject)
  const given = concepts.map((name) => [name, parameterValue(firstParameter(parameters, name))] as const)
  const named = Object.entries({ subject, encounter, practitioner, organization }).map(
    ([name, reference]) => [name, find(reference)] as const,
  )
  const variables = Object.fromEntries([...given, ...named, ['context', subjectResource], ['patient', subjectResource]])
  return {
    subject,
    encounter,
    practitioner,
    organization,
    data: run.data,
    parameters: run.parameters,
    subjectResource,
    hasSubject: subjectResource !== undefined,
    variables: Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined)),
    clock: now.toISOString(),
    wantsServerData: booleanParameter(parameters, 'useServerData') === true,
  }
}

const at = (name: string) => `Parameters.parameter.where(name='${name}')`

const reference =
  /^(?:https?:\/\/[^\s]+\/)?([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/

/** An absolute reference names the resource of its own server alone, as far as the entry tells of which it is. */
function isNamed({ fullUrl, resource }: BundleEntry, reference: string): boolean {
  if (!resource || `${resource.resourceType}/${resource.id}` !== relative(reference)) return false
  if (fullUrl === undefined || !/^https?:/.test(fullUrl) || !/^https?:/.test(reference)) return true
  return withoutHistory(fullUrl) === withoutHistory(reference)
}

const withoutHistory = (reference: string) => reference.replace(/\/_history\/[^/]*$/, '')

/** `Type/id` of a reference. */
const relative = (text: string) => /([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/.*)?$/.exec(text)?.[1] ?? text

function referenceIn(parameters: Parameters, name: keyof typeof typesOf): string | undefined {
  const text = textParameter(parameters, name)
  if (text === undefined) return undefined
  const type = text.length <= 1000 ? reference.exec(text)?.[1] : undefined
  if (type === undefined)
    throw badRequest({ text: `${name} must be a reference such as ${typesOf[name][0]}/1`, expression: at(name) })
  if (typesOf[name].includes(type)) return text
  const known = typesOf[name].join(' or ')
  throw unprocessable(
    { text: `${name} must be a ${known}; a ${type} is not supported`, expression: at(name) },
    'not-supported',
  )
}
