/**
 * What a source of revocation lists holds, as a file of a kit, and back. Few hashes stand there themselves, and answer as the server does;
 * many as a filter: what does not pass it is on no list, what passes has to be asked for where the list is.
 */
import { isJsonObject, objectsIn } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { participantCode } from '../../trust/keys/participant-codes.ts'
import type { CardList } from '../../trust/revocation/card-list.ts'
import {
  type CountryFigures,
  createHashIndex,
  type HashBatch,
  type HashIndex,
  type HashType,
  hashTypes,
} from '../../trust/revocation/hash-index.ts'
import type { RevocationContent } from '../../trust/revocation/revocation-content.ts'
import type { Steps } from '../../workers/budget.ts'
import { KitError } from '../kit-error.ts'
import { byName } from '../manifest.ts'
import { emptyFilter, falsePositiveRate, filterOver, type HashFilter } from './hash-filter.ts'
import { dateOf } from './key-file.ts'

/** Hashes of a source that stand in a kit themselves: a megabyte of them. */
const mostHashes = 65_536

/** A source's content as JSON, some hashes a step. */
export function* revocationJson(content: RevocationContent, most = mostHashes): Steps<JsonObject> {
  const figures = content.hashes.countries()
  const count = figures.reduce((sum, { hashes }) => sum + hashes, 0)
  const hashes =
    count > most ? { filters: yield* filtersOf(content.hashes) } : { batches: yield* batchesOf(content.hashes) }
  return {
    countries: figures.map(figuresJson).sort((a, b) => byName(String(a.country), String(b.country))),
    ...hashes,
    ...(content.cards ? { cards: cardsJson(content.cards) } : {}),
    ...(content.missing
      ? { missing: content.missing.map(({ country, count: each }) => ({ country, count: each })) }
      : {}),
    ...(content.incomplete === undefined ? {} : { incomplete: true }),
    ...(content.book || content.isOfEveryCountry ? { isOfEveryCountry: true } : {}),
    ...(content.date ? { date: content.date.toISOString() } : {}),
  }
}

function figuresJson({ expires, givenUpUntil, spellings, types, ...rest }: CountryFigures): JsonObject {
  return {
    ...rest,
    spellings: [...spellings].sort(byName),
    types: [...types].sort(byName),
    expires: expires.toISOString(),
    ...(givenUpUntil ? { givenUpUntil: givenUpUntil.toISOString() } : {}),
  }
}

const nameOf = ({ country, keyId, hashType, expires }: HashBatch): string =>
  `${country} ${hashType} ${keyId} ${expires.toISOString()}`

const hashBytes = 16

function* hashesOf({ hashes }: HashBatch): Generator<Buffer> {
  for (let at = 0; at < hashes.length; at += hashBytes) yield Buffer.from(hashes.subarray(at, at + hashBytes))
}

/** Hashes that count alike, together, in an order of their own: ids of batches are their gateway's affair. */
function* batchesOf(index: HashIndex): Steps<JsonObject[]> {
  const { batches } = yield* index.contents()
  const written: JsonObject[] = []
  for (const [, held] of [...Map.groupBy(batches, nameOf)].sort(([a], [b]) => byName(a, b))) {
    const [first] = held
    if (!first) continue
    const { country, keyId, hashType, expires } = first
    const hashes = Buffer.concat(yield* sorted(held)).toString('base64')
    written.push({ country, keyId, hashType, expires: expires.toISOString(), hashes })
  }
  return written
}

/** In ascending order: by the first byte, and then those of each, which are few. */
function* sorted(batches: readonly HashBatch[]): Steps<Buffer[]> {
  const drawers = Array.from({ length: 256 }, (): Buffer[] => [])
  for (const batch of batches) {
    for (const hash of hashesOf(batch)) drawers[hash[0] ?? 0]?.push(hash)
    yield
  }
  for (const drawer of drawers) {
    drawer.sort(Buffer.compare)
    yield
  }
  return drawers.flat()
}

/** Hashes that are put into a filter in one step. */
const stepHashes = 1000

function* filtersOf(index: HashIndex): Steps<JsonObject[]> {
  const { batches: held } = yield* index.contents()
  const shelves = Map.groupBy(held, ({ country, hashType }) => `${participantCode(country) ?? country} ${hashType}`)
  const written: JsonObject[] = []
  for (const [shelf, batches] of [...shelves].sort(([a], [b]) => byName(a, b))) {
    const [country = '', hashType = ''] = shelf.split(' ')
    const hashes = batches.reduce((sum, batch) => sum + batch.hashes.length / hashBytes, 0)
    const filter = emptyFilter(hashes)
    let count = 0
    for (const batch of batches)
      for (const hash of hashesOf(batch)) {
        filter.add(hash)
        if (++count % stepHashes === 0) yield
      }
    written.push({ country, hashType, hashes, falsePositiveRate, bits: filter.bits.toString('base64') })
  }
  return written
}

function cardsJson({ issuer, lists }: NonNullable<RevocationContent['cards']>): JsonObject {
  const all = [...lists.values()].sort((a, b) => byName(a.keyId, b.keyId))
  return {
    issuer,
    lists: all.map(({ keyId, version, faults, revoked }) => ({
      keyId,
      version,
      faults,
      rids: [...revoked]
        .sort(([a], [b]) => byName(a, b))
        .map(([rid, before]) => [rid, Number.isFinite(before) ? before : null]),
    })),
  }
}

/** The content that a file holds. @throws KitError */
export function readRevocation(json: Json, file: string): RevocationContent {
  if (!isJsonObject(json)) throw new KitError('content', `${file} is no object`)
  const date = dateOf(json.date, file)
  const missing = objectsIn(json.missing).map(({ country, count }) => ({
    country: String(country),
    count: Number(count),
  }))
  return {
    hashes: readHashes(json, file),
    ...(isJsonObject(json.cards) ? { cards: readCards(json.cards) } : {}),
    ...(missing.length > 0 ? { missing } : {}),
    ...(json.isOfEveryCountry === true ? { isOfEveryCountry: true as const } : {}),
    ...(json.incomplete === true ? { incomplete: 'it was not read to its end' } : {}),
    ...(date ? { date } : {}),
  }
}

function readHashes(json: JsonObject, file: string): HashIndex {
  const index = createHashIndex()
  index.load(
    objectsIn(json.batches).map(({ country, keyId, hashType, expires, hashes }, at) => ({
      id: String(at),
      country: String(country),
      keyId: String(keyId),
      hashType: typeOf(hashType, file),
      expires: dateOf(expires, file) ?? new Date(0),
      hashes: bytesOf(hashes, file),
    })),
  )
  for (const _ of index.sort());
  const filters = new Map(
    objectsIn(json.filters).map(({ country, hashType, bits }): [string, HashFilter] => [
      `${String(country)} ${typeOf(hashType, file)}`,
      filterOver(bytesOf(bits, file)),
    ]),
  )
  const figures = objectsIn(json.countries).map((each) => readFigures(each, file))
  return {
    ...index,
    countries: () => figures,
    ...(filters.size > 0
      ? { mayHave: ({ country, hashType, hash }) => filters.get(`${country} ${hashType}`)?.has(hash) === true }
      : {}),
  }
}

function readFigures(json: JsonObject, file: string): CountryFigures {
  const list = (name: string) => (Array.isArray(json[name]) ? json[name] : [])
  const givenUpUntil = dateOf(json.givenUpUntil, file)
  return {
    country: String(json.country),
    spellings: list('spellings').map(String),
    types: list('types').map((each) => typeOf(each, file)),
    batches: Number(json.batches),
    hashes: Number(json.hashes),
    expires: dateOf(json.expires, file) ?? new Date(0),
    ...(givenUpUntil ? { givenUpUntil } : {}),
  }
}

function typeOf(value: Json | undefined, file: string): HashType {
  const type = hashTypes.find((each) => each === value)
  if (!type) throw new KitError('content', `${file}: a kind of hashes in it is not known`)
  return type
}

function bytesOf(value: Json | undefined, file: string): Buffer {
  const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64')
  if (typeof value !== 'string' || bytes.toString('base64') !== value)
    throw new KitError('content', `${file}: hashes in it are no base64`)
  return bytes
}

function readCards({ issuer, lists }: JsonObject): NonNullable<RevocationContent['cards']> {
  const read = objectsIn(lists).map((each): [string, CardList] => {
    const { keyId, version, faults, rids } = each
    const entries = (Array.isArray(rids) ? rids : []).map((entry): [string, number] => {
      const [rid, before] = Array.isArray(entry) ? entry : []
      return [String(rid), typeof before === 'number' ? before : Number.POSITIVE_INFINITY]
    })
    const revoked = new Map(entries)
    const list: CardList = {
      keyId: String(keyId),
      version: Number(version),
      revokedBefore: (rid) => revoked.get(rid),
      entries: revoked.size,
      revoked,
      faults: (Array.isArray(faults) ? faults : []).map(String),
    }
    return [list.keyId, list]
  })
  return { issuer: String(issuer), lists: new Map(read) }
}
