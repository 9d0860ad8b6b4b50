/**
 * Indexes of large code systems on disk: one folder each, never changed once it has its name. The CodeSystem resource in the
 * store has no concepts and names the folder in an extension.
 */

import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { open, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { formatCanonical } from '../../fhir/canonical.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import type { CodeSystem } from '../../fhir/types.ts'
import type { SourceProblem } from './problems.ts'

/** Extension of a CodeSystem whose concepts are in an index: valueString is the name of the folder. */
export const INDEX_EXTENSION = 'http://vidimus.org/fhir/StructureDefinition/code-system-artefact'

/** Folder of the indexes below the data folder. */
export const INDEXES_FOLDER = 'code-systems'

/** Files of an index. */
export const FILES = { manifest: 'manifest.json', index: 'index.bin' } as const

/** What an import counted; read = concepts + duplicates + lost. */
export interface SourceCounts {
  /** Concepts that the source has. */
  read: number
  /** Concepts in the index. */
  concepts: number
  /** Codes that came again; the first one counts. */
  duplicates: number
  /** Left out because of a problem. */
  lost: number
  /** Parents named that no concept is. */
  unknownParents: number
}

/** Content of `manifest.json`. */
export interface IndexManifest {
  /** Version of the importer that made it. */
  importer: number
  /** Layout of the index file. */
  layout: number
  /** `url|version` of the code system. */
  canonical: string
  source: { file: string; format: string; bytes: number; sha256: string }
  counts: SourceCounts
  problems: { count: number; first: SourceProblem[] }
  index: { bytes: number; sha256: string }
}

/** An index that was found whole. */
export interface CodeSystemIndex {
  manifest: IndexManifest
  /** The index file, open. */
  index: IndexBytes
}

/** An open index file. */
export interface IndexBytes {
  readonly length: number
  /** Bytes at a position. @throws Error when the file has become shorter, or cannot be read */
  read(position: number, length: number): Uint8Array
  /** Writes so many bytes of the file to a place of others; answers how many. @throws Error as `read`; nothing is said of the place then */
  fill(position: number, into: Uint8Array, at: number, length: number): number
  /** Closes the file; one that nobody has any more is closed by itself. */
  close(): void
}

/** Name of the index that has the concepts of a code system; undefined when the resource has its own. */
export function indexName(resource: CodeSystem): string | undefined {
  if (resource.concept && resource.concept.length > 0) return undefined
  const name = resource.extension?.find((each) => each.url === INDEX_EXTENSION)?.valueString
  return typeof name === 'string' ? name : undefined
}

/**
 * Opens an index and compares it with its manifest.
 * @throws Error saying what is wrong when it is absent, cut short or damaged
 */
export function readIndex(folder: string, name: string): Promise<CodeSystemIndex> {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,150}$/.test(name)) return readIndexFolder(join(folder, name))
  return Promise.reject(new Error(`'${name.slice(0, 60)}' is no name of an index`))
}

/**
 * What an index says of itself, when it is whole.
 * @throws Error as {@link readIndex}
 */
export async function checkIndex(folder: string, name: string): Promise<IndexManifest> {
  const { manifest, index } = await readIndex(folder, name)
  index.close()
  return manifest
}

/** {@link readIndex} of a folder that may not have its name yet. */
export async function readIndexFolder(path: string): Promise<CodeSystemIndex> {
  const name = basename(path)
  const manifest = await readManifest(join(path, FILES.manifest))
  const index = openBytes(join(path, FILES.index), join(name, FILES.index))
  try {
    if (index.length !== manifest.index.bytes) {
      throw new Error(`${name}/${FILES.index} has ${index.length} bytes instead of ${manifest.index.bytes}`)
    }
    if ((await hashOf(join(path, FILES.index))) !== manifest.index.sha256) {
      throw new Error(`${name}/${FILES.index} is damaged: its hash is not that of the manifest`)
    }
  } catch (error) {
    index.close()
    throw error
  }
  return { manifest, index }
}

/** Files that nobody reads any more are closed when their reader goes. */
const unread = new FinalizationRegistry<() => void>((close) => close())

function openBytes(path: string, name: string): IndexBytes {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    throw new Error(`${name} cannot be read (${reasonOf(error)})`)
  }
  let isOpen = true
  const close = () => {
    if (isOpen) closeSync(file)
    isOpen = false
  }
  const fill: IndexBytes['fill'] = (position, into, at, length) => {
    if (!isOpen) throw new Error(`${name} is closed`)
    for (let done = 0; done < length; ) {
      const read = readSync(file, into, at + done, length - done, position + done)
      if (read === 0) throw new Error(`${name} is cut short`)
      done += read
    }
    return length
  }
  const index: IndexBytes = {
    length: fstatSync(file).size,
    read: (position, length) => {
      // Of its own, so that what is kept of it keeps nothing else.
      const bytes = Buffer.allocUnsafeSlow(length)
      fill(position, bytes, 0, length)
      return bytes
    },
    fill,
    close,
  }
  unread.register(index, close)
  return index
}

/** Bytes that are hashed between two turns of others. */
const hashedAtOnce = 1 << 20

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  const file = await open(path, 'r')
  try {
    const piece = Buffer.allocUnsafeSlow(hashedAtOnce)
    for (;;) {
      const length = readSync(file.fd, piece, 0, hashedAtOnce, null)
      if (length === 0) return hash.digest('hex')
      hash.update(length === hashedAtOnce ? piece : piece.subarray(0, length))
      await nextTurn()
    }
  } finally {
    await file.close()
  }
}

async function readManifest(path: string): Promise<IndexManifest> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new Error(`${path} cannot be read (${reasonOf(error)})`)
  }
  try {
    const manifest: IndexManifest | null = JSON.parse(text)
    // What was written by the importer alone; these tell it from any other JSON.
    if (typeof manifest?.index?.bytes === 'number' && manifest.counts && typeof manifest.canonical === 'string')
      return manifest
  } catch {
    // said below
  }
  throw new Error(`${path} is not the manifest of a code system`)
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

/** Reads the concepts of code systems whose resources name an index. */
export interface IndexReader<T> {
  /**
   * What `make` makes of the index; undefined for a resource that has its own concepts.
   * @throws FhirError 503 naming code system and reason when the index cannot be used
   */
  read(resource: CodeSystem): Promise<T | undefined>
}

/**
 * A reader over a folder of indexes. An index that is in use is read once, also when several versions of the resource name
 * it; one that nobody uses any more may leave the memory.
 * @param bring copies one that is not in the folder from where other replicas keep it
 */
export function indexReader<T>(
  folder: string,
  make: (resource: CodeSystem, index: IndexBytes) => T,
  bring?: (name: string) => Promise<void>,
): IndexReader<T> {
  const known = new Map<string, WeakRef<CodeSystemIndex>>()
  const arriving = new Map<string, Promise<CodeSystemIndex>>()
  const failed = new Map<string, { stamp: string; error: unknown }>()
  const indexNamed = async (name: string): Promise<CodeSystemIndex> => {
    const here = known.get(name)?.deref()
    if (here) return here
    // What was found damaged is not read again for every request, only when it has changed.
    let stamp = await stampOf(join(folder, name))
    if (stamp === nothing && bring) {
      await bring(name)
      stamp = await stampOf(join(folder, name))
    }
    const before = failed.get(name)
    if (before?.stamp === stamp) throw before.error
    const coming = arriving.get(name) ?? readIndex(folder, name)
    arriving.set(name, coming)
    try {
      const found = await coming
      known.set(name, new WeakRef(found))
      failed.delete(name)
      return found
    } catch (error) {
      failed.set(name, { stamp, error })
      throw error
    } finally {
      arriving.delete(name)
    }
  }
  // The provider keeps the bytes alone alive; this keeps the whole index for as long.
  const keptBy = new WeakMap<object, CodeSystemIndex>()
  return {
    read: async (resource) => {
      const name = indexName(resource)
      if (name === undefined) return undefined
      const canonical = formatCanonical(resource.url, resource.version)
      try {
        const found = await indexNamed(name)
        if (found.manifest.canonical !== canonical) throw new Error(`${name} belongs to ${found.manifest.canonical}`)
        const made = make(resource, found.index)
        if (typeof made === 'object' && made !== null) keptBy.set(made, found)
        return made
      } catch (error) {
        if (error instanceof FhirError) throw error
        const reason = error instanceof Error ? error.message : String(error)
        const text = `The concepts of the code system ${canonical} cannot be read: ${reason}. Import the code system again`
        throw new FhirError(503, issue('exception', text))
      }
    },
  }
}

/** What {@link stampOf} says of an index that is not there. */
const nothing = Object.values(FILES)
  .map(() => 'absent')
  .join(' ')

/** Sizes and times of the files of an index. */
async function stampOf(path: string): Promise<string> {
  const parts = Object.values(FILES).map(async (file) => {
    const found = await stat(join(path, file)).catch(() => undefined)
    return found ? `${found.size}:${found.mtimeMs}` : 'absent'
  })
  return (await Promise.all(parts)).join(' ')
}

/** Writes what lies in a file or folder through to the disk. */
export async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
