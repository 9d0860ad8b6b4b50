import { isJsonObject } from '../../base/json.ts'
import type { Scanned } from '../credential-format.ts'
import { decodeBase64Url, parseStrictJsonBytes } from '../encoding/strict-json.ts'
import { faulty, jsonFault, type Layer, textLayer } from '../layer.ts'
import { readLink } from './read-link.ts'

const MEMBERS = ['url', 'key', 'exp', 'flag', 'label', 'v', 'extension', 'extensions']
const JSON_DEPTH = 16

/** Layers of a health link: text, base64url, JSON; its address and key open what lies behind it, and count as content. */
export function linkLayers(scanned: Scanned): Layer[] {
  const [text = ''] = scanned instanceof Uint8Array ? [] : scanned
  const start = (/^.*?(?:shlink|vhlink):\//s.exec(text)?.[0] ?? '').length
  const encoded = text.slice(start)
  const whole = textLayer('text', text)
  const base64 = textLayer('base64url', encoded, { offset: start })
  const read = readLink(text)
  const bytes = decodeBase64Url(encoded)
  if (!bytes) {
    const stray = /^[A-Za-z0-9_-]*/.exec(encoded)?.[0].length ?? 0
    return [whole, faulty(base64, stray, 'it is no base64url from here on')]
  }
  const json = bytes.toString('utf8')
  const payload = parseStrictJsonBytes(bytes, JSON_DEPTH)
  const inner = textLayer('JSON', json)
  const above = [whole, { ...base64, facts: [`${bytes.length} bytes`] }]
  if (!isJsonObject(payload)) {
    const fault = payload === undefined ? jsonFault(json) : { offset: 0, text: 'it is no object' }
    return [...above, faulty(inner, fault.offset, fault.text)]
  }
  const names = Object.keys(payload).filter((name) => MEMBERS.includes(name))
  const layer = { ...inner, facts: [`members ${names.join(', ')}`], content: payload }
  return [...above, 'of' in read ? faulty(layer, 0, read.detail) : layer]
}
