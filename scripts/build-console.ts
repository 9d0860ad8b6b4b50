/**
 * Makes dist/console: what browsers are sent (src/console). `npm ci` does it (`prepare`); where esbuild is absent, as with `--omit=dev`, it
 * does nothing, and the server shows a page of links instead.
 */
import { createHash } from 'node:crypto'
import {
  type Dirent,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import type { BuildOptions, Metafile } from 'esbuild'
import type { ConsoleManifest } from '../src/http/console/console-files.ts'
import { buildManual } from './build-manual.ts'

const root = resolve(import.meta.dirname, '..')
const compress = promisify(brotliCompress)

/** Where the files of the console stand on the server. */
const publicPath = '/console'

/** How it is bundled. */
export const consoleOptions = {
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  target: ['chrome120', 'firefox120', 'safari17.4'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  minify: true,
  metafile: true,
  publicPath,
  assetNames: '[name]-[hash]',
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  loader: { '.wasm': 'file' },
  legalComments: 'none',
  logLevel: 'warning',
  tsconfig: join(root, 'src/console/tsconfig.json'),
} satisfies BuildOptions

/** What it is made of; a build that is of these is left as it is. */
const sourceFolders = ['src', 'docs', 'scripts']

function sourcesHash(): string {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')))
  for (const folder of sourceFolders)
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).sort(byPath))
      if (entry.isFile()) hash.update(entry.name).update(readFileSync(join(entry.parentPath, entry.name)))
  return hash.digest('hex')
}

const byPath = (a: Dirent, b: Dirent) => (join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1)

/** The build that stands there already, if it is of these sources. */
function standing(target: string, sources: string): ConsoleManifest | undefined {
  const path = join(target, 'manifest.json')
  if (!existsSync(path)) return undefined
  const manifest: ConsoleManifest = JSON.parse(readFileSync(path, 'utf8'))
  return manifest.sources === sources ? manifest : undefined
}

/** Builds it into a folder. @returns bytes of the scripts of the first view as they are sent; undefined where there is no esbuild */
export async function buildConsole(target = join(root, 'dist/console')): Promise<number | undefined> {
  const esbuild = await import('esbuild').catch(() => undefined)
  if (!esbuild) return undefined
  const sources = sourcesHash()
  const manifest = standing(target, sources) ?? (await make(esbuild, target, sources))
  const english = Object.keys(manifest.files).filter((name) => /^en-.*\.js$/.test(name))
  const first = [manifest.script, ...manifest.preload, ...english]
  return first.reduce((sum, name) => sum + (manifest.files[name]?.packed ?? 0), 0)
}

async function make(esbuild: typeof import('esbuild'), target: string, sources: string): Promise<ConsoleManifest> {
  const making = `${target}.${process.pid}`
  mkdirSync(making, { recursive: true })
  try {
    const manual = await buildManual(join(root, 'docs'), making, publicPath)
    const worker = await esbuild.build({
      ...consoleOptions,
      entryPoints: ['src/console/verify/scan/scan-worker.ts'],
      outdir: making,
    })
    const [workerFile = ''] = Object.entries(worker.metafile?.outputs ?? {})
      .filter(([, output]) => output.entryPoint)
      .map(([path]) => basename(path))
    const main = await esbuild.build({
      ...consoleOptions,
      entryPoints: ['src/console/main.tsx'],
      splitting: true,
      outdir: making,
      define: { SCAN_WORKER: JSON.stringify(`${publicPath}/${workerFile}`), MANUAL_PAGES: JSON.stringify(manual) },
    })
    const outputs = main.metafile?.outputs ?? {}
    const script = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === 'src/console/main.tsx') ?? ''
    const preload = neededBy(script, outputs)
    const style = basename(outputs[script]?.cssBundle ?? '')
    const manifest: ConsoleManifest = {
      sources,
      script: basename(script),
      style,
      preload,
      files: await packFiles(making),
    }
    writeFileSync(join(making, 'manifest.json'), JSON.stringify(manifest, undefined, 1))
    takePlace(making, target, sources)
    return manifest
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
}

/** Puts a build in the place of another; one of the same sources that somebody else just put there does as well. */
function takePlace(making: string, target: string, sources: string): void {
  rmSync(target, { recursive: true, force: true })
  try {
    renameSync(making, target)
  } catch (error) {
    if (!standing(target, sources)) throw error
  }
}

/** Names of the files that a script imports at once, and those that they import. */
function neededBy(script: string, outputs: Metafile['outputs']): string[] {
  const found = new Set<string>()
  const waiting = [script]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop())
    for (const { path: imported, kind } of outputs[path]?.imports ?? []) {
      const name = basename(imported)
      if (kind !== 'import-statement' || found.has(name)) continue
      found.add(name)
      waiting.push(Object.keys(outputs).find((each) => basename(each) === name) ?? '')
    }
  return [...found]
}

/** Each file with a packed copy beside it where that is smaller. */
async function packFiles(folder: string): Promise<ConsoleManifest['files']> {
  const files: ConsoleManifest['files'] = {}
  for (const name of readdirSync(folder).sort()) {
    const bytes = readFileSync(join(folder, name))
    const packed = await compress(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } })
    const isSmaller = packed.length < bytes.length
    if (isSmaller) writeFileSync(join(folder, `${name}.br`), packed)
    const sha256 = createHash('sha256').update(bytes).digest('hex').slice(0, 32)
    files[name] = { bytes: bytes.length, sha256, ...(isSmaller && { packed: packed.length }) }
  }
  return files
}

if (process.argv[1] && resolve(process.argv[1]) === import.meta.filename) {
  const bytes = await buildConsole()
  console.log(
    bytes === undefined
      ? 'The console is not built: esbuild is not installed.'
      : `dist/console: scripts of the first view ${Math.round(bytes / 1000)} kB packed`,
  )
}
