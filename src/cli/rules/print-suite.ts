/** What came of the cases, for a person at a terminal and for programs. */
import { gapOf } from '../../rules/cases/coverage.ts'
import type { Place } from '../../rules/cases/sites.ts'
import { scoreOf, type Tried } from '../../rules/cases/try-mutants.ts'
import { oneLine, table } from '../table.ts'
import type { FileFault } from './author-folder.ts'
import type { CaseOutcome, LibraryOutcome, SuiteOutcome } from './suite.ts'

/** `rules/cases/X.yaml:12:3: text`, as editors and pipelines find places. */
export function faultLine({ file, place, text }: FileFault): string {
  const [, line, column] = /^line (\d+), column (\d+)$/.exec(place ?? '') ?? []
  const where = line !== undefined ? `:${line}:${column}` : place === undefined ? '' : `: ${place}`
  return `${file}${where}: ${oneLine(text)}`
}

const failures = ({ cases }: SuiteOutcome) => cases.filter(({ faults }) => faults.length > 0)

/** A table of the files, what failed, and what the cases left out. */
export function suiteLines(outcome: SuiteOutcome, { verbose = false } = {}): string[] {
  const failed = failures(outcome)
  const rows = fileRows(outcome)
  const counts = `${outcome.cases.length} cases, ${failed.length} failed`
  return [
    table([['CASES', 'PASSED', 'FAILED', 'CONDITIONS', 'TRUE AND FALSE', 'MUTANTS', 'NOTICED', 'SCORE'], ...rows]),
    ...failed.flatMap(failureLines),
    ...outcome.libraries.flatMap((each) => [...(verbose ? coverageLines(each) : []), ...mutantLines(each)]),
    '',
    counts,
  ]
}

function fileRows({ cases, libraries }: SuiteOutcome): string[][] {
  const files = [...new Set([...cases.map(({ file }) => file), ...libraries.map(({ file }) => file)])]
  return files.map((file) => {
    const own = cases.filter((each) => each.file === file)
    const passed = own.filter(({ faults }) => faults.length === 0).length
    const of = libraries.filter((each) => each.file === file)
    const conditions = of.flatMap(({ coverage }) => coverage.conditions)
    const tried = of.some((each) => each.tried) ? of.flatMap((each) => each.tried ?? []) : undefined
    const score = tried && scoreOf(tried)
    return [
      file,
      String(passed),
      String(own.length - passed),
      conditions.length === 0 ? '' : String(conditions.length),
      conditions.length === 0 ? '' : String(conditions.filter((each) => gapOf(each) === undefined).length),
      score ? String(score.made - score.equivalent) : '',
      score ? String(score.noticed) : '',
      score ? percent(score.score) : '',
    ]
  })
}

/** Rounded down: 99.96 % is not all. */
export const percent = (share: number): string => `${(Math.floor(share * 1000) / 10).toFixed(1)} %`

function failureLines({ file, case: { name, place }, faults }: CaseOutcome): string[] {
  return ['', faultLine({ file, place, text: `FAILED ${name}` }), ...faults.map((each) => `    ${oneLine(each)}`)]
}

const at = (source: LibraryOutcome['source'], place: Place | undefined) =>
  place ? `${source.file}:${place.line}:${place.column}` : source.file

/** Conditions that were not both true and false, and what no rule reaches. */
function coverageLines({ library, source, coverage }: LibraryOutcome): string[] {
  const open = coverage.conditions.filter((each) => gapOf(each) !== undefined)
  if (open.length === 0) return ['', `${library}: every condition was true and false`]
  return [
    '',
    `${library}: not shown by any case`,
    ...open.map((each) => `  ${at(source, each.place)}  ${gapOf(each)}: ${short(each.source)}`),
    ...(coverage.beyond.length > 0 ? [`  not reached by any rule: ${coverage.beyond.join(', ')}`] : []),
  ]
}

const short = (text: string) => oneLine(text.length > 100 ? `${text.slice(0, 99)}…` : text)

function mutantLines({ library, source, tried }: LibraryOutcome): string[] {
  if (!tried) return []
  const { survived, wronglyEquivalent } = scoreOf(tried)
  const line = ({ mutant, isReached }: Tried) =>
    `  ${at(source, mutant.place)}  ${mutant.change}${isReached ? '' : ' (never evaluated)'}: ${short(mutant.source)}  [${mutant.in}]`
  return [
    ...(survived.length > 0 ? ['', `${library}: changed, and no case noticed`, ...survived.map(line)] : []),
    ...(wronglyEquivalent.length > 0
      ? [
          '',
          `${library}: named as equivalent, and noticed`,
          ...wronglyEquivalent.map((each) => `${line(each)} by ${each.noticedBy}`),
        ]
      : []),
  ]
}

/** The same for programs. */
export function suiteJson({ cases, libraries }: SuiteOutcome): object {
  return {
    cases: cases.map(({ file, case: { name, place }, faults, milliseconds }) => ({
      file,
      name,
      place,
      passed: faults.length === 0,
      faults,
      milliseconds: Math.round(milliseconds * 10) / 10,
    })),
    libraries: libraries.map(({ file, library, source, coverage, tried }) => ({
      file,
      library,
      source: source.file,
      conditions: coverage.conditions.map(({ in: define, place, source: text, given }) => ({
        define,
        ...place,
        text,
        ...given,
      })),
      notReached: coverage.beyond,
      ...(tried ? { mutants: mutantsJson(tried) } : {}),
    })),
  }
}

function mutantsJson(tried: readonly Tried[]): object {
  const { made, noticed, equivalent, score, survived, wronglyEquivalent } = scoreOf(tried)
  const shown = ({ mutant: { in: define, place, source, change }, noticedBy, isReached }: Tried) => ({
    define,
    ...place,
    text: source,
    change,
    isReached,
    ...(noticedBy === undefined ? {} : { noticedBy }),
  })
  return {
    made,
    noticed,
    equivalent,
    score,
    survived: survived.map(shown),
    wronglyEquivalent: wronglyEquivalent.map(shown),
  }
}
