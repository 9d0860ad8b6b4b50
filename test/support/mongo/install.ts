/**
 * The server that stands in for MongoDB in tests: SecantusDB, a Python program that speaks its protocol as a replica set of one. It is
 * installed once into a cache folder, with every package at the version of requirements.txt; it is no dependency of the product.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const requirementsFile = join(import.meta.dirname, 'requirements.txt')

/** What a run of another program came to. */
interface Ran {
  code: number | null
  output: string
}

/** The installed program, or why there is none. */
export type Installed = { python: string } | { skip: string }

/** File of an installation that names all others with their lengths, written last. */
const MANIFEST = 'whole.json'

/** How long nobody tries again what has failed. */
const failureMilliseconds = 10 * 60_000

/** How long an installation may take, and another process waits for it. */
const installMilliseconds = 10 * 60_000

/** Folder of what is fetched once: `VIDIMUS_CACHE`, else that of the XDG base directory specification, else one for temporary files. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const { VIDIMUS_CACHE, XDG_CACHE_HOME } = environment
  if (VIDIMUS_CACHE) return VIDIMUS_CACHE
  if (XDG_CACHE_HOME?.startsWith('/')) return join(XDG_CACHE_HOME, 'vidimus')
  const home = homedir()
  return existsSync(home) ? join(home, '.cache', 'vidimus') : join(tmpdir(), 'vidimus-cache')
}

/**
 * The test server, installed when it is not there or not whole. Two processes may ask at once: one installs, the other waits.
 * @param cache folder that it lies in
 */
export async function installMongo(cache: string = cacheFolder()): Promise<Installed> {
  const found = await findPython()
  if ('skip' in found) return found
  const requirements = readFileSync(requirementsFile, 'utf8')
  const key = createHash('sha256').update(requirements).update(found.version).digest('hex').slice(0, 12)
  const folder = join(cache, `mongodb-for-tests-${key}`)
  if (isWhole(folder)) return installedIn(folder)
  try {
    mkdirSync(cache, { recursive: true })
    return await alone(`${folder}.lock`, async () => {
      if (isWhole(folder)) return installedIn(folder)
      const failure = recentFailure(`${folder}.failed`)
      return failure === undefined ? install(found.python, folder) : { skip: failure }
    })
  } catch (error) {
    return { skip: `the test server cannot be installed into ${cache}: ${textOf(error)}` }
  }
}

const installedIn = (folder: string) => ({ python: join(folder, 'bin', 'python') })

async function findPython(): Promise<{ python: string; version: string } | { skip: string }> {
  const ask = 'import sys, platform, venv; print(*sys.version_info[:2], sys.platform, platform.machine())'
  for (const python of ['python3', 'python']) {
    const { code, output } = await run(python, ['-c', ask])
    const [, major, minor] = /^(\d+) (\d+) /.exec(output) ?? []
    if (code === 0 && (Number(major) > 3 || (major === '3' && Number(minor) >= 10)))
      return { python, version: output.trim() }
  }
  return { skip: 'the test server for MongoDB needs Python 3.10 or later with its module venv' }
}

/** Made beside its place and moved there as a whole, so that nobody ever sees half of it. */
async function install(python: string, folder: string): Promise<Installed> {
  const made = `${folder}.${process.pid}-${Math.trunc(performance.now())}`
  try {
    const venv = await run(python, ['-m', 'venv', made])
    if (venv.code !== 0) return failed(folder, 'the environment for the test server cannot be made', venv)
    const own = installedIn(made).python
    // Nothing that is not in the list comes along.
    const options = ['--no-deps', '--only-binary', ':all:', '--no-input', '--quiet', '--retries', '2']
    const pip = await run(own, [
      '-m',
      'pip',
      'install',
      '--disable-pip-version-check',
      ...options,
      '-r',
      requirementsFile,
    ])
    if (pip.code !== 0) return failed(folder, 'the test server cannot be installed', pip)
    const looked = await run(own, ['-c', 'import secantus.cli, wiredtiger'])
    if (looked.code !== 0) return failed(folder, 'the test server does not start', looked)
    writeFileSync(join(made, MANIFEST), JSON.stringify(filesOf(made)))
    rmSync(folder, { recursive: true, force: true })
    renameSync(made, folder)
    rmSync(`${folder}.failed`, { force: true })
    return installedIn(folder)
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}

function failed(folder: string, what: string, { code, output }: Ran): { skip: string } {
  const skip = `${what} (${code ?? 'killed'}): ${output.trim().split('\n').slice(-3).join(' ').slice(0, 500)}`
  writeFileSync(`${folder}.failed`, skip)
  return { skip }
}

function recentFailure(file: string): string | undefined {
  const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs
  return written !== undefined && Date.now() - written < failureMilliseconds ? readFileSync(file, 'utf8') : undefined
}

/** Whether every file is there with the length that it had: a cache may have been thinned out, or a disk was full. */
function isWhole(folder: string): boolean {
  let manifest: string
  try {
    manifest = readFileSync(join(folder, MANIFEST), 'utf8')
  } catch {
    return false
  }
  try {
    const listed: Record<string, number> = JSON.parse(manifest)
    const files = Object.entries(listed)
    return (
      files.length > 0 &&
      files.every(([name, bytes]) => statSync(join(folder, name), { throwIfNoEntry: false })?.size === bytes)
    )
  } catch {
    return false // half a manifest: half an installation
  }
}

/** Files below a folder with their lengths; what Python compiles anew for itself is left out. */
function filesOf(folder: string): Record<string, number> {
  const files: Record<string, number> = {}
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || entry.parentPath.includes('__pycache__')) continue
    const path = join(entry.parentPath, entry.name)
    files[path.slice(folder.length + 1)] = statSync(path).size
  }
  return files
}

/** Work that one process does at a time. Who does not come to it in time does it all the same: it does no harm, only twice the work. */
async function alone<T>(lock: string, work: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  while (!takeLock(lock) && performance.now() - begun < installMilliseconds) {
    if (isLeft(lock)) rmSync(lock, { recursive: true, force: true })
    else await sleep(200)
  }
  try {
    return await work()
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

function takeLock(lock: string): boolean {
  try {
    mkdirSync(lock)
  } catch {
    return false
  }
  writeFileSync(join(lock, 'pid'), String(process.pid))
  return true
}

/** Whether its holder is gone. One that has not said who it is yet has a second for it. */
function isLeft(lock: string): boolean {
  const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs
  if (made === undefined) return false
  let pid: number
  try {
    pid = Number(readFileSync(join(lock, 'pid'), 'utf8'))
  } catch {
    return Date.now() - made > 1000
  }
  if (!Number.isSafeInteger(pid) || pid <= 0) return Date.now() - made > 1000
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}

function run(program: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: installMilliseconds })
    let output = ''
    const read = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000)
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.on('error', (error) => resolve({ code: null, output: error.message }))
    child.on('close', (code) => resolve({ code, output }))
  })
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
