import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
import { keepPerObject } from '../base/keep.ts'
import { issue, notFound, unprocessable } from '../fhir/error.ts'
import type { Issue, Library } from '../fhir/types.ts'
import {
  type CertLogicLibrary,
  certLogicType,
  evaluateCertLogic,
  isCertLogic,
  pathsOf,
  readCertLogic,
} from './certlogic/certlogic.ts'
import { access } from './certlogic/corrections.ts'
import { composeExternal, type EuValueSet, externalNames, hasEntry } from './certlogic/external.ts'
import { fitsCertificate } from './certlogic/versions.ts'
import type { DefineResult } from './cql/run/define-result.ts'
import { inlineLibrary } from './cql/run/expression.ts'
import { type LibraryRun, openRun, type RunCall, type RunEnvironment } from './cql/run/run.ts'
import { toJson } from './cql/run/to-json.ts'
import { formatType, type TypeSpecifier } from './cql/translate/elm.ts'
import type { CompiledLibrary, Libraries } from './cql/translate/libraries.ts'
import { type ExplainCall, explainDefine } from './explain/explain-define.ts'
import type { Explanation } from './explain/explanation.ts'
import type { Answer } from './rule-result.ts'

/** What expressions are evaluated with. */
export interface ExpressionEnvironment {
  libraries: Libraries
  run: RunEnvironment
  /** The stored Library of a canonical, whatever its language. @throws FhirError 422 when several fit and differ */
  findLibrary(canonical: string): Promise<Library | undefined>
  /** Value sets by the ids that EU rules use. */
  euValueSet(id: string): Promise<EuValueSet | undefined>
}

/** What the rules of one request run over. */
export interface RuleData extends Omit<RunCall, 'expressions' | 'subject'> {
  /** The EU DCC claim object, for CertLogic; absent when the credential carries none. */
  payload?: Json
  /** What CertLogic rules may see of the envelope: `issuerCountryCode`, `countryCode`, `exp`, `iat`. */
  external?(): JsonObject
  /** A language tag or an Accept-Language value, for explanations. */
  language?: string
  /** Explains what is true as well; everything else always is. */
  explainAll?: boolean
  /** Explains nothing: for who runs rules to see what they use. */
  isUnexplained?: boolean
}

/** One expression as a rule names it (https://hl7.org/fhir/R4/metadatatypes.html#Expression). */
export interface RuleExpression {
  /** `text/cql-identifier`, `text/cql` or `application/certlogic+json`. */
  language: string
  expression: string
  /** Canonical of the library. */
  library: string
}

/** Whom a CertLogic rule is for. */
export interface RuleScope {
  /** Certificate kinds; empty = every one. */
  kinds: string[]
  /** Country of the rule. */
  country: string | undefined
}

/** Evaluates expressions of rules over one request; a library is opened once and its defines share what they compute. */
export interface ExpressionRunner {
  /** At once where nothing is waited for. @throws FhirError when the expression cannot be run at all */
  evaluate(expression: RuleExpression, scope: RuleScope): Answer | Promise<Answer>
}

/** Makes a runner for the data of one request. */
export const createExpressionRunner = (data: RuleData, environment: ExpressionEnvironment): ExpressionRunner =>
  new Runner(data, environment)

class Runner implements ExpressionRunner {
  readonly #data: RuleData
  readonly #environment: ExpressionEnvironment
  readonly #telling: Telling
  readonly #opened: LibraryRun[] = []

  constructor(data: RuleData, environment: ExpressionEnvironment) {
    const { language, explainAll = false, isUnexplained = false } = data
    this.#data = data
    this.#environment = environment
    this.#telling = { language, findLibrary: environment.findLibrary, explainAll, isUnexplained }
  }

  evaluate(expression: RuleExpression, scope: RuleScope): Answer | Promise<Answer> {
    const { language, library } = expression
    const { libraries } = this.#environment
    if (language === 'text/cql-identifier') {
      const name = unquote(expression.expression)
      const known = libraries.compiled(library)
      if (known) return answerDefine(this.#open(known), name, this.#telling)
      return libraries.compile(library).then((each) => answerDefine(this.#open(each), name, this.#telling))
    }
    if (language === 'text/cql') return this.#evaluateText(expression)
    if (language === certLogicType)
      return answerCertLogic(expression, scope, { data: this.#data, environment: this.#environment })
    throw unprocessable(`conditions in ${language} are not supported`, 'not-supported')
  }

  async #evaluateText({ expression, library }: RuleExpression): Promise<Answer> {
    const { libraries } = this.#environment
    const named = await libraries.compile(library)
    const source = inlineLibrary(expression, [{ ...named.identifier }], true)
    const inline = await libraries.compileText(source, undefined)
    const answer = await answerDefine(this.#open(inline), 'return', { ...this.#telling, inline: expression })
    return { ...answer, library: named.canonical }
  }

  #open(library: CompiledLibrary): LibraryRun {
    for (const each of this.#opened) if (each.library === library) return each
    const run = openRun(library, this.#data, this.#environment.run, true)
    this.#opened.push(run)
    return run
  }
}

type Telling = ExplainCall & Required<Pick<RuleData, 'explainAll' | 'isUnexplained'>>

/** A define whose answer is looked for. */
interface AskedDefine {
  run: LibraryRun
  name: string
  telling: Telling
}

/** Nearly always the answers are there: then nobody waits. */
function answerDefine(run: LibraryRun, name: string, telling: Telling): Answer | Promise<Answer> {
  const asked = { run, name, telling }
  const result = run.evaluate(name)
  return result instanceof Promise ? result.then((found) => withReasons(found, asked)) : withReasons(result, asked)
}

function withReasons(result: DefineResult, asked: AskedDefine): Answer | Promise<Answer> {
  const reasons = `${asked.name} Reasons`
  if (!asked.run.has(reasons)) return answerOf(result, undefined, asked)
  const reason = asked.run.evaluate(reasons)
  return reason instanceof Promise
    ? reason.then((found) => answerOf(result, found, asked))
    : answerOf(result, reason, asked)
}

function answerOf(
  result: DefineResult,
  reason: DefineResult | undefined,
  asked: AskedDefine,
): Answer | Promise<Answer> {
  const { run, telling } = asked
  const failed = result.issue ?? notBoolean(result)
  const truth = failed || typeof result.value !== 'boolean' ? null : result.value
  const answer: Answer = { library: run.library.canonical, result: truth, evidence: result.evidence, missing: [] }
  const given = reason ? toJson(reason.value) : null
  if (given !== null && reason) {
    const told = (Array.isArray(given) ? given : [given]).filter((each) => each !== null)
    answer.evidence = [...told.map((value) => ({ name: reason.name, value })), ...result.evidence]
  }
  if (failed) answer.issue = failed
  const drafts = draftRemarks(run.library)
  if (drafts.length > 0) answer.remarks = drafts
  const isExplained = !failed && !telling.isUnexplained && (truth !== true || telling.explainAll)
  return isExplained ? explained(answer, result, asked) : answer
}

async function explained(answer: Answer, result: DefineResult, { run, name, telling }: AskedDefine): Promise<Answer> {
  const found = await explainDefine(run, result, telling)
  const own = answer.result === null ? await missingTexts(run, name) : []
  const remarks = [...(answer.remarks ?? []), ...(found?.remarks ?? [])]
  return {
    ...answer,
    missing: own.length > 0 ? own : (found?.missing ?? []),
    ...(found?.explanation ? { explanation: withTexts(found.explanation, own) } : {}),
    ...(remarks.length > 0 ? { remarks } : {}),
  }
}

/** What was missing in the words of the rule's author, where there are any (`<define> Missing`). */
async function missingTexts(run: LibraryRun, name: string): Promise<string[]> {
  const own = `${name} Missing`
  const told = run.has(own) ? toJson((await run.evaluate(own)).value) : null
  return [told ?? []]
    .flat()
    .filter((each) => typeof each === 'string')
    .slice(0, mostMissing)
}

/** The author's own words come before what was found in the steps. */
function withTexts(explanation: Explanation, texts: string[]): Explanation {
  const own = texts.map((text) => ({ text, value: null, parts: [] }))
  return { ...explanation, parts: [...own, ...explanation.parts] }
}

/** Enough to act on; a person reads no more. */
const mostMissing = 5

/** The type that the translator found decides, not the value: null, too, must be a null of a Boolean. */
function notBoolean({ name, type, value }: DefineResult): Issue | undefined {
  const isFitting = value === null || typeof value === 'boolean'
  if (isBoolean(type) && isFitting) return undefined
  if (type !== undefined) return issue('value', `define "${name}" is ${formatType(type)}, not Boolean`)
  // ELM that was stored without types: only a value can tell.
  if (typeof value === 'boolean') return undefined
  const code = value === null ? 'incomplete' : 'value'
  return issue(code, `define "${name}" is not Boolean, and its library does not say of what type it is`)
}

/** Whether a type is the Boolean of CQL. */
export const isBoolean = (type: TypeSpecifier | undefined): boolean =>
  type?.name === '{urn:hl7-org:elm-types:r1}Boolean'

/** What is to be said of a library and of all that it includes, made once for it. */
const draftRemarks = keepPerObject((library: CompiledLibrary): Issue[] =>
  [library, ...library.includes].flatMap(({ canonical, status }) => statusRemark(`Library ${canonical}`, status)),
)

/** A remark on an artefact that is used although it is a draft or retired. */
export function statusRemark(name: string, status: string | undefined): Issue[] {
  if (status === undefined || status === 'active') return []
  return [issue('informational', { severity: 'warning', text: `${name} is not active: its status is ${status}` })]
}

/** The one define of a CertLogic library. */
export const certLogicDefine = 'Logic'

interface CertLogicRun {
  data: RuleData
  environment: ExpressionEnvironment
}

async function answerCertLogic(
  { library: canonical, expression }: RuleExpression,
  scope: RuleScope,
  { data, environment }: CertLogicRun,
): Promise<Answer> {
  const resource = await environment.findLibrary(canonical)
  if (!resource) throw notFound(`Library ${canonical} is not known to this server`)
  if (!isCertLogic(resource)) throw unprocessable(`Library ${canonical} is not written in CertLogic`)
  const library = readCertLogic(resource)
  if (unquote(expression) !== certLogicDefine)
    throw unprocessable(`Library ${library.canonical} has no define but ${certLogicDefine}`, 'not-found')
  const remarks = statusRemark(`Library ${library.canonical}`, resource.status)
  const answer = await runCertLogic(library, scope, { data, environment })
  return { library: library.canonical, evidence: [], ...answer, ...(remarks.length > 0 ? { remarks } : {}) }
}

type Outcome = Pick<Answer, 'result' | 'missing' | 'issue'>

async function runCertLogic(
  library: CertLogicLibrary,
  { kinds, country }: RuleScope,
  { data, environment }: CertLogicRun,
): Promise<Outcome> {
  const { payload } = data
  const failed = (code: Issue['code'], text: string): Outcome => ({
    result: null,
    missing: [],
    issue: issue(code, text),
  })
  if (!isJsonObject(payload))
    return failed('not-supported', 'the credential is not an EU DCC alone, and CertLogic rules read nothing else')
  const about = kinds.length > 0 ? kinds : certificateKinds(library)
  if (!hasEntry(payload, about))
    return failed('not-found', `the certificate has no entry of the kind ${about.join(' or ')}`)
  const paths = pathsOf(library.logic)
  const parts = { paths, clock: data.clock, country, known: data.external?.() }
  const { external, unknown } = await composeExternal(parts, async (id) => {
    const found = await environment.euValueSet(id)
    if (found) data.asked?.(found.canonical)
    return found
  })
  if (unknown.length > 0) return failed('not-found', `the value set ${unknown.join(', ')} is not known to this server`)
  // Of what nobody knows a rule would read null, and take it for an absence.
  const notGiven = externalNames(paths).filter((name) => !Object.hasOwn(external, name))
  if (notGiven.length > 0)
    return failed('not-supported', `external.${notGiven.join(', external.')} is not known for this question`)
  if (!fitsCertificate(library.rule, payload.ver))
    return failed('not-supported', 'the rule was written for another version of the certificate (SchemaVersion, ver)')
  const seen = { payload, external }
  const outcome = evaluateCertLogic(library, seen)
  const missing = paths
    .filter((path) => path.startsWith('payload.') && access(seen, path) === null)
    .map((path) => `${path} is missing`)
  if ('value' in outcome) {
    const { value } = outcome
    if (value === null || typeof value === 'boolean') return { result: value, missing: value === null ? missing : [] }
    return failed('value', 'its logic gives something that is not Boolean')
  }
  const { code, details } = outcome.error
  return failed(code, [details?.text ?? code, ...missing].join('; '))
}

/** Kind of certificate that an EU rule is about, as it says itself. */
function certificateKinds({ rule }: CertLogicLibrary): string[] {
  const type = rule?.CertificateType
  return typeof type === 'string' ? [type.toLowerCase()] : []
}

/** The name that `"a quoted \"identifier\""` stands for. */
export const unquote = (name: string) =>
  name.includes('"') && /^".*"$/s.test(name.trim()) ? name.trim().slice(1, -1).replace(/\\(.)/g, '$1') : name
