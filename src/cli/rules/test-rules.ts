/** `vidimus rules test`: the cases of a folder. */
import { watch } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { unprocessable } from '../../fhir/error.ts'
import { coverageHtml } from '../../rules/cases/coverage-html.ts'
import { scoreOf } from '../../rules/cases/try-mutants.ts'
import { type CommandResult, exitCodes } from '../exit-codes.ts'
import { readAuthorFolder } from './author-folder.ts'
import { faultLine, percent, suiteJson, suiteLines } from './print-suite.ts'
import { openSuite, runSuite, SuiteFaults, type SuiteOutcome } from './suite.ts'

interface Options {
  canonical?: string
  filter?: string
  json?: boolean
  coverage?: boolean
  html?: string
  mutants?: boolean
  minScore?: string
  caseSeconds: string
  watch?: boolean
}

/** `vidimus rules test [folder]` */
export function addTest(rules: Command, result: CommandResult): void {
  rules
    .command('test')
    .description(
      'runs the cases beside the rules of a folder (docs/rule-tests.md). Exit status 0 all good; 1 a case failed, or the mutation score is too low; 2 wrong use, or the cases cannot be run',
    )
    .argument('[folder]', 'folder of the rules, with cases in cases/*.yaml', 'rules')
    .option('--canonical <url>', 'base of canonicals, where the folder has no package.json that says it')
    .option('--filter <text>', 'only cases whose file or name has this')
    .option('--coverage', 'list every condition that was not both true and false')
    .option('--html <file>', 'write the coverage as one HTML page: the rules with colours')
    .option('--mutants', 'change the rules one step at a time, and tell which changes no case notices')
    .option('--min-score <percent>', 'with --mutants: the least share of them that must be noticed in each file')
    .option(
      '--case-seconds <seconds>',
      'with --mutants: the time of one case; what takes longer counts as noticed',
      '5',
    )
    .option('--watch', 'run again whenever a file of the folder changes')
    .option('--json', 'print JSON')
    .action(async (folder: string, options: Options) => {
      const least = leastScore(options)
      const run = async () => {
        result.exitCode = await testOnce(folder, options, least)
      }
      await run()
      if (options.watch) await watchFolder(folder, run)
    })
}

function leastScore({ minScore, mutants, caseSeconds, watch: isWatching, json }: Options): number {
  if (minScore !== undefined && !mutants) throw unprocessable('--min-score goes with --mutants')
  if (isWatching && json) throw unprocessable('--watch is for people: it goes without --json')
  if (!(Number(caseSeconds) > 0)) throw unprocessable('--case-seconds is a number above 0')
  const least = minScore === undefined ? 0 : Number(minScore.replace(/\s*%$/, ''))
  if (!(least >= 0 && least <= 100)) throw unprocessable('--min-score is a number of percent from 0 to 100')
  return least / 100
}

async function testOnce(folder: string, options: Options, least: number): Promise<number> {
  try {
    const suite = await openSuite(await readAuthorFolder(folder, options.canonical))
    try {
      const milliseconds = () => performance.now()
      const { filter } = options
      const outcome = await runSuite(suite, {
        filter,
        coverage: true,
        milliseconds,
        ...(options.mutants
          ? {
              mutants: {
                milliseconds,
                caseMilliseconds: Number(options.caseSeconds) * 1000,
                ...(options.json ? {} : { onTried: showProgress() }),
              },
            }
          : {}),
      })
      return await report(outcome, options, least)
    } finally {
      await suite.server.close()
    }
  } catch (error) {
    if (!(error instanceof SuiteFaults)) throw error
    for (const each of error.faults) console.error(faultLine(each))
    return exitCodes.wrongUse
  }
}

async function report(outcome: SuiteOutcome, options: Options, least: number): Promise<number> {
  if (options.html !== undefined) await writeFile(options.html, coverageHtml(outcome.libraries))
  if (options.json) console.log(JSON.stringify(suiteJson(outcome), null, 2))
  else console.log(suiteLines(outcome, { verbose: options.coverage === true }).join('\n'))
  if (outcome.cases.length === 0) {
    console.error(
      options.filter === undefined ? 'there are no cases: cases/<library>.yaml' : 'no case has this in its name',
    )
    return exitCodes.wrongUse
  }
  const tell = (text: string) => console.error(text)
  let isGood = outcome.cases.every(({ faults }) => faults.length === 0)
  if (options.mutants && outcome.libraries.length === 0) {
    tell('there is no library of CQL whose changes could be tried')
    isGood = false
  }
  for (const { library, tried, source } of outcome.libraries) {
    if (!options.mutants) continue
    if (!tried) {
      isGood = false
      continue
    }
    const { score, wronglyEquivalent } = scoreOf(tried)
    if (source.lines.length === 0 && tried.length === 0) tell(`${library}: nothing could be changed`)
    if (wronglyEquivalent.length > 0) isGood = false
    if (score < least) {
      tell(`${library}: ${percent(score)} noticed, ${percent(least)} are wanted`)
      isGood = false
    }
  }
  return isGood ? exitCodes.done : exitCodes.negative
}

/** One line that grows, on a terminal alone. */
function showProgress() {
  const { stderr } = process
  return (file: string, done: number, total: number) => {
    if (!stderr.isTTY) return
    stderr.write(`\r${file}: ${done} of ${total} mutants${done === total ? '\n' : ''}`)
  }
}

/** Milliseconds in which an editor writes what belongs together. */
const settling = 200

/** Runs work after each change, one after the other, until the program is ended. */
async function watchFolder(folder: string, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  const changed = (_kind: string, name: string | null) => {
    if (name !== null && /(?:^|[/\\])\.|~$|\.html$/.test(name)) return
    clearTimeout(timer)
    timer = setTimeout(() => {
      running = running.then(async () => {
        console.log(`\n${name ?? folder} changed`)
        await work().catch((error: unknown) => console.error(error instanceof Error ? error.message : error))
      })
    }, settling)
  }
  const watcher = watch(folder, { recursive: true }, changed)
  console.log(`\nwatching ${folder}; Ctrl+C ends it`)
  await new Promise<void>((done) => {
    process.once('SIGINT', done)
    process.once('SIGTERM', done)
  })
  clearTimeout(timer)
  watcher.close()
  await running
}
