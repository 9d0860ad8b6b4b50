import { isJsonObject } from '../../../base/json.ts'
import { downloaded } from '../../lists/gateway/downloaded.ts'
import type { GatewayBatch, GatewayDownloads } from '../../lists/gateway-source.ts'
import { UnusableSource } from '../../lists/trust-source.ts'
import { type BatchBook, BEGINNING } from './batch-book.ts'

/** Pages of one reading; a page has up to 1,000 batches. */
const MOST_PAGES = 1000
/** Batches that are held at most: 20 million hashes. */
const MOST_BATCHES = 20_000
const MOST_OF_A_PAGE = 20_000

/** A gateway forgets a deleted batch after 7 days: who was away for nearly as long reads the whole list again. */
const FORGETS_AFTER_MILLISECONDS = 6 * 86_400_000

/** What reading the list of batches came to. */
export interface ListReading {
  isOffered: boolean
  /** Batches that are held and no longer listed, or listed as deleted. */
  gone: string[]
  /** Why the list was not read to its end; what was read counts. */
  fault?: string
}

const BATCH_ID = /^[A-Za-z0-9-]{1,64}$/
/** ISO 8601 in UTC or with an offset, as the gateway wants it back. */
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)$/

/**
 * Reads a gateway's list of batches from where the book left off, page by page in the order of change, and notes new ones as missing.
 * Several may share a date: the next page begins with the same one again, and what was read is passed over.
 * @throws UnusableSource for an answer that is not understood: a revocation may stand in it. The book then goes on at the page before
 */
export async function readBatchList(book: BatchBook, gateway: GatewayDownloads, now: Date): Promise<ListReading> {
  const reading: ListReading = { isOffered: true, gone: [] }
  const isWhole = isForgotten(book, now)
  const listed = new Set<string>()
  const known = [...book.held.keys(), ...book.missing.keys()]
  const read = new Set<string>()
  if (isWhole) restart(book)
  for (let pages = 0; ; pages++) {
    const answer = await downloaded(() => gateway.revocationList(book.since))
    if (answer === 'not-offered') return { isOffered: false, gone: [] }
    if (answer === undefined) break
    if (pages >= MOST_PAGES) throw new UnusableSource(`the list of batches has more than ${MOST_PAGES} pages`)
    const { more, batches } = pageOf(answer)
    const fresh = batches.filter((batch) => !book.seen.has(entryOf(batch)) && !read.has(entryOf(batch)))
    for (const batch of fresh) {
      read.add(entryOf(batch))
      if (batch.deleted) listed.delete(batch.batchId)
      else listed.add(batch.batchId)
      take(batch, book, reading)
    }
    if (!more) break
    if (fresh.length === 0) return { ...reading, fault: 'more batches share one date than the gateway lists at a time' }
  }
  if (isWhole) {
    const fault = forget({ book, gone: reading.gone, known, listed })
    if (fault !== undefined) return { ...reading, fault }
  }
  book.checkedAt = now.toISOString()
  return reading
}

interface WholeList {
  book: BatchBook
  gone: string[]
  /** Batches that were held or missing before, and those that are listed now. */
  known: readonly string[]
  listed: ReadonlySet<string>
}

/**
 * Takes what a whole list no longer has for deleted. A list that lacks more than half is more likely that of a gateway that lost what it
 * had: then nothing of it goes, and a text says so.
 */
function forget({ book, gone, known, listed }: WholeList): string | undefined {
  const deleted = new Set(gone)
  const left = known.filter((id) => !deleted.has(id) && (book.held.has(id) || book.missing.has(id)))
  const lacking = left.filter((id) => !listed.has(id))
  if (lacking.length * 2 > left.length)
    return `the gateway lists ${left.length - lacking.length} of the ${left.length} batches that are held: the others stay until they expire or are deleted by name`
  for (const id of lacking) {
    if (book.held.has(id)) gone.push(id)
    book.missing.delete(id)
  }
  return undefined
}

function isForgotten({ checkedAt }: BatchBook, now: Date): boolean {
  return checkedAt !== undefined && Math.abs(now.getTime() - Date.parse(checkedAt)) > FORGETS_AFTER_MILLISECONDS
}

function restart(book: BatchBook): void {
  book.since = BEGINNING
  book.seen = new Set()
}

const entryOf = ({ batchId, date, deleted }: GatewayBatch): string => `${batchId} ${date} ${deleted}`

/** Takes one entry over into the book. */
function take(batch: GatewayBatch, book: BatchBook, { gone }: ListReading): void {
  const { batchId, country, date, deleted } = batch
  if (date !== book.since) book.seen = new Set()
  book.since = date
  book.seen.add(entryOf(batch))
  if (deleted) {
    book.missing.delete(batchId)
    if (book.held.has(batchId)) gone.push(batchId)
    return
  }
  const back = gone.indexOf(batchId)
  if (back >= 0) gone.splice(back, 1)
  if (book.held.get(batchId)?.country === country) return
  if (book.held.size + book.missing.size >= MOST_BATCHES)
    throw new UnusableSource(`the gateway lists more than the ${MOST_BATCHES} batches that are held`)
  book.missing.set(batchId, { country, date, reason: 'it was not fetched yet' })
}

function pageOf(answer: unknown): { more: boolean; batches: GatewayBatch[] } {
  const { more, batches } = isJsonObject(answer) ? answer : {}
  if (typeof more !== 'boolean' || !Array.isArray(batches) || batches.length > MOST_OF_A_PAGE)
    throw new UnusableSource('the list of batches is not understood')
  return { more, batches: batches.map(batchOf) }
}

function batchOf(json: unknown): GatewayBatch {
  const { batchId, country, date, deleted = false } = isJsonObject(json) ? json : {}
  const isId = typeof batchId === 'string' && BATCH_ID.test(batchId)
  const isDate = typeof date === 'string' && DATE.test(date) && !Number.isNaN(Date.parse(date))
  const isCountry = typeof country === 'string' && /^[A-Z]{2}$/.test(country)
  if (!isId || !isDate || !isCountry || typeof deleted !== 'boolean')
    throw new UnusableSource('an entry of the list of batches is not understood')
  return { batchId, country, date, deleted }
}
