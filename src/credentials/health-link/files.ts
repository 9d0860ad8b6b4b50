import { isJsonObject } from '../../base/json.ts'
import { parseStrictJsonBytes } from '../encoding/strict-json.ts'
import {
  type Announced,
  ask,
  type Followed,
  type Following,
  isNotFollowed,
  type LinkedFile,
  type NotFollowed,
  unusable,
} from './followed.ts'
import { isListSearch } from './health-link.ts'
import { mediaType, openFile } from './open-file.ts'
import { refusal } from './refusal.ts'

/** Largest file, and all files of one link together, in bytes as they come. */
const FILE_BYTES = 4_000_000
const ALL_BYTES = 10_000_000
const JOSE = 'application/jose'

/** Fetches and opens every file; one that is not what was announced spoils them all. */
export async function readFiles(following: Following, announced: Announced[]): Promise<Followed> {
  const files: LinkedFile[] = []
  let left = ALL_BYTES
  for (const each of announced) {
    const raw = await rawFile(following, each, Math.min(FILE_BYTES, left))
    if (isNotFollowed(raw)) return raw
    left -= raw.bytes.length
    if (left < 0) return unusable('the files behind it are too large')
    const file = opened(raw, each, following)
    if (isNotFollowed(file)) return file
    files.push(file)
  }
  return { files }
}

/** A file as it came. */
interface RawFile {
  bytes: Uint8Array
  /** Of the answer that brought it. */
  contentType?: string
}

async function rawFile(
  following: Following,
  { embedded, location = '' }: Announced,
  maxBytes: number,
): Promise<RawFile | NotFollowed> {
  if (embedded !== undefined) {
    const bytes = typeof embedded === 'string' ? Buffer.from(embedded, 'utf8') : embedded
    return bytes.length > FILE_BYTES ? unusable('a file behind it is too large') : { bytes }
  }
  const isSigned = isListSearch(following.link)
  // Without a key the file comes as it is.
  const accept = following.link.key === undefined ? '*/*' : JOSE
  const reply = await ask(following, { url: location, accept, isSigned, maxBytes })
  if ('fault' in reply) return reply.fault
  if (reply.status !== 200) return refusal(reply, following)
  const contentType = reply.headers['content-type']
  return { bytes: reply.body, ...(contentType === undefined ? {} : { contentType }) }
}

function opened(raw: RawFile, { contentType }: Announced, { link }: Following): LinkedFile | NotFollowed {
  const { key } = link
  const file = key === undefined ? raw : openFile(Buffer.from(raw.bytes).toString('latin1'), key)
  if (isNotFollowed(file)) return file
  const types = [contentType, file.contentType].filter((type) => type !== undefined).map(mediaType)
  const [type] = types
  if (type === undefined) return unusable('a file behind it does not say what it is')
  if (types.some((each) => each !== type) || !looksLike(type, file.bytes))
    return unusable('a file behind it is of another type than announced')
  return { contentType: type, bytes: file.bytes, isSealed: key !== undefined }
}

/** How files of a type begin; of types that are not here nothing is known. */
const beginnings: Record<string, readonly string[]> = {
  'application/pdf': ['%PDF-'],
  'image/png': ['\x89PNG\r\n\x1a\n'],
  'image/jpeg': ['\xff\xd8\xff'],
  'image/webp': ['RIFF'],
  'image/gif': ['GIF8'],
}
const JSON_DEPTH = 64
/** Largest file that is read as JSON. */
const JSON_BYTES = 1_000_000

function looksLike(type: string, bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes)
  if (type === 'application/json' || type === 'application/smart-health-card' || type.endsWith('+json'))
    return isJson(buffer)
  const known = beginnings[type]
  const start = buffer.subarray(0, 8).toString('latin1')
  return !known || known.some((each) => start.startsWith(each))
}

const isJson = (bytes: Buffer): boolean =>
  bytes.length <= JSON_BYTES && isJsonObject(parseStrictJsonBytes(bytes, JSON_DEPTH))
