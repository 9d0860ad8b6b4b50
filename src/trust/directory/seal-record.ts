import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { readSeal, type Seal } from './seal.ts'

/** Records of the store, as far as the directory uses them. */
export interface SealRecords {
  get(kind: string, key: string): Promise<string | undefined>
  /** Compare and set; false when another value stands there. */
  replace(kind: string, key: string, from: string | undefined, to: string | undefined): Promise<boolean>
}

/** What replicas share of a directory: the seal of each document, and the sources that gave it keys. */
export interface SealRecord {
  seals: ReadonlyMap<string, Seal>
  sources: readonly string[]
}

const KIND = 'key-directory'
/** Replicas may write at the same time; each attempt takes in what another wrote. */
const ATTEMPTS = 10

/** The record of the directory with that DID, and its text for {@link storeSeals}. What cannot be read counts as none. */
export async function loadSeals(records: SealRecords, did: string): Promise<SealRecord & { text: string | undefined }> {
  const text = await records.get(KIND, did)
  return { ...readRecord(text), text }
}

function readRecord(text: string | undefined): SealRecord {
  const json = parsed(text)
  const { seals, sources } = isJsonObject(json) ? json : {}
  const read = isJsonObject(seals) ? Object.entries(seals) : []
  return {
    seals: new Map(
      read.flatMap(([path, each]) => {
        const seal = readSeal(each)
        return seal ? [[path, seal] as const] : []
      }),
    ),
    sources: Array.isArray(sources) ? sources.filter((each) => typeof each === 'string') : [],
  }
}

function parsed(text: string | undefined): Json {
  try {
    return text === undefined ? null : JSON.parse(text)
  } catch {
    return null // a record of another hand: every document is sealed anew
  }
}

/**
 * Stores the seals of a directory and answers those that hold: where another replica sealed the same content first, its seal, so that
 * all serve the same bytes. Rejects when the store does, or others write without end.
 */
export async function storeSeals(
  records: SealRecords,
  did: string,
  made: SealRecord,
): Promise<SealRecord & { text: string }> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const stored = await loadSeals(records, did)
    const seals = new Map(
      [...made.seals].map(([path, seal]) => {
        const other = stored.seals.get(path)
        return [path, other?.hash === seal.hash ? other : seal] as const
      }),
    )
    const next = { seals, sources: made.sources }
    const text = JSON.stringify({ sources: next.sources, seals: Object.fromEntries(seals) })
    if (text === stored.text || (await records.replace(KIND, did, stored.text, text))) return { ...next, text }
  }
  throw new Error('the seals of the directory could not be stored: others write all the time')
}
