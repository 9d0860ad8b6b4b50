/**
 * What a source of revocation lists holds, as a file of a kit, and back. Few hashes stand there themselves, and answer as the server does;
 * many as a filter: what does not pass it is on no list, what passes has to be asked for where the list is.
 */
import type { Json, JsonObject } from '../../base/json-value.ts'
import { participantCode } from '../../base/participant-codes.ts'
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
import { type Members, membersOf } from './members.ts'

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

const contentMembers = ['countries', 'batches', 'filters', 'cards', 'missing', 'incomplete', 'isOfEveryCountry', 'date']

/** The content that a file holds. @throws KitError */
export function readRevocation(json: Json, file: string): RevocationContent {
  const content = membersOf(json, contentMembers, file)
  const date = content.optionalDate('date')
  const missing = content
    .objects('missing', ['country', 'count'])
    .map((each) => ({ country: each.text('country'), count: each.count('count') }))
  const cards = content.object('cards', ['issuer', 'lists'])
  return {
    hashes: readHashes(content, file),
    ...(cards ? { cards: readCards(cards, file) } : {}),
    ...(missing.length > 0 ? { missing } : {}),
    ...(content.flag('isOfEveryCountry') ? { isOfEveryCountry: true as const } : {}),
    ...(content.flag('incomplete') ? { incomplete: 'it was not read to its end' } : {}),
    ...(date ? { date } : {}),
  }
}

const batchMembers = ['country', 'keyId', 'hashType', 'expires', 'hashes']
const filterMembers = ['country', 'hashType', 'hashes', 'falsePositiveRate', 'bits']
const figureMembers = ['country', 'spellings', 'types', 'batches', 'hashes', 'expires', 'givenUpUntil']

function readHashes(content: Members, file: string): HashIndex {
  if (content.has('batches') === content.has('filters'))
    throw new KitError('content', `${file} has its hashes neither in batches nor in filters, or in both`)
  const index = createHashIndex()
  index.load(
    content.objects('batches', batchMembers).map((each, at) => ({
      id: String(at),
      country: each.text('country'),
      keyId: each.text('keyId'),
      hashType: typeOf(each.value('hashType'), file),
      expires: each.date('expires'),
      hashes: wholeHashes(bytesOf(each.value('hashes'), file), file),
    })),
  )
  for (const _ of index.sort());
  const filters = new Map(
    content
      .objects('filters', filterMembers)
      .map((each): [string, HashFilter] => [
        `${each.text('country')} ${typeOf(each.value('hashType'), file)}`,
        filterOver(bytesOf(each.value('bits'), file)),
      ]),
  )
  const figures = content.objects('countries', figureMembers).map((each) => readFigures(each, file))
  return {
    ...index,
    countries: () => figures,
    ...(filters.size > 0
      ? { mayHave: ({ country, hashType, hash }) => filters.get(`${country} ${hashType}`)?.has(hash) === true }
      : {}),
  }
}

function readFigures(json: Members, file: string): CountryFigures {
  const givenUpUntil = json.optionalDate('givenUpUntil')
  return {
    country: json.text('country'),
    spellings: json.texts('spellings'),
    types: json.list('types').map((each) => typeOf(each, file)),
    batches: json.count('batches'),
    hashes: json.count('hashes'),
    expires: json.date('expires'),
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

/** A part of a hash at the end would shift nothing and be found by nobody. */
function wholeHashes(bytes: Buffer, file: string): Buffer {
  if (bytes.length % hashBytes !== 0)
    throw new KitError('content', `${file}: a batch in it ends in the middle of a hash`)
  return bytes
}

function readCards(cards: Members, file: string): NonNullable<RevocationContent['cards']> {
  const read = cards.objects('lists', ['keyId', 'version', 'faults', 'rids']).map((each): [string, CardList] => {
    const revoked = new Map(each.list('rids').map((entry) => readRid(entry, file)))
    const list: CardList = {
      keyId: each.text('keyId'),
      version: each.count('version'),
      revokedBefore: (rid) => revoked.get(rid),
      entries: revoked.size,
      revoked,
      faults: each.texts('faults'),
    }
    return [list.keyId, list]
  })
  const lists = new Map(read)
  if (lists.size !== read.length) throw new KitError('content', `${file} has two lists of one key`)
  return { issuer: cards.text('issuer'), lists }
}

/** One revoked card, and before when it must have been issued; `null`: whenever. */
function readRid(entry: Json, file: string): [string, number] {
  const [rid, before, ...more] = Array.isArray(entry) ? entry : []
  if (typeof rid !== 'string' || more.length > 0 || !(before === null || Number.isFinite(before)))
    throw new KitError('content', `${file}: a revoked card in it is none`)
  return [rid, typeof before === 'number' ? before : Number.POSITIVE_INFINITY]
}
