import { jsonSize } from '../base/json-size.ts'
import type { JsonObject } from '../base/json-value.ts'
import { unprocessable } from '../fhir/error.ts'
import type { Bundle, Issue, Library, Parameters, PlanDefinition } from '../fhir/types.ts'
import { evaluateCertLogic, isCertLogic, readCertLogic, readCertLogicData } from './certlogic/certlogic.ts'
import type { EuValueSet } from './certlogic/external.ts'
import { programOf, programsWith } from './cql/compiled/program.ts'
import type { CqlTerminology } from './cql/run/code-service.ts'
import type { DefineResult } from './cql/run/define-result.ts'
import type { EvaluateAnswer } from './cql/run/evaluate-worker.ts'
import { type CqlCall, evaluateCql } from './cql/run/expression.ts'
import { createFhirClasses } from './cql/run/fhir-instance.ts'
import { runLibrary } from './cql/run/run.ts'
import { createSandbox } from './cql/run/sandbox.ts'
import { type EncodedResult, encodeResult } from './cql/run/to-parameters.ts'
import { terminologyLibrary } from './cql/terminology/library.ts'
import { generateFhirHelpers } from './cql/translate/fhir-helpers.ts'
import { type CompiledLibrary, createLibraries, type Libraries } from './cql/translate/libraries.ts'
import { findLibrary, type LibraryStore } from './cql/translate/library-index.ts'
import { type LibraryText, libraryCanonical } from './cql/translate/library-text.ts'
import { fhirModelInfo, type ModelInfo } from './cql/translate/model-info.ts'
import { shippedElm } from './cql/translate/shipped-elm.ts'
import { createTranslator, type DerivedStore } from './cql/translate/translator.ts'
import { type EachCall, evaluateEach } from './evaluate-each.ts'
import { createInspector, type LibraryInspector } from './inspect-library.ts'
import { type LibraryReferences, libraryReferences } from './library-references.ts'
import { type LibraryRequirements, libraryRequirements, type RequirementsCall } from './library-requirements.ts'
import type { ModelStore } from './models/models.ts'
import { listPlan, runPlan } from './plan.ts'
import { readPlan } from './read-plan.ts'
import { listRuleLibrary, type NamedLibrary, runRuleLibrary } from './rule-library.ts'
import { checkExpressions, checkParameters, librariesOf } from './rule-parameters.ts'
import type { RuleResult } from './rule-result.ts'
import { createExpressionRunner, type ExpressionEnvironment, type RuleData } from './run-expression.ts'

export { type EncodedResult, withGreatestDecimal } from './cql/run/to-parameters.ts'
export { shippedElm } from './cql/translate/shipped-elm.ts'
export type { LibraryInspector } from './inspect-library.ts'
export { actionFaults, modifiers, planFaults } from './plan-faults.ts'
export { createPlans, type Plans } from './plans.ts'
export { everyAction, isOutOfUse, readAskedUses, readPlan } from './read-plan.ts'
export type { RuleResult } from './rule-result.ts'
export { statusRemark, unquote } from './run-expression.ts'
export { fitsJurisdiction, fitsUse, periodRemark } from './select-plans.ts'

/** What the rules need of the server. */
export interface RuleEnvironment extends LibraryStore, ModelStore, CqlTerminology {
  /** Keeps compiled ELM between starts. */
  derived: DerivedStore
  /**
   * The stored ValueSet of the id by which EU rules name it (`vaccines-covid-19-names`); undefined when the server has none, which makes
   * a rule that reads it fail. Without the function there is none.
   */
  euValueSet?(id: string): Promise<EuValueSet | undefined>
}

/** Limits of {@link createRules}. */
export interface RulesOptions {
  /** Computing time of what a client brought along, for its translation and for its evaluation each; default 1. */
  jobSeconds?: number
  /** Most processes that translate, and most that evaluate; default 2. */
  processes?: number
  /** Processes end when idle for so long; default 30. */
  idleSeconds?: number
  /** Whether what is stored here runs compiled where it can; default yes. */
  isCompiled?: boolean
  /** Whether of that what runs often becomes generated code; default yes. */
  isGenerated?: boolean
  /** Told of an error in a compiled form that the executor did not meet; it changes no answer. */
  programFailed?(error: unknown): void
  /** Folder of `*.elm` files that come with the program; their CQL is never translated again. */
  elmFolder?: string
}

/** A library that came with a request, or much data: it runs in a process with limits. */
interface ForeignCall {
  /** Whose job it is; jobs of one client wait for each other. */
  client?: string | undefined
  /** Whether nobody waits for it any more. */
  isGone?: (() => boolean) | undefined
}

/** What a library is run over. */
interface LibraryCall {
  /** Canonical, or the resource itself. */
  library: string | Library
  /** Names of defines; absent = all public ones. */
  expressions?: string[]
  data?: Bundle
  /** Instances of logical models beside `data`. */
  coreDataSets?: JsonObject[]
  /** Which Patient of `data`, when there are several. */
  subject?: string
  parameters?: Parameters
  /** FHIR dateTime. */
  clock: string
  language?: string
  /** Told of every value set (`url` or `url|version`) that the rules use. */
  asked?: (valueSet: string) => void
}

/** Results of a library; the issues are warnings that belong to no single define. */
interface LibraryResult {
  /** `url|version` */
  library: string
  results: DefineResult[]
  issues: Issue[]
}

/** What rules are run over, for a verdict. */
export type RuleCall = RuleData

/** Rules as a request names them, or as they were selected. */
export type RuleSource = { plan: PlanDefinition } | NamedLibrary

/** What rules are run with: libraries that are found and compiled, terminology, value sets of the EU. */
export interface RuleWorkshop {
  expressions: ExpressionEnvironment
  /** `url|version` of what a canonical stands for; the canonical itself when nothing does. */
  pin(canonical: string): Promise<string>
}

/** Business rules in both languages. */
export interface Rules {
  /** @throws FhirError 404 unknown library, 422 library that cannot be run; a failing define answers for itself */
  evaluateLibrary(call: LibraryCall): Promise<LibraryResult>
  /**
   * As `evaluateLibrary`, with encoded results: what `Library/$evaluate` answers. An untrusted (not stored) library runs in a process
   * with limits; so does one that is to be explained, which is told in `told`. CertLogic results carry no CQL type, and no reasons.
   */
  encodeLibrary(call: LibraryCall & ForeignCall & { untrusted?: boolean; explain?: boolean }): Promise<EvaluateAnswer>
  /**
   * Defines of a stored library, in a process with limits, each with an answer of its own; see {@link EachCall}.
   * @throws FhirError 422 too-costly
   */
  evaluateEach(call: EachCall & ForeignCall): Promise<Map<string, EncodedResult>>
  /**
   * Runs rules for a verdict. At least one result: what cannot be understood or run, for whatever reason, is a failed rule.
   * @throws FhirError with a status from 500 on, when the server cannot answer now
   */
  evaluateRules(source: RuleSource, call: RuleCall): Promise<RuleResult[]>
  /** `evaluateRules` of a plan. */
  evaluatePlan(plan: PlanDefinition, call: RuleCall): Promise<RuleResult[]>
  /** The rules that would be run, each without result and with the reason. At least one. */
  listRules(source: RuleSource, why: Issue, language?: string): Promise<RuleResult[]>
  /**
   * Holds the names of a question against the rules that may run: `expression` against the libraries named, CQL parameters against all.
   * @throws FhirError 422 for a name that none of them has, naming the nearest, and for a value of another type than declared
   */
  checkQuestion(sources: RuleSource[], parameters: Parameters | undefined): Promise<void>
  /** Runs a CQL expression in a process with limits; the result is named `return`. @throws FhirError 422 with line and column for one that does not translate */
  evaluateCql(call: CqlCall & ForeignCall): Promise<EncodedResult>
  /** Looks at libraries before they are stored; `beside` are those that are to be stored together. */
  inspector(beside: Library[]): LibraryInspector
  /**
   * What the text of a library names: libraries, value sets, code systems; nothing for one that holds no rules.
   * @throws FhirError of 5xx alone
   */
  references(library: Library): Promise<LibraryReferences>
  /**
   * What a library asks of the data and of whoever runs it.
   * @throws FhirError 422 for a library with faults, an unknown define, and what is too large
   */
  requirements(call: RequirementsCall): Promise<LibraryRequirements>
  /** For authors who try changed libraries: what the rules are run with. */
  workshop: RuleWorkshop
  /** Ids of the translator's processes while they run. */
  translatorPids(): number[]
  /** Ends the processes. */
  close(): Promise<void>
}

/** What is explained is run for its results, its reasons and its conditions. */
const thrice = 3

/** Makes the rules over what the server gives. */
export function createRules(environment: RuleEnvironment, options: RulesOptions = {}): Rules {
  const pool = { processes: options.processes ?? 2, idleSeconds: options.idleSeconds ?? 30 }
  const jobOf = ({ client = '', isGone }: Pick<ForeignCall, 'client' | 'isGone'>, times = 1) => ({
    client,
    isGone,
    cpuSeconds: times * (options.jobSeconds ?? 1),
  })
  const translator = createTranslator(environment.derived, { ...pool, shipped: shippedElm(options.elmFolder) })
  const model = fhirModelInfo()
  const generated = [fhirHelpers(model), terminologyLibrary]
  const libraries = createLibraries(environment, translator, generated)
  const run = {
    classes: createFhirClasses(model),
    terminology: environment,
    programOf: options.isCompiled === false ? undefined : programs(options, libraries),
    programFailed: options.programFailed,
  }
  const sandbox = createSandbox(environment, pool)
  const expressions: ExpressionEnvironment = {
    libraries,
    run,
    findLibrary: (canonical) => findLibrary(canonical, environment),
    euValueSet: async (id) => environment.euValueSet?.(id),
  }
  const pin = pinner(environment)
  const evaluateRules = ruleEvaluator({ expressions, pin })

  const certLogicOf = async (library: string | Library) => {
    const resource = typeof library === 'string' ? await findCertLogic(library, environment) : library
    return resource && isCertLogic(resource) ? resource : undefined
  }

  return {
    async evaluateLibrary({ library, ...call }) {
      const certLogic = await certLogicOf(library)
      if (certLogic) return evaluateCertLogicLibrary(certLogic, call)
      const compiled = await libraries.compile(library)
      return { library: compiled.canonical, ...(await runLibrary(compiled, call, run)) }
    },
    async encodeLibrary({ library, untrusted, explain, client, isGone, language, ...call }) {
      const certLogic = await certLogicOf(library)
      if (certLogic) {
        const { results } = evaluateCertLogicLibrary(certLogic, call)
        return { results: results.map(encodeResult).map(withoutCqlType), ignored: [] }
      }
      const compiled = await libraries.compile(library, untrusted ? jobOf({ client, isGone }) : undefined)
      if (explain) {
        const resources = await resourcesOf(compiled, library, environment)
        return sandbox.run(compiled, { ...call, tell: { resources, language } }, jobOf({ client, isGone }, thrice))
      }
      if (untrusted || isLarge(call.data)) return sandbox.run(compiled, call, jobOf({ client, isGone }))
      const { results, ignored } = await runLibrary(compiled, call, run)
      return { results: results.map(encodeResult), ignored }
    },
    evaluateEach: ({ client, isGone, ...call }) =>
      evaluateEach(call, jobOf({ client, isGone }), { libraries, sandbox }),
    evaluateRules,
    evaluatePlan: (plan, call) => evaluateRules({ plan }, call),
    async listRules(source, why, language) {
      if ('plan' in source) return marked(source.plan, await listPlan(source.plan, why, { pin, language }))
      return listRuleLibrary(source, why, { ...expressions, pin })
    },
    async checkQuestion(sources, parameters) {
      await checkExpressions(
        sources.flatMap((each) => ('plan' in each ? [] : [each])),
        expressions,
      )
      if (!parameters) return
      const named = sources.flatMap((each) => ('plan' in each ? librariesOf(each.plan) : [each.library]))
      const context = { classes: run.classes, scope: { timezoneOffset: 0 } }
      await checkParameters(parameters, named, { environment: expressions, context })
    },
    evaluateCql: ({ client, isGone, ...call }) => evaluateCql(call, jobOf({ client, isGone }), { libraries, sandbox }),
    inspector: (beside) => createInspector(environment, { translator, generated }, beside),
    references: (library) => libraryReferences(library, { ...expressions, generated }),
    requirements: (call) => libraryRequirements(call, { ...expressions, generated }),
    workshop: { expressions, pin },
    translatorPids: translator.pids,
    async close() {
      await Promise.all([translator.close(), sandbox.close()])
    },
  }
}

/** Runs of a define or function after which code is generated for it: before that it does not pay. */
const RUNS_BEFORE = 20

const programs = ({ isGenerated }: RulesOptions, { isPublished }: Libraries) =>
  isGenerated === false ? programOf : programsWith({ isFor: isPublished, runsBefore: RUNS_BEFORE })

/** The resources whose authors' texts stand in reasons: a library as it came, and what it includes as it is stored; by canonical. */
async function resourcesOf(
  compiled: CompiledLibrary,
  library: string | Library,
  environment: RuleEnvironment,
): Promise<Record<string, Library>> {
  const resources: Record<string, Library> = {}
  for (const { canonical } of [compiled, ...compiled.includes]) {
    const isOwn = canonical === compiled.canonical && typeof library !== 'string'
    const resource = isOwn ? library : await findLibrary(canonical, environment)
    if (resource) resources[canonical] = resource
  }
  return resources
}

/** Runs rules with what a workshop holds. */
export const ruleEvaluator =
  ({ expressions, pin }: RuleWorkshop): Rules['evaluateRules'] =>
  async (source, call) => {
    const runner = createExpressionRunner(call, expressions)
    if (!('plan' in source)) return runRuleLibrary(source, { ...expressions, runner, pin })
    const results = runPlan(source.plan, { runner, pin, language: call.language })
    return marked(source.plan, results instanceof Promise ? await results : results)
  }

/** The results of a plan, marked where they inform and do not decide. */
function marked(plan: PlanDefinition, results: RuleResult[]): RuleResult[] {
  return readPlan(plan).informs ? results.map((each) => ({ ...each, informative: true })) : results
}

/** What tells `url|version` of what a canonical stands for; the canonical itself when nothing does. */
const pinner = (environment: RuleEnvironment) => async (canonical: string) => {
  const known = await findLibrary(canonical, environment).catch(() => undefined)
  return known ? libraryCanonical(known) : canonical
}

/** The library of conversions that every rule over FHIR leans on, generated. */
const fhirHelpers = (model: ModelInfo): LibraryText => ({
  canonical: `http://hl7.org/fhir/Library/FHIRHelpers|${model.version}`,
  identifier: { id: 'FHIRHelpers', version: model.version },
  cql: generateFhirHelpers(model),
  elm: undefined,
})

/** A stored Library by canonical, when it is a CertLogic one. */
async function findCertLogic(canonical: string, environment: RuleEnvironment): Promise<Library | undefined> {
  const found = await findLibrary(canonical, environment)
  return found && isCertLogic(found) ? found : undefined
}

/** The one define of a CertLogic library is `Logic`. */
function evaluateCertLogicLibrary(resource: Library, call: Omit<LibraryCall, 'library'>): LibraryResult {
  const library = readCertLogic(resource)
  const unknown = (call.expressions ?? []).find((each) => each !== 'Logic')
  if (unknown !== undefined) throw unprocessable(`library ${library.canonical} has no define "${unknown}"`, 'not-found')
  const outcome = evaluateCertLogic(library, readCertLogicData(call.parameters))
  const result = 'error' in outcome ? { value: null, issue: outcome.error } : { value: outcome.value }
  return {
    library: library.canonical,
    results: [{ name: 'Logic', type: undefined, evidence: [], ...result }],
    issues: [],
  }
}

/** An evaluation never lets the event loop turn, so much data goes where it holds up nobody. */
const isLarge = (data: Bundle | undefined) => jsonSize(data, largeData) > largeData

/** Characters of the data of some dozen events. */
const largeData = 50_000

function withoutCqlType({ parameters, ...result }: EncodedResult): EncodedResult {
  return { ...result, parameters: parameters.map(({ extension: _cqlType, ...each }) => each) }
}
