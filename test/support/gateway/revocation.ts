/** Batches of revocations: list by pages, one batch, upload, delete. */
import { randomUUID } from 'node:crypto'
import { type Answer, type Asked, empty, json, problem, report, uuidPattern } from './answer.ts'
import type { Quirks } from './quirks.ts'
import { parseObject } from './references.ts'
import type { BatchRow, Rows } from './rows.ts'
import { openByUploader } from './upload.ts'

const isoDateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/
const hashTypes = ['UCI', 'SIGNATURE', 'COUNTRYCODEUCI']

/** Whole seconds: a batch of the same second comes again when a client goes on with the last date. */
const shown = (date: Date) => date.toISOString().replace(/\.\d+Z$/, 'Z')

/** GET /revocation-list */
export function listBatches(rows: Rows, quirks: Quirks, asked: Asked, now: Date): Answer {
  const given = asked.headers['if-modified-since']
  if (given === undefined) throw report(400, "Required header 'If-Modified-Since' is not present.", asked.path)
  if (typeof given !== 'string' || !isoDateTime.test(given))
    throw report(400, "Failed to convert 'If-Modified-Since'", asked.path)
  const since = new Date(given)
  if (since > now) throw problem(400, '', 'IfModifiedSince must be in past')
  const newer = rows.batches
    .filter(({ changed }) => changed > since)
    .sort((a, b) => a.changed.getTime() - b.changed.getTime())
  if (newer.length === 0) return empty(204)
  const batches = newer.slice(0, quirks.pageSize).map(({ batchId, country, changed, isDeleted }) => ({
    batchId,
    country,
    date: shown(changed),
    deleted: isDeleted,
  }))
  return json({ more: newer.length > quirks.pageSize, batches })
}

/** GET /revocation-list/{batchId} */
export function readBatch(rows: Rows, asked: Asked): Answer {
  const batchId = asked.path.split('/').at(-1) ?? ''
  if (!uuidPattern.test(batchId)) throw problem(400, '0x001', 'Validation Error', 'batchId: must match the pattern')
  const found = rows.batches.find((each) => each.batchId === batchId)
  if (!found) throw problem(404, '0x000', 'Batch does not exist.')
  if (found.isDeleted) throw problem(410, '0x000', 'Batch already deleted.')
  return { status: 200, contentType: 'application/cms-text', body: found.cms, headers: { ETag: batchId } }
}

/** POST /revocation-list */
export async function uploadBatch(rows: Rows, asked: Asked, now: Date): Promise<Answer> {
  const sent = parseObject(await openByUploader(rows, asked))
  if (sent.country !== asked.country) throw problem(403, '0x000', 'Invalid Country sent')
  if (!isBatch(sent)) throw problem(400, '0x000', 'Batch has invalid values.')
  const cms = asked.body.toString('utf8')
  if (rows.batches.some((each) => each.cms === cms)) throw problem(409, '0x000', 'Batch already exists.')
  const row: BatchRow = { batchId: randomUUID(), country: asked.country, changed: now, isDeleted: false, cms }
  rows.batches.push(row)
  return empty(201, { ETag: row.batchId })
}

function isBatch({ expires, kid, hashType, entries }: Record<string, unknown>): boolean {
  const isEntry = (each: { hash?: unknown } | null) =>
    typeof each?.hash === 'string' && /^[A-Za-z0-9+/]{22}==$/.test(each.hash)
  return (
    typeof expires === 'string' &&
    !Number.isNaN(Date.parse(expires)) &&
    (kid === undefined || typeof kid === 'string') &&
    hashTypes.includes(String(hashType)) &&
    Array.isArray(entries) &&
    entries.length >= 1 &&
    entries.length <= 1000 &&
    entries.every(isEntry)
  )
}

/** DELETE /revocation-list */
export async function deleteBatch(rows: Rows, asked: Asked, now: Date): Promise<Answer> {
  const { batchId } = parseObject(await openByUploader(rows, asked))
  if (typeof batchId !== 'string' || !uuidPattern.test(batchId))
    throw problem(400, '0x000', 'Delete Request has invalid values.')
  const found = rows.batches.find((each) => each.batchId === batchId)
  if (!found) throw problem(404, '0x000', 'Batch does not exist')
  if (found.country !== asked.country) throw problem(403, '0x000', 'Invalid Country sent')
  if (found.isDeleted) throw problem(410, '0x000', 'Batch already deleted.')
  found.isDeleted = true
  found.changed = now
  return empty(204)
}
