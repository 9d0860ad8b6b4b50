import { participantCode } from '../../base/participant-codes.ts'
import { HASH_BYTES, HASH_WORDS, HashDrawer } from './hash-drawer.ts'

/** What the hashes of a batch are made of (EU DCC gateway, revocation). */
export const hashTypes = ['SIGNATURE', 'UCI', 'COUNTRYCODEUCI'] as const
/** What the hashes of a batch are made of. */
export type HashType = (typeof hashTypes)[number]

/** One batch of a participant's revocation list (EU DCC gateway, revocation). */
export interface HashBatch {
  /** Of the gateway, or the name of its file; a second batch of one id takes the place of the first. */
  id: string
  /** As the batch writes it, in capitals. */
  country: string
  /** The only key whose certificates it names, standard base64; empty: any of the participant. */
  keyId: string
  hashType: HashType
  /** The batch counts up to this moment. */
  expires: Date
  /** The hashes, 16 bytes each, one after the other. */
  hashes: Uint8Array
}

/** What is looked for. */
interface HashQuery {
  country: string
  hashType: HashType
  /** 16 bytes. */
  hash: Uint8Array
  /** Every key id under which the credential's signer is known. */
  keyIds: ReadonlySet<string>
  clock: Date
}

/** What an index holds of one country. */
export interface CountryFigures {
  country: string
  /** As its batches write it. */
  spellings: string[]
  types: HashType[]
  batches: number
  hashes: number
  /** When the last of its batches expires. */
  expires: Date
  /** Until when batches counted that are no longer held; undefined when none was given up. */
  givenUpUntil?: Date
}

/** Revoked hashes of many participants, in memory. What changes, changes between two questions. */
export interface HashIndex {
  /** @throws RangeError for hashes of another length: the reader of the batch has let them pass */
  add(batches: Iterable<HashBatch>): void
  /** The same for many, one after the other: they are sorted by {@link sort}, and slow to be asked for before. */
  load(batches: Iterable<HashBatch>): void
  /** Sorts what was loaded, in steps of some milliseconds. */
  sort(): Generator<void>
  /** Takes batches out, by id; unknown ones are none. */
  remove(ids: Iterable<string>): void
  /** Gives up batches that have expired. */
  expire(now: Date): void
  has(query: HashQuery): boolean
  /** Whether a hash may be there, where only a filter of the hashes is held, in which others have a place by chance; without it none is. */
  mayHave?(query: HashQuery): boolean
  /**
   * All that it holds, in steps of some milliseconds; hashes of a batch in ascending order. What is changed meanwhile may or may not be
   * in it.
   */
  contents(): Generator<void, HashContents>
  /** By country; a country whose batches were all taken out or given up is still known. */
  countries(): readonly CountryFigures[]
}

/** What an index holds, to be kept elsewhere. */
export interface HashContents {
  batches: HashBatch[]
  /** Countries and types that are known, those without batches too. */
  known: {
    hashType: HashType
    /** Of the country, as its batches write it. */
    spellings: string[]
    /** See {@link CountryFigures.givenUpUntil}. */
    givenUpUntil?: Date
  }[]
}

/** An index of the same contents, sorted in steps between two of which others may have a turn. */
export function* hashIndexOf({ batches, known }: HashContents): Generator<void, HashIndex> {
  const index = createHashIndex()
  for (const [place, { hashType, spellings, givenUpUntil }] of known.entries()) {
    for (const country of spellings) {
      // A batch that has come and gone leaves what is known of its country.
      const id = `${place} ${country}`
      index.load([
        { id, country, hashType, keyId: '', expires: givenUpUntil ?? new Date(0), hashes: new Uint8Array(0) },
      ])
      if (!givenUpUntil) index.remove([id])
    }
  }
  index.expire(endOfTime)
  for (const batch of batches) {
    index.load([batch])
    yield
  }
  yield* index.sort()
  return index
}

/** Later than any batch ends. */
const endOfTime = new Date(8.64e15)

interface Batch {
  id: string
  keyId: string
  expires: number
  count: number
  isHeld: boolean
}

/** The hashes of one country and type, by their first byte. */
interface Shelf {
  country: string
  hashType: HashType
  spellings: Set<string>
  drawers: (HashDrawer | undefined)[]
  /** By number. */
  batches: Batch[]
  given: number
  /** Hashes of batches that are no longer held and whose room is not given back. */
  idle: number
  givenUpUntil: number
}

/** Room is given back when this share of a shelf is idle. */
const IDLE_SHARE = 0.25

const shelfName = (country: string, type: HashType) => `${participantCode(country) ?? country}|${type}`

/** An empty index. */
export function createHashIndex(): HashIndex {
  const shelves = new Map<string, Shelf>()
  const places = new Map<string, { shelf: Shelf; batch: Batch }>()
  const asked = new Uint32Array(HASH_WORDS)
  let figures: CountryFigures[] | undefined
  const remove = (id: string) => {
    const place = places.get(id)
    if (!place) return
    figures = undefined
    places.delete(id)
    letGo(place.shelf, place.batch)
  }
  const load = (batches: Iterable<HashBatch>) => {
    figures = undefined
    for (const batch of batches) {
      remove(batch.id)
      const shelf = shelfFor(shelves, batch)
      places.set(batch.id, { shelf, batch: putInto(shelf, batch) })
    }
  }
  return {
    add(batches) {
      load(batches)
      // A few unsorted hashes in each drawer wait for others.
      for (const { drawers } of shelves.values()) for (const drawer of drawers) drawer?.settle(false)
    },
    load,
    *sort() {
      for (const { drawers } of shelves.values())
        for (const drawer of drawers) {
          drawer?.settle(true)
          yield
        }
    },
    remove(ids) {
      for (const id of ids) remove(id)
    },
    expire(now) {
      for (const [id, { shelf, batch }] of places) {
        if (batch.expires >= now.getTime()) continue
        shelf.givenUpUntil = Math.max(shelf.givenUpUntil, batch.expires)
        remove(id)
      }
    },
    has({ country, hashType, hash, keyIds, clock }) {
      // Who asks again and again has the code by which the shelf is named.
      const shelf = shelves.get(`${country}|${hashType}`) ?? shelves.get(shelfName(country, hashType))
      const drawer = shelf?.drawers[hash[0] ?? 0]
      if (!shelf || !drawer || hash.length !== HASH_BYTES) return false
      const time = clock.getTime()
      readWords(hash, asked)
      return drawer.has(asked, (number) => {
        const batch = shelf.batches[number]
        if (!batch?.isHeld || batch.expires < time) return false
        // A signature is that of one key already.
        return hashType === 'SIGNATURE' || batch.keyId === '' || keyIds.has(batch.keyId)
      })
    },
    *contents() {
      const held: HashBatch[] = []
      for (const shelf of shelves.values()) held.push(...(yield* batchesOf(shelf)))
      const known = [...shelves.values()].map(({ hashType, spellings, givenUpUntil }) => ({
        hashType,
        spellings: [...spellings],
        ...(Number.isFinite(givenUpUntil) ? { givenUpUntil: new Date(givenUpUntil) } : {}),
      }))
      return { batches: held, known }
    },
    countries() {
      figures ??= [...Map.groupBy(shelves.values(), ({ country }) => country)].map(figuresOf)
      return figures
    },
  }
}

function shelfFor(shelves: Map<string, Shelf>, { country, hashType }: HashBatch): Shelf {
  const name = shelfName(country, hashType)
  const known = shelves.get(name)
  if (known) return known
  const shelf: Shelf = {
    country: participantCode(country) ?? country,
    hashType,
    spellings: new Set(),
    drawers: [],
    batches: [],
    given: 0,
    idle: 0,
    givenUpUntil: Number.NEGATIVE_INFINITY,
  }
  shelves.set(name, shelf)
  return shelf
}

function putInto(shelf: Shelf, { id, country, keyId, expires, hashes }: HashBatch): Batch {
  if (hashes.length % HASH_BYTES !== 0) throw new RangeError(`hashes of ${HASH_BYTES} bytes are wanted`)
  const batch = { id, keyId, expires: expires.getTime(), count: hashes.length / HASH_BYTES, isHeld: true }
  const number = shelf.batches.push(batch) - 1
  shelf.spellings.add(country)
  shelf.given += batch.count
  const words = wordsOf(hashes)
  for (let at = 0; at < words.length; at += HASH_WORDS) {
    const first = (words[at] ?? 0) >>> 24
    let drawer = shelf.drawers[first]
    if (!drawer) {
      drawer = new HashDrawer()
      shelf.drawers[first] = drawer
    }
    drawer.add(words, at, number)
  }
  return batch
}

/** Reads one hash, without making anything. */
function readWords(hash: Uint8Array, into: Uint32Array): void {
  for (let word = 0; word < HASH_WORDS; word++) {
    const at = 4 * word
    into[word] =
      ((hash[at] ?? 0) << 24) | ((hash[at + 1] ?? 0) << 16) | ((hash[at + 2] ?? 0) << 8) | (hash[at + 3] ?? 0)
  }
}

function wordsOf(hashes: Uint8Array): Uint32Array {
  const view = new DataView(hashes.buffer, hashes.byteOffset, hashes.byteLength)
  const words = new Uint32Array(hashes.length / 4)
  for (let word = 0; word < words.length; word++) words[word] = view.getUint32(4 * word)
  return words
}

function letGo(shelf: Shelf, batch: Batch): void {
  batch.isHeld = false
  shelf.idle += batch.count
  if (shelf.idle <= shelf.given * IDLE_SHARE) return
  const held = [...shelf.batches.entries()].filter(([, { isHeld }]) => isHeld)
  const numbers = new Map(held.map(([before], after) => [before, after]))
  for (const drawer of shelf.drawers) drawer?.renumber(numbers)
  shelf.batches = held.map(([, each]) => each)
  shelf.given -= shelf.idle
  shelf.idle = 0
}

function figuresOf([country, shelves]: [string, Shelf[]]): CountryFigures {
  const held = shelves.flatMap(({ batches }) => batches.filter(({ isHeld }) => isHeld))
  const givenUpUntil = Math.max(...shelves.map((shelf) => shelf.givenUpUntil))
  return {
    country,
    spellings: [...new Set(shelves.flatMap(({ spellings }) => [...spellings]))],
    types: shelves.filter(({ batches }) => batches.some(({ isHeld }) => isHeld)).map(({ hashType }) => hashType),
    batches: held.length,
    hashes: held.reduce((sum, { count }) => sum + count, 0),
    expires: new Date(Math.max(0, ...held.map(({ expires }) => expires))),
    ...(Number.isFinite(givenUpUntil) ? { givenUpUntil: new Date(givenUpUntil) } : {}),
  }
}

/** The batches of a shelf with their hashes, which stand by their first byte. */
function* batchesOf({ hashType, batches, drawers, spellings }: Shelf): Generator<void, HashBatch[]> {
  const [country = ''] = spellings
  const held = [...batches]
  const hashes = held.map(({ isHeld, count }) => new Uint8Array(isHeld ? count * HASH_BYTES : 0))
  const views = hashes.map(({ buffer }) => new DataView(buffer))
  const filled = held.map(() => 0)
  for (const drawer of drawers) {
    drawer?.each((words, at, number) => {
      const view = views[number]
      const place = filled[number] ?? 0
      if (!view || place >= view.byteLength) return
      for (let word = 0; word < HASH_WORDS; word++) view.setUint32(place + 4 * word, words[at + word] ?? 0)
      filled[number] = place + HASH_BYTES
    })
    yield
  }
  return held.flatMap(({ id, keyId, expires, isHeld }, number): HashBatch[] => {
    const own = hashes[number]
    return isHeld && own ? [{ id, country, keyId, hashType, expires: new Date(expires), hashes: own }] : []
  })
}
