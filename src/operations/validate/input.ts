/** What a `$validate` is asked, and the text that it is asked of. */
import { isJsonObject } from '../../base/json.ts'
import { checkDeclared } from '../../fhir/check/parameters.ts'
import { badRequest, FhirError } from '../../fhir/error.ts'
import { isAnyResource, parseJson } from '../../fhir/json.ts'
import {
  allParameters,
  firstParameter,
  type Operation,
  type OperationCall,
  textParameter,
  textParameters,
} from '../../fhir/operation.ts'
import { jsonPlaces } from '../../fhir/places/json-places.ts'
import type { Issue, Parameters, Resource } from '../../fhir/types.ts'
import { xmlPlacesSteps } from '../../fhir/xml/places.ts'
import { parseXmlSteps } from '../../fhir/xml/read.ts'

/** What a resource is to be judged for. */
const modes = ['create', 'update', 'delete', 'profile'] as const
type Mode = (typeof modes)[number]

/** One question. */
export interface Question {
  /** Undefined where the stored one is meant. */
  resource: Resource | undefined
  /** What the reader found wrong with a text that is well-formed: nothing else can be asked of it. */
  faults: Issue[]
  mode: Mode | undefined
  profiles: string[]
  /** Resources that are to be written together with it. */
  beside: Resource[]
  /** The text, where the body was the resource itself. */
  text: { format: 'json' | 'xml'; text: string } | undefined
}

/** @throws FhirError 400 for a text that is not well-formed, a mode that is none, parameters that contradict each other; 422 too costly */
export async function readQuestion(
  call: OperationCall,
  operation: Pick<Operation<never>, 'name' | 'parameters'>,
): Promise<Question> {
  const { parameters, level } = call
  checkDeclared(operation, parameters, level)
  const given = firstParameter(parameters, 'resource')?.resource
  if (call.body && given)
    throw badRequest({
      text: 'The resource stands in the body, or in a parameter; not in both',
      expression: 'resource',
    })
  const mode = modeOf(textParameter(parameters, 'mode'))
  const profiles = textParameters(parameters, 'profile')
  const body = call.body ? await readBody(call) : inParameter(given)
  const question = { ...body, mode, profiles, beside: readBeside(parameters, mode) }
  checkQuestion(question, call)
  return question
}

/** @throws FhirError 400 for what is no resource, and where nothing is to be written */
function readBeside(parameters: Parameters, mode: Mode | undefined): Resource[] {
  const given = allParameters(parameters, 'beside')
  if (given.length > 0 && mode !== 'create' && mode !== 'update')
    throw badRequest({ text: 'beside goes with the modes create and update', expression: 'beside' })
  return given.map(({ resource }) => {
    if (isAnyResource(resource)) return resource
    throw badRequest({ text: 'The parameter beside takes a resource', expression: 'beside' }, 'value')
  })
}

function inParameter(given: unknown): Pick<Question, 'resource' | 'faults' | 'text'> {
  if (given === undefined || isAnyResource(given)) return { resource: given, faults: [], text: undefined }
  return { resource: undefined, faults: noResource('resourceType is missing'), text: undefined }
}

function modeOf(text: string | undefined): Mode | undefined {
  const mode = modes.find((each) => each === text)
  if (text !== undefined && mode === undefined)
    throw badRequest({ text: `mode is one of ${modes.join(', ')}`, expression: 'mode' }, 'code-invalid')
  return mode
}

function checkQuestion(
  { resource, faults, mode, profiles }: Question,
  { level, resourceType, id }: OperationCall,
): void {
  const isGiven = resource !== undefined || faults.length > 0
  if (mode === 'delete') {
    if (level !== 'instance')
      throw badRequest({ text: 'A deletion is asked of an instance: [type]/[id]/$validate', expression: 'mode' })
    if (isGiven) throw badRequest({ text: 'A deletion is asked without a resource', expression: 'resource' })
    return
  }
  if (mode === 'profile' && profiles.length === 0)
    throw badRequest({ text: 'The mode profile needs the parameter profile', expression: 'profile' }, 'required')
  if (!isGiven && level !== 'instance')
    throw badRequest({ text: 'There is no resource to validate', expression: 'resource' }, 'required')
  if (mode === 'create' && level === 'instance')
    throw badRequest({ text: `${resourceType}/${id} is there: create is asked of the type`, expression: 'mode' })
  if (resource && resourceType !== undefined && resource.resourceType !== resourceType)
    throw badRequest({
      text: `The address says ${resourceType}, the resource is of another type`,
      expression: 'resource',
    })
}

/** A well-formed text is judged whatever it says. */
async function readBody(call: OperationCall): Promise<Pick<Question, 'resource' | 'faults' | 'text'>> {
  const { contentType, bytes } = call.body ?? { contentType: '', bytes: new Uint8Array() }
  const format = /xml/.test(contentType) ? 'xml' : 'json'
  const budget = call.budget?.()
  const text = () => ({ format, text: new TextDecoder().decode(bytes) }) as const
  try {
    if (format === 'xml') {
      const steps = parseXmlSteps(bytes)
      return { resource: budget ? await budget.runSteps(steps) : finish(steps), faults: [], text: text() }
    }
    const value = budget ? await budget.run(() => parseJson(bytes)) : parseJson(bytes)
    if (isAnyResource(value)) return { resource: value, faults: [], text: text() }
    const what = isJsonObject(value) ? 'resourceType is missing' : 'it is no JSON object'
    return { resource: undefined, faults: noResource(what), text: text() }
  } catch (error) {
    const isJudged =
      error instanceof FhirError && error.status === 422 && !error.issues.some(({ code }) => code === 'too-costly')
    if (!isJudged) throw error
    return { resource: undefined, faults: error.issues, text: undefined }
  }
}

const noResource = (what: string): Issue[] => [
  { severity: 'error', code: 'structure', details: { text: `This is not a FHIR resource: ${what}` } },
]

function finish<T>(steps: Generator<void, T, void>): T {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

const LINE = 'http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line'
const COLUMN = 'http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col'

/** Issues with the line and column of their elements, where the text was sent; in steps, for it is read once more. */
export function* withPlaces(issues: Issue[], { text }: Question): Generator<void, Issue[], void> {
  const expressions = issues.flatMap(({ expression = [] }) => expression)
  if (!text || expressions.length === 0) return issues
  yield
  const isJson = text.format === 'json'
  const places = isJson ? jsonPlaces(text.text, expressions) : yield* xmlPlacesSteps(text.text, expressions)
  return issues.map((each): Issue => {
    const place = places.get(each.expression?.[0] ?? '')
    if (!place) return each
    const extension = [
      { url: LINE, valueInteger: place.line },
      { url: COLUMN, valueInteger: place.column },
    ]
    return { ...each, extension: [...(each.extension ?? []), ...extension] }
  })
}
