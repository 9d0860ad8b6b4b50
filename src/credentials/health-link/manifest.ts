import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import {
  type Announced,
  ask,
  ended,
  type Following,
  jsonOf,
  type NotFollowed,
  retryText,
  unavailable,
  unusable,
} from './followed.ts'
import { refusal } from './refusal.ts'

/** Files up to this size may come inside the manifest, in characters. */
const EMBEDDED_CHARACTERS = 100_000
/** Most files behind one link. */
export const MOST_FILES = 10

/** The files that a manifest announces (SMART Health Links 1.0, manifest request). */
export async function readManifest(following: Following): Promise<Announced[] | NotFollowed> {
  const { link, recipient, passcode } = following
  const question = {
    recipient,
    ...(passcode === undefined ? {} : { passcode }),
    embeddedLengthMax: EMBEDDED_CHARACTERS,
  }
  const content = { type: 'application/json', body: JSON.stringify(question) }
  const reply = await ask(following, { url: link.url, accept: 'application/json', content, isSigned: false })
  if ('fault' in reply) return reply.fault
  if (reply.status !== 200) return refusal(reply, following)
  const manifest = jsonOf(reply)
  if (!isJsonObject(manifest) || !Array.isArray(manifest.files)) return unusable('the answer is no list of files')
  if (manifest.status === 'no-longer-valid') return ended('the sharer says that it is no longer valid')
  const { files } = manifest
  if (files.length === 0) return unavailable(`there is no file behind it yet, or any more${retryText(reply)}`)
  if (files.length > MOST_FILES) return unusable(`there are more than ${MOST_FILES} files behind it`)
  const announced = files.map((file) => readEntry(file, link.url))
  return announced.every((each) => each !== undefined) ? announced : unusable('an entry of the list is no file')
}

function readEntry(file: Json, base: string): Announced | undefined {
  if (!isJsonObject(file) || typeof file.contentType !== 'string') return undefined
  const { contentType, embedded, location } = file
  if (typeof embedded === 'string') return { contentType, embedded }
  const url = typeof location === 'string' ? URL.parse(location, base) : null
  return url ? { contentType, location: url.href } : undefined
}
