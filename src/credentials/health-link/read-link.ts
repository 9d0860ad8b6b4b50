import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { decodeBase64Url, parseStrictJsonBytes } from '../encoding/strict-json.ts'
import type { HealthLink } from './health-link.ts'

/** What a link says, and where it departs from the specification and can be read all the same. */
export interface ReadLink {
  link: HealthLink
  remarks: string[]
}

/** Why a text is no link: its encoding, or what must stand in it. */
export interface LinkFault {
  of: 'encoding' | 'envelope'
  detail: string
}

/** A prefix at the start, or after the `#` of a viewer's address. */
const LINK = /^(?:[^#\s"{]*#)?(shlink|vhlink):\//
/** Longest text of a link, longest address in it, in characters. */
const TEXT_CHARACTERS = 8_192
const ADDRESS_CHARACTERS = 4_096
/** What the specification allows to addresses, labels. */
const SHL_ADDRESS_CHARACTERS = 128
const LABEL_CHARACTERS = 80
const JSON_DEPTH = 16
const noKey = 'no key of 32 bytes in base64url'
const KEY = /^[A-Za-z0-9_-]{43}=?$/
const members = ['url', 'key', 'exp', 'flag', 'label', 'v', 'extension', 'extensions']

/** Whether a text is a health link, by its prefix alone. */
export const isLink = (text: string): boolean => LINK.test(text)

/**
 * Reads `shlink:/…` or `vhlink:/…`, with or without the address of a viewer before it (SMART Health Links 1.0, payload). Nothing is
 * quoted of it.
 * @param isSigned whether it stands in a certificate: such links without a key are met, their files are not encrypted
 */
export function readLink(text: string, isSigned = false): ReadLink | LinkFault {
  const prefix = LINK.exec(text)
  const broken = (detail: string): LinkFault => ({ of: 'encoding', detail })
  if (!prefix || text.length > TEXT_CHARACTERS) return broken(`not a link of at most ${TEXT_CHARACTERS} characters`)
  const bytes = decodeBase64Url(text.slice(prefix[0].length))
  const payload = bytes && parseStrictJsonBytes(bytes, JSON_DEPTH)
  if (!isJsonObject(payload)) return broken('not a JSON object in base64url with every member once')
  if (!isSigned && payload.key === undefined) return { of: 'envelope', detail: noKey }
  const read = readPayload(payload, prefix[1] === 'shlink' ? 'shlink' : 'vhlink')
  return typeof read === 'string' ? { of: 'envelope', detail: read } : read
}

function readPayload(payload: JsonObject, scheme: HealthLink['scheme']): ReadLink | string {
  const { url, key, exp, flag, label, v } = payload
  if (typeof url !== 'string' || !isAddress(url)) return 'no https address'
  if (key !== undefined && (typeof key !== 'string' || !KEY.test(key))) return noKey
  if (flag !== undefined && flag !== null && (typeof flag !== 'string' || !/^[A-Za-z]{0,26}$/.test(flag)))
    return 'flags that are no letters'
  const flags = typeof flag === 'string' ? flag : ''
  const base = fhirBase(payload)
  if (base === null) return 'the address of the FHIR server is no https address'
  const link: HealthLink = {
    scheme,
    url,
    flags,
    ...(typeof key === 'string' ? { key: new Uint8Array(Buffer.from(key, 'base64url')) } : {}),
    ...(isAbsent(exp) ? {} : { expires: numberOf(exp) }),
    ...(isAbsent(v) || v === 1 ? {} : { version: numberOf(v) }),
    ...(base === undefined ? {} : { fhirBaseUrl: base }),
  }
  const isLong = scheme === 'shlink' && url.length > SHL_ADDRESS_CHARACTERS
  const remarks = [
    ...(isLong ? ['the address is longer than the specification allows'] : []),
    ...(typeof label === 'string' && label.length > LABEL_CHARACTERS ? ['the label is too long'] : []),
    ...(isAbsent(label) || typeof label === 'string' ? [] : ['the label is no text']),
    ...(/[^LPU]/.test(flags) ? ['there are flags that are not known'] : []),
    ...(Object.keys(payload).every((name) => members.includes(name)) ? [] : ['there are members that are not known']),
  ]
  return { link, remarks }
}

const isAbsent = (value: Json | undefined): value is undefined | null => value === undefined || value === null

const numberOf = (value: Json): number | 'not-a-number' =>
  typeof value === 'number' && Number.isFinite(value) ? value : 'not-a-number'

/** Whether a text is an https address; where it leads is for the guarded client to judge. */
const isAddress = (text: string): boolean =>
  text.length <= ADDRESS_CHARACTERS && /^https:\/\/[!-~]+$/.test(text) && URL.parse(text)?.protocol === 'https:'

/** Undefined when there is none, null when it is no address. */
function fhirBase({ extension, extensions }: JsonObject): string | undefined | null {
  for (const each of [extension, extensions]) {
    const base = isJsonObject(each) ? each.fhirBaseUrl : undefined
    if (isAbsent(base)) continue
    return typeof base === 'string' && isAddress(base) ? base : null
  }
  return undefined
}
