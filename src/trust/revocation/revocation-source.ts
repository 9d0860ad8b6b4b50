import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Json } from '../../base/json-value.ts'
import { sameParticipant } from '../../base/participant-codes.ts'
import { parseJson as parseStrictJson } from '../../fhir/json.ts'
import { parseJson } from '../lists/did-source.ts'
import { type SourceContent, type TrustReaders, type TrustSource, UnusableSource } from '../lists/trust-source.ts'
import { type CardList, readCardList } from './card-list.ts'
import { createHashIndex } from './hash-index.ts'
import { batchJson, readBatch } from './read-batch.ts'
import type { RevocationContent } from './revocation-content.ts'

/** Names of files that hold lists. */
const LIST_FILE = /\.(?:json|txt|b64)$/i
/** What may stand beside them: hidden entries, texts for people. */
const BESIDE = /^\.|^readme(?:\.txt)?$|\.md$/i
/** A batch of a gateway has 1,000 entries. */
const MOST_BYTES = 64 * 1024 * 1024

/** What a reading of revocation lists is given. */
export interface RevocationReading {
  readers: TrustReaders
  now: Date
  /** What the last good reading held. */
  before?: SourceContent | undefined
}

/**
 * Reads a `revocation` source: a file, or a folder of files. With `issuer`, an address, they are lists of that issuer's SMART Health
 * Cards; without, batches of participants' hash lists, one a file or a list of them, as JSON or as base64 of it. One file that is not
 * understood makes the whole source unusable: it may hold a withdrawal. So does a folder without any, and a card list older than
 * the one in use.
 * @throws UnusableSource, or the error of the file system
 */
export async function readRevocationSource(source: TrustSource, reading: RevocationReading): Promise<SourceContent> {
  const files = await listFiles(source, reading.readers)
  const revocation =
    source.issuer === undefined
      ? await readBatches(source, files, reading)
      : await readCards({ ...source, issuer: source.issuer }, files, reading)
  const created = revocation.date?.toISOString()
  return { keys: [], warnings: [], leftOut: [], revocation, ...(created === undefined ? {} : { created }) }
}

async function listFiles({ location }: TrustSource, readers: TrustReaders): Promise<string[]> {
  const inside = await readers.listFolder(location)
  if (!inside) return [location]
  const strangers = inside.filter((name) => !LIST_FILE.test(name) && !BESIDE.test(name)).sort()
  if (strangers.length > 0)
    throw new UnusableSource(
      `${location} holds ${strangers[0]}, which is no revocation list (.json, .txt, .b64): rename it or take it out of the folder`,
    )
  const names = inside.filter((name) => LIST_FILE.test(name) && !BESIDE.test(name)).sort()
  if (names.length === 0)
    throw new UnusableSource(`${location} holds no revocation list; a list that names nobody is a file with []`)
  return names.map((name) => path.join(location, name))
}

async function readBatches(
  source: TrustSource,
  files: string[],
  { readers, now }: RevocationReading,
): Promise<RevocationContent> {
  const hashes = createHashIndex()
  const dates = new Dates(readers)
  for (const file of files) {
    const read = batchJson(await readText(file, readers), (text) => parseStrictJson(Buffer.from(text)))
    if (typeof read === 'string') throw new UnusableSource(`${file}: ${read}`)
    const items = Array.isArray(read.json) ? read.json : [read.json]
    let date: Date | undefined
    for (const [at, item] of items.entries()) {
      const id = Array.isArray(read.json) ? `${path.basename(file)}#${at + 1}` : path.basename(file)
      const batch = batchOf(item, source)
      if (typeof batch === 'string') throw new UnusableSource(`${file}, batch ${at + 1}: ${batch}`)
      // Of one that has expired only that it was there is kept.
      hashes.load([{ ...batch, id, hashes: batch.expires < now ? new Uint8Array(0) : batch.hashes }])
      if (batch.date && !(date && date > batch.date)) date = batch.date
    }
    await dates.add(file, date)
  }
  hashes.expire(now)
  // Requests are answered meanwhile.
  for (const _ of hashes.sort()) await setImmediate()
  return { hashes, ...dates.newest() }
}

function batchOf(json: Json, { participant }: TrustSource): ReturnType<typeof readBatch> {
  const batch = readBatch(json)
  if (typeof batch === 'string' || participant === undefined) return batch
  return sameParticipant(batch.country, participant)
    ? batch
    : `it is one of ${batch.country}, and the source is bound to ${participant}`
}

async function readCards(
  source: TrustSource & { issuer: string },
  files: string[],
  { readers, before }: RevocationReading,
): Promise<RevocationContent> {
  const lists = new Map<string, CardList>()
  const dates = new Dates(readers)
  const inUse = before?.revocation?.cards
  for (const file of files) {
    const json = parseJson(Buffer.from(await readText(file, readers)), file)
    // A list that names nobody yet.
    if (Array.isArray(json) && json.length === 0) continue
    const list = readCardList(json)
    if (typeof list === 'string') throw new UnusableSource(`${file}: ${list}`)
    const known = inUse?.issuer === source.issuer ? inUse.lists.get(list.keyId) : undefined
    if (known && known.version > list.version)
      throw new UnusableSource(`${file} is older (ctr ${list.version}) than the list in use (ctr ${known.version})`)
    const other = lists.get(list.keyId)
    if (!other || other.version < list.version) lists.set(list.keyId, list)
    await dates.add(file, undefined)
  }
  return { hashes: createHashIndex(), cards: { issuer: source.issuer, lists }, ...dates.newest() }
}

async function readText(file: string, readers: TrustReaders): Promise<string> {
  const bytes = await readers.readFile(file)
  if (bytes.length > MOST_BYTES) throw new UnusableSource(`${file} is larger than ${MOST_BYTES} bytes`)
  return bytes.toString('utf8')
}

/** The newest date of several files: what a batch says, else when its file was written. */
class Dates {
  readonly #readers: TrustReaders
  #newest: Date | undefined

  constructor(readers: TrustReaders) {
    this.#readers = readers
  }

  async add(file: string, said: Date | undefined): Promise<void> {
    const date = said ?? (await this.#readers.modified?.(file))
    if (date && !(this.#newest && this.#newest > date)) this.#newest = date
  }

  newest(): { date?: Date } {
    return this.#newest ? { date: this.#newest } : {}
  }
}
