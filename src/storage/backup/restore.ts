/**
 * Brings a backup back, all of it or nothing. Everything is made ready beside what is there and forced to the disk; then one small file
 * is written that says what is to be moved where. From that moment on the restore counts: whoever opens the store next, finishes it.
 */
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { mkdir, open, readFile, rm, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isMissing, isSystemError } from '../../base/system-error.ts'
import { isProcessAlive } from '../../files/process-alive.ts'
import { writeWhole } from '../../files/whole-file.ts'
import { contentsOf } from './contents.ts'
import { type BackupAbout, type BackupCounts, BackupError } from './format.ts'
import { readBackup } from './read-backup.ts'
import type { Filling, MaintainedStore, StoreSnapshot } from './snapshot.ts'

/** How a backup is brought back. */
export interface RestoreOptions {
  path: string
  store: MaintainedStore
  dataDir: string
  /** Folders of DATA_DIR that files of a backup may belong to, each with what becomes of a file that is there. */
  folders: Readonly<Record<string, 'stays' | 'is replaced'>>
  /** Folders below those that come back whole or not at all: none of their files stands among others. */
  whole?: readonly WholeFolder[]
  /** A store that holds something may be replaced. */
  replace: boolean
  /** Bytes that a folder has room for; the file system's. */
  freeBytes?: (folder: string) => Promise<number>
  progress?: (done: number, total: number) => void
}

/** A folder that takes the place of the one that is there; without one in the backup, that goes aside all the same. */
export interface WholeFolder {
  /** Relative to DATA_DIR, with `/`. */
  name: string
  /** Makes what the backup has ready for its place. */
  finish(folder: string, time: { taken: string; now: string }): Promise<void>
}

/** What was brought back. */
export interface Restored {
  about: BackupAbout
  counts: BackupCounts
  /** Where the store that was there before lies now. */
  before: string | undefined
  /** Files that were there and stayed. */
  stayed: string[]
  /** Where folders lie now whose place others have taken. */
  aside: string[]
}

const FOLDER = '.restoring'
const MARK = 'moves.json'

/** A file that is ready, and where it belongs. */
interface Move {
  from: string
  to: string
  /** Where what is there goes. */
  aside: string
  isFolder?: boolean
  /** Nothing may be there. */
  isNew?: boolean
}

/** All moves of a restore that counts. */
interface Moves {
  pid: number
  at: number
  moves: Move[]
}

/**
 * Reads a backup to its end without changing anything.
 * @param free bytes that there is room for
 * @throws BackupError as {@link readBackup}, and when there is not enough room for what is in it
 */
export async function verifyBackup(
  path: string,
  folders: readonly string[],
  free = Number.POSITIVE_INFINITY,
): Promise<{ about: BackupAbout; counts: BackupCounts; sha256: string }> {
  let about: BackupAbout | undefined
  let bytes = 0
  for await (const each of readBackup(path, folders)) {
    if (each.item === 'about') about = each.about
    else if (each.item === 'version') bytes += each.version.content?.length ?? 0
    else if (each.item === 'record') bytes += each.record.value.length
    else if (each.item === 'bytes') bytes += each.bytes.length
    else if (each.item === 'end' && about) return { about, counts: each.counts, sha256: each.sha256 }
    if (bytes > free)
      throw new BackupError(
        `What is in the backup needs more than the ${free} bytes that the disk has left. Nothing was changed.`,
      )
  }
  throw new BackupError('The backup is damaged: it ends too early. Nothing was changed.')
}

/**
 * Brings a backup back.
 * @throws BackupError when the backup cannot be used, the store holds something or somebody has it open: then nothing was changed
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { path, store, dataDir, replace } = options
  finishRestore(dataDir)
  const free = options.freeBytes ?? freeBytes
  let room = Number.POSITIVE_INFINITY
  for (const folder of [dataDir, store.folder]) {
    if (folder === undefined) continue
    mkdirSync(folder, { recursive: true })
    room = Math.min(room, await free(folder))
  }
  const { sha256 } = await verifyBackup(path, Object.keys(options.folders), room)
  const filling = await store.fill({ source: `backup ${sha256}`, replace })
  try {
    return await stageAndMove(options, filling, sha256)
  } catch (error) {
    // From the mark on it counts: whoever opens the store next, finishes it.
    if (!existsSync(join(dataDir, FOLDER, MARK))) await filling.abandon()
    // One elsewhere stays as it is, marked as half: the same restore goes on with it.
    else if (filling.moves.length === 0) await filling.leave()
    throw error
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

async function stageAndMove(options: RestoreOptions, filling: Filling, sha256: string): Promise<Restored> {
  const { dataDir } = options
  const stage = join(dataDir, FOLDER)
  const clear = () => rm(stage, { recursive: true, force: true })
  await clear()
  try {
    const { about, counts, names } = await fillStage(options, filling, { stage, sha256 })
    const at = Date.now()
    const aside = (file: string) => `${file}.before-${new Date(at).toISOString().replace(/[^0-9]/g, '')}`
    const folders = await wholeFolders(options, { stage, about, at })
    const single = names.filter((name) => !(options.whole ?? []).some((each) => name.startsWith(`${each.name}/`)))
    const stays = single.filter((name) => staysThere(name, options))
    const moves: { from: string; to: string }[] = []
    for (const name of single) {
      const files = { from: join(stage, name), to: join(dataDir, name) }
      if (!stays.includes(name) && !(await isSame(files.from, files.to))) moves.push(files)
    }
    const all: { from: string; to: string; isNew?: boolean }[] = [...moves, ...filling.moves]
    const files = all.map((each) => ({ ...each, aside: aside(each.to) }))
    const wanted: Move[] = [...files.filter(({ isNew }) => isNew), ...folders, ...files.filter(({ isNew }) => !isNew)]
    const replaced = folders.flatMap(({ to, aside }) => (existsSync(to) ? [aside] : []))
    const before = filling.moves.flatMap(({ to }) => (existsSync(to) ? [aside(to)] : []))[0]
    for (const { to, isNew } of wanted) if (isNew && existsSync(to)) throw madeMeanwhile(to)
    const mark: Moves = { pid: process.pid, at, moves: wanted }
    await writeWhole(join(stage, MARK), Buffer.from(JSON.stringify(mark)))
    try {
      moveAll(wanted)
    } catch (error) {
      // Of what must not be there nothing was moved, and it comes first: the restore does not count.
      if (error instanceof BackupError) await clear()
      throw error
    }
    // The mark stays until the store counts, too: what fails here is not undone, but gone on with.
    const kept = await filling.commit()
    await clear()
    return { about, counts, before: before ?? kept, stayed: stays, aside: replaced }
  } catch (error) {
    if (!existsSync(join(stage, MARK))) await clear()
    throw error
  }
}

/** Moves of the folders that come back whole. What they replace has a hidden name: it belongs to no backup. */
async function wholeFolders(
  { whole = [], dataDir }: RestoreOptions,
  { stage, about, at }: { stage: string; about: BackupAbout; at: number },
): Promise<Move[]> {
  const moves: Move[] = []
  for (const { name, finish } of whole) {
    const [from, to] = [join(stage, name), join(dataDir, name)]
    if (!existsSync(from) && !existsSync(to)) continue
    await mkdir(from, { recursive: true, mode: 0o700 })
    await finish(from, { taken: about.taken, now: new Date(at).toISOString() })
    const digits = new Date(at).toISOString().replace(/[^0-9]/g, '')
    moves.push({ from, to, aside: join(dirname(to), `.${basename(to)}.before-${digits}`), isFolder: true })
  }
  return moves
}

/** What must not be taken back: a list of keys that is older than the one that is there. All files of one list stay together. */
function staysThere(name: string, { folders, dataDir }: RestoreOptions): boolean {
  const [folder = '', file = ''] = name.split('/')
  if (folders[folder] !== 'stays') return false
  const at = join(dataDir, folder)
  const listOf = (each: string) => each.split('.')[0]
  return existsSync(at) && readdirSync(at).some((each) => listOf(each) === listOf(file))
}

async function isSame(left: string, right: string): Promise<boolean> {
  if (!existsSync(right)) return false
  return (await readFile(left)).equals(await readFile(right))
}

async function fillStage(
  { path, folders, progress = () => {} }: RestoreOptions,
  filling: Filling,
  { stage, sha256 }: { stage: string; sha256: string },
) {
  const names: string[] = []
  let about: BackupAbout | undefined
  let counts: BackupCounts | undefined
  let file: Awaited<ReturnType<typeof openStaged>> | undefined
  try {
    for await (const each of readBackup(path, Object.keys(folders))) {
      if (each.item !== 'bytes') file = await file?.close()
      if (each.item === 'about') about = each.about
      else if (each.item === 'version') {
        if (each.version.seq > filling.last) await filling.version(each.version)
        if (each.version.seq % 500 === 0) progress(each.version.seq, about?.revision ?? 0)
      } else if (each.item === 'record') await filling.record(each.record)
      else if (each.item === 'file') {
        names.push(each.name)
        file = await openStaged(join(stage, each.name))
      } else if (each.item === 'bytes') await file?.write(each.bytes)
      else {
        if (each.sha256 !== sha256) throw new BackupError('The backup changed while it was read. Nothing was changed.')
        counts = each.counts
      }
    }
    if (!about || !counts) throw new BackupError('The backup ends too early. Nothing was changed.')
    await filling.finish(progress)
  } catch (error) {
    await file?.close()
    throw error
  }
  await compare(await filling.snapshot(), about, counts)
  return { about, counts, names }
}

/** The new store is read once more before it counts. */
async function compare(snapshot: StoreSnapshot, { revision }: BackupAbout, { contents }: BackupCounts): Promise<void> {
  try {
    if (snapshot.revision !== revision || (await contentsOf(snapshot)).contents !== contents)
      throw new BackupError('The store that was made of the backup is not what the backup holds. Nothing was changed.')
  } finally {
    await snapshot.close()
  }
}

async function openStaged(path: string) {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const handle = await open(path, 'wx', 0o600)
  return {
    write: async (bytes: Uint8Array) => void (await handle.writeFile(bytes)),
    async close(): Promise<undefined> {
      await handle.sync()
      await handle.close()
    },
  }
}

/** How long another process may take for its moves: renames, done in milliseconds. */
const moveSeconds = 30

/**
 * Finishes a restore that counts and was interrupted. Everybody who opens a store calls it first.
 * @throws BackupError while another process is at it
 */
export function finishRestore(dataDir: string): void {
  const mark = readMark(join(dataDir, FOLDER, MARK))
  if (!mark) return
  if (mark.pid !== process.pid && Date.now() - mark.at < moveSeconds * 1000 && isProcessAlive(mark.pid))
    throw new BackupError('A backup is being restored by another process; try again in a minute.')
  try {
    moveAll(mark.moves)
  } catch (error) {
    // The store was made anew since: what was not brought back is told once, and that one counts.
    if (error instanceof BackupError) rmSync(join(dataDir, FOLDER), { recursive: true, force: true })
    throw error
  }
  rmSync(join(dataDir, FOLDER), { recursive: true, force: true })
}

function readMark(path: string): Moves | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
  // Written whole, by this software alone.
  const moves: Moves = JSON.parse(text)
  return moves
}

/** Every step may be repeated: what was moved is not there any more. */
function moveAll(moves: readonly Move[]): void {
  for (const { from, to, aside, isFolder, isNew } of moves) {
    if (!existsSync(from)) continue
    mkdirSync(dirname(to), { recursive: true })
    if (isFolder && existsSync(to)) renameSync(to, aside)
    if (!isNew && existsSync(to)) linkAside(to, aside)
    if (isNew && existsSync(to)) {
      putNew(from, to)
      continue
    }
    for (const ending of ['-wal', '-shm'])
      if (existsSync(`${to}${ending}`)) renameSync(`${to}${ending}`, `${aside}${ending}`)
    if (isNew) putNew(from, to)
    else renameSync(from, to)
  }
}

/** Never in the place of another one, not even of one that was made a moment ago. @throws BackupError */
function putNew(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if (!isSystemError(error) || error.code !== 'EEXIST') throw error
    // Linked before an interruption: the same file under both names.
    if (statSync(from).ino !== statSync(to).ino) throw madeMeanwhile(to)
  }
  rmSync(from)
}

const madeMeanwhile = (file: string) =>
  new BackupError(`${file} was made by another process meanwhile: end every server, and restore once more.`)

/** Under its old name the file is there until the new one takes its place. */
function linkAside(file: string, aside: string): void {
  try {
    linkSync(file, aside)
  } catch (error) {
    // Another process was here before.
    if (!isSystemError(error) || error.code !== 'EEXIST') throw error
  }
}
