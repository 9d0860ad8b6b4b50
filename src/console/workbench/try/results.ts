/** What the server answered to a run, read strictly: what is not understood is never a value. */
import type { OperationOutcome, Parameters, ParametersParameter } from 'fhir/r4.js'
import { onlyCode, parametersOf as toldIn } from '../../api/parameters.ts'
import { isOf } from '../document/resource.ts'

/** A value as a tree: a text, or named members. */
export interface Shown {
  /** In CQL's own terms; undefined where there are members. */
  text?: string
  members?: { name: string; value: Shown }[]
  /** A list, with its elements. */
  list?: Shown[]
}

/** What a define gave. */
export interface DefineOutcome {
  name: string
  /** CQL type; absent in CertLogic. */
  type: string | undefined
  /** Of a Boolean define. */
  truth: 'true' | 'false' | 'null' | undefined
  value: Shown
}

/** Outcome of a run. */
export interface RunOutcome {
  defines: DefineOutcome[]
  /** Evaluations that failed, in the server's words. */
  failures: OperationOutcome[]
  warnings: OperationOutcome[]
  explanation: Parameters | undefined
}

const typeUrl = 'http://hl7.org/fhir/StructureDefinition/cqf-cqlType'
const emptyUrl = 'http://hl7.org/fhir/StructureDefinition/cqf-isEmptyList'

/** Reads the answer of `Library/$evaluate`; undefined for what is none. @param isExplained whether an explanation was asked for */
export function readRun(reply: unknown, isExplained: boolean): RunOutcome | undefined {
  if (!isOf(reply, 'Parameters')) return undefined
  const all = [...(reply.parameter ?? [])]
  const last = all.at(-1)
  // It stands last: a define of the same name is not it.
  const explanation = isExplained && last?.name === 'explanation' ? parametersOf(all.pop()) : undefined
  const failures = all.flatMap((each) => (each.name === 'evaluation error' ? outcomeOf(each) : []))
  const warnings = all.flatMap((each) => (each.name === 'outcome' ? outcomeOf(each) : []))
  const rest = all.filter((each) => outcomeOf(each).length === 0)
  const groups = new Map<string, ParametersParameter[]>()
  for (const each of rest) groups.set(each.name, [...(groups.get(each.name) ?? []), each])
  const defines = [...groups].map(([name, parameters]) => defineOf(name, parameters))
  return { defines, failures, warnings, explanation }
}

const parametersOf = (parameter: ParametersParameter | undefined): Parameters | undefined =>
  isOf(parameter?.resource, 'Parameters') ? parameter.resource : undefined

function outcomeOf({ name, resource }: ParametersParameter): OperationOutcome[] {
  const isNamed = name === 'evaluation error' || name === 'outcome'
  return isNamed && isOf(resource, 'OperationOutcome') ? [resource] : []
}

function defineOf(name: string, parameters: ParametersParameter[]): DefineOutcome {
  const [first] = parameters
  const type = first?.extension?.find(({ url }) => url === typeUrl)?.valueString
  const isList = type?.startsWith('List<') === true || parameters.length > 1
  const value = isList ? listOf(parameters) : shownParameter(first)
  const isBoolean = type === 'System.Boolean' || (type === undefined && typeof first?.valueBoolean === 'boolean')
  return { name, type, truth: isBoolean ? truthOf(first) : undefined, value }
}

/** What is neither true nor false is null, whatever it is. */
function truthOf(parameter: ParametersParameter | undefined): DefineOutcome['truth'] {
  if (parameter?.valueBoolean === true) return 'true'
  return parameter?.valueBoolean === false ? 'false' : 'null'
}

function listOf(parameters: ParametersParameter[]): Shown {
  const [first] = parameters
  if (parameters.length === 1 && first && isEmptyList(first)) return { list: [] }
  if (parameters.length === 1 && first && isNull(first)) return { text: 'null' }
  return { list: parameters.map(shownParameter) }
}

const isEmptyList = ({ _valueBoolean }: ParametersParameter): boolean =>
  _valueBoolean?.extension?.some(({ url, valueBoolean }) => url === emptyUrl && valueBoolean === true) === true

const isNull = (parameter: ParametersParameter): boolean =>
  parameter.resource === undefined && parameter.part === undefined && valueMember(parameter) === undefined

/** The member `value[x]`. */
function valueMember(parameter: object): [string, unknown] | undefined {
  return Object.entries(parameter).find(([name, value]) => /^value[A-Z]/.test(name) && value !== undefined)
}

function shownParameter(parameter: ParametersParameter | undefined): Shown {
  if (!parameter) return { text: 'null' }
  if (parameter.part) {
    if (isEmptyList(parameter)) return { list: [] }
    return { members: parameter.part.map((each) => ({ name: each.name, value: shownParameter(each) })) }
  }
  if (parameter.resource) return shownJson(parameter.resource)
  if (isEmptyList(parameter)) return { list: [] }
  return shownJson(valueMember(parameter)?.[1] ?? null)
}

/** A value of JSON as a tree. */
function shownJson(value: unknown): Shown {
  if (value === null || value === undefined) return { text: 'null' }
  if (Array.isArray(value)) return { list: value.map(shownJson) }
  if (typeof value === 'object')
    return { members: Object.entries(value).map(([name, each]) => ({ name, value: shownJson(each) })) }
  return { text: typeof value === 'string' ? value : JSON.stringify(value) }
}

/** A reason: a sentence, what it is about, and what decided it. */
export interface Reason {
  text: string
  value: Shown
  place: string | undefined
  parts: Reason[]
}

/** Reasons in the parts of an `evidence`; those without a sentence are data, told by their name. */
export function reasonOf({ part = [] }: ParametersParameter): Reason {
  const named = (name: string) => part.find((each) => each.name === name)
  return {
    text: named('text')?.valueString ?? named('name')?.valueString ?? '',
    value: shownParameter(named('value')),
    place: named('place')?.valueString,
    parts: part.filter((each) => each.name === 'evidence').map(reasonOf),
  }
}

/** One rule of a verdict. */
export interface RuleOutcome {
  action: string
  expression: string | undefined
  plan: string | undefined
  result: 'true' | 'false' | 'null'
  isInformative: boolean
  message: string | undefined
  evidence: Reason[]
}

/** A verdict of `$evaluate`, as far as an author needs it. */
export interface Verdict {
  decision: string
  status: string
  rules: RuleOutcome[]
  /** Failed checks, by name and detail. */
  failed: { name: string; detail: string | undefined }[]
  /** The data that rules see; absent where the credential is not verified. */
  data: { resourceType: 'Bundle'; type: 'collection'; entry: object[] } | undefined
  clock: string | undefined
  outcome: OperationOutcome | undefined
}

const decisions = ['accepted', 'rejected', 'undetermined', 'unverified']

/** Reads the answer of `$evaluate`; undefined for what is none, or says a word that is not known. */
export function readVerdict(reply: unknown): Verdict | undefined {
  if (!isOf(reply, 'Parameters')) return undefined
  const all = reply.parameter ?? []
  const named = (name: string) => all.find((each) => each.name === name)
  const told = toldIn(reply) ?? []
  const [decision, status] = [onlyCode(told, 'decision'), onlyCode(told, 'status')]
  if (!decision || !status || !decisions.includes(decision)) return undefined
  const content = named('content')?.resource
  const sets = all.flatMap(({ name, resource }) => (name === 'coreDataSet' && resource ? [{ resource }] : []))
  const outcome = named('outcome')?.resource
  return {
    decision,
    status,
    rules: all.filter(({ name }) => name === 'rule').map(ruleOf),
    failed: all.filter(({ name }) => name === 'check').flatMap(failedCheck),
    data:
      status === 'VERIFIED' && isOf(content, 'Bundle')
        ? { resourceType: 'Bundle', type: 'collection', entry: [...(content.entry ?? []), ...sets] }
        : undefined,
    clock: named('evaluationDateTime')?.valueDateTime,
    outcome: isOf(outcome, 'OperationOutcome') ? outcome : undefined,
  }
}

function failedCheck({ part = [] }: ParametersParameter): Verdict['failed'] {
  const named = (name: string) => part.find((each) => each.name === name)
  const name = named('name')?.valueCode
  return name && named('outcome')?.valueCode === 'fail' ? [{ name, detail: named('detail')?.valueString }] : []
}

function ruleOf({ part = [] }: ParametersParameter): RuleOutcome {
  const named = (name: string) => part.find((each) => each.name === name)
  return {
    action: named('action')?.valueString ?? named('expression')?.valueString ?? '',
    expression: named('expression')?.valueString,
    plan: named('planDefinition')?.valueCanonical,
    result: truthOf(named('result')) ?? 'null',
    isInformative: named('informative')?.valueBoolean === true,
    message: named('message')?.valueString,
    evidence: part.filter(({ name }) => name === 'evidence').map(reasonOf),
  }
}

/** A condition of the text, and how often it was what in a run. */
export interface Condition {
  define: string
  source: string
  line: number
  column: number
  given: { true: number; false: number; null: number }
}

/** Conditions in an explanation; one without a place is none that could be shown. */
export function conditionsOf({ parameter = [] }: Parameters): Condition[] {
  return parameter.flatMap(({ name, part = [] }) => {
    const texts = new Map(part.map((each) => [each.name, each.valueString]))
    const numbers = new Map(part.map((each) => [each.name, each.valueInteger]))
    const [line, column] = [numbers.get('line'), numbers.get('column')]
    if (name !== 'condition' || line === undefined || column === undefined) return []
    const given = {
      true: numbers.get('true') ?? 0,
      false: numbers.get('false') ?? 0,
      null: numbers.get('null') ?? 0,
    }
    return [{ define: texts.get('expression') ?? '', source: texts.get('source') ?? '', line, column, given }]
  })
}
