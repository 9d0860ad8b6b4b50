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

/** Keeps one. Nothing is written where the same stands already. */
export async function keepMirror(records: Storage['records'], key: string, record: MirrorRecord): Promise<void> {
  const to = JSON.stringify(record)
  for (;;) {
    const from = await records.get(KIND, key)
    if (from === to || (await records.replace(KIND, key, from, to))) return
  }
}

const texts = ['gateway', 'participant', 'uuid', 'url', 'service', 'domain', 'state']

function parsed(text: string): MirrorRecord | undefined {
  const json: unknown = JSON.parse(text)
  return isJsonObject(json) && isRecord(json) ? json : undefined
}

const isRecord = (json: JsonObject): json is JsonObject & MirrorRecord =>
  texts.every((name) => typeof json[name] === 'string') && isJsonObject(json.artefacts)
