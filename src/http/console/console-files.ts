/** What scripts/build-console.ts made, as it lies on the disk: names with hashes in them, so that what a browser has holds for ever. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keep } from '../../base/keep.ts'

/** What was built. */
export interface ConsoleManifest {
  /** Hash of what it was made of. */
  sources: string
  /** Names of the files that the page begins with. */
  script: string
  style: string
  /** What the script needs at once. */
  preload: string[]
  /** By name; `packed` bytes of the brotli copy beside it, where there is one. */
  files: Record<string, { bytes: number; sha256: string; packed?: number }>
}

/** A file as it is sent. */
interface ConsoleFile {
  contentType: string
  body: Buffer
  encoding?: 'br'
}

/** The console's files. */
export interface ConsoleFiles {
  /** As it is built now: who builds it anew while the server runs gets the new page at once. The same object until then. */
  manifest(): ConsoleManifest
  /** A file by its name; undefined when it is none of the console's. */
  read(name: string, options: { brotli: boolean }): Promise<ConsoleFile | undefined>
}

/** Where it is built. */
const consoleFolder = join(import.meta.dirname, '../../../dist/console')

const contentTypes: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  wasm: 'application/wasm',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
}

/** Bytes of files that stay in memory: the first view of everybody. */
const keptBytes = 2_000_000

/** The console as it was built; undefined when it was not. */
export function openConsole(folder = consoleFolder): ConsoleFiles | undefined {
  const path = join(folder, 'manifest.json')
  if (!existsSync(path)) return undefined
  let known = { manifest: manifestIn(path), stamp: stampOf(path) }
  const current = () => {
    const stamp = stampOf(path)
    if (stamp !== undefined && stamp !== known.stamp) {
      const manifest = manifestIn(path)
      if (manifest.sources !== known.manifest.sources) held.clear()
      known = { manifest, stamp }
    }
    return known.manifest
  }
  const held = keep<string, Buffer>(keptBytes, (_name, bytes) => bytes.length)
  return {
    manifest: current,
    async read(name, { brotli }) {
      const { files } = current()
      // Only what the build lists is looked for: no name leads anywhere else.
      const listed = Object.hasOwn(files, name) ? files[name] : undefined
      const contentType = contentTypes[name.split('.').pop() ?? '']
      if (!listed || !contentType) return undefined
      const isPacked = brotli && listed.packed !== undefined
      const file = isPacked ? `${name}.br` : name
      const kept = held.get(file)
      if (kept) return { contentType, body: kept, ...(isPacked && { encoding: 'br' as const }) }
      const body = await readOrMissing(join(folder, file))
      if (!body) {
        // Between two builds nothing stands there; a build that lists what it lacks is broken.
        if (stampOf(path) === undefined || !Object.hasOwn(current().files, name)) return undefined
        throw new Error(`the console was built with ${name}, which is not there`)
      }
      held.set(file, body)
      return { contentType, body, ...(isPacked && { encoding: 'br' as const }) }
    },
  }
}

const manifestIn = (path: string): ConsoleManifest => JSON.parse(readFileSync(path, 'utf8'))

/** Another one for every build; undefined while there is none. */
function stampOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found && `${found.ino} ${found.mtimeMs} ${found.size}`
}

async function readOrMissing(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
