import { isJsonObject } from '../../../base/json.ts'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { FhirError } from '../../../fhir/error.ts'
import { parseJson } from '../../../fhir/json.ts'
import { type HashType, hashTypes } from '../hash-index.ts'

/** A batch that is held, as the book has it. */
interface HeldBatch {
  country: string
  /** When it last changed, as the gateway wrote it. */
  date: string
  hashType: HashType
  /** ISO 8601. */
  expires: string
  /** The only key whose certificates it names, standard base64; empty: any of its country. */
  keyId: string
  /** SHA-256 of its hashes, in hex: what is on the disk is what was signed when it was fetched. */
  print: string
}

/** A batch that the gateway lists and that is not held. */
interface MissingBatch {
  country: string
  date: string
  reason: string
}

/** Batches that were given up after they had expired: what they named at that time is no longer known. */
export interface GivenUp {
  country: string
  hashType: HashType
  /** The last of them; ISO 8601. */
  expires: string
}

/** What is known of a gateway's list of batches, and where reading it goes on. */
export interface BatchBook {
  /** The gateway's id in the configuration. */
  gateway: string
  /** Date of the last entry that was read. */
  since: string
  /** Entries of that date that were read, each with whether it was deleted. */
  seen: Set<string>
  /** When the list was last read to its end; ISO 8601. Undefined: never. */
  checkedAt: string | undefined
  held: Map<string, HeldBatch>
  missing: Map<string, MissingBatch>
  /** By country and type. */
  givenUp: Map<string, GivenUp>
}

/** Before the first batch of any gateway. */
export const BEGINNING = '2021-06-01T00:00:00Z'

/** A book in which nothing is written. */
export function emptyBook(gateway: string): BatchBook {
  return {
    gateway,
    since: BEGINNING,
    seen: new Set(),
    checkedAt: undefined,
    held: new Map(),
    missing: new Map(),
    givenUp: new Map(),
  }
}

/** Notes that a batch was given up. */
export function giveUp(book: BatchBook, { country, hashType, expires }: GivenUp): void {
  const name = `${country}|${hashType}`
  const known = book.givenUp.get(name)
  if (!known || Date.parse(known.expires) < Date.parse(expires)) book.givenUp.set(name, { country, hashType, expires })
}

/** The book as it is written down. */
export function writeBook(book: BatchBook): Buffer {
  const { gateway, since, seen, checkedAt, held, missing, givenUp } = book
  const json = {
    gateway,
    since,
    seen: [...seen],
    ...(checkedAt === undefined ? {} : { checkedAt }),
    held: Object.fromEntries(held),
    missing: Object.fromEntries(missing),
    givenUp: [...givenUp.values()],
  }
  return Buffer.from(`${JSON.stringify(json)}\n`)
}

/** Reads a book; undefined for bytes that are none, or that of another gateway: everything is then fetched anew. */
export function readBook(bytes: Buffer, gateway: string): BatchBook | undefined {
  const json = jsonOf(bytes)
  if (!isJsonObject(json) || json.gateway !== gateway) return undefined
  const { since, seen, checkedAt, held, missing, givenUp } = json
  const isBook =
    isTime(since) &&
    Array.isArray(seen) &&
    seen.every((each) => typeof each === 'string') &&
    (checkedAt === undefined || isTime(checkedAt)) &&
    isJsonObject(held) &&
    isJsonObject(missing) &&
    Array.isArray(givenUp)
  if (!isBook) return undefined
  const book = { ...emptyBook(gateway), since, checkedAt, seen: new Set(seen) }
  for (const [id, batch] of Object.entries(held)) {
    if (!isHeld(batch)) return undefined
    book.held.set(id, batch)
  }
  for (const [id, batch] of Object.entries(missing)) {
    if (!isMissing(batch)) return undefined
    book.missing.set(id, batch)
  }
  for (const each of givenUp) {
    if (!isGivenUp(each)) return undefined
    giveUp(book, each)
  }
  return book
}

function jsonOf(bytes: Buffer): Json {
  try {
    return parseJson(bytes)
  } catch (error) {
    if (error instanceof FhirError) return null
    throw error
  }
}

const isTime = (value: Json | undefined): value is string =>
  typeof value === 'string' && !Number.isNaN(Date.parse(value))
const isPrint = (value: Json | undefined) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
const isType = (value: Json | undefined) => hashTypes.some((type) => type === value)
const hasCountry = ({ country }: JsonObject) => typeof country === 'string' && /^[A-Z]{2}$/.test(country)

const isHeld = (json: Json): json is JsonObject & { [name in keyof HeldBatch]: HeldBatch[name] } =>
  isJsonObject(json) &&
  hasCountry(json) &&
  isTime(json.date) &&
  isType(json.hashType) &&
  isTime(json.expires) &&
  typeof json.keyId === 'string' &&
  isPrint(json.print)

const isMissing = (json: Json): json is JsonObject & { [name in keyof MissingBatch]: MissingBatch[name] } =>
  isJsonObject(json) && hasCountry(json) && isTime(json.date) && typeof json.reason === 'string'

const isGivenUp = (json: Json): json is JsonObject & { [name in keyof GivenUp]: GivenUp[name] } =>
  isJsonObject(json) && hasCountry(json) && isType(json.hashType) && isTime(json.expires)
