import { parseCanonical } from '../fhir/canonical.ts'
import { unprocessable } from '../fhir/error.ts'
import { jsonSize } from '../fhir/json-size.ts'
import type { Bundle, Issue, Json, JsonObject, Library, Parameters, PlanDefinition } from '../fhir/types.ts'
import {
  certLogicType,
  evaluateCertLogic,
  isCertLogic,
  readCertLogic,
  readCertLogicData,
} from './certlogic/certlogic.ts'
import { composeExternal, hasEntry } from './certlogic/external.ts'
import { createConditionEvaluator } from './condition-evaluator.ts'
import { checkLibrary } from './cql/check-library.ts'
import type { CqlTerminology } from './cql/code-service.ts'
import { type CqlCall, evaluateCql } from './cql/expression.ts'
import { generateFhirHelpers } from './cql/fhir-helpers.ts'
import { createFhirClasses } from './cql/fhir-instance.ts'
import { createLibraries, type LibraryStore } from './cql/libraries.ts'
import { fhirModelInfo } from './cql/model-info.ts'
import { type DefineResult, runLibrary } from './cql/run.ts'
import { createSandbox } from './cql/sandbox.ts'
import { shippedElm } from './cql/shipped-elm.ts'
import { type EncodedResult, encodeResult } from './cql/to-parameters.ts'
import { createTranslator, type DerivedStore } from './cql/translator.ts'
import { type RuleResult, runPlan } from './plan.ts'
import { planKinds } from './select-plans.ts'

export type { EncodedResult } from './cql/to-parameters.ts'
export type { RuleResult } from './plan.ts'
export { selectPlans } from './select-plans.ts'

/** What the rules need of the server. */
export interface RuleEnvironment extends LibraryStore, CqlTerminology {
  /** Keeps compiled ELM between starts. */
  derived: DerivedStore
  /**
   * Codes of the stored ValueSet with that logical id or `identifier` value, for EU rules (`vaccines-covid-19-names`); empty when the
   * server has none, for EU rules take a missing list as empty. Without the function every list is empty.
   */
  euValueSet?(id: string): Promise<string[]>
}

/** Limits of {@link createRules}. */
export interface RulesOptions {
  /** Computing time of what a client brought along, for its translation and for its evaluation each; default 1. */
  jobSeconds?: number
  /** Most processes that translate, and most that evaluate; default 2. */
  processes?: number
  /** Processes end when idle for so long; default 30. */
  idleSeconds?: number
  /** Folder of `*.elm` files that come with the program; their CQL is never translated again. */
  elmFolder?: string
}

/** A library that came with a request, or much data: it runs in a process with limits. */
interface ForeignCall {
  /** Whose job it is; jobs of one client wait for each other. */
  client?: string | undefined
}

/** What a library is run over. */
interface LibraryCall {
  /** Canonical, or the resource itself. */
  library: string | Library
  /** Names of defines; absent = all public ones. */
  expressions?: string[]
  data?: Bundle
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

/** What a plan is run over. */
interface PlanCall {
  data: Bundle
  /** The DCC claim object, for CertLogic. */
  payload?: Json
  /** What CertLogic rules may see of the envelope: `issuerCountryCode`, `countryCode`, `exp`, `iat`. */
  external?: JsonObject
  parameters?: Parameters
  clock: string
  /** A language tag or an Accept-Language value. */
  language?: string
  /** Told of every value set (`url` or `url|version`) that the rules use. */
  asked?: (valueSet: string) => void
}

/** Business rules in both languages. */
export interface Rules {
  /** @throws FhirError 404 unknown library, 422 library that cannot be run; a failing define answers for itself */
  evaluateLibrary(call: LibraryCall): Promise<LibraryResult>
  /**
   * As `evaluateLibrary`, with encoded results: what `Library/$evaluate` answers. An untrusted (not stored) library runs in a process
   * with limits. CertLogic results carry no CQL type.
   */
  encodeLibrary(
    call: LibraryCall & ForeignCall & { untrusted?: boolean },
  ): Promise<{ results: EncodedResult[]; ignored: Issue[] }>
  /** Never throws for a rule that cannot be run: that is a result of null with an issue. */
  evaluatePlan(plan: PlanDefinition, call: PlanCall): Promise<RuleResult[]>
  /** Runs a CQL expression in a process with limits; the result is named `return`. @throws FhirError 422 with line and column for one that does not translate */
  evaluateCql(call: CqlCall & ForeignCall): Promise<EncodedResult>
  /**
   * Remarks on a Library that is about to be stored: translation errors come as warnings, for the text is kept and refused when run.
   * @throws FhirError 422 for CertLogic that is not valid
   */
  checkLibrary(library: Library): Promise<Issue[]>
  /** Ids of the translator's processes while they run. */
  translatorPids(): number[]
  /** Ends the processes. */
  close(): Promise<void>
}

/** Makes the rules over what the server gives. */
export function createRules(environment: RuleEnvironment, options: RulesOptions = {}): Rules {
  const pool = { processes: options.processes ?? 2, idleSeconds: options.idleSeconds ?? 30 }
  const jobOf = (client = '') => ({ client, cpuSeconds: options.jobSeconds ?? 1 })
  const translator = createTranslator(environment.derived, { ...pool, shipped: shippedElm(options.elmFolder) })
  const model = fhirModelInfo()
  const helpers = {
    canonical: `http://hl7.org/fhir/Library/FHIRHelpers|${model.version}`,
    identifier: { id: 'FHIRHelpers', version: model.version },
    cql: generateFhirHelpers(model),
    elm: undefined,
  }
  const libraries = createLibraries(environment, translator, [helpers])
  const run = { classes: createFhirClasses(model), terminology: environment }
  const sandbox = createSandbox(environment, pool)
  const codes = async (id: string) => (await environment.euValueSet?.(id)) ?? []

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
    async encodeLibrary({ library, untrusted, client, ...call }) {
      const certLogic = await certLogicOf(library)
      if (certLogic) {
        const { results } = evaluateCertLogicLibrary(certLogic, call)
        return { results: results.map(encodeResult).map(withoutCqlType), ignored: [] }
      }
      const compiled = await libraries.compile(library, untrusted ? jobOf(client) : undefined)
      if (untrusted || isLarge(call.data)) return sandbox.run(compiled, call, jobOf(client))
      const { results, ignored } = await runLibrary(compiled, call, run)
      return { results: results.map(encodeResult), ignored }
    },
    async evaluatePlan(plan, call) {
      if (usesCertLogic(plan) && !hasEntry(call.payload, planKinds(plan))) return []
      const known = call.external
      const evaluator = createConditionEvaluator(plan, call, {
        libraries,
        run,
        findLibrary: (canonical) => findCertLogic(canonical, environment),
        external: () => composeExternal(plan, { clock: call.clock, known }, codes),
      })
      return runPlan(plan, evaluator, call.language)
    },
    evaluateCql: ({ client, ...call }) => evaluateCql(call, jobOf(client), { libraries, sandbox }),
    async checkLibrary(library) {
      if (!isCertLogic(library)) return checkLibrary(library, libraries)
      readCertLogic(library)
      return []
    },
    translatorPids: translator.pids,
    async close() {
      await Promise.all([translator.close(), sandbox.close()])
    },
  }
}

const certLogicPlans = new WeakMap<PlanDefinition, boolean>()

/** Whether any condition is CertLogic; told once for each plan, which is read and not changed. */
function usesCertLogic(plan: PlanDefinition): boolean {
  const known = certLogicPlans.get(plan)
  if (known !== undefined) return known
  const uses = JSON.stringify(plan.action ?? []).includes(certLogicType)
  certLogicPlans.set(plan, uses)
  return uses
}

/** A stored Library by canonical, when it is a CertLogic one. */
async function findCertLogic(canonical: string, environment: RuleEnvironment): Promise<Library | undefined> {
  const { url, version } = parseCanonical(canonical)
  const found = await environment.findLibraries(url)
  return found.find((each) => (version === undefined || each.version === version) && isCertLogic(each))
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
