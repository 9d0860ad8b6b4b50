/**
 * What a source of revocation lists holds, as a file of a kit, and back. Few hashes stand there themselves, and answer as the server does;
 * many as a filter: what does not pass it is on no list, what passes has to be asked for where the list is.
 */
import { isJsonObject, objectsIn } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { CardList } from '../../trust/revocation/card-list.ts'
import {
  type CountryFigures,
  createHashIndex,
  type HashIndex,
  type HashType,
  type HeldHash,
  hashTypes,
} from '../../trust/revocation/hash-index.ts'
import type { RevocationContent } from '../../trust/revocation/revocation-content.ts'
import { KitError } from '../kit-error.ts'
import { byName } from '../manifest.ts'
import { emptyFilter, falsePositiveRate, filterOver, type HashFilter } from './hash-filter.ts'
import { dateOf } from './key-file.ts'

/** Hashes of a source that stand in a kit themselves: a megabyte of them. */
const mostHashes = 65_536

/** A source's content as JSON. */
export function revocationJson(content: RevocationContent, most = mostHashes): JsonObject {
  const figures = content.hashes.countries()
  const count = figures.reduce((sum, { hashes }) => sum + hashes, 0)
  const hashes = count > most ? { filters: filtersOf(content.hashes) } : { batches: batchesOf(content.hashes) }
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

const nameOf = ({ country, keyId, hashType, expires }: HeldHash): string =>
  `${country} ${hashType} ${keyId} ${expires.toISOString()}`

/** Hashes that count alike, together, in an order of their own. */
function batchesOf(index: HashIndex): JsonObject[] {
  const groups = Map.groupBy(index.hashes(), nameOf)
  return [...groups]
    .sort(([a], [b]) => byName(a, b))
    .flatMap(([, held]) => {
      const [first] = held
      if (!first) return []
      const sorted = held.map(({ hash }) => Buffer.from(hash)).sort(Buffer.compare)
      return [
        {
          country: first.country,
          keyId: first.keyId,
          hashType: first.hashType,
          expires: first.expires.toISOString(),
          hashes: Buffer.concat(sorted).toString('base64'),
        },
      ]
    })
}

function filtersOf(index: HashIndex): JsonObject[] {
  const counts = new Map<string, number>()
  const shelfOf = ({ country, hashType }: HeldHash) => `${country} ${hashType}`
  for (const each of index.hashes()) counts.set(shelfOf(each), (counts.get(shelfOf(each)) ?? 0) + 1)
  const filters = new Map<string, HashFilter>()
  for (const each of index.hashes()) {
    const shelf = shelfOf(each)
    const filter = filters.get(shelf) ?? emptyFilter(counts.get(shelf) ?? 0)
    filters.set(shelf, filter)
    filter.add(each.hash)
  }
  return [...filters]
    .sort(([a], [b]) => byName(a, b))
    .map(([shelf, { bits }]) => {
      const [country = '', hashType = ''] = shelf.split(' ')
      const hashes = counts.get(shelf) ?? 0
      return { country, hashType, hashes, falsePositiveRate, bits: bits.toString('base64') }
    })
}

function cardsJson({ issuer, lists }: NonNullable<RevocationContent['cards']>): JsonObject {
  const all = [...lists.values()].sort((a, b) => byName(a.keyId, b.keyId))
  return {
    issuer,
    lists: all.map(({ keyId, version, faults, all: entries }) => ({
      keyId,
      version,
      faults,
      rids: [...entries()]
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
      all: () => revoked,
      faults: (Array.isArray(faults) ? faults : []).map(String),
    }
    return [list.keyId, list]
  })
  return { issuer: String(issuer), lists: new Map(read) }
}
