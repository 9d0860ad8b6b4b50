/**
 * Property-based calls over /openapi.json by schemathesis (PyPI): no 5xx, no undeclared status or media type, no reply that breaks its
 * schema. It is installed on first use, in a version that is pinned, into the cache of the checkout.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const version = '4.32.5'
const folder = resolve(import.meta.dirname, `../../node_modules/.cache/schemathesis-${version}`)
const program = join(folder, 'bin/schemathesis')

const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
].join(',')

const run = promisify(execFile)

let installing: Promise<void> | undefined

/** Once for all runs that are side by side: two in one folder would break each other. @throws Error when there is no Python, or its packages cannot be had */
function install(): Promise<void> {
  installing ??= installAnew()
  return installing
}

async function installAnew(): Promise<void> {
  if (existsSync(program)) return
  try {
    await run('python3', ['-m', 'venv', folder])
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `schemathesis==${version}`]
    await run(join(folder, 'bin/python'), pip)
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw new Error(`schemathesis ${version} cannot be installed: ${String(error).slice(0, 500)}`)
  }
}

/** What a run asks. */
export interface Calls {
  /** Heads what is printed of it. */
  name: string
  /** Bearer token; without it what anybody may ask is asked. */
  token?: string
  /** Of one operation. */
  examples: number
  /** What takes longer is left out, and the floor broken. */
  seconds: number
}

/**
 * The system, every operation, and of the types, which are described by one piece of code, those that differ from each other: what is
 * written and read in another language, what only grows, what is generated.
 */
const called = String.raw`^/(metadata|health|ready|_.*)?$|\$|^/(ValueSet|CodeSystem|AuditEvent|StructureMap|OperationDefinition|Provenance)(/|$)`

/**
 * Calls every operation of a server with made-up parameters and bodies. Where the program stumbled over itself, and no answer was found
 * wrong, it is run once more: what a server does wrong, it does again.
 * @param url address without `/fhir`
 * @returns how many operations answered as they are described, and how many did not; each of these was told
 */
export async function callByDescription(url: string, calls: Calls): Promise<{ passed: number; failed: number }> {
  const { passed, failed, stumbled } = await callOnce(url, calls)
  if (failed > 0 || stumbled === 0) return { passed, failed: failed + stumbled }
  const again = await callOnce(url, calls)
  return { passed: again.passed, failed: again.failed + again.stumbled }
}

async function callOnce(
  url: string,
  { name, token, examples, seconds }: Calls,
): Promise<{ passed: number; failed: number; stumbled: number }> {
  await install()
  const reports = mkdtempSync(join(tmpdir(), 'vidimus-schemathesis-'))
  const report = join(reports, 'junit.xml')
  const asked = [
    ...['run', `${url}/openapi.json`, '--workers', '2', '--phases', 'fuzzing', '--checks', checks],
    ...['--max-examples', `${examples}`, '--max-time', `${seconds}`, '--continue-on-failure', '--no-shrink'],
    ...['--include-path-regex', called],
    // The same calls in every run: what is new is looked for with other seeds by hand.
    ...[
      '--seed',
      '1',
      '--generation-database',
      'none',
      '--suppress-health-check',
      'all',
      '--warnings',
      'off',
      '--no-color',
    ],
    ...['--report', 'junit', '--report-junit-path', report],
    ...(token === undefined ? [] : ['--header', `Authorization: Bearer ${token}`]),
  ]
  try {
    // It ends with 1 when an operation failed; what it says of it is shown.
    const { stdout } = await run(program, asked, {
      cwd: reports,
      maxBuffer: 64 << 20,
      timeout: (seconds + 60) * 1000,
    }).catch((error: { stdout?: string; code?: number }) => {
      if (error.code !== 1 || !existsSync(report)) throw error
      return { stdout: error.stdout ?? '' }
    })
    const xml = readFileSync(report, 'utf8')
    const cases = [...xml.matchAll(/<testcase\b[^>]*?(?:\/>|>[\s\S]*?<\/testcase>)/g)].map(([text]) => text)
    const failed = cases.filter((each) => each.includes('<failure')).length
    const stumbled = cases.filter((each) => !each.includes('<failure') && each.includes('<error')).length
    if (cases.length === 0) throw new Error('schemathesis called nothing')
    const shown = failed + stumbled > 0 ? stdout.slice(0, 20_000) : stdout.slice(stdout.indexOf('API Operations:'))
    console.log(`\n== ${name}\n${shown}`)
    return { passed: cases.length - failed - stumbled, failed, stumbled }
  } finally {
    rmSync(reports, { recursive: true, force: true })
  }
}
