/** Opaque cursors of page links: keyset position in the state at the time of the first page. */
import { createHash } from 'node:crypto'
import { badRequest, type FhirError } from '../fhir/error.ts'

/** Where a page starts. */
export interface Cursor {
  /** Number of the last write that the search sees. */
  snapshot: number
  backwards: boolean
  /** Sort values of the row at the border, its number last. */
  keys: (string | number | null)[]
}

/** A short name of a query, so that a cursor is not used with another one. */
export function queryHash(query: unknown): string {
  return createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 12)
}

/** Writes a cursor for that query. */
export function formatCursor(cursor: Cursor, hash: string): string {
  const fields = [1, hash, cursor.snapshot, cursor.backwards ? 1 : 0, cursor.keys]
  return Buffer.from(JSON.stringify(fields)).toString('base64url')
}

/**
 * Reads a cursor made for that query, with that many keys.
 * @throws FhirError 400 when it is damaged or belongs to another query.
 */
export function parseCursor(text: string, hash: string, keyCount: number): Cursor {
  let fields: unknown
  try {
    fields = JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    throw unusable()
  }
  if (!Array.isArray(fields) || fields.length !== 5) throw unusable()
  const [format, madeFor, snapshot, backwards, keys]: unknown[] = fields
  if (format !== 1 || madeFor !== hash || !isCount(snapshot) || !Array.isArray(keys)) throw unusable()
  if (keys.length !== keyCount || !keys.every(isKey) || !isCount(keys.at(-1))) throw unusable()
  return { snapshot, backwards: backwards === 1, keys }
}

/** 400: the state that the cursor looks at is gone. */
export function expiredCursor(): FhirError {
  return badRequest('This page link has expired; repeat the search from its first page.', 'expired')
}

function unusable(): FhirError {
  return badRequest('The page link is damaged or belongs to another search; repeat the search from its first page.')
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isKey(value: unknown): value is string | number | null {
  return value === null || typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))
}
