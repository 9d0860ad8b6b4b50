/** Expressions of definitions that are applied: conditions and dynamic values, in CQL and FHIRPath. */
import type { Json } from '../../base/json-value.ts'
import { choiceProperty, typeNames } from '../../fhir/elements.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import { stepBudget } from '../../fhir/fhirpath/budget.ts'
import { compileFhirPath } from '../../fhir/fhirpath/fhirpath.ts'
import { asJson } from '../../fhir/json.ts'
import { type OperationCall, parameterValue } from '../../fhir/operation.ts'
import type { Issue, Parameter, PlanDefinition } from '../../fhir/types.ts'
import { type EncodedResult, unquote } from '../../rules/rules.ts'
import type { OperationContext } from '../context.ts'
import type { ApplyInputs } from './inputs.ts'

type FhirExpression = NonNullable<
  NonNullable<NonNullable<PlanDefinition['action']>[number]['condition']>[number]['expression']
>

/** One value of an expression, with its FHIR type where it has one. */
export interface TypedValue {
  type: string | undefined
  value: Json
}

/** What an expression came to: no value at all is null. */
export type Answer = { values: TypedValue[] } | { issue: Issue }

/** An expression with the libraries of the definition that it stands in. */
export interface Asked {
  expression: FhirExpression | undefined
  libraries: readonly string[]
}

/** Answers expressions that were asked for beforehand. */
export interface Answers {
  /** `resource`: what is being made, for FHIRPath. */
  of(asked: Asked, resource?: unknown): Answer
}

/** Texts of CQL that are translated for one request: each takes some ten milliseconds. */
const mostTexts = 50
/** Steps of FHIRPath in one request. */
const mostSteps = 1_000_000

/** What is needed to evaluate. */
export interface EvaluatingCall {
  call: OperationCall
  context: OperationContext
  inputs: ApplyInputs
}

const failed = (code: Issue['code'], text: string): Answer => ({ issue: issue(code, text) })

/**
 * Evaluates every CQL expression at once, library by library; FHIRPath is evaluated when it is asked for.
 * @throws FhirError 422 too-costly; with a status from 429 on, when the server cannot answer now
 */
export async function evaluateExpressions(all: readonly Asked[], evaluating: EvaluatingCall): Promise<Answers> {
  const answers = new Map<string, Answer>()
  const defines = new Map<string, Set<string>>()
  const texts = new Map<string, Asked>()
  for (const asked of all) {
    const { language, expression: text = '' } = asked.expression ?? {}
    const library = libraryOf(asked)
    if (language === 'text/cql') texts.set(keyOf(asked), asked)
    else if (language === 'text/cql-identifier' && typeof library === 'string') {
      const known = defines.get(library) ?? new Set()
      defines.set(library, known.add(unquote(text)))
    }
  }
  for (const [library, names] of defines) {
    const found = await definesOf(library, [...names], evaluating)
    for (const [name, answer] of found) answers.set(`${library}\n${name}`, answer)
  }
  const isTooMany = texts.size > mostTexts
  for (const [key, asked] of texts) answers.set(key, isTooMany ? tooMany : await answerText(asked, evaluating))
  const budget = stepBudget(mostSteps)
  return {
    of(asked, resource) {
      const { language, expression: text } = asked.expression ?? {}
      if (!text?.trim()) return failed('required', 'it has no expression')
      if (language === 'text/fhirpath') return answerFhirPath(text, { evaluating, resource, budget })
      if (language === 'text/cql') return answers.get(keyOf(asked)) ?? notAsked
      if (language !== 'text/cql-identifier')
        return failed('not-supported', `expressions in ${String(language)} are not evaluated; ${supported}`)
      const library = libraryOf(asked)
      return typeof library === 'string' ? (answers.get(`${library}\n${unquote(text)}`) ?? notAsked) : library
    },
  }
}

const supported = 'supported are text/cql-identifier, text/cql and text/fhirpath'
const tooMany = failed(
  'too-costly',
  `more than ${mostTexts} texts of CQL in one definition are not evaluated: put them into a library`,
)
const notAsked = failed('exception', 'it was not evaluated')

const keyOf = ({ expression, libraries }: Asked) =>
  JSON.stringify([expression?.expression, expression?.reference ?? null, libraries])

/** The library that an expression stands in: the one that it names, else the only one of its definition. */
function libraryOf({ expression, libraries }: Asked): string | Answer {
  const named = expression?.reference ?? (libraries.length === 1 ? libraries[0] : undefined)
  if (named !== undefined) return named
  const text =
    libraries.length === 0
      ? 'its definition names no library'
      : 'its definition names several libraries, and it none of them'
  return failed('required', text)
}

/** What every expression is run over, and for whom. */
function runOver({ call, inputs: { data, subject, parameters, hasSubject, clock } }: EvaluatingCall) {
  return {
    ...(data ? { data } : {}),
    ...(hasSubject ? { subject } : {}),
    ...(parameters ? { parameters } : {}),
    clock,
    client: call.client,
    isGone: call.isGone,
  }
}

async function definesOf(
  library: string,
  expressions: string[],
  evaluating: EvaluatingCall,
): Promise<Map<string, Answer>> {
  const { context, inputs } = evaluating
  const results = await context.rules.evaluateEach({
    library,
    expressions,
    hasSubject: inputs.hasSubject,
    ...runOver(evaluating),
  })
  return new Map([...results].map(([name, result]) => [name, answerOf(result)]))
}

async function answerText(asked: Asked, evaluating: EvaluatingCall): Promise<Answer> {
  const { context, inputs } = evaluating
  const { expression: text = '', reference } = asked.expression ?? {}
  const libraries = reference === undefined ? asked.libraries : [reference]
  try {
    const result = await context.rules.evaluateCql({
      expression: text,
      hasSubject: inputs.hasSubject,
      libraries: libraries.map((canonical) => ({ canonical })),
      ...runOver(evaluating),
    })
    return answerOf(result)
  } catch (error) {
    return { issue: causeOf(error) }
  }
}

/** @throws what is no fault of the expression */
function causeOf(error: unknown): Issue {
  if (!(error instanceof FhirError) || error.status >= 429) throw error
  return error.issues[0] ?? issue('processing', error.message)
}

const answerOf = ({ parameters, issue: problem }: EncodedResult): Answer =>
  problem ? { issue: problem } : { values: parameters.flatMap(typedValues) }

const typeOfMember = new Map(typeNames().map((type) => [choiceProperty('value', type), type]))

/** The value of an encoded result; none for null and for an empty list. */
function typedValues(parameter: Parameter): TypedValue[] {
  const { resource, part } = parameter
  if (resource) return [{ type: resource.resourceType, value: asJson(resource) }]
  if (part) return [{ type: undefined, value: membersOf(part) }]
  const member = Object.keys(parameter).find((each) => each.startsWith('value'))
  if (member === undefined) return []
  return [{ type: typeOfMember.get(member), value: asJson(parameter)[member] ?? null }]
}

/** Parts of a tuple or a backbone element as members; what comes twice is a list. */
function membersOf(parts: Parameter[]): Json {
  const members: Record<string, Json[]> = {}
  for (const each of parts) {
    const value = each.part ? membersOf(each.part) : parameterValue(each)
    if (value !== undefined) members[each.name] = [...(members[each.name] ?? []), toJson(value)]
  }
  return Object.fromEntries(
    Object.entries(members).map(([name, all]) => [name, all.length === 1 ? (all[0] ?? null) : all]),
  )
}

const toJson = (value: unknown): Json => JSON.parse(JSON.stringify(value))

function answerFhirPath(
  text: string,
  {
    evaluating,
    resource,
    budget,
  }: { evaluating: EvaluatingCall; resource: unknown; budget: ReturnType<typeof stepBudget> },
): Answer {
  const { inputs } = evaluating
  try {
    const compiled = compileFhirPath(text)
    const variables = { ...inputs.variables, ...(resource === undefined ? {} : { resource, rootResource: resource }) }
    if (!inputs.subjectResource && compiled.readsInput(variables))
      return failed('incomplete', 'it reads the subject, and the request brought no resource of the subject')
    const focus = inputs.subjectResource ?? {}
    const nodes = compiled.nodes(focus, variables, { clock: new Date(inputs.clock), budget })
    return { values: nodes.map(({ value, type }) => ({ type: fhirType(type), value: toJson(value) })) }
  } catch (error) {
    return { issue: causeOf(error) }
  }
}

/** A System type of FHIRPath as the type of FHIR that it stands for. */
function fhirType(type: string): string {
  const system = /^System\.(\w+)$/.exec(type)?.[1]
  if (system === undefined) return type
  return system === 'Quantity' ? system : system.charAt(0).toLowerCase() + system.slice(1)
}

/** What a condition comes to: true, false, null, or why nobody can say. */
export function truthOf(answer: Answer): boolean | null | { issue: Issue } {
  if ('issue' in answer) return answer
  const [first, ...others] = answer.values
  if (first === undefined || first.value === null) return null
  if (typeof first.value === 'boolean' && others.length === 0) return first.value
  return { issue: issue('value', 'it is not Boolean') }
}
