import { sha256Hex } from '../../base/crypto/sha256.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { parseJson } from '../../fhir/json.ts'

/** One document of a copy: what its source read at a place. */
export interface CopiedDocument {
  place: string
  /** SHA-256 of its bytes, in hex. */
  thumbprint: string
  etag?: string
  lastModified?: string
  /** When the file was written, ISO 8601. */
  modified?: string
}

/** What is known of a copy, beside its documents. */
export interface CopyMeta {
  name: string
  kind: string
  location: string
  /** Of the document at the location, as it was served. */
  etag?: string
  /** When it was read from its location, and when that was last said to be the newest; ISO 8601. */
  fetchedAt?: string
  checkedAt?: string
  /** When the list says that it was made. */
  created?: string
  /** Of the document at the location, SHA-256 in hex; absent for a folder. */
  thumbprint?: string
  /** How many entries the list has. */
  keys: number
  /** Never to be replaced by older ones, by DID. */
  createdOf: Record<string, string>
  documents: CopiedDocument[]
  /** What stands in the folders that were read. */
  folders: Record<string, string[]>
  /** Why the last reading failed. */
  lastError?: string
  /** The copy before, while the machine may stop between two files. */
  previous?: Omit<CopyMeta, 'name' | 'kind' | 'location' | 'previous'>
}

/** Tells copies apart: SHA-256 over their documents, in hex. */
export function identityOf(documents: readonly CopiedDocument[]): string {
  const [only] = documents
  if (only && documents.length === 1) return only.thumbprint
  const lines = documents.map(({ place, thumbprint }) => `${place} ${thumbprint}`).sort()
  return sha256Hex(Buffer.from(lines.join('\n')))
}

/** Reads the meta data of a copy. @throws Error when it is none */
export function readMeta(bytes: Uint8Array): CopyMeta {
  const json = parseJson(bytes)
  if (!isJsonObject(json)) throw new Error('its meta data on disk cannot be read')
  const { name, kind, location } = json
  const texts = [name, kind, location].filter((each) => typeof each === 'string')
  const [ownName, ownKind, ownLocation] = texts
  if (ownName === undefined || ownKind === undefined || ownLocation === undefined)
    throw new Error('its meta data on disk lacks name, kind or location')
  const previous = isJsonObject(json.previous) ? { previous: readStanding(json.previous) } : {}
  return { name: ownName, kind: ownKind, location: ownLocation, ...readStanding(json), ...previous }
}

function readStanding(json: JsonObject): Omit<CopyMeta, 'name' | 'kind' | 'location' | 'previous'> {
  const { keys, createdOf, documents, folders } = json
  return {
    ...textMembers(json, ['etag', 'fetchedAt', 'checkedAt', 'created', 'thumbprint', 'lastError']),
    keys: typeof keys === 'number' && keys >= 0 ? keys : 0,
    createdOf: textsOf(createdOf),
    documents: Array.isArray(documents) ? documents.flatMap(readDocument) : [],
    folders: Object.fromEntries(
      Object.entries(isJsonObject(folders) ? folders : {}).map(([place, names]) => [
        place,
        Array.isArray(names) ? names.filter((each) => typeof each === 'string') : [],
      ]),
    ),
  }
}

function readDocument(json: Json): CopiedDocument[] {
  if (!isJsonObject(json)) return []
  const { place, thumbprint } = json
  if (typeof place !== 'string' || typeof thumbprint !== 'string' || !/^[0-9a-f]{64}$/.test(thumbprint)) return []
  return [{ place, thumbprint, ...textMembers(json, ['etag', 'lastModified', 'modified']) }]
}

type TextName =
  | 'etag'
  | 'fetchedAt'
  | 'checkedAt'
  | 'created'
  | 'thumbprint'
  | 'lastError'
  | 'lastModified'
  | 'modified'

function textMembers<Names extends TextName>(json: JsonObject, names: readonly Names[]): Pick<Texts, Names> {
  const members: Texts = {}
  for (const name of names) {
    const value = json[name]
    if (typeof value === 'string') members[name] = value
  }
  return members
}

type Texts = Partial<Record<TextName, string>>

const textsOf = (json: Json | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(isJsonObject(json) ? json : {}).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  )

/** A time of a copy; undefined where none is said, or what is said is none. */
export function dateOf(text: string | undefined): Date | undefined {
  const date = new Date(text ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date
}
