/** All cases of a folder: what they run is found, they are run, and what their rules did is counted. */

import { readClock } from '../../evaluate/request.ts'
import { FhirError, isError } from '../../fhir/error.ts'
import type { Resource } from '../../fhir/types.ts'
import type { RuleCase } from '../../rules/cases/case-file.ts'
import { runAgain } from '../../rules/cases/changed-libraries.ts'
import { type Coverage, coverageOf, createCounter, type Given } from '../../rules/cases/coverage.ts'
import { judge, resultText } from '../../rules/cases/judge.ts'
import { type Mutant, markEquivalent, mutantsOf } from '../../rules/cases/mutants.ts'
import { parametersOf } from '../../rules/cases/parameters.ts'
import { reachOf } from '../../rules/cases/sites.ts'
import {
  findSubject,
  type Known,
  knowSubject,
  nameFaults,
  ownDefines,
  plansOf,
  rootsOf,
} from '../../rules/cases/subject.ts'
import { type Trial, type Tried, tryMutants } from '../../rules/cases/try-mutants.ts'
import { tracedCopy } from '../../rules/cql/run/trace.ts'
import type { CompiledLibrary } from '../../rules/cql/translate/libraries.ts'
import type { AuthorFolder, FileFault, FolderCases } from './author-folder.ts'
import { type AuthorServer, openAuthorServer } from './author-server.ts'
import { CaseNotRun, type CaseQuestion, issueText, runCase } from './run-case.ts'

/** One case that was run. */
export interface CaseOutcome {
  file: string
  case: RuleCase
  /** What is not as expected; none when it is good. */
  faults: string[]
  milliseconds: number
}

/** What the cases of a file did to one library. */
export interface LibraryOutcome {
  file: string
  /** `url|version` */
  library: string
  /** File and lines of its text. */
  source: { file: string; lines: string[] }
  coverage: Coverage
  /** With mutants alone. */
  tried?: Tried[]
}

/** A folder whose cases can be run. */
export interface Suite {
  folder: AuthorFolder
  server: AuthorServer
  files: PreparedFile[]
}

interface PreparedFile extends FolderCases {
  known: Known
}

/** A folder whose cases cannot be run, and why. */
export class SuiteFaults extends Error {
  readonly faults: FileFault[]
  constructor(faults: FileFault[]) {
    super('the cases cannot be run')
    this.faults = faults
  }
}

/** Opens a server with the folder and finds what every case names. @throws SuiteFaults */
export async function openSuite(folder: AuthorFolder): Promise<Suite> {
  const faults: FileFault[] = [...folder.faults, ...clockFaults(folder)]
  if (faults.length > 0) throw new SuiteFaults(faults)
  const server = await openAuthorServer(folder, clocksOf(folder))
  try {
    faults.push(...(await artefactFaults(folder, server)).filter(({ issues }) => issues?.some(isError) ?? true))
    if (faults.length > 0) throw new SuiteFaults(faults)
    const files: PreparedFile[] = []
    for (const each of folder.cases) files.push(await prepare(each, { folder, server, faults }))
    if (faults.length > 0) throw new SuiteFaults(faults)
    return { folder, server, files }
  } catch (error) {
    await server.close()
    throw error
  }
}

const clocksOf = ({ cases }: AuthorFolder) =>
  cases.flatMap((file) => file.cases.cases.map(({ clock }) => readClock(clock)))

function clockFaults({ cases }: AuthorFolder): FileFault[] {
  return cases.flatMap(({ file, cases: { cases: all } }) =>
    all.flatMap(({ clock, place }) => {
      try {
        readClock(clock)
        return []
      } catch (error) {
        if (!(error instanceof FhirError)) throw error
        return [{ file, place, text: `clock ${JSON.stringify(clock)} is no date-time, such as 2026-01-31T12:00:00Z` }]
      }
    }),
  )
}

/** Faults of the files of cases that can be told without running them. */
export async function caseFaults(folder: AuthorFolder, server: AuthorServer): Promise<FileFault[]> {
  const faults = clockFaults(folder)
  for (const each of folder.cases) await prepare(each, { folder, server, faults })
  return faults
}

/** What publication would say of the libraries and rule sets of a folder, with the places in their texts. */
export async function artefactFaults(folder: AuthorFolder, { server }: AuthorServer): Promise<FileFault[]> {
  const beside = folder.resources.map(({ resource }) => resource)
  const faults: FileFault[] = []
  for (const { file, resource } of folder.resources) {
    if (resource.resourceType !== 'Library' && resource.resourceType !== 'PlanDefinition') continue
    for (const each of await server.publish.check(asActive(resource), beside)) {
      const place = /line \d+, column \d+/.exec(each.diagnostics ?? '')?.[0] ?? each.expression?.[0]
      const text = each.details?.text ?? each.code
      const of = fileOf(each.diagnostics, { folder, resource, file })
      faults.push({ file: of, text, issues: [each], ...(place === undefined ? {} : { place }) })
    }
  }
  return faults
}

/** A draft is told the same as remarks; here its author wants to know what keeps it from being run. */
const asActive = (resource: Resource): Resource =>
  'status' in resource && resource.status === 'draft' ? ({ ...resource, status: 'active' } as Resource) : resource

/** A fault of an included library stands in the file of that one. */
function fileOf(
  diagnostics: string | undefined,
  { folder, resource, file }: { folder: AuthorFolder; resource: Resource; file: string },
): string {
  const named = /^library ([^,]+)/.exec(diagnostics ?? '')?.[1]
  if (resource.resourceType !== 'Library') return file
  const own = folder.texts.get(`${resource.url}|${resource.version}`)?.file ?? file
  if (named === undefined) return own
  const other = [...folder.texts].find(([canonical]) => canonical.split('|')[0]?.endsWith(`/${named}`))
  return other?.[1].file ?? own
}

async function prepare(
  file: FolderCases,
  { folder, server, faults }: { folder: AuthorFolder; server: AuthorServer; faults: FileFault[] },
): Promise<PreparedFile> {
  const { of, cases } = file.cases
  const { workshop } = server.server.rules
  const found = findSubject(of?.name ?? file.name, folder)
  const say = (text: string, place?: string) => faults.push({ file: file.file, text, ...(place ? { place } : {}) })
  const nobody: Known = {
    subject: { plans: [], libraries: [] },
    libraries: [],
    rules: new Set(),
    defines: new Map(),
    parameters: [],
  }
  if (typeof found === 'string') {
    say(found, of?.place)
    return { ...file, known: nobody }
  }
  try {
    const known = await knowSubject(found, workshop)
    for (const each of [
      ...nameFaults(file.cases, known, folder),
      ...cases.flatMap((one) => parametersOf(one, known.parameters).faults),
    ])
      faults.push({ ...each, file: file.file })
    const all: Mutant[] = []
    for (const library of known.libraries)
      all.push(...(await dissect(library, { file: { ...file, known }, folder })).mutants)
    for (const each of markEquivalent(all, file.cases.equivalent)) faults.push({ ...each, file: file.file })
    return { ...file, known }
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    for (const each of error.issues) say(issueText(each))
    return { ...file, known: nobody }
  }
}

interface Dissecting {
  file: PreparedFile
  folder: AuthorFolder
}

/** The steps of a library that the cases of a file are about, and its mutants. */
async function dissect(library: CompiledLibrary, { file, folder }: Dissecting) {
  const numbered = tracedCopy(library)
  const reach = reachOf(numbered, rootsOf(library, file.known, file.cases.cases))
  const source = folder.texts.get(library.canonical) ?? { file: library.canonical, lines: [] }
  return { numbered, reach, source, mutants: mutantsOf(numbered, reach, source.lines) }
}

/** What is wanted of a run. */
export interface SuiteOptions {
  /** Only cases whose file or name has this. */
  filter?: string | undefined
  /** Whether it is counted what conditions gave: each rule is run twice for it. */
  coverage: boolean
  mutants?: {
    /** Which of all are tried; default: every one. */
    choose?(count: number): ReadonlySet<number>
    milliseconds(): number
    caseMilliseconds: number
    onTried?(file: string, done: number, total: number): void
  }
  /** Milliseconds of any clock that runs. */
  milliseconds(): number
}

/** What came of all. */
export interface SuiteOutcome {
  cases: CaseOutcome[]
  libraries: LibraryOutcome[]
}

/** Runs the cases; mutants are tried on files alone all of whose cases are good. */
export async function runSuite({ folder, server, files }: Suite, options: SuiteOptions): Promise<SuiteOutcome> {
  const outcome: SuiteOutcome = { cases: [], libraries: [] }
  for (const file of files) {
    const { outcomes, trials, given } = await runFile(file, { folder, server, options })
    if (outcomes.length === 0) continue
    outcome.cases.push(...outcomes)
    const isGood = outcomes.every(({ faults }) => faults.length === 0)
    for (const library of file.known.libraries) {
      const { numbered, reach, source, mutants } = await dissect(library, { file, folder })
      const own: LibraryOutcome = {
        file: file.file,
        library: library.canonical,
        source,
        coverage: coverageOf(reach, given, source.lines),
      }
      outcome.libraries.push(own)
      const { mutants: wanted } = options
      if (!wanted || !isGood) continue
      markEquivalent(mutants, file.cases.equivalent)
      const chosen = wanted.choose?.(mutants.length)
      own.tried = await tryMutants(chosen ? mutants.filter((_, index) => chosen.has(index)) : mutants, {
        ...wanted,
        workshop: server.server.rules.workshop,
        library: numbered,
        trials,
        onTried: (done, total) => wanted.onTried?.(file.file, done, total),
      })
    }
  }
  return outcome
}

interface FileRun {
  outcomes: CaseOutcome[]
  trials: Trial[]
  given: Map<string, Given>
}

async function runFile(
  file: PreparedFile,
  { folder, server, options }: { folder: AuthorFolder; server: AuthorServer; options: SuiteOptions },
): Promise<FileRun> {
  const run: FileRun = { outcomes: [], trials: [], given: new Map() }
  const { known } = file
  for (const one of file.cases.cases) {
    if (
      options.filter !== undefined &&
      !`${file.name} ${one.name}`.toLowerCase().includes(options.filter.toLowerCase())
    )
      continue
    const begin = options.milliseconds()
    const { parameters } = parametersOf(one, known.parameters)
    const question: CaseQuestion = {
      case: one,
      plans: plansOf(one, known.subject, folder),
      libraries: known.subject.libraries,
      defines: ownDefines(one, known),
      ...(parameters ? { parameters } : {}),
    }
    const { faults, trial } = await tryCase(question, server, options.coverage || options.mutants !== undefined)
    if (trial) {
      run.trials.push(trial)
      merge(run.given, trial.given)
    }
    run.outcomes.push({ file: file.file, case: one, faults, milliseconds: options.milliseconds() - begin })
  }
  return run
}

type CountedTrial = Trial & { given: ReadonlyMap<string, Given> }

async function tryCase(
  question: CaseQuestion,
  server: AuthorServer,
  isCounted: boolean,
): Promise<{ faults: string[]; trial?: CountedTrial }> {
  try {
    const { run, defines } = await runCase(question, server)
    if (!isCounted) return { faults: judge(question.case, run) }
    const counter = createCounter()
    const rerun = { workshop: server.server.rules.workshop, change: tracedCopy, step: counter.step }
    const again = await runAgain([...run.asked, ...defines.map(({ asked }) => asked)], rerun)
    const first = [...run.rules.filter((each) => !run.listed.includes(each)), ...run.defines.values()]
    if (again.map(resultText).join() !== first.map(resultText).join())
      throw new Error(`the rules of the case ${question.case.name} gave something else when they were run again`)
    const trial = {
      case: question.case,
      run,
      defines,
      steps: new Set(counter.given.keys()),
      count: counter.total(),
      given: counter.given,
    }
    return { faults: judge(question.case, run), trial }
  } catch (error) {
    if (error instanceof CaseNotRun) return { faults: error.problems }
    throw error
  }
}

function merge(all: Map<string, Given>, own: ReadonlyMap<string, Given>): void {
  for (const [step, given] of own) {
    const known = all.get(step) ?? { true: 0, false: 0, null: 0 }
    all.set(step, { true: known.true + given.true, false: known.false + given.false, null: known.null + given.null })
  }
}
