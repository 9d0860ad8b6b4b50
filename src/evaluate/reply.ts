import { keepText, stringifyJson } from '../base/json.ts'
import type { Json } from '../base/json-value.ts'
import { keepPerObject } from '../base/keep.ts'
import { operationOutcome } from '../fhir/error.ts'
import type { Binary, Parameter, Parameters, Resource } from '../fhir/types.ts'
import type { Evaluation } from './evaluation.ts'

type Explanation = NonNullable<Evaluation['rules'][number]['explanation']>

/** More parameters than these are written in slices, from objects. */
const mostAtOnce = 100

/**
 * Writes an evaluation as the Parameters of the contract (docs/evaluate.md, Reply). Nearly all replies go out as JSON and nobody looks
 * into them: their text is written at once, and the objects are made only for who asks for them.
 */
export function evaluationReply(evaluation: Evaluation): Parameters {
  let made: Parameter[] | undefined
  const reply: Parameters = {
    resourceType: 'Parameters',
    get parameter() {
      made ??= replyParameters(evaluation, asObjects)
      return made
    },
    set parameter(given) {
      made = given
    },
  }
  if (lengthOf(evaluation) > mostAtOnce) return reply
  // Who has the objects may change them: from then on they are the reply.
  return keepText(reply, () =>
    made ? undefined : `{"resourceType":"Parameters","parameter":[${listed(replyParameters(evaluation, asTexts))}]}`,
  )
}

/** About as many parameters as the reply will have. */
function lengthOf({ checks, rules, structureMaps, valueSets, artefacts = [], ...more }: Evaluation): number {
  const lists = [checks, rules, structureMaps, valueSets, artefacts, more.coreDataSets, more.linked, more.evaluations]
  return lists.reduce((sum, { length }) => sum + length, 0)
}

/** What a reply is made of, parameter by parameter: objects, or their JSON texts. */
interface Form<P> {
  value(name: string, type: ValueType, value: string | number | boolean): P
  parts(name: string, part: P[]): P
  resource(name: string, resource: Resource): P
  artefact(artefact: Artefact): P
}

type Artefact = NonNullable<Evaluation['artefacts']>[number]

type ValueType =
  | 'valueBoolean'
  | 'valueCanonical'
  | 'valueCode'
  | 'valueDateTime'
  | 'valueDecimal'
  | 'valueInteger'
  | 'valueString'

const asObjects: Form<Parameter> = {
  value: (name, type, value) => ({ name, [type]: value }),
  parts: (name, part) => ({ name, part }),
  resource: (name, resource) => ({ name, resource }),
  artefact: (each) => artefactOf(each, asObjects),
}

/** Names of members of evidence may be anything; those of the contract need no look. */
const beginnings = new Map(
  'action artefact birthDate canonical check content coreDataSet decision detail evidence expression format hash identifier informative issuer keyId keyUsage library message name outcome participant place planDefinition result rule status structureMap subject text trustDomain trustList type value valueSet'
    .split(' ')
    .map((name) => [name, `{"name":"${name}","`]),
)
const begin = (name: string): string => beginnings.get(name) ?? `{"name":${quoted(name)},"`

/** What stands otherwise in JSON than in a text (RFC 8259, section 7), lone surrogates among it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON escapes them
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/
const quoted = (text: string): string => (ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`)

/** Several times quicker than `join` for the few texts there are. */
function listed(texts: readonly string[]): string {
  let all = texts[0] ?? ''
  for (let at = 1; at < texts.length; at++) all += `,${texts[at]}`
  return all
}

const asTexts: Form<string> = {
  value: (name, type, value) =>
    `${begin(name)}${type}":${typeof value === 'string' ? quoted(value) : (JSON.stringify(value) ?? 'null')}}`,
  parts: (name, part) => `${begin(name)}part":[${listed(part)}]}`,
  resource: (name, resource) => `${begin(name)}resource":${stringifyJson(resource)}}`,
  artefact: keepPerObject((each: Artefact) => artefactOf(each, asTexts)),
}

function replyParameters<P>(evaluation: Evaluation, form: Form<P>): P[] {
  const { value, parts, resource } = form
  const parameter: P[] = [
    value('decision', 'valueCode', evaluation.decision),
    value('status', 'valueCode', evaluation.status),
  ]
  if (evaluation.format) parameter.push(value('format', 'valueCode', evaluation.format))
  if (evaluation.issuer) parameter.push(parts('issuer', issuerParts(evaluation.issuer, form)))
  for (const check of evaluation.checks) {
    const part = [value('name', 'valueCode', check.name), value('outcome', 'valueCode', check.outcome)]
    if (check.detail) part.push(value('detail', 'valueString', check.detail))
    parameter.push(parts('check', part))
  }
  addContent(parameter, evaluation, form)
  if (evaluation.identity) parameter.push(value('identity', 'valueCode', evaluation.identity))
  for (const rule of evaluation.rules) parameter.push(parts('rule', ruleParts(rule, form)))
  for (const map of evaluation.structureMaps) parameter.push(value('structureMap', 'valueCanonical', map))
  for (const set of evaluation.valueSets) parameter.push(value('valueSet', 'valueCanonical', set))
  for (const each of evaluation.artefacts ?? []) parameter.push(form.artefact(each))
  parameter.push(value('evaluationDateTime', 'valueDateTime', evaluation.clockText))
  if (evaluation.issues.length > 0) parameter.push(resource('outcome', operationOutcome(evaluation.issues)))
  for (const file of evaluation.linked) parameter.push(parts('linked', linkedParts(file, form)))
  for (const each of evaluation.evaluations) parameter.push(resource('evaluation', evaluationReply(each)))
  return parameter
}

function artefactOf<P>({ type, canonical, hash }: Artefact, { value, parts }: Form<P>): P {
  return parts('artefact', [
    value('type', 'valueCode', type),
    value('canonical', 'valueCanonical', canonical),
    value('hash', 'valueString', hash),
  ])
}

function issuerParts<P>(issuer: NonNullable<Evaluation['issuer']>, { value }: Form<P>): P[] {
  const part: P[] = []
  if (issuer.name) part.push(value('name', 'valueString', issuer.name))
  if (issuer.participant) part.push(value('participant', 'valueCode', issuer.participant))
  if (issuer.keyId) part.push(value('keyId', 'valueString', issuer.keyId))
  if (issuer.trustDomain) part.push(value('trustDomain', 'valueCode', issuer.trustDomain))
  if (issuer.keyUsage) part.push(value('keyUsage', 'valueCode', issuer.keyUsage))
  if (issuer.trustList) part.push(value('trustList', 'valueString', issuer.trustList))
  return part
}

function addContent<P>(parameter: P[], { subject, coreDataSets, content }: Evaluation, form: Form<P>): void {
  const { value, parts, resource } = form
  if (subject) {
    const part: P[] = []
    if (subject.name) part.push(value('name', 'valueString', subject.name))
    if (subject.birthDate) part.push(value('birthDate', 'valueString', subject.birthDate))
    if (subject.identifier) part.push(value('identifier', 'valueString', subject.identifier))
    if (part.length > 0) parameter.push(parts('subject', part))
  }
  for (const coreDataSet of coreDataSets) {
    const data = Buffer.from(stringifyJson(coreDataSet), 'utf8').toString('base64')
    const binary: Binary = { resourceType: 'Binary', contentType: 'application/json', data }
    parameter.push(resource('coreDataSet', binary))
  }
  if (content) parameter.push(resource('content', content))
}

function linkedParts<P>({ contentType, evaluation, content }: Evaluation['linked'][number], form: Form<P>): P[] {
  const part = [form.value('contentType', 'valueCode', contentType)]
  if (evaluation) part.push(form.resource('evaluation', evaluationReply(evaluation)))
  if (content) part.push(form.resource('content', content))
  return part
}

function ruleParts<P>(rule: Evaluation['rules'][number], form: Form<P>): P[] {
  const { value, parts } = form
  const part: P[] = []
  if (rule.planDefinition) part.push(value('planDefinition', 'valueCanonical', rule.planDefinition))
  if (rule.action) part.push(value('action', 'valueString', rule.action))
  if (rule.library) part.push(value('library', 'valueCanonical', rule.library))
  if (rule.expression) part.push(value('expression', 'valueString', rule.expression))
  if (rule.result !== null) part.push(value('result', 'valueBoolean', rule.result))
  if (rule.informative) part.push(value('informative', 'valueBoolean', true))
  if (rule.message) part.push(value('message', 'valueString', rule.message))
  for (const each of rule.evidence)
    part.push(parts('evidence', [value('name', 'valueString', each.name), valuePart(each.value, 'value', form)]))
  if (rule.explanation) part.push(explanationPart(rule.explanation, rule.expression, form))
  return part
}

/** Why a sub-expression gave what it gave, as evidence in which stands by what evidence it was decided. */
function explanationPart<P>(
  { text, value, place, parts }: Explanation,
  expression: string | undefined,
  form: Form<P>,
): P {
  const part = [form.value('name', 'valueString', expression || text), valuePart(value, 'value', form)]
  part.push(form.value('text', 'valueString', text))
  if (place) {
    const { library, line, column } = place
    part.push(form.value('place', 'valueString', `library ${library}, line ${line}, column ${column}`))
  }
  for (const each of parts) part.push(explanationPart(each, undefined, form))
  return form.parts('evidence', part)
}

/** A value of any shape as one part of that name. */
function valuePart<P>(value: Json, name: string, form: Form<P>): P {
  if (typeof value === 'boolean') return form.value(name, 'valueBoolean', value)
  if (typeof value === 'string' && value !== '') return form.value(name, 'valueString', value)
  if (typeof value === 'number') {
    const isInteger = Number.isInteger(value) && Math.abs(value) < 2 ** 31
    return form.value(name, isInteger ? 'valueInteger' : 'valueDecimal', value)
  }
  if (value === null || value === '') return form.value(name, 'valueString', 'null')
  const part: P[] = []
  if (Array.isArray(value)) for (const each of value) part.push(valuePart(each, 'element', form))
  else for (const member of Object.keys(value)) part.push(valuePart(value[member] ?? null, member, form))
  if (part.length > 0) return form.parts(name, part)
  return form.value(name, 'valueString', Array.isArray(value) ? '{}' : 'null')
}
