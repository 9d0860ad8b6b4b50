import { sha256Hex } from '../../base/crypto/sha256.ts'
import { isUrl, type TrustReaders, type TrustSource, UndeliveredSource, UnusableSource } from '../lists/trust-source.ts'
import { type CopiedDocument, dateOf } from './copy-meta.ts'
import type { Copy } from './copy-store.ts'

/** Largest document that is fetched, in bytes. */
const LARGEST_BYTES = 20_000_000

/** One reading of a source: the readers it is read with, and what it read. */
export interface Session {
  readers: TrustReaders
  /** Every document that was read, and the names in every folder. */
  documents(): CopiedDocument[]
  folders(): Record<string, string[]>
  /** Bytes of a document that was read; of a file, read again and the same. */
  bytesOf(document: CopiedDocument): Promise<Buffer>
}

/** What a session knows of before: documents in use, with their validators, and their bytes. */
export interface Held {
  documents: readonly CopiedDocument[]
  /** Bytes of one of them; rejects when they are lost. */
  read(document: CopiedDocument): Promise<Buffer>
}

/** What is read of a source, to be written down with its last good copy. Pinned keys come from the configuration alone. */
class ReadingRecord {
  readonly documents = new Map<string, CopiedDocument>()
  readonly folders = new Map<string, string[]>()
  readonly bytes = new Map<string, Buffer>()
  readonly #keys: ReadonlySet<string>

  constructor({ key = [] }: TrustSource) {
    this.#keys = new Set(key)
  }

  isPin = (path: string): boolean => this.#keys.has(path)
}

/** A reading of a source at its location. What is held is asked for with its validators: what did not change comes from there. */
export function readingOf(
  source: TrustSource,
  readers: TrustReaders,
  { held, now }: { held?: Held | undefined; now: Date },
): Session {
  const record = new ReadingRecord(source)
  const known = new Map(held?.documents.map((each) => [each.place, each]))
  const readFile = async (path: string): Promise<Buffer> => {
    if (record.isPin(path)) return readers.readFile(path)
    if (isUrl(path)) {
      const read = record.bytes.get(path)
      if (read) return read
      const { document, bytes } = await fetchDocument(path, readers, { known: known.get(path), held })
      record.bytes.set(path, bytes)
      record.documents.set(path, document)
      return bytes
    }
    const bytes = await readers.readFile(path)
    record.documents.set(path, { place: path, thumbprint: sha256Hex(bytes) })
    return bytes
  }
  return {
    readers: {
      ...readers,
      readFile,
      async listFolder(path) {
        if (isUrl(path)) return undefined
        const names = await readers.listFolder(path)
        if (names) record.folders.set(path, names)
        return names
      },
      async modified(path) {
        // What a server says of when it was changed stands with the document.
        const said = isUrl(path) ? record.documents.get(path)?.lastModified : undefined
        const date = isUrl(path) ? (dateOf(said) ?? now) : await readers.modified?.(path)
        const document = record.documents.get(path)
        if (date && document) record.documents.set(path, { ...document, modified: date.toISOString() })
        return date
      },
      async keep(place, load) {
        const bytes = await load()
        record.bytes.set(place, bytes)
        record.documents.set(place, { place, thumbprint: sha256Hex(bytes) })
        return bytes
      },
    },
    documents: () => [...record.documents.values()],
    folders: () => Object.fromEntries(record.folders),
    async bytesOf(document) {
      const bytes = record.bytes.get(document.place) ?? (await readers.readFile(document.place))
      if (sha256Hex(bytes) !== document.thumbprint) throw new Error(`${document.place} was changed while it was read`)
      return bytes
    },
  }
}

/** A reading of a copy: as if its location answered as it did then. */
export function readingOfCopy(source: TrustSource, readers: TrustReaders, copy: Copy): Session {
  const record = new ReadingRecord(source)
  const documents = new Map(copy.meta.documents.map((each) => [each.place, each]))
  const { folders } = copy.meta
  const read = async (place: string): Promise<Buffer> => {
    const document = documents.get(place)
    if (!document) throw new UnusableSource(`${place} is not in the copy`)
    const bytes = await readCopied(copy, document)
    record.documents.set(place, document)
    return bytes
  }
  return {
    readers: {
      ...readers,
      async readFile(path) {
        return record.isPin(path) ? readers.readFile(path) : read(path)
      },
      async listFolder(path) {
        const names = Object.hasOwn(folders, path) ? folders[path] : undefined
        if (names) record.folders.set(path, names)
        return names
      },
      async modified(path) {
        return dateOf(documents.get(path)?.modified)
      },
      keep: (place) => read(place),
    },
    documents: () => [...record.documents.values()],
    folders: () => Object.fromEntries(record.folders),
    bytesOf: (document) => copy.read(document),
  }
}

/** A reading whose location is answered by a file that stands in for it. */
export function readingOfFirstCopy(source: TrustSource, readers: TrustReaders, file: string): Session {
  const record = new ReadingRecord(source)
  const bytesAt = async (path: string) => readers.readFile(path === source.location ? file : path)
  return {
    readers: {
      ...readers,
      async readFile(path) {
        const bytes = await bytesAt(path)
        if (record.isPin(path)) return bytes
        if (isUrl(path) && path !== source.location)
          throw new UnusableSource('its first copy leads to further documents')
        record.documents.set(path, { place: path, thumbprint: sha256Hex(bytes) })
        return bytes
      },
      listFolder: async () => undefined,
      modified: async () => readers.modified?.(file),
    },
    documents: () => [...record.documents.values()],
    folders: () => ({}),
    bytesOf: ({ place }) => bytesAt(place),
  }
}

async function readCopied(copy: Copy, document: CopiedDocument): Promise<Buffer> {
  try {
    return await copy.read(document)
  } catch (error) {
    // Gone, or not what was written: nothing else of it is believed either.
    throw new UnusableSource(`its copy cannot be used: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
}

interface Known {
  known: CopiedDocument | undefined
  held: Held | undefined
}

/** GET with the validators of what is held; an answer that nothing changed yields what is held. */
async function fetchDocument(
  url: string,
  { fetch: get }: TrustReaders,
  { known, held }: Known,
): Promise<{ document: CopiedDocument; bytes: Buffer }> {
  if (!get) throw new UndeliveredSource(networkIsOff)
  const kept = known && held ? await held.read(known).catch(() => undefined) : undefined
  const headers = { Accept: '*/*', ...(kept && known ? validatorsOf(known) : {}) }
  const { status, headers: answered, body } = await get({ url, headers, maxBytes: LARGEST_BYTES }).catch(notDelivered)
  const isConditional = 'If-None-Match' in headers || 'If-Modified-Since' in headers
  if (status === 304 && kept && known && isConditional) return { document: known, bytes: kept }
  if (status !== 200) throw new UndeliveredSource(`its server answered ${status}`)
  if (body.length > LARGEST_BYTES) throw new UndeliveredSource(`it is larger than ${LARGEST_BYTES} bytes`)
  const document = { place: url, thumbprint: sha256Hex(body), ...toldValidators(answered) }
  return { document, bytes: body }
}

/** The network's errors say what happened and name nothing; any other is a fault of the program. */
function notDelivered(error: unknown): never {
  const isOfNetwork = error instanceof Error && error.name === 'NetworkError'
  throw isOfNetwork ? new UndeliveredSource(error.message) : error
}

/** Why a remote source is not asked for. */
export const networkIsOff = 'the network is off (NETWORK=off)'

function validatorsOf({ etag, lastModified }: CopiedDocument): Record<string, string> {
  return {
    ...(etag === undefined ? {} : { 'If-None-Match': etag }),
    ...(lastModified === undefined ? {} : { 'If-Modified-Since': lastModified }),
  }
}

/** RFC 9110, 8.8.3. */
const ENTITY_TAG = /^(?:W\/)?"[\x21\x23-\x7e]{0,500}"$/
/** RFC 9110, 5.6.7. */
const HTTP_DATE = /^[A-Za-z]{3}, \d\d [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d GMT$/

/** What a server says of a document's version, as far as it can be said back. */
function toldValidators({ etag, 'last-modified': lastModified }: Readonly<Record<string, string>>) {
  return {
    ...(etag !== undefined && ENTITY_TAG.test(etag) ? { etag } : {}),
    ...(lastModified !== undefined && HTTP_DATE.test(lastModified) ? { lastModified } : {}),
  }
}

/** SHA-256 over the pinned keys of a source, in hex. Rejects when one cannot be read. */
export async function pinsOf({ key = [] }: TrustSource, readers: TrustReaders): Promise<string> {
  const prints: string[] = []
  for (const path of key) prints.push(sha256Hex(await readers.readFile(path)))
  return sha256Hex(Buffer.from(prints.join(' ')))
}
