/**
 * The files of a history: `entries/<number>.json`, each naming the one before by its hash; `contents/<hash>.gz`, kept once whoever names
 * them; `head.json`, which says how far the entries go and is there only while nothing was lost; `gaps/<name>.json`, of which time it is
 * not known what counted.
 */
import { link, mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { isMissing, isSystemError } from '../../base/system-error.ts'
import { syncFolder, writeWhole } from '../../files/whole-file.ts'

/** Files of a folder, with what they take of the disk. */
interface FileSize {
  name: string
  bytes: number
}

/** What is read and written of a history. */
export interface HistoryFiles {
  /** Numbers of all entries, ascending. */
  numbers(): Promise<number[]>
  /** Bytes of an entry. Rejects when it is not there. */
  entry(number: number): Promise<Buffer>
  /** Writes an entry whole, unless there is one of that number: false then. */
  addEntry(number: number, bytes: Uint8Array): Promise<boolean>
  /** Keeps content, once. @returns its hash */
  addContent(bytes: Uint8Array): Promise<string>
  /** Content by its hash. Rejects when it is not there, or not what was kept. */
  content(hash: string): Promise<Buffer>
  /** How far the entries go; undefined when something was lost since, or there are none. */
  head(): Promise<number | undefined>
  setHead(number: number): Promise<void>
  removeHead(): Promise<void>
  gapNames(): Promise<string[]>
  /** Bytes of a gap. Rejects when it is not there. */
  gap(name: string): Promise<Buffer>
  putGap(name: string, bytes: Uint8Array): Promise<void>
  removeGap(name: string): Promise<void>
  /** Another text whenever an entry was added or taken away. */
  stamp(): Promise<string>
  /** By name, with what each takes of the disk. */
  sizes(of: 'entries' | 'contents'): Promise<FileSize[]>
  /** Takes a file away; content that was kept just now stays, for an entry that is being written may name it. */
  remove(of: 'entries' | 'contents', name: string): Promise<void>
}

const zip = promisify(gzip)
const unzip = promisify(gunzip)
/** Larger than anything that is kept. */
const MOST_BYTES = 256 * 1024 * 1024
const ENTRY = /^(\d{8,15})\.json$/
/** So long an entry may be in the making. */
const YOUNG_MILLISECONDS = 600_000
const GAP = /^((?:open|closed)-[A-Za-z0-9_-]{1,180})\.json$/
const CONTENT = /^[0-9a-f]{64}\.gz$/

/** The files of a folder, which is made when it is first needed. */
export function historyFiles(folder: string): HistoryFiles {
  const entries = join(folder, 'entries')
  const contents = join(folder, 'contents')
  const headFile = join(folder, 'head.json')
  const entryFile = (number: number) => join(entries, `${String(number).padStart(8, '0')}.json`)
  const known = new Set<string>()
  let unfinished = 0
  return {
    async numbers() {
      const names = await listed(entries)
      return names
        .flatMap((name) => ENTRY.exec(name)?.[1] ?? [])
        .map(Number)
        .sort((a, b) => a - b)
    },
    entry: (number) => readFile(entryFile(number)),
    async addEntry(number, bytes) {
      const made = join(entries, `.${process.pid}-${unfinished++}.tmp`)
      await writeWhole(made, bytes)
      try {
        // Unlike a rename it never takes the place of what another process has written meanwhile.
        await link(made, entryFile(number))
        await syncFolder(entries)
        return true
      } catch (error) {
        if (isSystemError(error) && error.code === 'EEXIST') return false
        throw error
      } finally {
        await rm(made, { force: true })
      }
    },
    async addContent(bytes) {
      const hash = sha256Hex(bytes)
      const file = join(contents, `${hash}.gz`)
      // Who clears away what nobody names leaves what was touched just now.
      const now = new Date()
      const isThere = known.has(hash) && (await utimes(file, now, now).then(isSo, isNot))
      if (!isThere) await writeWhole(file, await zip(bytes))
      known.add(hash)
      return hash
    },
    async content(hash) {
      const bytes = await unzip(await readFile(join(contents, `${hash}.gz`)), { maxOutputLength: MOST_BYTES })
      if (sha256Hex(bytes) !== hash) throw new Error(`the content ${hash} is not what was kept`)
      return bytes
    },
    async head() {
      const text = await readFile(headFile, 'utf8').catch(unlessMissing)
      const [, number] = /^\{"number":(\d{1,15})\}\s*$/.exec(text ?? '') ?? []
      return number === undefined ? undefined : Number(number)
    },
    async setHead(number) {
      await mkdir(folder, { recursive: true })
      await writeWhole(headFile, Buffer.from(`{"number":${number}}\n`))
    },
    removeHead: () => rm(headFile, { force: true }),
    async stamp() {
      const stamps = [headFile, entries].map(async (path) => {
        const { mtimeNs, ino } = (await stat(path, { bigint: true }).catch(unlessMissing)) ?? {}
        return `${mtimeNs} ${ino}`
      })
      return (await Promise.all(stamps)).join(' ')
    },
    ...gapFiles(join(folder, 'gaps')),
    async sizes(of) {
      const at = of === 'entries' ? entries : contents
      const form = of === 'entries' ? ENTRY : CONTENT
      const found: FileSize[] = []
      for (const name of (await listed(at)).filter((each) => form.test(each)).sort()) {
        const { size = 0 } = (await stat(join(at, name)).catch(unlessMissing)) ?? {}
        found.push({ name, bytes: size })
      }
      return found
    },
    async remove(of, name) {
      const file = join(of === 'entries' ? entries : contents, name)
      const { mtimeMs = 0 } = (of === 'contents' && (await stat(file).catch(unlessMissing))) || {}
      if (Date.now() - mtimeMs < YOUNG_MILLISECONDS) return
      await rm(file, { force: true })
      known.delete(name.replace('.gz', ''))
    },
  }
}

function gapFiles(folder: string): Pick<HistoryFiles, 'gapNames' | 'gap' | 'putGap' | 'removeGap'> {
  const file = (name: string) => join(folder, `${name}.json`)
  return {
    gapNames: async () => (await listed(folder)).flatMap((name) => GAP.exec(name)?.[1] ?? []),
    gap: (name) => readFile(file(name)),
    putGap: (name, bytes) => writeWhole(file(name), bytes),
    removeGap: (name) => rm(file(name), { force: true }),
  }
}

const isSo = () => true
const isNot = () => false

const listed = async (folder: string): Promise<string[]> => (await readdir(folder).catch(unlessMissing)) ?? []

function unlessMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error
}
