import { stringifyJson } from '../base/json.ts'
import type { Json } from '../base/json-value.ts'
import { operationOutcome } from '../fhir/error.ts'
import type { Binary, Parameter, Parameters } from '../fhir/types.ts'
import type { Evaluation } from './evaluation.ts'

type Explanation = NonNullable<Evaluation['rules'][number]['explanation']>

/** Writes an evaluation as the Parameters of the contract (docs/evaluate.md, Reply). */
export function evaluationReply(evaluation: Evaluation): Parameters {
  const parameter: Parameter[] = [
    { name: 'decision', valueCode: evaluation.decision },
    { name: 'status', valueCode: evaluation.status },
  ]
  if (evaluation.format) parameter.push({ name: 'format', valueCode: evaluation.format })
  if (evaluation.issuer) parameter.push({ name: 'issuer', part: issuerParts(evaluation.issuer) })
  for (const check of evaluation.checks) {
    const part: Parameter[] = [
      { name: 'name', valueCode: check.name },
      { name: 'outcome', valueCode: check.outcome },
    ]
    if (check.detail) part.push({ name: 'detail', valueString: check.detail })
    parameter.push({ name: 'check', part })
  }
  parameter.push(...contentParameters(evaluation))
  if (evaluation.identity) parameter.push({ name: 'identity', valueCode: evaluation.identity })
  for (const rule of evaluation.rules) parameter.push({ name: 'rule', part: ruleParts(rule) })
  for (const map of evaluation.structureMaps) parameter.push({ name: 'structureMap', valueCanonical: map })
  for (const set of evaluation.valueSets) parameter.push({ name: 'valueSet', valueCanonical: set })
  for (const { type, canonical, hash } of evaluation.artefacts ?? []) {
    const part: Parameter[] = [
      { name: 'type', valueCode: type },
      { name: 'canonical', valueCanonical: canonical },
      { name: 'hash', valueString: hash },
    ]
    parameter.push({ name: 'artefact', part })
  }
  parameter.push({ name: 'evaluationDateTime', valueDateTime: evaluation.clockText })
  if (evaluation.issues.length > 0) parameter.push({ name: 'outcome', resource: operationOutcome(evaluation.issues) })
  for (const file of evaluation.linked) parameter.push({ name: 'linked', part: linkedParts(file) })
  for (const each of evaluation.evaluations) parameter.push({ name: 'evaluation', resource: evaluationReply(each) })
  return { resourceType: 'Parameters', parameter }
}

function issuerParts(issuer: NonNullable<Evaluation['issuer']>): Parameter[] {
  const part: Parameter[] = []
  if (issuer.name) part.push({ name: 'name', valueString: issuer.name })
  if (issuer.participant) part.push({ name: 'participant', valueCode: issuer.participant })
  if (issuer.keyId) part.push({ name: 'keyId', valueString: issuer.keyId })
  if (issuer.trustDomain) part.push({ name: 'trustDomain', valueCode: issuer.trustDomain })
  if (issuer.keyUsage) part.push({ name: 'keyUsage', valueCode: issuer.keyUsage })
  if (issuer.trustList) part.push({ name: 'trustList', valueString: issuer.trustList })
  return part
}

function contentParameters(evaluation: Evaluation): Parameter[] {
  const parameter: Parameter[] = []
  const { subject } = evaluation
  if (subject) {
    const part: Parameter[] = []
    if (subject.name) part.push({ name: 'name', valueString: subject.name })
    if (subject.birthDate) part.push({ name: 'birthDate', valueString: subject.birthDate })
    if (subject.identifier) part.push({ name: 'identifier', valueString: subject.identifier })
    if (part.length > 0) parameter.push({ name: 'subject', part })
  }
  for (const coreDataSet of evaluation.coreDataSets) {
    const data = Buffer.from(stringifyJson(coreDataSet), 'utf8').toString('base64')
    const binary: Binary = { resourceType: 'Binary', contentType: 'application/json', data }
    parameter.push({ name: 'coreDataSet', resource: binary })
  }
  if (evaluation.content) parameter.push({ name: 'content', resource: evaluation.content })
  return parameter
}

function linkedParts({ contentType, evaluation, content }: Evaluation['linked'][number]): Parameter[] {
  const part: Parameter[] = [{ name: 'contentType', valueCode: contentType }]
  if (evaluation) part.push({ name: 'evaluation', resource: evaluationReply(evaluation) })
  if (content) part.push({ name: 'content', resource: content })
  return part
}

function ruleParts(rule: Evaluation['rules'][number]): Parameter[] {
  const part: Parameter[] = []
  if (rule.planDefinition) part.push({ name: 'planDefinition', valueCanonical: rule.planDefinition })
  if (rule.action) part.push({ name: 'action', valueString: rule.action })
  if (rule.library) part.push({ name: 'library', valueCanonical: rule.library })
  if (rule.expression) part.push({ name: 'expression', valueString: rule.expression })
  if (rule.result !== null) part.push({ name: 'result', valueBoolean: rule.result })
  if (rule.informative) part.push({ name: 'informative', valueBoolean: true })
  if (rule.message) part.push({ name: 'message', valueString: rule.message })
  for (const { name, value } of rule.evidence) {
    part.push({ name: 'evidence', part: [{ name: 'name', valueString: name }, valuePart(value)] })
  }
  if (rule.explanation) part.push(explanationPart(rule.explanation, rule.expression))
  return part
}

/** Why a sub-expression gave what it gave, as evidence in which stands by what evidence it was decided. */
function explanationPart({ text, value, place, parts }: Explanation, expression?: string): Parameter {
  const part: Parameter[] = [{ name: 'name', valueString: expression || text }, valuePart(value)]
  part.push({ name: 'text', valueString: text })
  if (place) {
    const { library, line, column } = place
    part.push({ name: 'place', valueString: `library ${library}, line ${line}, column ${column}` })
  }
  return { name: 'evidence', part: [...part, ...parts.map((each) => explanationPart(each))] }
}

/** A value of any shape as one part named `value`. */
function valuePart(value: Json): Parameter {
  if (typeof value === 'boolean') return { name: 'value', valueBoolean: value }
  if (typeof value === 'string' && value !== '') return { name: 'value', valueString: value }
  if (typeof value === 'number') {
    return Number.isInteger(value) && Math.abs(value) < 2 ** 31
      ? { name: 'value', valueInteger: value }
      : { name: 'value', valueDecimal: value }
  }
  if (value === null || value === '') return { name: 'value', valueString: 'null' }
  const members: [string, Json][] = Array.isArray(value)
    ? value.map((each): [string, Json] => ['element', each])
    : Object.entries(value)
  const part = members.map(([name, each]) => ({ ...valuePart(each), name }))
  return part.length > 0
    ? { name: 'value', part }
    : { name: 'value', valueString: Array.isArray(value) ? '{}' : 'null' }
}
