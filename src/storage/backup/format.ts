/**
 * The file of a backup. It is written and read as a stream, says nothing of the database that it comes from, and is refused as a whole
 * when one bit of it is another.
 *
 * ```
 * file    = "vidimus-backup 1" LF *frame end
 * frame   = bytes SP size SP sha256 LF data       ; data: `bytes` bytes of DEFLATE (RFC 1951), `size` bytes unpacked, sha256 of those in hex
 * end     = "0 0 " sha256 LF                      ; of everything before this line
 * stream  = about *version *record *file-item end-item   ; the unpacked data of all frames, one after the other
 * item    = JSON object LF [content LF]           ; `bytes` in the object is the length of the content
 * ```
 *
 * | `item` | members | content |
 * |---|---|---|
 * | `about` | `software`, `taken` (instant), `revision`, `keys` (whether private keys are in it) | – |
 * | `version` | `seq`, `type`, `id`, `vid`, `updated` (milliseconds), `method`, `exact`, `published`, `bytes`, in the order of `seq` | the resource; none (`bytes` -1) for a deletion |
 * | `record` | `kind`, `key`, `bytes`, in the order of both | its value |
 * | `file` | `name` (below DATA_DIR), `bytes` | the file |
 * | `end` | `versions`, `records`, `files`, `contents` (sha256 over all items of versions and records) | – |
 *
 * A later form of the file has another number in its first line. What this one does not name is refused.
 */

/** Form of the file that this software writes; the only one that it reads. */
export const FORMAT = 1

/** First line, without the number. */
export const MAGIC = 'vidimus-backup '

/** Unpacked bytes of one frame at most: what a frame unpacks to is bounded before it is unpacked. */
export const FRAME_BYTES = 1 << 20

/** Packed bytes of one frame at most: data that cannot be packed grow a little. */
export const PACKED_BYTES = FRAME_BYTES + 4096

/** Bytes of the JSON of one item at most. */
export const ITEM_BYTES = 1 << 16

/** Bytes of one resource or record at most: what one text of the program can hold. */
export const CONTENT_BYTES = 1 << 28

/** What a backup says of itself. */
export interface BackupAbout {
  /** Name and version of the software that made it. */
  software: string
  /** FHIR instant. */
  taken: string
  /** Number of the last write that is in it. */
  revision: number
  /** Whether private keys are in it. */
  keys: boolean
}

/** One version of a resource as it is stored. */
export interface KeptVersion {
  /** Number of the write. */
  seq: number
  type: string
  id: string
  vid: number
  /** Milliseconds since 1970. */
  updated: number
  method: 'POST' | 'PUT' | 'DELETE'
  /** It has decimals whose text is kept. */
  exact: boolean
  /** It counts as published here under its url and version. */
  published: boolean
  /** JSON text; undefined for a deletion. */
  content: string | undefined
}

/** A record that stands for itself. */
export interface KeptRecord {
  kind: string
  key: string
  value: string
}

/** What a backup has at its end. */
export interface BackupCounts {
  versions: number
  records: number
  files: number
  /** SHA-256 in hex over all items of versions and records: two stores that hold the same have the same. */
  contents: string
}

/** What is wrong with a backup, or with the place that it is to be restored to. */
export class BackupError extends Error {
  /** Marks what a person can act on, as the errors of files and ports are marked. */
  readonly code = 'BACKUP_NOT_USABLE'
}

/** A store that nobody reads: it is in the making. */
export const notWhole = (store: string): BackupError =>
  new BackupError(`${store} is being filled, or that was interrupted: it is not whole.`)

/** The JSON line and the content of a version, as they stand in a backup. */
export function versionItem({ content, ...head }: KeptVersion): { head: string; content: Buffer | undefined } {
  const bytes = content === undefined ? undefined : Buffer.from(content)
  const { seq, type, id, vid, updated, method, exact, published } = head
  const told = { item: 'version', seq, type, id, vid, updated, method, exact, published, bytes: bytes?.length ?? -1 }
  return { head: `${JSON.stringify(told)}\n`, content: bytes }
}

/** The same of a record. */
export function recordItem({ kind, key, value }: KeptRecord): { head: string; content: Buffer } {
  const content = Buffer.from(value)
  return { head: `${JSON.stringify({ item: 'record', kind, key, bytes: content.length })}\n`, content }
}

/**
 * Whether a name is that of a file that may come back into DATA_DIR: relative, of plain parts, never hidden.
 * @param folders that files may lie in
 */
export function isFileName(name: string, folders: readonly string[]): boolean {
  const parts = name.split('/')
  return (
    name.length <= 400 &&
    parts.length >= 2 &&
    parts.length <= 6 &&
    folders.includes(parts[0] ?? '') &&
    parts.every((part) => /^[A-Za-z0-9_][A-Za-z0-9._-]{0,200}$/.test(part))
  )
}
