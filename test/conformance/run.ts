/**
 * Runs the conformance runners against a server that it starts, on a store of its own, and the longest of them beside the others against
 * another, for a machine has two cores at least. Each run has a floor
 * (test/conformance/floors.json): a number of passing cases below it fails the run, one above it should be written
 * there. Where the failing cases of a run are argued by name, any other failure fails the run as well. The last line is `N passed, N failed`; the exit status is 1 only when a floor is broken.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { startServerProcess } from '../support/server-process.ts'
import { arguedFailures, type RunResult, unarguedFailures } from './failures.ts'
import { type Calls, callByDescription } from './schemathesis.ts'
import { loadWhoMaps } from './who-maps.ts'

const root = resolve(dirname(new URL(import.meta.url).pathname), '../..')
const shared = resolve(root, '../shared')
const token = 'conformance'

interface Run {
  name: string
  /** Arguments after `node`; `URL` stands for the FHIR base. */
  command: string[]
  /** Stores what the run needs; what it returns takes that out again. */
  before?: (base: string) => Promise<void>
  /** Arguments of `vidimus import` that are run before its server starts; paths are below ../shared. */
  imports?: string[][]
  /** File beside this one that names every test which fails, with its reason; only for runners that write `--json`. */
  failures?: string
  /** It takes as long as all others, and is run beside them. */
  isBeside?: boolean
}

/** Calls of every operation by its description, each for as long as a slow machine needs for all of them; none may fail. */
const described: Calls[] = [
  { name: 'openapi', token, examples: 2, seconds: 130 },
  { name: 'openapi-anonymous', examples: 1, seconds: 130 },
]

const runs: Run[] = [
  {
    name: 'credentials-hcert',
    command: [
      'tools/credential-runner/run.mjs',
      '--server',
      'URL',
      '--cases',
      'corpora/credentials',
      '--only',
      '^(qr/(DVC|EU|WHO)|dgc|malformed/(hcert|request))',
    ],
  },
  {
    name: 'credentials',
    command: ['tools/credential-runner/run.mjs', '--server', 'URL', '--cases', 'corpora/credentials'],
  },
  {
    // What WHO's maps make of the credentials, and the schema flags of the EU's test data. Four certificates of Singapore are left: they
    // are said to keep the schema, and have a member that no EU DCC has, of which a verifier is told.
    name: 'credentials-bundles-schema',
    command: [
      'tools/credential-runner/run.mjs',
      '--server',
      'URL',
      '--cases',
      'corpora/credentials',
      '--bundles',
      '--schema',
    ],
    before: (base) => loadWhoMaps(base, token, join(shared, 'corpora/structure-map/gdhcn-validator')),
  },
  {
    name: 'structure-map',
    command: ['tools/map-runner/run.mjs', 'URL', '--header', `Authorization: Bearer ${token}`, '--with', 'xml-output'],
  },
  {
    name: 'terminology',
    command: ['tools/tx-runner/run.mjs', '--server', 'URL', '--tests', 'corpora/terminology', '--strict-external'],
  },
  {
    name: 'terminology-get',
    command: [
      'tools/tx-runner/run.mjs',
      '--server',
      'URL',
      '--tests',
      'corpora/terminology',
      '--strict-external',
      '--get',
    ],
  },
  {
    // Two fixtures are left: one has a blank too many that eleven others of the same text do not have, one a description of the IANA
    // registry without its continuation line (RFC 5646 §3.1.1).
    name: 'terminology-stretch',
    command: [
      'tools/tx-runner/run.mjs',
      '--server',
      'URL',
      '--tests',
      'corpora/terminology',
      '--strict-external',
      '--modes',
      '!general,tx.fhir.org',
      '--suite',
      'compare,UCUM,langcodes',
    ],
  },
  {
    // Over subsets: what is left needs what they do not have, or contradicts its own request.
    name: 'vocabularies',
    failures: 'vocabularies-failures.json',
    command: [
      'tools/tx-runner/run.mjs',
      '--server',
      'URL',
      '--tests',
      'corpora/vocabularies/tests',
      '--strict-external',
      '--modes',
      '!general,tx.fhir.org,snomed',
    ],
    imports: [
      ['--snomed', 'corpora/vocabularies/snomed', '--version', 'http://snomed.info/xsct/31000003106/version/20250909'],
      ['--loinc', 'corpora/vocabularies/loinc', '--version', '2.82'],
    ],
  },
  { name: 'cql', command: ['tools/cql-runner/run.mjs', '--server', 'URL', '--quiet'], isBeside: true },
]

/** What a run came to, and what is wrong with its failures where these are argued by name. */
interface Result {
  passed: number
  failed: number
  unargued?: string[]
}

/** {@link execute} with its failures held against those that are argued. */
async function executeAndArgue(run: Run, base: string): Promise<Result> {
  if (run.failures === undefined) return execute(run, base)
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-conformance-'))
  try {
    const file = join(folder, 'result.json')
    const result = await execute(run, base, ['--json', file])
    const found = JSON.parse(readFileSync(file, 'utf8')) as RunResult
    const argued = arguedFailures(join(root, 'test/conformance', run.failures))
    return { ...result, unargued: unarguedFailures(argued, found) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs one runner; its output is shown, its last line `N passed, M failed` read. */
function execute(run: Run, base: string, more: readonly string[] = []): Promise<Result> {
  const [script = '', ...rest] = run.command.map((each) => (each === 'URL' ? base : each))
  const child = spawn(process.execPath, [join(shared, script), ...rest, ...more], {
    cwd: shared,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  return new Promise((done, fail) => {
    child.on('error', fail)
    child.on('exit', () => {
      const lines = output.trimEnd().split('\n')
      const last = /(\d+) passed, (\d+) failed/.exec(lines.at(-1) ?? '')
      const shown = lines.filter((line) => !line.startsWith('ok')).slice(-60)
      console.log([`\n== ${run.name}`, ...shown].join('\n'))
      if (last) done({ passed: Number(last[1]), failed: Number(last[2]) })
      else fail(new Error(`${run.name}: the runner printed no result`))
    })
  })
}

/** Waits for the base content: what may depend on it answers 503 until then. */
async function ready(url: string): Promise<void> {
  while ((await fetch(`${url}/ready`)).status !== 200) await new Promise((done) => setTimeout(done, 500))
}

/** Imports into a data folder. */
function imported(options: string[], dataDir: string): Promise<void> {
  const child = spawn(process.execPath, [join(root, 'src/main.ts'), 'import', ...options], {
    cwd: shared,
    env: { ...process.env, DATA_DIR: dataDir },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return new Promise((done, fail) => {
    child.on('error', fail)
    child.on('exit', (code) =>
      code === 0 ? done() : fail(new Error(`import ${options.join(' ')}: exit status ${code}`)),
    )
  })
}

/** A server with a data folder of its own, ready to answer. */
async function start(environment: Record<string, string> = {}, imports: string[][] = []) {
  const dataDir = mkdtempSync(join(tmpdir(), 'vidimus-conformance-'))
  for (const each of imports) await imported(each, dataDir)
  const server = await startServerProcess({
    DATA_DIR: dataDir,
    DEVELOPMENT_TOKEN: token,
    ALLOW_REQUEST_TRUST_ANCHORS: 'true',
    ACCESS_LOG: 'off',
    ...environment,
  })
  await ready(server.url)
  const stop = async () => {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { url: server.url, stop }
}

/** Takes the result of a run. */
type Count = (name: string, result: Result) => void

/**
 * Runs one after the other, over one server.
 * @param then what is asked of it afterwards
 */
async function onOneServer(runs: Run[], count: Count, then?: (url: string) => Promise<void>): Promise<void> {
  const server = await start()
  try {
    for (const run of runs) {
      // Others' drafts are stored on a server of their own, where everybody may use them.
      const own = run.before || run.imports ? await start({ DRAFTS: 'public' }, run.imports) : server
      try {
        const base = `${own.url}/fhir`
        await run.before?.(base)
        count(run.name, await executeAndArgue(run, base))
      } finally {
        if (own !== server) await own.stop()
      }
    }
    await then?.(server.url)
  } finally {
    await server.stop()
  }
}

async function main(): Promise<void> {
  if (!existsSync(shared)) {
    console.log('conformance: skipped, ../shared is absent')
    console.log('0 passed, 0 failed')
    return
  }
  const floors = JSON.parse(readFileSync(join(root, 'test/conformance/floors.json'), 'utf8')) as Record<string, number>
  const names = process.argv.slice(2)
  const isChosen = ({ name }: { name: string }) => names.length === 0 || names.includes(name)
  const chosen = runs.filter(isChosen)
  const total = { passed: 0, failed: 0 }
  const broken: string[] = []
  const count: Count = (name, result) => {
    const floor = floors[name] ?? 0
    if (result.passed < floor) broken.push(`${name}: ${result.passed} passed, the floor is ${floor}`)
    else if (result.passed > floor)
      console.log(`${name}: ${result.passed} passed, above the floor of ${floor}: raise it`)
    broken.push(...(result.unargued ?? []).map((each) => `${name}: ${each}`))
    // The HCERT cases are part of all credential cases: counted once.
    if (name === 'credentials-hcert') return
    total.passed += result.passed
    total.failed += result.failed
  }
  const callAll = async (url: string) => {
    // Each is one process that takes the time it is given: side by side they take it once.
    const call = async (calls: (typeof described)[number]) => {
      const result = await callByDescription(url, calls)
      count(calls.name, result)
      if (result.failed > 0)
        broken.push(`${calls.name}: ${result.failed} operations do not answer as they are described`)
    }
    await Promise.all(described.filter(isChosen).map(call))
  }
  const [beside = [], others = []] = [true, false].map((is) => chosen.filter(({ isBeside = false }) => isBeside === is))
  const lanes = [
    ...(others.length > 0 || described.some(isChosen) ? [onOneServer(others, count, callAll)] : []),
    ...(beside.length > 0 ? [onOneServer(beside, count)] : []),
  ]
  // Both end their servers, also where the other one failed.
  await Promise.allSettled(lanes)
  await Promise.all(lanes)
  for (const line of broken) console.log(`FLOOR BROKEN ${line}`)
  if (broken.length > 0) process.exitCode = 1
  console.log(`${total.passed} passed, ${total.failed} failed`)
}

await main()
