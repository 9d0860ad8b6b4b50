/** One case on a server: a credential goes the whole way of `$evaluate`, other data goes to the rules at once. */
import type { JsonObject } from '../../base/json-value.ts'
import { type Issuing, issueDescription } from '../../demo/description/issue-description.ts'
import { asDescription, DescriptionError } from '../../demo/description/read-description.ts'
import { decide, type Evaluation } from '../../evaluate/evaluation.ts'
import { checkMapped } from '../../evaluate/map/check-mapped.ts'
import { type Mapped, mergeBundles, standingAlone } from '../../evaluate/map/mapped.ts'
import { seededUuids } from '../../evaluate/map/seeded-uuids.ts'
import { readClock, readEvaluateRequest } from '../../evaluate/request.ts'
import { FhirError } from '../../fhir/error.ts'
import { isOfType } from '../../fhir/json.ts'
import type { Bundle, Issue, Parameter, Parameters, PlanDefinition } from '../../fhir/types.ts'
import type { Located, RuleCase } from '../../rules/cases/case-file.ts'
import type { Asked, Run } from '../../rules/cases/observed.ts'
import { planCanonical } from '../../rules/cases/subject.ts'
import type { RuleCall, RuleSource } from '../../rules/rules.ts'
import type { AuthorServer } from './author-server.ts'

/** What a case runs, found. */
export interface CaseQuestion {
  case: RuleCase
  /** None: the libraries themselves, or what the server selects. */
  plans: PlanDefinition[]
  libraries: readonly string[]
  parameters?: Parameters
  /** Defines that are no rules, each with its library. */
  defines: readonly { name: string; library: string }[]
}

/** A case that cannot be run at all: its data are none, or the question is refused. */
export class CaseNotRun extends Error {
  readonly problems: string[]
  constructor(problems: string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** A case, run, and what is asked of the defines beside its rules. */
export interface CaseRun {
  run: Run
  defines: { name: string; asked: Asked }[]
}

/** Runs a case. @throws CaseNotRun */
export async function runCase(question: CaseQuestion, server: AuthorServer): Promise<CaseRun> {
  try {
    const run = await (question.case.data.kind === 'credentials'
      ? runCredentials(question, server)
      : runData(question, server))
    const { defines } = question
    const call = run.asked[0]?.call
    const asked = call
      ? defines.map(({ name, library }) => ({ name, asked: { source: { library, expressions: [name] }, call } }))
      : []
    for (const { name, asked: one } of asked) {
      const [result] = await server.server.rules.evaluateRules(one.source, one.call)
      if (result) run.defines.set(name, result)
    }
    return { run, defines: asked }
  } catch (error) {
    if (error instanceof FhirError && error.status < 500) throw new CaseNotRun(error.issues.map(issueText))
    if (error instanceof DescriptionError) throw new CaseNotRun(error.message.split('\n'))
    throw error
  }
}

/** An issue in one line, with its place. */
export function issueText({ details, diagnostics, code }: Issue): string {
  const text = details?.text ?? code
  const place = diagnostics?.match(/^(?:library .*, )?line \d+, column \d+/)?.[0]
  return place === undefined || text.includes(place) ? text : `${text} (${place})`
}

async function runCredentials(question: CaseQuestion, { server, issuerAt, listening }: AuthorServer): Promise<Run> {
  const { case: one } = question
  const { data, clock: clockText, language } = one
  const clock = readClock(clockText)
  const issuing = { issuer: issuerAt(clock), now: clock }
  const codes: string[] = []
  for (const each of data.kind === 'credentials' ? data.credentials : []) codes.push(await issue(each, issuing))
  const settings = { allowRequestTrustAnchors: false, jurisdiction: undefined }
  const request = readEvaluateRequest(parametersOf(codes, question), settings, { now: clock, language })
  const { result, heard } = await listening(() => server.evaluate.evaluate(request))
  const { obstacles, decision, rules } = result
  const isVerified = result.status === 'VERIFIED'
  const answered = new Set(heard.flatMap((each) => each.answered))
  const listed = rules.filter((each) => !answered.has(each))
  return {
    decision,
    ...(isVerified ? {} : { notJudged: `the credential is ${result.status}: ${reasonOf(result)}` }),
    rules,
    defines: new Map(),
    asked: heard.map(({ asked }) => asked),
    listed,
    decide: (others) => decide(isVerified, { rules: others, obstacles }),
  }
}

const reasonOf = ({ checks, issues }: Evaluation): string =>
  checks.find(({ outcome }) => outcome === 'fail')?.detail ?? issues[0]?.details?.text ?? 'no check tells why'

async function issue(description: Located, issuing: Issuing): Promise<string> {
  return issueDescription(asDescription(description), issuing)
}

function parametersOf(
  [first = '', ...others]: string[],
  { case: one, plans, libraries, parameters }: CaseQuestion,
): Parameters {
  const named: Parameter[] = plans.map((plan) => ({ name: 'planDefinition', valueCanonical: planCanonical(plan) }))
  const itself = one.selected || plans.length > 0 ? [] : libraries
  const { jurisdiction, use } = one
  return {
    resourceType: 'Parameters',
    parameter: [
      { name: 'credential', valueString: first },
      ...others.map((code) => ({ name: 'furtherCredential', part: [{ name: 'credential', valueString: code }] })),
      { name: 'evaluationDateTime', valueDateTime: one.clock },
      ...(jurisdiction === undefined ? [] : [{ name: 'jurisdiction', valueCode: jurisdiction }]),
      ...(use === undefined ? [] : [useContext(use)]),
      ...named,
      ...itself.map((library) => ({ name: 'library', valueCanonical: library })),
      ...(parameters ? [{ name: 'parameters', resource: parameters }] : []),
    ],
  }
}

const useContext = (use: string): Parameter => ({
  name: 'useContext',
  valueUsageContext: {
    code: { system: 'http://terminology.hl7.org/CodeSystem/usage-context-type', code: 'task' },
    valueCodeableConcept: { coding: [{ system: 'http://vidimus.org/fhir/CodeSystem/verdict-use', code: use }] },
  },
})

async function runData(question: CaseQuestion, author: AuthorServer): Promise<Run> {
  const { case: one, plans, libraries, parameters } = question
  const { rules } = author.server
  readClock(one.clock)
  const sources: RuleSource[] =
    plans.length > 0 ? plans.map((plan) => ({ plan })) : libraries.map((library) => ({ library, expressions: [] }))
  await rules.checkQuestion(sources, parameters)
  const { doubts, ...content } =
    one.data.kind === 'bundle' ? { data: one.data.bundle, coreDataSets: [], doubts: [] } : await mapped(one, author)
  const call: RuleCall = {
    ...content,
    clock: one.clock,
    external: () => (one.jurisdiction === undefined ? {} : { countryCode: one.jurisdiction }),
    ...(parameters ? { parameters } : {}),
    ...(one.language === undefined ? {} : { language: one.language }),
  }
  const asked = sources.map((source) => ({ source, call }))
  const results = []
  for (const { source } of asked) results.push(...(await rules.evaluateRules(source, call)))
  const decideOf: Run['decide'] = (others) => decide(true, { rules: others, obstacles: doubts })
  return { decision: decideOf(results), rules: results, defines: new Map(), asked, listed: [], decide: decideOf }
}

const toBundle = 'http://vidimus.org/fhir/StructureMap/CoreDataSetToBundle'

interface MappedCase {
  data: Bundle
  coreDataSets: JsonObject[]
  /** What makes `accepted` impossible, and over which rules have an answer all the same. */
  doubts: Issue[]
}

/** Core data sets with the resources that `$evaluate` makes of them. @throws CaseNotRun for what is none, or lacks something */
async function mapped({ data, clock }: RuleCase, { server }: AuthorServer): Promise<MappedCase> {
  const coreDataSets: JsonObject[] = data.kind === 'coreDataSets' ? data.coreDataSets : []
  const map = await server.maps.compile(toBundle)
  const now = readClock(clock)
  const uuid = seededUuids(`${clock} ${JSON.stringify(coreDataSets)}`)
  const obstacles: Issue[] = []
  const bundles = coreDataSets.map((each) => map.run(each, { now, uuid, tolerant: true, remark: () => {} }))
  const good = bundles.filter((each) => isOfType(each, 'Bundle'))
  const bundle = good.length === coreDataSets.length ? standingAlone(mergeBundles(good, obstacles), uuid) : undefined
  const whole: Mapped = {
    coreDataSets,
    bundle,
    subject: undefined,
    structureMaps: [],
    warnings: [],
    obstacles,
    doubts: [],
    leftOut: [],
  }
  checkMapped(whole, { due: coreDataSets.length, makers: new Map(coreDataSets.map((each) => [each, map])), clock: now })
  const why = whole.obstacles.map(issueText)
  if (why.length > 0 || whole.leftOut.length > 0 || !whole.bundle) throw new CaseNotRun([...why, ...whole.leftOut])
  return { data: whole.bundle, coreDataSets: coreDataSets.map((each) => structuredClone(each)), doubts: whole.doubts }
}
