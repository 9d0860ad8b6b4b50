import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { type Run, reportLines, runCases } from '../test/evaluate/invariant/run-cases.ts'
import { importTwice, killImports } from '../test/publish/import/kill/run.ts'
import { killServers } from '../test/storage/kill/over-http.ts'
import { killPublications } from '../test/storage/kill/run.ts'
import { memoryOfEvaluations } from '../test/support/evaluation-memory.ts'
import { ownMongoForTests } from '../test/support/mongo.ts'
import { runMutations } from '../test/support/mutations.ts'
import { mutateOwnRules } from '../test/support/own-rule-mutants.ts'
import { searchAfterEvaluations } from '../test/support/privacy/run.ts'
import { traceLines } from '../test/support/privacy/traces.ts'
import { killHistories } from '../test/trust/history/kill/run.ts'

const usage = `npm run soak -- [part…] [--credentials N] [--evaluations N] [--mutants N] [--kills N] [--store-kills N] [--import-kills N] [--seed N] [--case N]

Parts, all by default:
  every         every twist and every standing of a key, once
  withdrawn     keys that lists withdraw, or that a required list lacks
  credentials   N credentials at random against the independent judge (default 20000)
  mutations     N changed credentials of every format at every layer (default 100000)
  mutants       every change of one step of an own rule, which its cases must notice (90 % of them in each)
  properties    all tests once, property tests with examples of the seed, every view of the console in every language
  kill          N publications that are killed (-9) at random moments (default 200): all or nothing
                into a file, over HTTP, and --store-kills N (default 100) into MongoDB, which is killed in every other round
  imports       N imports of releases (SNOMED CT, LOINC) that are killed (-9) at every stage and at random moments (--import-kills,
                default 40), and two of one release at once: nothing half imported, the old release answers, nothing is left
  published     JSON and XML, snapshots and validity of every published artefact
  memory        what is held after N evaluations (default 100000): less than 1 MB more by 10,000
  privacy       a search for personal data after N evaluations of all kinds (default 1000)

--seed draws the same again; --case prints one case of \`every\` or \`credentials\` in full.
`

/** Figures of one part: cases that were as they should be, and those that were not. */
interface Outcome {
  lines: string[]
  passed: number
  failed: number
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    credentials: { type: 'string', default: '20000' },
    mutants: { type: 'string', default: '100000' },
    evaluations: { type: 'string' },
    kills: { type: 'string', default: '200' },
    'store-kills': { type: 'string', default: '100' },
    'import-kills': { type: 'string', default: '40' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    case: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const seed = Number(values.seed)

async function credentials(cases: number, worlds?: Run['worlds']): Promise<Outcome> {
  const only = values.case === undefined ? {} : { only: Number(values.case) }
  const report = await runCases({ cases, seed, ...only, ...(worlds ? { worlds } : {}) })
  return { lines: reportLines(report, seed), passed: report.cases - report.failed, failed: report.failed }
}

async function privacy(): Promise<Outcome> {
  const report = await searchAfterEvaluations({ evaluations: Number(values.evaluations ?? 1000), seed })
  const { evaluations, requests, patterns, statuses, traces, control } = report
  const replies = [...statuses].map(([status, count]) => `${status} ${count}`).join(', ')
  const lines = [
    `${evaluations} evaluations, ${requests} requests, ${patterns} patterns, control found in ${control.length} places`,
    `replies: ${replies}`,
    ...traceLines(traces),
  ]
  return { lines, passed: requests, failed: traces.length + (control.length === 0 ? 1 : 0) }
}

/** Kills of a MongoDB server of its own, and of those who publish into it. Where none can be had this has failed, and says why. */
async function killMongo(): Promise<Outcome> {
  const mongo = await ownMongoForTests()
  if ('skip' in mongo) return { lines: [`MongoDB: ${mongo.skip}`], passed: 0, failed: 1 }
  try {
    const { rounds, acknowledged, unspoken, faults } = await killPublications({
      rounds: Number(values['store-kills']),
      seed,
      mongo,
    })
    const figures = `MongoDB: ${acknowledged} acknowledged, ${unspoken} stored and killed before; ${rounds} kills`
    return { lines: [figures, ...faults], passed: rounds, failed: faults.length }
  } finally {
    await mongo.stop()
  }
}

async function kill(): Promise<Outcome> {
  const { rounds, acknowledged, unspoken, faults } = await killPublications({ rounds: Number(values.kills), seed })
  const figures = `${acknowledged} acknowledged, ${unspoken} stored and killed before they could be acknowledged; seed ${seed}`
  const served = await killServers({ rounds: Math.ceil(rounds / 4), seed })
  const answers = `over HTTP, signed: ${served.acknowledged} answered, ${served.unspoken} stored and killed before; ${served.rounds} kills`
  const kept = await killHistories({ rounds, seed })
  const lists = `histories of trust lists: ${kept.counted} lists counted; ${kept.told} moments told, ${kept.refused} refused; ${kept.rounds} kills`
  const mongo = await killMongo()
  const all = [...faults, ...served.faults, ...kept.faults]
  return {
    lines: [figures, answers, lists, ...all, ...mongo.lines],
    passed: rounds + served.rounds + kept.rounds + mongo.passed,
    failed: all.length + mongo.failed,
  }
}

async function imports(): Promise<Outcome> {
  const stages = (['unpacking', 'writing', 'written', 'named'] as const).flatMap((at) => [{ at }, { at }])
  const random = fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), {
    numRuns: Number(values['import-kills']),
    seed,
  })
  const { rounds, killed, unspoken, faults } = await killImports([...stages, ...random.map((after) => ({ after }))], {
    concepts: 5_000,
  })
  const twice = await importTwice(5_000)
  const figures = `${killed} of ${rounds} killed before their end, ${unspoken} releases stored all the same; seed ${seed}`
  return {
    lines: [figures, ...faults, ...twice],
    passed: rounds + 1 - faults.length - twice.length,
    failed: faults.length + twice.length,
  }
}

async function mutations(): Promise<Outcome> {
  const report = await runMutations({ mutants: Number(values.mutants), seed })
  const { milliseconds, format } = report.slowest
  const statuses = [...report.statuses].map(([status, count]) => `${status} ${count}`).join(', ')
  const slowest = `slowest verdict ${milliseconds.toFixed(1)} ms (${format}); seed ${seed}`
  return {
    lines: [statuses, slowest, ...report.faults],
    passed: report.mutants - report.faults.length,
    failed: report.faults.length,
  }
}

/** The test suite with other examples; a failure names the seed and the path that make it again. */
async function properties(): Promise<Outcome> {
  const environment = { ...process.env, TEST_SEED: String(seed), ECL_EXPRESSIONS: '5000', VIDIMUS_VIEWS: 'all' }
  const { stdout } = spawnSync('npm', ['test'], { env: environment, encoding: 'utf8', maxBuffer: 2 ** 28 })
  const count = (name: string) => Number(new RegExp(`^ℹ ${name} (\\d+)$`, 'm').exec(stdout)?.[1] ?? Number.NaN)
  const failures = stdout.slice(Math.max(0, stdout.indexOf('✖ failing tests:')))
  const failed = count('fail')
  return { lines: failed === 0 ? [] : failures.split('\n'), passed: count('pass'), failed: failed >= 0 ? failed : 1 }
}

/** Tests over what is published that take a sample otherwise. */
async function published(): Promise<Outcome> {
  const files = [
    'test/fhir/xml/round-trip.test.ts',
    'test/fhir/snapshot/published.test.ts',
    'test/fhir/validate/published.test.ts',
  ]
  const environment = { ...process.env, VIDIMUS_PUBLISHED: 'all' }
  const { stdout } = spawnSync('node', ['--test', ...files], { env: environment, encoding: 'utf8', maxBuffer: 2 ** 28 })
  const count = (name: string) => Number(new RegExp(`^ℹ ${name} (\\d+)$`, 'm').exec(stdout)?.[1] ?? Number.NaN)
  const failed = count('fail')
  return { lines: failed === 0 ? [] : stdout.split('\n'), passed: count('pass'), failed: failed >= 0 ? failed : 1 }
}

/** Growth by 10,000 evaluations that is none, in megabytes. */
const flatMegabytes = 1

async function memory(): Promise<Outcome> {
  const evaluations = values.evaluations === undefined ? 100_000 : Number(values.evaluations)
  const { samples, slope } = await memoryOfEvaluations(evaluations, Math.max(100, Math.floor(evaluations / 20)))
  const lines = samples.map((each) => `${each.evaluations} evaluations: ${each.megabytes.toFixed(1)} MB`)
  const isFlat = slope < flatMegabytes
  return {
    lines: [...lines, `${slope.toFixed(3)} MB by 10,000 evaluations`],
    passed: isFlat ? evaluations : 0,
    failed: isFlat ? 0 : 1,
  }
}

const parts: Record<string, () => Promise<Outcome>> = {
  memory,
  mutants: mutateOwnRules,
  every: () => credentials(0),
  withdrawn: () => credentials(0, ['withdrawn']),
  credentials: () => credentials(Number(values.credentials)),
  mutations,
  kill,
  imports,
  properties,
  published,
  privacy,
}

/** A part that cannot be run at all has failed; the others go on. */
async function run(name: string): Promise<Outcome> {
  try {
    return (await parts[name]?.()) ?? { lines: [], passed: 0, failed: 0 }
  } catch (error) {
    return { lines: [error instanceof Error ? (error.stack ?? error.message) : String(error)], passed: 0, failed: 1 }
  }
}

const wanted = positionals.length > 0 ? positionals : Object.keys(parts)
const unknown = wanted.filter((name) => !(name in parts))
if (values.help || unknown.length > 0) {
  console.log(usage)
  process.exit(unknown.length > 0 ? 2 : 0)
}
const total = { passed: 0, failed: 0 }
for (const name of wanted) {
  const start = performance.now()
  const outcome = await run(name)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`## ${name}: ${outcome.passed} passed, ${outcome.failed} failed, ${seconds} s`)
  for (const line of outcome.lines) console.log(line)
  total.passed += outcome.passed
  total.failed += outcome.failed
}
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed > 0 ? 1 : 0
