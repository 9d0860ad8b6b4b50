import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { unknownMember } from '../../base/nearest.ts'
import { participantCode } from '../../base/participant-codes.ts'
import { parseJson } from './did-source.ts'
import {
  isUrl,
  type SourceContent,
  type TrustReaders,
  type TrustSource,
  UndeliveredSource,
  UnusableSource,
} from './trust-source.ts'

/** What each member lists: the form of an entry, and how it is compared. */
const MEMBERS: Record<string, { form: string; read(text: string): string | undefined }> = {
  participants: { form: 'a code of two or three letters', read: participantCode },
  thumbprints: {
    form: 'SHA-256 in 64 hexadecimal digits',
    read: (text) => (/^[0-9a-f]{64}$/i.test(text) ? text.toLowerCase() : undefined),
  },
  keyIds: { form: 'a key id without blanks', read: (text) => (/^\S+$/.test(text) ? text : undefined) },
}

/**
 * Reads a `distrusted` source: a file or address of `{participants?, thumbprints?, keyIds?}` of lists of texts. Whatever it names does not count,
 * in any list; so a file that cannot be read, or is not understood to the last member, leaves no key good: UnusableSource that says
 * so.
 */
export async function readDistrustedSource(source: TrustSource, readers: TrustReaders): Promise<SourceContent> {
  try {
    const json = await readJson(source.location, readers)
    const [participants, thumbprints, keyIds] = readMembers(json, source.location)
    const distrust = { list: source.name, participants, thumbprints, keyIds }
    return { keys: [], warnings: [], leftOut: [], distrust }
  } catch (error) {
    if (error instanceof UndeliveredSource || (!(error instanceof UnusableSource) && !isFileError(error))) throw error
    throw new UnusableSource(`${error.message}; no key of any list counts until it can be read`, {
      withdrawsUnknown: true,
    })
  }
}

/** What a server sends that is not even JSON (the page of a proxy, half a file) is no list: nothing new is known of it. */
async function readJson(location: string, readers: TrustReaders): Promise<Json> {
  const bytes = await readers.readFile(location)
  try {
    return parseJson(bytes, location)
  } catch (error) {
    throw isUrl(location) && error instanceof UnusableSource ? new UndeliveredSource(error.message) : error
  }
}

const isFileError = (error: unknown): error is Error => error instanceof Error && 'code' in error

function readMembers(json: Json, file: string): [string[], string[], string[]] {
  const names = Object.keys(MEMBERS)
  if (!isJsonObject(json)) throw new UnusableSource(`${file} must be an object with ${names.join(', ')}`)
  const problems = Object.keys(json)
    .filter((member) => !names.includes(member))
    .map((member) => unknownMember(member, names))
  const [participants = [], thumbprints = [], keyIds = []] = names.map((name) => readTexts(json[name], name, problems))
  if (problems.length > 0) throw new UnusableSource(`${file}: ${problems.join('; ')}`)
  return [participants, thumbprints, keyIds]
}

function readTexts(json: Json | undefined, name: string, problems: string[]): string[] {
  const { form = '', read } = MEMBERS[name] ?? {}
  if (json === undefined) return []
  if (!Array.isArray(json)) {
    problems.push(`${name} must be a list`)
    return []
  }
  return json.flatMap((each, at) => {
    const text = typeof each === 'string' ? read?.(each) : undefined
    if (text === undefined) problems.push(`${name}[${at}] must be ${form}`)
    return text === undefined ? [] : [text]
  })
}
