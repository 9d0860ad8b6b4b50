import { setImmediate } from 'node:timers/promises'
import { sha256Hex } from '../../../base/crypto/sha256.ts'
import { systemErrorText } from '../../../base/system-error.ts'
import type { TrustedKey } from '../../keys/trusted-key.ts'
import { downloaded } from '../../lists/gateway/downloaded.ts'
import { gatewayOf } from '../../lists/gateway/read-gateway.ts'
import type { GatewayDownloads } from '../../lists/gateway-source.ts'
import {
  keptDocument,
  type SourceContent,
  type TrustReaders,
  type TrustSource,
  UnusableSource,
} from '../../lists/trust-source.ts'
import type { MessageOpener } from '../../messages/message-process.ts'
import { makeTurns } from '../../turns.ts'
import { createHashIndex, type HashIndex } from '../hash-index.ts'
import type { RevocationContent } from '../revocation-content.ts'
import { type BatchBook, emptyBook, giveUp, writeBook } from './batch-book.ts'
import { readBatchList } from './batch-list.ts'
import { type BatchStore, noStore } from './batch-store.ts'

/** With what a gateway's batches are read. */
export interface BatchReading {
  readers: TrustReaders
  messages: MessageOpener
  now: Date
  /** Upload certificates that count now, to be asked by country (alpha-2). */
  uploads(): Promise<(country: string) => readonly TrustedKey[]>
  before: SourceContent | undefined
}

/** Requests at a time. */
const AT_A_TIME = 2
/** Batches after which the book is written down: what was fetched is not fetched again after a stop. */
const SAVED_AFTER = 200

interface Work extends BatchReading {
  store: BatchStore
  book: BatchBook
  hashes: HashIndex
}

/**
 * Reads a `gateway-revocation` source: the batches of revoked certificates that countries hand out through a gateway. Each must be signed
 * by an upload certificate of the country that it is listed for. Batches stay until they expire, on the disk as well; a deleted one
 * goes. One that cannot be had or does not count is missing, which is told of its country until it is there.
 * @throws UnusableSource when the list cannot be read; what is held stays
 */
export async function readGatewayBatches(source: TrustSource, reading: BatchReading): Promise<SourceContent> {
  const { store, faults } = tolerant(reading.readers.batches?.(source.name) ?? noStore)
  const work = { ...reading, store, ...(await known(source.location, store, reading)) }
  const { book, before } = work
  let isOffered = true
  let isAsked = false
  let incomplete: string | undefined
  // While a copy is read nobody is asked: what is on the disk is all that is known.
  const marker = () =>
    keptDocument(reading.readers, source.location, async () => {
      isAsked = true
      isOffered = await update(work, gatewayOf(source, reading.readers))
      return Buffer.from(sha256Hex(writeBook(book)))
    })
  try {
    await marker()
  } catch (error) {
    if (!(error instanceof UnusableSource)) throw error
    // The first reading of this process has nothing before it but what the disk holds, which counts.
    if (before?.revocation || !work.isOnDisk) throw error
    incomplete = error.message
  }
  // The copy says that batches were read once; without the book nobody knows which.
  if (!isAsked && !work.isOnDisk) incomplete = 'what was written down of them is lost'
  return contentOf(work, { isOffered, incomplete, faults })
}

/** What a disk that is full or broken does not take is in memory all the same, and told. */
function tolerant(store: BatchStore): { store: BatchStore; faults: Set<string> } {
  const faults = new Set<string>()
  const tell = (error: unknown): void => {
    const text = systemErrorText(error)
    if (text === undefined) throw error
    faults.add(`batches cannot be written to the disk: ${text}`)
  }
  return {
    faults,
    store: {
      ...store,
      saveBook: (book) => store.saveBook(book).catch(tell),
      remove: (id) => store.remove(id).catch(tell),
      saveHashes: (id, hashes) =>
        store.saveHashes(id, hashes).catch((error: unknown) => {
          tell(error)
          return noStore.saveHashes(id, hashes)
        }),
    },
  }
}

/** What is known from this process, else from the disk. */
async function known(
  gateway: string,
  store: BatchStore,
  reading: BatchReading,
): Promise<{ book: BatchBook; hashes: HashIndex; isOnDisk: boolean }> {
  const { book: inUse, hashes: inMemory } = reading.before?.revocation ?? {}
  if (inUse && inMemory && inUse.gateway === gateway) return { book: inUse, hashes: inMemory, isOnDisk: false }
  const written = await store.book(gateway)
  const book = written ?? emptyBook(gateway)
  const hashes = createHashIndex()
  for (const [name, { country, hashType, expires }] of book.givenUp)
    hashes.load([
      { id: `given up: ${name}`, country, hashType, keyId: '', expires: new Date(expires), hashes: noHashes },
    ])
  const turn = makeTurns()
  for (const [id, held] of book.held) {
    await turn()
    const bytes = await store.hashes(id, held.print)
    if (bytes) hashes.load([{ ...held, id, expires: new Date(held.expires), hashes: bytes }])
    else {
      book.held.delete(id)
      book.missing.set(id, { country: held.country, date: held.date, reason: 'its copy on the disk is broken' })
    }
  }
  for (const _ of hashes.sort()) await turn()
  return { book, hashes, isOnDisk: written !== undefined }
}

const noHashes = new Uint8Array(0)

/** Brings book and hashes up to date; whether the gateway has such a list. Keeps what it has come to when it throws. */
async function update(work: Work, gateway: GatewayDownloads): Promise<boolean> {
  const { book, hashes, now, store } = work
  try {
    const { isOffered, gone, fault } = await readBatchList(book, gateway, now)
    for (const id of gone) await drop(id, work)
    if (isOffered) await fetchMissing(work, gateway)
    if (fault !== undefined) throw new UnusableSource(fault)
    return isOffered
  } finally {
    for (const [id, { expires, country, hashType }] of book.held) {
      if (Date.parse(expires) >= now.getTime()) continue
      giveUp(book, { country, hashType, expires })
      await store.remove(id)
      book.held.delete(id)
    }
    hashes.expire(now)
    // Requests are answered meanwhile.
    for (const _ of hashes.sort()) await setImmediate()
    await store.saveBook(book)
  }
}

async function drop(id: string, { book, hashes, store }: Work): Promise<void> {
  book.held.delete(id)
  hashes.remove([id])
  await store.remove(id)
}

/** Fetches what is missing; the first answer that does not come ends it. */
async function fetchMissing(work: Work, gateway: GatewayDownloads): Promise<void> {
  const { book, store } = work
  if (book.missing.size === 0) return
  const uploads = await work.uploads()
  const isSomeones = [...book.missing.values()].some(({ country }) => uploads(country).length > 0)
  if (!isSomeones)
    throw new UnusableSource('no upload certificate is on a list (kind gateway), without which no batch counts')
  const waiting = [...book.missing.keys()]
  let fetched = 0
  let isOver = false
  const fetchOn = async () => {
    for (let id = waiting.shift(); id !== undefined && !isOver; id = waiting.shift()) {
      const wanted = id
      const message = await downloaded(() => gateway.revocationBatch(wanted)).catch((error: unknown) => {
        isOver = true
        throw error
      })
      await takeBatch(id, message, { ...work, uploaders: uploads })
      if (++fetched % SAVED_AFTER === 0) await store.saveBook(book)
    }
  }
  const outcomes = await Promise.allSettled(Array.from({ length: AT_A_TIME }, fetchOn))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

interface Taking extends Work {
  uploaders: Awaited<ReturnType<BatchReading['uploads']>>
}

async function takeBatch(id: string, message: string | 'unknown' | 'deleted', work: Taking): Promise<void> {
  const { book, hashes, store, now } = work
  const wanted = book.missing.get(id)
  if (!wanted) return
  if (message === 'deleted') {
    book.missing.delete(id)
    await drop(id, work)
    return
  }
  const { country, date } = wanted
  const read =
    message === 'unknown' ? 'the gateway lists it and does not give it out' : await open(message, country, work)
  if (typeof read === 'string') {
    book.missing.set(id, { country, date, reason: read })
    return
  }
  const { hashType, keyId } = read
  const expires = read.expires.toISOString()
  book.missing.delete(id)
  if (read.expires < now) {
    giveUp(book, { country, hashType, expires })
    hashes.load([{ ...read, id, hashes: noHashes }])
    return
  }
  const print = await store.saveHashes(id, read.hashes)
  hashes.load([{ ...read, id }])
  book.held.set(id, { country, date, hashType, expires, keyId, print })
}

/** Opens a batch; a text says why it does not count. */
async function open(message: string, country: string, { messages, uploaders }: Taking) {
  const opened = await messages.batch(message)
  if (typeof opened === 'string') return opened
  const { batch, signer } = opened
  if (batch.country !== country) return `it is listed for ${country}, and is one of ${batch.country}`
  const print = sha256Hex(signer)
  const isUploader = uploaders(country).some(({ thumbprint }) => thumbprint === print)
  return isUploader ? batch : 'it is signed by no upload certificate of its country that counts'
}

interface Told {
  isOffered: boolean
  incomplete: string | undefined
  faults: ReadonlySet<string>
}

function contentOf({ book, hashes }: Work, { isOffered, incomplete, faults }: Told): SourceContent {
  const reasons = Map.groupBy(
    book.missing.values(),
    ({ country, reason }) => `batches of ${country} are missing: ${reason}`,
  )
  const warnings = [...[...reasons].map(([text, batches]) => `${batches.length} ${text}`), ...faults]
  if (!isOffered) warnings.push(`the gateway ${book.gateway} offers no revocation lists (not-offered)`)
  if (incomplete !== undefined) warnings.push(`the newest batches could not be had: ${incomplete}`)
  const wasOffered = !isOffered && book.checkedAt !== undefined
  const unread = incomplete ?? (wasOffered ? 'the gateway no longer offers it' : undefined)
  const revocation: RevocationContent = {
    hashes,
    book,
    // Told as they are now: a reading that fails leaves this content in use, and may have learnt of further ones.
    get missing() {
      const countries = Map.groupBy(book.missing.values(), ({ country }) => country)
      return [...countries].map(([country, batches]) => ({ country, count: batches.length }))
    },
    get date() {
      return book.checkedAt === undefined ? undefined : new Date(book.checkedAt)
    },
    ...(unread === undefined ? {} : { incomplete: unread }),
  }
  return { keys: [], warnings, leftOut: [], revocation }
}
