/** One entry of a history: what the trust lists were from a moment on, its contents by their hashes. */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { parseJson } from '../../fhir/json.ts'

/** What was in use. */
export interface KeptStanding {
  /** Lists in configured order. */
  lists: KeptKeys[]
  leftOut: KeptKeys
  required: KeptKeys[]
  /** Distrust, suspensions, and why no key counts. */
  rules: string
  /** How old the lists were, encoded: it changes with every reading. */
  standings: Json
  revocations?: KeptRevocations[]
}

/** Keys of a list. */
export interface KeptKeys {
  name: string
  keys: number
  contents: string[]
}

/** Revocation lists of one source. */
export interface KeptRevocations {
  name: string
  /** Encoded. */
  source: Json
  /** Without, nothing was ever read. */
  cards?: string
  hashes?: string
  batches: string[]
}

/** An entry. */
export interface HistoryEntry {
  number: number
  /** SHA-256 of the entry before, in hex; absent for the first. */
  previous?: string
  /** FHIR instant from which on it holds. */
  at: string
  /** Before this entry something was not kept, from this instant on. */
  unknownSince?: string
  /** Software and settings that decide beside the lists, by name. */
  circumstances: Record<string, string>
  /** Absent: from here on no history was kept. */
  standing?: KeptStanding
}

/** An entry as its file has it. */
export const writeEntry = (entry: HistoryEntry): Buffer => Buffer.from(`${JSON.stringify(entry)}\n`)

/** Reads an entry. @throws Error when it is none, or not the one of that number */
export function readEntry(bytes: Uint8Array, number: number): HistoryEntry {
  const json = parseJson(bytes)
  if (!isJsonObject(json) || json.number !== number) throw damaged()
  const { previous, at, unknownSince, circumstances, standing } = json
  return {
    number,
    at: instant(at),
    circumstances: Object.fromEntries(
      Object.entries(object(circumstances)).map(([name, value]) => [name, text(value)]),
    ),
    ...(previous === undefined ? {} : { previous: hash(previous) }),
    ...(unknownSince === undefined ? {} : { unknownSince: instant(unknownSince) }),
    ...(standing === undefined ? {} : { standing: readStanding(object(standing)) }),
  }
}

/** Hashes of all content that an entry names itself. */
export function contentsOf({ standing }: HistoryEntry): string[] {
  if (!standing) return []
  const { lists, leftOut, required, rules, revocations = [] } = standing
  const ofKeys = [...lists, leftOut, ...required].flatMap(({ contents }) => contents)
  const ofRevocations = revocations.flatMap(({ cards, hashes, batches }) => [cards ?? [], hashes ?? [], batches].flat())
  return [...ofKeys, rules, ...ofRevocations]
}

function readStanding(json: JsonObject): KeptStanding {
  const { lists, leftOut, required, rules, standings, revocations } = json
  if (standings === undefined) throw damaged()
  return {
    lists: list(lists).map(readKeys),
    leftOut: readKeys(leftOut),
    required: list(required).map(readKeys),
    rules: hash(rules),
    standings,
    ...(revocations === undefined ? {} : { revocations: list(revocations).map(readRevocations) }),
  }
}

function readKeys(json: Json | undefined): KeptKeys {
  const { name, keys, contents } = object(json)
  if (typeof keys !== 'number') throw damaged()
  return { name: text(name), keys, contents: list(contents).map(hash) }
}

function readRevocations(json: Json): KeptRevocations {
  const { name, source, cards, hashes, batches } = object(json)
  if (source === undefined) throw damaged()
  return {
    name: text(name),
    source,
    ...(cards === undefined ? {} : { cards: hash(cards) }),
    ...(hashes === undefined ? {} : { hashes: hash(hashes) }),
    batches: list(batches).map(hash),
  }
}

const damaged = () => new Error('it is damaged')

function object(json: Json | undefined): JsonObject {
  if (!isJsonObject(json)) throw damaged()
  return json
}

function list(json: Json | undefined): Json[] {
  if (!Array.isArray(json)) throw damaged()
  return json
}

function text(json: Json | undefined): string {
  if (typeof json !== 'string') throw damaged()
  return json
}

function hash(json: Json | undefined): string {
  const read = text(json)
  if (!/^[0-9a-f]{64}$/.test(read)) throw damaged()
  return read
}

function instant(json: Json | undefined): string {
  const read = text(json)
  const date = new Date(read)
  if (Number.isNaN(date.getTime()) || date.toISOString() !== read) throw damaged()
  return read
}
