import { keepText, stringifyJson } from '../base/json.ts'
import type { Json } from '../base/json-value.ts'
import { type KeepLast, keepLast } from '../base/keep.ts'
import { operationOutcome } from '../fhir/error.ts'
import type { Binary, Parameter, Parameters, Resource } from '../fhir/types.ts'
import { type Translation, translationUrl } from '../rules/translation.ts'
import type { Evaluation } from './evaluation.ts'

type Explanation = NonNullable<Evaluation['rules'][number]['explanation']>

/** More parameters than these are written in slices, from objects. */
const mostAtOnce = 100

/**
 * Writes an evaluation as the Parameters of the contract (docs/evaluate.md, Reply). Nearly all replies go out as JSON and nobody looks
 * into them: their text is written at once, and the objects are made only for who asks for them.
 */
export function evaluationReply(evaluation: Evaluation): Parameters {
  const parts = new Parts(evaluation)
  const reply: Parameters = { resourceType: 'Parameters' }
  Object.defineProperty(reply, PARTS, { value: parts })
  Object.defineProperty(reply, 'parameter', whenAsked)
  return lengthOf(evaluation) > mostAtOnce ? reply : keepText(reply, () => parts.text())
}

/** What the parameters of a reply are made of, and they themselves as soon as somebody has asked for them. */
class Parts {
  /** Who has the objects may change them: from then on they are the reply. */
  made: Parameter[] | undefined
  readonly #evaluation: Evaluation

  constructor(evaluation: Evaluation) {
    this.#evaluation = evaluation
  }

  objects(): Parameter[] {
    this.made ??= replyParameters(this.#evaluation, asObjects)
    return this.made
  }

  text(): string | undefined {
    if (this.made) return undefined
    return `{"resourceType":"Parameters","parameter":[${listed(replyParameters(this.#evaluation, asTexts))}]}`
  }
}

const PARTS = Symbol('parts')

interface InParts {
  [PARTS]?: Parts
}

/**
 * The member `parameter` of every reply. One for all: with functions of its own each reply would have a shape of its own, which stays in
 * memory, with all that the functions know, until the whole heap is collected.
 */
const whenAsked = {
  get(this: InParts): Parameter[] | undefined {
    return this[PARTS]?.objects()
  },
  set(this: InParts, given: Parameter[] | undefined): void {
    const parts = this[PARTS]
    if (parts) parts.made = given
  },
  enumerable: true,
  configurable: true,
}

/** About as many parameters as the reply will have. */
function lengthOf(evaluation: Evaluation): number {
  const { checks, rules, structureMaps, valueSets, artefacts, coreDataSets, linked, evaluations } = evaluation
  const named = structureMaps.length + valueSets.length + (artefacts?.length ?? 0)
  return checks.length + rules.length + named + coreDataSets.length + linked.length + evaluations.length
}

/** What a reply is made of, parameter by parameter: objects, or their JSON texts. */
interface Form<P> {
  value(name: string, type: ValueType, value: string | number | boolean): P
  /** A text with its translation, as FHIR has them: who does not look for it reads what stood there always. */
  translated(name: string, text: string, translation: Translation): P
  parts(name: string, part: P[]): P
  resource(name: string, resource: Resource): P
  /** A group of parameters that most replies have in common; what it follows from, all of it, decides whether it is made anew. */
  common(group: Group, of: readonly unknown[], make: (form: Form<P>) => P[]): P[]
}

/** Groups of parameters that are the same in reply after reply. */
type Group = 'issuer' | 'checks' | 'rule' | 'artefacts'

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
  translated: withTranslation,
  parts: (name, part) => ({ name, part }),
  resource: (name, resource) => ({ name, resource }),
  common: (_group, _of, make) => make(asObjects),
}

/** https://hl7.org/fhir/R4/extension-translation.html */
function withTranslation(name: string, text: string, translation: Translation): Parameter {
  const extension = [
    { url: 'lang', valueCode: translation.language },
    { url: 'content', valueString: translation.text },
  ]
  return { name, valueString: text, _valueString: { extension: [{ url: translationUrl, extension }] } }
}

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

/**
 * How a parameter begins, by its member and its name: each is made once, and of one piece. Rules have so many members of evidence, of
 * so many characters; whatever is beyond that is made each time.
 */
const beginnings = new Map<string, Map<string, string>>()
const mostBeginnings = 1000
const mostCharacters = 64

function begin(name: string, member: string, opening: string): string {
  let ofMember = beginnings.get(member)
  if (!ofMember) {
    ofMember = new Map()
    beginnings.set(member, ofMember)
  }
  const known = ofMember.get(name)
  if (known !== undefined) return known
  const text = ['{"name":', quoted(name), ',"', member, '":', opening].join('')
  if (ofMember.size < mostBeginnings && name.length <= mostCharacters) ofMember.set(name, text)
  return text
}

const asTexts: Form<string> = {
  value(name, type, value) {
    if (typeof value === 'boolean') return `${begin(name, type, '')}${value}}`
    if (typeof value !== 'string') return `${begin(name, type, '')}${JSON.stringify(value) ?? 'null'}}`
    const beginning = begin(name, type, '"')
    return ESCAPED.test(value) ? `${beginning}${JSON.stringify(value).slice(1)}}` : `${beginning}${value}"}`
  },
  translated: (name, text, translation) => JSON.stringify(withTranslation(name, text, translation)),
  parts: (name, part) => `${begin(name, 'part', '[')}${listed(part)}]}`,
  resource: (name, resource) => `${begin(name, 'resource', '')}${stringifyJson(resource)}}`,
  common: (group, of, make) => {
    const known = lastTexts[group].get(of)
    if (known) return known
    // Of one piece: it is copied as often as it is sent.
    const text = make(asTexts).join()
    return lastTexts[group].set(of, text === '' ? [] : [text])
  },
}

/** Nothing of a person is in any of these groups. */
const lastTexts: Record<Group, KeepLast<string[]>> = {
  issuer: keepLast(),
  checks: keepLast(),
  rule: keepLast(),
  artefacts: keepLast(),
}

function replyParameters<P>(evaluation: Evaluation, form: Form<P>): P[] {
  const { value, parts, resource } = form
  const parameter: P[] = [
    value('decision', 'valueCode', evaluation.decision),
    value('status', 'valueCode', evaluation.status),
  ]
  if (evaluation.format) parameter.push(value('format', 'valueCode', evaluation.format))
  const { issuer, checks } = evaluation
  if (issuer)
    parameter.push(...form.common('issuer', issuerTexts(issuer), () => [parts('issuer', issuerParts(issuer, form))]))
  parameter.push(...form.common('checks', checkTexts(checks), () => checks.map((each) => checkPart(each, form))))
  addContent(parameter, evaluation, form)
  if (evaluation.identity) parameter.push(value('identity', 'valueCode', evaluation.identity))
  for (const rule of evaluation.rules) parameter.push(parts('rule', ruleParts(rule, form)))
  const { structureMaps, valueSets, artefacts = [] } = evaluation
  const named = [structureMaps.length, valueSets.length, ...structureMaps, ...valueSets, ...artefacts]
  parameter.push(
    ...form.common('artefacts', named, () => [
      ...structureMaps.map((each) => value('structureMap', 'valueCanonical', each)),
      ...valueSets.map((each) => value('valueSet', 'valueCanonical', each)),
      ...artefacts.map((each) => artefactOf(each, form)),
    ]),
  )
  parameter.push(value('evaluationDateTime', 'valueDateTime', evaluation.clockText))
  if (evaluation.issues.length > 0) parameter.push(resource('outcome', operationOutcome(evaluation.issues)))
  for (const file of evaluation.linked) parameter.push(parts('linked', linkedParts(file, form)))
  for (const each of evaluation.evaluations) parameter.push(resource('evaluation', evaluationReply(each)))
  return parameter
}

const issuerTexts = (issuer: NonNullable<Evaluation['issuer']>) => [
  issuer.name,
  issuer.participant,
  issuer.keyId,
  issuer.trustDomain,
  issuer.keyUsage,
  issuer.trustList,
]

/** All that the parameters of checks say. */
function checkTexts(checks: Evaluation['checks']): (string | undefined)[] {
  const texts: (string | undefined)[] = []
  for (const { name, outcome, detail } of checks) texts.push(name, outcome, detail)
  return texts
}

function checkPart<P>({ name, outcome, detail }: Evaluation['checks'][number], { value, parts }: Form<P>): P {
  const part = [value('name', 'valueCode', name), value('outcome', 'valueCode', outcome)]
  if (detail) part.push(value('detail', 'valueString', detail))
  return parts('check', part)
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
  const { planDefinition, action, actionTranslation, library, expression } = rule
  const title = [action, actionTranslation?.language, actionTranslation?.text]
  const head = form.common('rule', [planDefinition, library, expression, ...title], () => ruleHead(rule, form))
  const part = [...head]
  if (rule.result !== null) part.push(value('result', 'valueBoolean', rule.result))
  if (rule.informative) part.push(value('informative', 'valueBoolean', true))
  if (rule.message) part.push(value('message', 'valueString', rule.message))
  for (const each of rule.evidence)
    part.push(parts('evidence', [value('name', 'valueString', each.name), valuePart(each.value, 'value', form)]))
  if (rule.explanation) part.push(explanationPart(rule.explanation, rule.expression, form))
  return part
}

function ruleHead<P>(rule: Evaluation['rules'][number], { value, translated }: Form<P>): P[] {
  const part: P[] = []
  if (rule.planDefinition) part.push(value('planDefinition', 'valueCanonical', rule.planDefinition))
  if (rule.action)
    part.push(
      rule.actionTranslation
        ? translated('action', rule.action, rule.actionTranslation)
        : value('action', 'valueString', rule.action),
    )
  if (rule.library) part.push(value('library', 'valueCanonical', rule.library))
  if (rule.expression) part.push(value('expression', 'valueString', rule.expression))
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

/** An explanation as the parameter `evidence`, as a rule of a verdict has it. @param expression what it explains */
export const explanationParameter = (explanation: Explanation, expression: string): Parameter =>
  explanationPart(explanation, expression, asObjects)

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
