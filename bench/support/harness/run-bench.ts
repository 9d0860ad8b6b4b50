/** Measures, prints, writes and compares. */
import { ArgumentError, readArguments, usage, type Wanted } from './arguments.ts'
import { compareResults, comparisonLines, type Finding, isBad } from './compare.ts'
import { figureLine } from './figure.ts'
import { type Results, readResults, resultsOf, type SectionResult, writeResults } from './results.ts'
import { runSection, sectionNames } from './sections.ts'

/** Noise of a baseline beyond which figures beside it mean little. */
const noisyBaseline = 0.1

/** What it is called with. */
export interface BenchCall {
  /** Folder of the sections. */
  folder: string
  argv: readonly string[]
  print(line: string): void
}

/** Runs it and answers the exit code: see {@link usage}. */
export async function runBench({ folder, argv, print }: BenchCall): Promise<number> {
  let wanted: Wanted
  let before: Results | undefined
  let measured: Results | undefined
  try {
    wanted = readArguments(argv, sectionNames(folder))
    // A file that cannot be read is known before minutes of measuring.
    if (wanted.compare !== undefined) before = readResults(wanted.compare)
    if (wanted.measured !== undefined) measured = readResults(wanted.measured)
    const other = measured ?? wanted
    if (before && before.isQuick !== other.isQuick)
      throw new ArgumentError(`${wanted.compare} is ${before.isQuick ? '' : 'not '}of --quick: measure alike`)
    if (wanted.json !== undefined && !wanted.isList && !wanted.isHelp)
      writeResults(wanted.json, resultsOf([], wanted.isQuick))
  } catch (error) {
    print(error instanceof Error ? error.message : String(error))
    if (error instanceof ArgumentError) print(`\n${usage}`)
    return 2
  }
  if (wanted.isHelp || wanted.isList) {
    print(wanted.isHelp ? usage : sectionNames(folder).join('\n'))
    return 0
  }
  const chosen = wanted.isAll ? undefined : wanted.sections
  if (before && measured) return printComparison(compareResults(before, measured, chosen), print)
  const results = resultsOf(await measureAll(folder, wanted, print), wanted.isQuick)
  if (wanted.json !== undefined) writeResults(wanted.json, results)
  const isFailed = results.sections.some(({ status }) => status === 'failed')
  if (!before) return isFailed ? 1 : 0
  const findings = await confirmed(compareResults(before, results, chosen), async (names) => {
    print('\nmeasured again, to be sure')
    const again = await measureAll(folder, { ...wanted, sections: names }, print)
    return compareResults(before, resultsOf(again, wanted.isQuick), names)
  })
  return Math.max(printComparison(findings, print), isFailed ? 1 : 0)
}

async function measureAll(folder: string, { sections, isQuick }: Wanted, print: BenchCall['print']) {
  const results: SectionResult[] = []
  for (const name of sections) {
    print(`\n${name}`)
    const result = await runSection(folder, name, isQuick)
    for (const line of sectionLines(result)) print(line)
    results.push(result)
  }
  return results
}

function sectionLines({ figures, baselines, status, reason, seconds }: SectionResult): string[] {
  const lines = figures.map(figureLine)
  if (status !== 'measured') lines.push(`  ${status}: ${reason}`)
  for (const { name, microseconds, noise } of baselines) {
    lines.push(`  ${name}: ${microseconds.toFixed(2)} µs ± ${(noise * 100).toFixed(1)} %`)
    if (noise > noisyBaseline)
      lines.push(
        `  this machine is too noisy now: ${name} itself varied by ${(noise * 100).toFixed(0)} % within the section`,
      )
  }
  lines.push(`  ${seconds} s`)
  return lines
}

function printComparison(findings: readonly Finding[], print: BenchCall['print']): number {
  print('')
  for (const line of comparisonLines(findings)) print(line)
  // No figure compared is no comparison.
  return findings.some(isBad) || !findings.some(({ kind }) => kind === 'same' || kind === 'faster') ? 1 : 0
}

/** What is slower, or cannot be told for noise, is measured a second time: it counts when it is found twice. */
async function confirmed(
  first: Finding[],
  again: (sections: string[]) => Promise<Finding[]>,
): Promise<readonly Finding[]> {
  const isDoubtful = ({ kind }: Finding) => kind === 'slower' || kind === 'too noisy'
  const names = [...new Set(first.filter(isDoubtful).map(({ section }) => section))]
  if (names.length === 0) return first
  const second = await again(names)
  return first.map((finding) => {
    if (!isDoubtful(finding)) return finding
    const found = second.find((each) => each.section === finding.section && each.figure === finding.figure)
    return found ?? { ...finding, kind: 'missing', text: 'was measured once, and not when it was measured again' }
  })
}
