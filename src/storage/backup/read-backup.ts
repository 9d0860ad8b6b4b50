/** Reads a backup as a stream, strictly: what is not exactly as it was written is refused. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { promisify } from 'node:util'
import { inflateRaw } from 'node:zlib'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { JsonError } from '../../base/json-error.ts'
import type { JsonObject } from '../../base/json-value.ts'
import {
  type BackupAbout,
  type BackupCounts,
  BackupError,
  CONTENT_BYTES,
  FORMAT,
  FRAME_BYTES,
  ITEM_BYTES,
  isFileName,
  type KeptRecord,
  type KeptVersion,
  MAGIC,
  PACKED_BYTES,
  recordItem,
  versionItem,
} from './format.ts'

/** What stands in a backup, in its order. Bytes of a file come in pieces after it. */
export type BackupItem =
  | { item: 'about'; about: BackupAbout }
  | { item: 'version'; version: KeptVersion }
  | { item: 'record'; record: KeptRecord }
  | { item: 'file'; name: string; bytes: number }
  | { item: 'bytes'; bytes: Buffer }
  | { item: 'end'; counts: BackupCounts; sha256: string }

const unpack = promisify(inflateRaw)
const damaged = (why: string) => new BackupError(`The backup is damaged: ${why}. Nothing was changed.`)

/**
 * Everything in a backup.
 * @param folders of DATA_DIR that files may belong to
 * @throws BackupError when it is damaged, cut short, no backup, or of another version; what came before does not count then
 */
export async function* readBackup(path: string, folders: readonly string[]): AsyncGenerator<BackupItem> {
  const stream = createReadStream(path, { highWaterMark: FRAME_BYTES })
  const source = byteSource(stream)
  try {
    const whole = createHash('sha256')
    await readMagic(source, whole)
    const frames = readFrames(source, whole)
    yield* readItems(byteSource(frames), folders, () => whole.digest('hex'))
  } finally {
    stream.destroy()
  }
}

interface ByteSource {
  /** The next line without its end, of at most so many bytes; undefined when there is none. */
  line(most: number): Promise<Buffer | undefined>
  /** Exactly so many bytes; undefined when there are fewer. */
  take(length: number): Promise<Buffer | undefined>
  /** At least one and at most so many bytes; undefined at the end. */
  some(most: number): Promise<Buffer | undefined>
}

function byteSource(chunks: AsyncIterable<Buffer>): ByteSource {
  const iterator = chunks[Symbol.asyncIterator]()
  let pieces: Buffer[] = []
  let have = 0
  const more = async (): Promise<boolean> => {
    const next = await iterator.next()
    if (next.done) return false
    pieces.push(next.value)
    have += next.value.length
    return true
  }
  const join = () => {
    const all = pieces.length === 1 ? pieces[0] : undefined
    const joined = all ?? Buffer.concat(pieces)
    pieces = [joined]
    return joined
  }
  const cut = (length: number) => {
    const all = join()
    pieces = [all.subarray(length)]
    have = all.length - length
    return all.subarray(0, length)
  }
  return {
    async line(most) {
      for (;;) {
        const end = join().indexOf(0x0a)
        if (end > most || (end < 0 && have > most)) return undefined
        if (end >= 0) return cut(end + 1).subarray(0, end)
        if (!(await more())) return undefined
      }
    },
    async take(length) {
      while (have < length) if (!(await more())) return undefined
      return cut(length)
    },
    async some(most) {
      while (have === 0) if (!(await more())) return undefined
      return cut(Math.min(have, most))
    },
  }
}

type Hash = ReturnType<typeof createHash>

async function readMagic(source: ByteSource, whole: Hash): Promise<void> {
  const line = (await source.line(64))?.toString('latin1') ?? ''
  const number = line.startsWith(MAGIC) ? /^\d{1,6}$/.exec(line.slice(MAGIC.length))?.[0] : undefined
  if (number === undefined) throw new BackupError('This is no backup of vidimus. Nothing was changed.')
  if (number !== String(FORMAT)) {
    const known = `it has the form ${number}, this version reads the form ${FORMAT}`
    throw new BackupError(`The backup was made by another version of vidimus (${known}). Nothing was changed.`)
  }
  whole.update(`${line}\n`)
}

async function* readFrames(source: ByteSource, whole: Hash): AsyncGenerator<Buffer> {
  for (let number = 1; ; number++) {
    const line = (await source.line(100))?.toString('latin1')
    const parts = /^(0|[1-9]\d{0,8}) (0|[1-9]\d{0,8}) ([0-9a-f]{64})$/.exec(line ?? '')
    if (line === undefined || !parts) throw damaged(`it ends at part ${number}, or that cannot be read`)
    const [bytes, size, sha256] = [Number(parts[1]), Number(parts[2]), parts[3]]
    if (bytes === 0 && size === 0) {
      if (whole.copy().digest('hex') !== sha256) throw damaged('its checksum is another')
      if (await source.some(1)) throw damaged('something follows its end')
      return
    }
    if (bytes > PACKED_BYTES || size > FRAME_BYTES || size === 0) throw damaged(`part ${number} is too big`)
    const packed = await source.take(bytes)
    if (!packed) throw damaged(`it is cut off in part ${number}`)
    whole.update(`${line}\n`).update(packed)
    const data = await unpack(packed, { maxOutputLength: size }).catch(() => undefined)
    if (data?.length !== size || createHash('sha256').update(data).digest('hex') !== sha256)
      throw damaged(`the checksum of part ${number} is another`)
    yield data
  }
}

async function* readItems(
  source: ByteSource,
  folders: readonly string[],
  sha256: () => string,
): AsyncGenerator<BackupItem> {
  const contents = createHash('sha256')
  const counts = { versions: 0, records: 0, files: 0 }
  let stage = 0
  const enter = (kind: string) => {
    const at = ['about', 'version', 'record', 'file', 'end'].indexOf(kind)
    if (at < stage || (at === 0) !== (stage === 0)) throw damaged(`"${kind.slice(0, 20)}" stands at the wrong place`)
    stage = Math.max(at, 1)
  }
  for (;;) {
    const head = headOf(await source.line(ITEM_BYTES))
    enter(String(head.item))
    if (head.item === 'about') yield { item: 'about', about: aboutOf(head) }
    else if (head.item === 'version') {
      const version = versionOf(head, await contentOf(source, head.bytes, -1))
      count(contents, versionItem(version))
      counts.versions++
      yield { item: 'version', version }
    } else if (head.item === 'record') {
      const record = recordOf(head, await contentOf(source, head.bytes, 0))
      count(contents, recordItem(record))
      counts.records++
      yield { item: 'record', record }
    } else if (head.item === 'file') {
      counts.files++
      yield* readFile(source, head, folders)
    } else {
      const told = { ...counts, contents: contents.digest('hex') }
      if (await source.some(1)) throw damaged('something follows its end')
      if (JSON.stringify({ item: 'end', ...told }) !== JSON.stringify(head))
        throw damaged('it does not hold what it says')
      yield { item: 'end', counts: told, sha256: sha256() }
      return
    }
  }
}

function count(contents: Hash, { head, content }: { head: string; content: Buffer | undefined }): void {
  contents.update(head)
  if (content) contents.update(content)
}

function headOf(line: Buffer | undefined): JsonObject {
  if (!line) throw damaged('it ends too early')
  try {
    const head = parseJson(line)
    if (isJsonObject(head)) return head
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
  }
  throw damaged('an entry cannot be read')
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

async function contentOf(source: ByteSource, bytes: unknown, least: number): Promise<string | undefined> {
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < least || bytes > CONTENT_BYTES)
    throw damaged('the length of an entry is none')
  if (bytes < 0) return undefined
  const content = await source.take(bytes)
  const end = await source.take(1)
  if (!content || end?.[0] !== 0x0a) throw damaged('an entry is not as long as it says')
  try {
    return utf8.decode(content)
  } catch {
    throw damaged('an entry is not UTF-8')
  }
}

async function* readFile(source: ByteSource, head: JsonObject, folders: readonly string[]): AsyncGenerator<BackupItem> {
  const { name, bytes } = head
  if (typeof name !== 'string' || !isFileName(name, folders))
    throw damaged('a file of it has a name that is not allowed')
  if (typeof bytes !== 'number' || !Number.isSafeInteger(bytes) || bytes < 0)
    throw damaged('the length of a file is none')
  yield { item: 'file', name, bytes }
  for (let left = bytes; left > 0; ) {
    const part = await source.some(Math.min(left, FRAME_BYTES))
    if (!part) throw damaged('a file is not as long as it says')
    left -= part.length
    yield { item: 'bytes', bytes: part }
  }
  if ((await source.take(1))?.[0] !== 0x0a) throw damaged('a file is not as long as it says')
}

function aboutOf(head: JsonObject): BackupAbout {
  const { software, taken, revision, keys } = head
  if (typeof software !== 'string' || typeof taken !== 'string' || typeof keys !== 'boolean' || !isNumber(revision, 0))
    throw damaged('what it says of itself cannot be read')
  const about = { software, taken, revision, keys }
  if (JSON.stringify({ item: 'about', ...about }) !== JSON.stringify(head)) throw damaged('it says something unknown')
  return about
}

const isNumber = (value: unknown, least: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= least

/** The entry again as this software writes it is what stands there: nothing in it is unknown, or in another form. */
function versionOf(head: JsonObject, content: string | undefined): KeptVersion {
  const { seq, type, id, vid, updated, exact, published } = head
  const method = methodOf(head.method)
  if (!isNumber(seq, 1) || !isNumber(vid, 1) || !isNumber(updated, 0)) throw damaged('a version cannot be read')
  if (!method || (method === 'DELETE') !== (content === undefined)) throw damaged('a version cannot be read')
  if (
    typeof type !== 'string' ||
    typeof id !== 'string' ||
    typeof exact !== 'boolean' ||
    typeof published !== 'boolean'
  )
    throw damaged('a version cannot be read')
  const version = { seq, type, id, vid, updated, method, exact, published, content }
  if (versionItem(version).head !== `${JSON.stringify(head)}\n`) throw damaged('a version has something unknown')
  return version
}

const methodOf = (value: unknown) => (['POST', 'PUT', 'DELETE'] as const).find((each) => each === value)

function recordOf(head: JsonObject, value = ''): KeptRecord {
  const { kind, key } = head
  if (typeof kind !== 'string' || typeof key !== 'string') throw damaged('a record cannot be read')
  const record = { kind, key, value }
  if (recordItem(record).head !== `${JSON.stringify(head)}\n`) throw damaged('a record has something unknown')
  return record
}
