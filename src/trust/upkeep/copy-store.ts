/** Last good copies of trust lists on disk: `<folder>/<name>.json` with `<name>.meta.json`. */

import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { isMissing } from '../../base/system-error.ts'
import { writeWhole } from '../../files/whole-file.ts'
import type { TrustSource } from '../lists/trust-source.ts'
import { type CopiedDocument, type CopyMeta, readMeta } from './copy-meta.ts'

/** A copy as it stands on disk. */
export interface Copy {
  meta: CopyMeta
  /** The document at the location is another than the meta data are about: only what proves itself may be read of it. */
  isUnsure: boolean
  /** Bytes of one of its documents. Rejects when they are not those that were written. */
  read(document: CopiedDocument): Promise<Buffer>
}

/** Which of the copies of a source: that in use, or one that waits to be accepted. */
export type Slot = 'good' | 'waiting'

/** Where copies are kept. */
export interface CopyStore {
  /** The copy of a source; undefined when there is none, or one of another source of that name. Rejects when it cannot be read. */
  load(source: TrustSource, slot: Slot): Promise<Copy | undefined>
  /** Writes a copy; the one before stays whole until this one is. Rejects when the disk does not take it. */
  save(meta: CopyMeta, slot: Slot, bytesOf: (document: CopiedDocument) => Promise<Buffer>): Promise<void>
  /** Writes down when a copy was last confirmed, and what went wrong since. */
  note(meta: CopyMeta): Promise<void>
  /** Takes a copy away; fails in silence where there is none. */
  remove(name: string, slot: Slot): Promise<void>
  /** Says that the copy that waits and has this identity may take the place of the one in use. */
  accept(name: string, identity: string): Promise<void>
  /** The identity that was accepted. */
  accepted(name: string): Promise<string | undefined>
  /** Another text whenever somebody has written the copy of a source or accepted one. */
  stamp(name: string): Promise<string>
}

/** What the copies are kept by. */
export interface Disk {
  read(path: string): Promise<Buffer>
  /** Whole or not at all: a temporary file, forced to the disk, then renamed. */
  write(path: string, bytes: Uint8Array): Promise<void>
  remove(path: string): Promise<void>
  list(folder: string): Promise<string[]>
  /** When a file was written, in milliseconds. */
  written(path: string): Promise<number>
}

/** The file system. */
export const fileDisk: Disk = {
  read: (path) => readFile(path),
  write: writeWhole,
  remove: (path) => rm(path, { force: true, recursive: true }),
  list: (folder) => readdir(folder),
  written: async (path) => (await stat(path)).mtimeMs,
}

/** Copies in a folder, which is made when it is first needed. */
export function createCopyStore(folder: string, disk: Disk = fileDisk): CopyStore {
  const files = new CopyFiles(folder, disk)
  const accepted = (name: string) => join(folder, `${fileName(name)}.accepted.json`)
  return {
    load: (source, slot) => loadCopy(files, source, slot),
    save: (meta, slot, bytesOf) => saveCopy(files, { meta, slot, bytesOf }),
    note: (meta) => files.writeMeta(meta, 'good'),
    async remove(name, slot) {
      await disk.remove(files.main(name, slot))
      await disk.remove(files.metaPath(name, slot))
      if (slot === 'waiting') await disk.remove(accepted(name))
      await files.prune(name)
    },
    accept: (name, identity) => disk.write(accepted(name), Buffer.from(`${JSON.stringify({ identity })}\n`)),
    async accepted(name) {
      const bytes = await unlessMissing(disk.read(accepted(name)))
      const [, identity] = /"identity":"([0-9a-f]{64})"/.exec(bytes?.toString('utf8') ?? '') ?? []
      return identity
    },
    async stamp(name) {
      const paths = [files.metaPath(name, 'good'), accepted(name)]
      const times = await Promise.all(paths.map((path) => unlessMissing(disk.written(path))))
      return times.map((time) => time ?? '').join(' ')
    },
  }
}

/** Where what stands. */
class CopyFiles {
  readonly disk: Disk
  readonly #folder: string

  constructor(folder: string, disk: Disk) {
    this.#folder = folder
    this.disk = disk
  }

  #base = (name: string, slot: Slot) =>
    join(this.#folder, slot === 'good' ? fileName(name) : `${fileName(name)}.waiting`)
  main = (name: string, slot: Slot) => `${this.#base(name, slot)}.json`
  metaPath = (name: string, slot: Slot) => `${this.#base(name, slot)}.meta.json`
  #documents = (name: string) => join(this.#folder, `${fileName(name)}.documents`)

  /** The document at the location has a name of its own, others that of their content. */
  path({ name, location }: CopyMeta, slot: Slot, { place, thumbprint }: CopiedDocument): string {
    return place === location ? this.main(name, slot) : join(this.#documents(name), thumbprint)
  }

  async meta(name: string, slot: Slot): Promise<CopyMeta | undefined> {
    const bytes = await unlessMissing(this.disk.read(this.metaPath(name, slot)))
    return bytes && readMeta(bytes)
  }

  writeMeta(meta: CopyMeta, slot: Slot): Promise<void> {
    return this.disk.write(this.metaPath(meta.name, slot), Buffer.from(`${JSON.stringify(meta, null, 2)}\n`))
  }

  /** Takes away the documents that neither copy needs. */
  async prune(name: string): Promise<void> {
    const names = (await unlessMissing(this.disk.list(this.#documents(name)))) ?? []
    if (names.length === 0) return
    const metas = [await this.meta(name, 'good'), await this.meta(name, 'waiting')]
    const needed = new Set(metas.flatMap((meta) => meta?.documents.map(({ thumbprint }) => thumbprint) ?? []))
    for (const each of names) if (!needed.has(each)) await this.disk.remove(join(this.#documents(name), each))
  }
}

async function loadCopy(files: CopyFiles, source: TrustSource, slot: Slot): Promise<Copy | undefined> {
  const { disk } = files
  const { name, kind, location } = source
  const meta = (await files.meta(name, slot)) ?? (slot === 'good' ? await bareMeta(files, source) : undefined)
  if (!meta || meta.name !== name || meta.kind !== kind || meta.location !== location) return undefined
  const { previous, ...own } = meta
  const read = async (document: CopiedDocument) => {
    const bytes = await disk.read(files.path(meta, slot, document))
    if (sha256Hex(bytes) !== document.thumbprint) throw new Error('it is not what was written')
    return bytes
  }
  const main = mainOf(meta)
  const bytes = main && (await unlessMissing(disk.read(files.main(name, slot))))
  const print = bytes && sha256Hex(bytes)
  if (!main || print === undefined) return { meta: own, isUnsure: main !== undefined, read }
  if (print === main.thumbprint) return { meta: own, isUnsure: meta.fetchedAt === undefined, read }
  // Between two renames the machine stopped: the document is still the one before.
  const before = previous && { ...own, ...previous }
  if (before && mainOf(before)?.thumbprint === print) return { meta: before, isUnsure: false, read }
  const documents = meta.documents.map((each) => (each === main ? { place: each.place, thumbprint: print } : each))
  return { meta: { ...own, documents }, isUnsure: true, read }
}

/** What a document alone tells, whose meta data are lost. */
async function bareMeta(files: CopyFiles, { name, kind, location }: TrustSource): Promise<CopyMeta | undefined> {
  const bytes = await unlessMissing(files.disk.read(files.main(name, 'good')))
  const documents = bytes ? [{ place: location, thumbprint: sha256Hex(bytes) }] : []
  return bytes && { name, kind, location, keys: 0, createdOf: {}, documents, folders: {} }
}

interface Saving {
  meta: CopyMeta
  slot: Slot
  bytesOf(document: CopiedDocument): Promise<Buffer>
}

async function saveCopy(files: CopyFiles, { meta, slot, bytesOf }: Saving): Promise<void> {
  const { disk } = files
  const before = await files.meta(meta.name, slot).catch(() => undefined)
  const main = mainOf(meta)
  for (const document of meta.documents) {
    const path = files.path(meta, slot, document)
    if (document === main || (await isWhole(disk, path, document))) continue
    await disk.write(path, await bytesOf(document))
  }
  if (before) {
    const { previous: _, name: __, kind: ___, location: ____, ...previous } = before
    await files.writeMeta({ ...meta, previous }, slot)
  } else await files.writeMeta(meta, slot)
  if (main) await disk.write(files.main(meta.name, slot), await bytesOf(main))
  if (before) await files.writeMeta(meta, slot)
  await files.prune(meta.name)
}

const mainOf = ({ documents, location }: CopyMeta): CopiedDocument | undefined =>
  documents.find(({ place }) => place === location)

/** A name that is a file name on every system, and none of the names that stand beside copies. */
const PLAIN =
  /^(?!.*\.(?:meta|waiting|accepted|documents|batches)$)[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?$/i

/** File name of a source: its own name where that is plain, else what is plain of it with a part of its hash. */
export function fileName(name: string): string {
  if (PLAIN.test(name)) return name
  const plain = name.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 60)
  return `${plain}-${sha256Hex(Buffer.from(name)).slice(0, 16)}`
}

async function isWhole(disk: Disk, path: string, { thumbprint }: CopiedDocument): Promise<boolean> {
  const bytes = await unlessMissing(disk.read(path))
  return bytes !== undefined && sha256Hex(bytes) === thumbprint
}

/** Undefined when there is no such file. */
async function unlessMissing<T>(value: Promise<T>): Promise<T | undefined> {
  try {
    return await value
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
