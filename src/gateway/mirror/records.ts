/** What is kept of mirrored references in the store, so that a restart, another replica and the command line know it. */
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import type { Storage } from '../../storage/storage.ts'
import type { MirrorState } from './mirror-error.ts'

/** One artefact that a reference names, or named. */
export interface MirroredArtefact {
  /** Hash of its content. */
  hash: string
  /** Instant since when the reference names it no longer. */
  goneSince?: string | undefined
  isRetired?: boolean | undefined
}

/** One reference. */
export interface MirrorRecord {
  gateway: string
  participant: string
  uuid: string
  url: string
  service: string
  domain: string
  state: MirrorState
  /** Of what is mirrored. */
  thumbprint?: string | undefined
  /** Thumbprint and kind of signature that were last looked at, whatever came of it. */
  tried?: string | undefined
  /** Failures in a row over what was last looked at, and the instant before which it is not looked at again. */
  failures?: number | undefined
  retryAt?: string | undefined
  /** Of the keys by which the signature was judged, when it failed. */
  signers?: string | undefined
  lastError?: string | undefined
  warnings?: string[] | undefined
  mirroredAt?: string | undefined
  /** By `Type/id`. */
  artefacts: Record<string, MirroredArtefact>
}

const KIND = 'mirrored-reference'

/** Every reference that is or was mirrored, by its key. */
export async function knownMirrors(records: Storage['records']): Promise<Map<string, MirrorRecord>> {
  const all = await records.all(KIND)
  return new Map(
    all.flatMap(({ key, value }) => {
      const record = parsed(value)
      return record ? [[key, record] as const] : []
    }),
  )
}

/** Keeps one, or forgets it. */
export const keepMirror = (records: Storage['records'], key: string, record: MirrorRecord | undefined): Promise<void> =>
  keep(records, KIND, key, record)

/** How a gateway's list could be had. */
export interface ListStatus {
  gateway: string
  /** Instant of the last look. */
  checkedAt: string
  /** Why it could not be had; absent when it could. */
  error?: string | undefined
}

const LIST_KIND = 'mirrored-list'

/** Keeps how a list could be had. */
export const keepList = (records: Storage['records'], status: ListStatus): Promise<void> =>
  keep(records, LIST_KIND, status.gateway, status)

/** Every list that was looked at. */
export async function knownLists(records: Storage['records']): Promise<ListStatus[]> {
  const all = await records.all(LIST_KIND)
  return all.flatMap(({ value }) => {
    const json: unknown = JSON.parse(value)
    return isJsonObject(json) && isListStatus(json) ? [json] : []
  })
}

const isListStatus = (json: JsonObject): json is JsonObject & ListStatus =>
  typeof json.gateway === 'string' && typeof json.checkedAt === 'string'

/** Nothing is written where the same stands already. */
async function keep(records: Storage['records'], kind: string, key: string, value: object | undefined): Promise<void> {
  const to = value && JSON.stringify(value)
  for (;;) {
    const from = await records.get(kind, key)
    if (from === to || (await records.replace(kind, key, from, to))) return
  }
}

const texts = ['gateway', 'participant', 'uuid', 'url', 'service', 'domain', 'state']

function parsed(text: string): MirrorRecord | undefined {
  const json: unknown = JSON.parse(text)
  return isJsonObject(json) && isRecord(json) ? json : undefined
}

const isRecord = (json: JsonObject): json is JsonObject & MirrorRecord =>
  texts.every((name) => typeof json[name] === 'string') && isJsonObject(json.artefacts)
