import { isJsonObject } from '../base/json.ts'
import type { Json, JsonObject } from '../base/json-value.ts'
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
export interface RuleData extends Omit<RunCall, 'expressions' | 'subject' | 'discreet'> {
  /** The EU DCC claim object, for CertLogic; absent when the credential carries none. */
  payload?: Json
  /** What CertLogic rules may see of the envelope: `issuerCountryCode`, `countryCode`, `exp`, `iat`. */
  external?: JsonObject
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
  /** @throws FhirError when the expression cannot be run at all */
  evaluate(expression: RuleExpression, scope: RuleScope): Promise<Answer>
}

/** Makes a runner for the data of one request. */
export function createExpressionRunner(data: RuleData, environment: ExpressionEnvironment): ExpressionRunner {
  const opened = new Map<CompiledLibrary, LibraryRun>()
  const open = (library: CompiledLibrary) => {
    const run = opened.get(library) ?? openRun(library, { ...data, discreet: true }, environment.run)
    opened.set(library, run)
    return run
  }
  const { language, explainAll = false, isUnexplained = false } = data
  const { findLibrary } = environment
  const telling = { language, findLibrary, explainAll, isUnexplained }
  const languages: Record<string, (expression: RuleExpression, scope: RuleScope) => Promise<Answer>> = {
    'text/cql-identifier': async ({ expression, library }) =>
      answerDefine(open(await environment.libraries.compile(library)), unquote(expression), telling),
    'text/cql': async ({ expression, library }) => {
      const named = await environment.libraries.compile(library)
      const source = inlineLibrary(expression, [{ ...named.identifier }], true)
      const inline = await environment.libraries.compileText(source, undefined)
      const answer = await answerDefine(open(inline), 'return', { ...telling, inline: expression })
      return { ...answer, library: named.canonical }
    },
    [certLogicType]: (expression, scope) => answerCertLogic(expression, scope, { data, environment }),
  }
  return {
    async evaluate(expression, scope) {
      const evaluate = languages[expression.language]
      if (evaluate) return evaluate(expression, scope)
      throw unprocessable(`conditions in ${expression.language} are not supported`, 'not-supported')
    },
  }
}

type Telling = ExplainCall & Required<Pick<RuleData, 'explainAll' | 'isUnexplained'>>

async function answerDefine(run: LibraryRun, name: string, telling: Telling): Promise<Answer> {
  // Nearly always the answers are there: then nobody waits.
  const answered = run.evaluate(name)
  const result = answered instanceof Promise ? await answered : answered
  const reasons = `${name} Reasons`
  const reason = run.has(reasons) ? run.evaluate(reasons) : undefined
  const given = reason === undefined ? null : toJson((reason instanceof Promise ? await reason : reason).value)
  const told = [given ?? []].flat().filter((each) => each !== null)
  const evidence = [...told.map((value) => ({ name: reasons, value })), ...result.evidence]
  const failed = result.issue ?? notBoolean(result)
  const truth = failed || typeof result.value !== 'boolean' ? null : result.value
  const isExplained = !failed && !telling.isUnexplained && (truth !== true || telling.explainAll)
  const explained = isExplained ? await explainDefine(run, result, telling) : undefined
  const own = isExplained && truth === null ? await missingTexts(run, name) : []
  const remarks = [...draftRemarks(run.library), ...(explained?.remarks ?? [])]
  return {
    library: run.library.canonical,
    result: truth,
    evidence,
    missing: own.length > 0 ? own : (explained?.missing ?? []),
    ...(explained?.explanation ? { explanation: withTexts(explained.explanation, own) } : {}),
    ...(failed ? { issue: failed } : {}),
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

function draftRemarks(library: CompiledLibrary): Issue[] {
  return [library, ...library.includes].flatMap(({ canonical, status }) => statusRemark(`Library ${canonical}`, status))
}

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
  const parts = { paths, clock: data.clock, country, known: data.external }
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
  /^".*"$/s.test(name.trim()) ? name.trim().slice(1, -1).replace(/\\(.)/g, '$1') : name
