import { DateTime, PatientContext } from 'cql-execution'
import type { JsonObject } from '../../../base/json-value.ts'
import { keepPerObject } from '../../../base/keep.ts'
import { badRequest, FhirError, isError, issue, unprocessable } from '../../../fhir/error.ts'
import type { Bundle, Issue, Parameters } from '../../../fhir/types.ts'
import { readInstances } from '../../models/instances.ts'
import type { Program } from '../compiled/program.ts'
import { recordCompiled } from '../compiled/recorded/record.ts'
import { openSession, type SessionData } from '../compiled/session.ts'
import { type Define, definesByName, liesIn, parameterDeclarations } from '../translate/elm.ts'
import type { CompiledLibrary } from '../translate/libraries.ts'
import { type BoundCodeService, bindTerminology, type CqlTerminology } from './code-service.ts'
import { areFound, CompiledDefines, tellFault } from './compiled-defines.ts'
import { type RecordSource, type RequestData, splitByPatient } from './data-provider.ts'
import type { DefineResult } from './define-result.ts'
import { evidenceOf, type Known } from './evidence.ts'
import type { FhirClasses } from './fhir-instance.ts'
import { type BoundParameters, bindParameters } from './from-parameters.ts'
import type { Recording } from './recording.ts'
import { CqlMessageError } from './run-errors.ts'
import { failure, rootCause } from './run-failure.ts'
import { parseDateTime } from './temporal.ts'
import { record, type StepListener, type StepResults, tellSteps, tracedCopy, traceInto } from './trace.ts'

/** What a library is run over. */
export interface RunCall {
  /** Names of defines; absent = all public ones. */
  expressions?: string[]
  data?: Bundle
  /** Instances of logical models beside the resources, each with its model as `resourceType`: what a library that uses the model retrieves. */
  coreDataSets?: JsonObject[]
  /** `Patient/id`, or an id: which Patient of `data`; needed only when there are several. */
  subject?: string
  parameters?: Parameters
  /** FHIR dateTime: `Now()`, `Today()`, and the offset of dateTimes that have none. */
  clock: string
  /** Told of every value set (`url` or `url|version`) that the rules use. */
  asked?: (valueSet: string) => void
  /** Told of the steps of a library whose steps are numbered ({@link tracedCopy}): for tests of rules. */
  step?: StepListener
}

/** Parameters of a library and of all that it includes, read once. */
const declarationsOf = keepPerObject((library: CompiledLibrary) =>
  [library, ...library.includes].flatMap((each) => parameterDeclarations(each.elm)),
)

/** Results of a run and what is to be said about all of them. */
export interface RunResult {
  results: DefineResult[]
  /** Warnings of the translator, of the parameters, and what `Message` said. */
  issues: Issue[]
  /** The warnings about parameters that the library does not have. */
  ignored: Issue[]
}

/** What a run needs beside the library. */
export interface RunEnvironment {
  classes: FhirClasses
  terminology: CqlTerminology
  /** The compiled form of a library that is stored here, or why there is none; absent where everything is left to the executor. */
  programOf?: ((library: CompiledLibrary) => Program | string) | undefined
  /** Told of a fault of a compiled form, once for a library; it changes no answer. */
  programFailed?: ((error: unknown) => void) | undefined
}

/** A library opened over the data of one request; defines share what they computed. */
export interface LibraryRun {
  library: CompiledLibrary
  /** Warnings of the translator, of the parameters, and what `Message` said so far. */
  issues: Issue[]
  /** Those of them about parameters that the library does not have. */
  ignored: Issue[]
  has(name: string): boolean
  /** @throws FhirError 422 unknown define, or one that cannot run because of errors in the library */
  evaluate(name: string): DefineResult | Promise<DefineResult>
  /**
   * Evaluates a define once more, as {@link LibraryRun.trace}, and records every run of every step as a tree.
   * @returns undefined for what cannot be told: a define that is not there, fails, or takes too many steps
   */
  record(name: string): Promise<Recording | undefined>
  /**
   * Evaluates a define once more over a copy of the library in which every step is numbered ({@link tracedCopy}), and adds what every
   * step gave. @returns the copy, whose nodes have the numbers as `localId`
   * @throws what the executor throws; what was recorded before stays
   */
  trace(name: string, results: StepResults): Promise<CompiledLibrary>
}

/**
 * Opens a library over data.
 * @param isDiscreet whether reasons of failures hold nothing that the data could have put there
 * @throws FhirError 400 bad clock, 422 wrong parameter
 */
export const openRun = (
  library: CompiledLibrary,
  call: RunCall,
  environment: RunEnvironment,
  isDiscreet = false,
): LibraryRun => new OpenRun(library, call, environment, isDiscreet)

/** Contexts of the executor are made when it is asked; mostly the compiled form answers. */
class OpenRun implements LibraryRun {
  readonly library: CompiledLibrary
  readonly issues: Issue[]
  readonly ignored: Issue[]
  readonly #call: RunCall
  readonly #clock: DateTime
  readonly #parameters: BoundParameters['values']
  readonly #data: RequestData
  readonly #codes: BoundCodeService
  readonly #isDiscreet: boolean
  readonly #compiled: CompiledDefines | undefined
  readonly #isCompiled: boolean
  readonly #programFailed: RunEnvironment['programFailed']
  #patient: PatientContext | undefined
  #all: PatientContext | undefined

  constructor(library: CompiledLibrary, call: RunCall, environment: RunEnvironment, isDiscreet: boolean) {
    const { classes, terminology, programFailed } = environment
    const clock = readClock(call.clock)
    const scope = { timezoneOffset: clock.timezoneOffset ?? 0 }
    const bound = bindParameters(call.parameters, declarationsOf(library), { classes, scope, models: library.models })
    const instances = readInstances(library.models, call, scope)
    this.library = library
    this.issues = library.issues.concat(bound.issues)
    this.ignored = bound.issues
    this.#call = call
    this.#isDiscreet = isDiscreet
    this.#clock = clock
    this.#parameters = bound.values
    this.#data = splitByPatient(call.data, { classes, scope, instances })
    this.#codes = bindTerminology(terminology, call.asked)
    const program = call.step ? undefined : environment.programOf?.(library)
    // One define may be recorded where others keep the library from answering at once.
    this.#isCompiled = program !== undefined
    this.#programFailed = programFailed
    this.#compiled = typeof program === 'object' ? this.#ways(program) : undefined
  }

  #ways(program: Program): CompiledDefines {
    const open = (define: Define) => {
      const data = this.#sessionData(define)
      return data && openSession(program, data)
    }
    return new CompiledDefines(this.library, {
      open,
      execute: (define) => this.#execute(define),
      failed: this.#programFailed,
    })
  }

  /** Undefined where compiled forms would find other values of parameters than the executor. */
  #sessionData(define: Define): SessionData | undefined {
    const parameters = this.#parameters
    if (this.#call.parameters && !areFound(parameters, declarationsOf(this.library))) return undefined
    return { clock: this.#clock, source: this.#sourceOf(define), codes: this.#codes, parameters }
  }

  #sourceOf(define: Define): RecordSource {
    return define.context === 'Unfiltered' ? this.#data.all() : choosePatient(this.#data.patients, this.#call.subject)
  }

  #open(source: RecordSource, { executable, issues }: { executable: Executable; issues: Issue[] }): PatientContext {
    // The executor's declarations name its own classes where it only calls methods that ours have.
    const [data, codes, told] = [source as never, this.#codes as never, messageListener(issues) as never]
    const made = new PatientContext(executable, data, codes, this.#parameters, this.#clock, told)
    if (this.#call.step) tellSteps(made, this.#call.step)
    return made
  }

  #contextOf(define: Define): PatientContext {
    const own = { executable: this.library.executable, issues: this.issues }
    if (define.context === 'Unfiltered') {
      this.#all ??= this.#open(this.#sourceOf(define), own)
      return this.#all
    }
    this.#patient ??= this.#open(this.#sourceOf(define), own)
    return this.#patient
  }

  #execute(define: Define): Promise<DefineResult> {
    const { library } = this
    return runDefine(define, this.#contextOf(define), { library, discreet: this.#isDiscreet })
  }

  #traced(define: Define): { copy: CompiledLibrary; context: PatientContext } {
    const copy = tracedCopy(this.library)
    return { copy, context: this.#open(this.#sourceOf(define), { executable: copy.executable, issues: [] }) }
  }

  has(name: string): boolean {
    return definesByName(this.library).has(name)
  }

  evaluate(name: string): DefineResult | Promise<DefineResult> {
    const define = chooseDefine(this.library, name)
    refuseErrors(this.library, [define])
    return this.#compiled ? this.#compiled.answer(define) : this.#execute(define)
  }

  async trace(name: string, results: StepResults): Promise<CompiledLibrary> {
    const { copy, context } = this.#traced(chooseDefine(this.library, name))
    traceInto(results, context)
    await copy.executable.expressions[name].execute(context)
    return copy
  }

  async record(name: string): Promise<Recording | undefined> {
    const define = definesByName(this.library).get(name)
    if (!define) return undefined
    const data = this.#isCompiled ? this.#sessionData(define) : undefined
    const recorded = data && (await recordCompiled(this.library, name, data))
    if (recorded && 'recording' in recorded) return recorded.recording
    const { copy, context } = this.#traced(define)
    const executed = await record(copy, name, context)
    if (recorded && executed) tellFault(this.library, recorded.fault, this.#programFailed)
    return executed
  }
}

type Executable = CompiledLibrary['executable']

/**
 * Runs defines of a library over data; each answers for itself.
 * @throws FhirError 400 bad clock, 422 library with errors in what is asked for, wrong parameter, ambiguous patient
 */
export async function runLibrary(
  library: CompiledLibrary,
  call: RunCall,
  environment: RunEnvironment,
): Promise<RunResult> {
  const wanted = chooseDefines(library, call.expressions)
  refuseErrors(library, wanted)
  const run = openRun(library, call, environment)
  const results: DefineResult[] = []
  for (const { name } of wanted) results.push(await run.evaluate(name))
  return { results, issues: run.issues, ignored: run.ignored }
}

async function runDefine(
  define: Define,
  context: PatientContext,
  { library, discreet }: { library: CompiledLibrary; discreet: boolean },
): Promise<DefineResult> {
  const { name, type } = define
  const known: Known = {
    define: (each) => context.context_values[each],
    // Through its declaration, so that a default is shown as well.
    parameter: (each) => library.executable.parameters[each]?.execute(context),
  }
  try {
    const before = known.define(name)
    const value: unknown = before === undefined ? await library.executable.expressions[name].execute(context) : before
    return { name, value: value ?? null, type, evidence: await evidenceOf(define, known, library) }
  } catch (error) {
    const cause = rootCause(error)
    if (cause instanceof FhirError && cause.status >= 500) throw cause
    return {
      name,
      value: null,
      type,
      evidence: await evidenceOf(define, known, library),
      issue: failure(error, name, discreet ? library : undefined),
    }
  }
}

function chooseDefines(library: CompiledLibrary, names: string[] | undefined): Define[] {
  if (!names) return library.defines.filter((each) => each.public)
  return names.map((name) => chooseDefine(library, name))
}

function chooseDefine(library: CompiledLibrary, name: string): Define {
  const found = definesByName(library).get(name)
  if (!found) throw unprocessable(`library ${library.canonical} has no define "${name}"`, 'not-found')
  return found
}

/** The errors of a library. The translator repeats those of included texts; those of stored ELM nobody has repeated. */
const errorsIn = keepPerObject((library: CompiledLibrary): Issue[] => {
  const own = library.issues.filter(isError)
  return own.length > 0 ? own : library.includes.flatMap(({ issues }) => issues.filter(isError))
})

/** ELM of a define with an error is `null`, so it must not run; neither may what refers to it. */
function refuseErrors(library: CompiledLibrary, wanted: Define[]): void {
  const errors = errorsIn(library)
  if (errors.length === 0) return
  const byName = definesByName(library)
  const reached = new Set(wanted)
  for (const each of reached)
    for (const name of each.references) {
      const next = byName.get(name)
      if (next) reached.add(next)
    }
  const counting = errors.filter((each) => !liesElsewhere(each, library, reached))
  if (counting.length > 0)
    throw new FhirError(422, [
      issue('processing', `library ${library.canonical} has errors and cannot be run`),
      ...counting,
    ])
}

/** Whether an error lies within a define that is not needed. Syntax errors may have swallowed anything and always count. */
function liesElsewhere(error: Issue, library: CompiledLibrary, reached: Set<Define>): boolean {
  const place = /^library (.*), line (\d+), column (\d+)/.exec(error.diagnostics ?? '')
  if (error.code !== 'code-invalid' || place?.[1] !== library.identifier.id) return false
  const owner = library.defines.find((each) => liesIn(each, [Number(place[2]), Number(place[3])]))
  return owner !== undefined && !reached.has(owner)
}

/** @throws FhirError 400 for what is no FHIR dateTime; missing parts of one are its earliest. */
function readClock(text: string): DateTime {
  const parsed = parseDateTime(text, 0)
  if (!parsed) throw badRequest(`the evaluation clock ${JSON.stringify(text)} is not a dateTime`)
  if (parsed.millisecond !== null) return parsed
  const { year, month, day, hour, minute, second, millisecond, timezoneOffset } = parsed
  return new DateTime(
    year,
    month ?? 1,
    day ?? 1,
    hour ?? 0,
    minute ?? 0,
    second ?? 0,
    millisecond ?? 0,
    timezoneOffset ?? 0,
  )
}

function choosePatient(patients: RecordSource[], subject: string | undefined): RecordSource {
  const id = subject === undefined ? undefined : /([^/]+)$/.exec(subject.replace(/\/_history\/.*$/, ''))?.[1]
  const named = id === undefined ? patients : patients.filter((each) => each.key === id || each.key === subject)
  const [only, other] = named
  if (only && !other) return only
  if (other) throw unprocessable(`the data has ${named.length} Patients; name one as subject`)
  if (subject !== undefined && patients.length > 0)
    throw unprocessable('the subject is not among the Patients of the data')
  return nobody
}

/** Data without a Patient: every retrieve in patient context is empty. */
const nobody: RecordSource = {
  key: '',
  findRecords: () => [],
  get: () => undefined,
  getId: () => '',
  getCode: () => undefined,
  getDate: () => undefined,
  getDateOrInterval: () => undefined,
}

const severities: Record<string, Issue['severity']> = {
  Trace: 'information',
  Message: 'information',
  Warning: 'warning',
}

function messageListener(issues: Issue[]) {
  return {
    issues,
    onMessage(_source: unknown, code: unknown, severity: unknown, message: unknown) {
      const parts = [code, message].filter((each) => typeof each === 'string')
      if (severity === 'Error') throw new CqlMessageError(parts)
      const text = parts.join(': ')
      issues.push(issue('informational', { severity: severities[String(severity)] ?? 'information', text }))
    },
  }
}
