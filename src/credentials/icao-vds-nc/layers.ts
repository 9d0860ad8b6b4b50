import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import type { Limits, Scanned } from '../credential-format.ts'
import { canonicalJson, decodeBase64Url, parseStrictJson } from '../encoding/strict-json.ts'
import { faulty, jsonFault, type Layer, shownText, textLayer } from '../layer.ts'

/** Layers of a seal: text, JSON, what is signed in its canonical form, signer and signature; as far as they can be read. */
export function sealLayers(scanned: Scanned, limits: Limits): Layer[] {
  const [text = ''] = scanned instanceof Uint8Array ? [] : scanned
  const whole = textLayer('JSON', text)
  if (text.length > limits.textCharacters)
    return [faulty(whole, limits.textCharacters, `longer than ${limits.textCharacters} characters`)]
  const seal = parseStrictJson(text, limits.jsonDepth)
  if (seal === undefined) {
    const { offset, text: why } = jsonFault(text)
    return [faulty(whole, offset, why)]
  }
  if (!isJsonObject(seal)) return [faulty(whole, 0, 'it is no object')]
  const { data, sig } = seal
  if (!isJsonObject(data) || !isJsonObject(data.hdr) || !isJsonObject(sig))
    return [faulty(whole, 0, 'data, data.hdr or sig is no object')]
  return [{ ...whole, content: seal }, ...signedLayers(data, data.hdr), ...signatureLayers(sig)]
}

function signedLayers(data: JsonObject, header: JsonObject): Layer[] {
  const facts = [`type ${shownText(header.t)}`, `issuer ${shownText(header.is)}`]
  const canonical = canonicalJson(data)
  const layer = textLayer('data, canonical', canonical ?? '', { depth: 1, facts })
  return [canonical === undefined ? faulty(layer, 0, 'it has no canonical form (RFC 8785)') : layer]
}

function signatureLayers(sig: JsonObject): Layer[] {
  return [
    ['cer', 'signer certificate'],
    ['sigvl', 'signature'],
  ].map(([member = '', name = '']) => {
    const value = sig[member]
    const text = typeof value === 'string' ? value : ''
    const bytes = decodeBase64Url(text)
    const layer = textLayer(name, text, { depth: 1 })
    if (!bytes) return faulty(layer, /^[A-Za-z0-9_-]*/.exec(text)?.[0].length ?? 0, 'it is no base64url from here on')
    return {
      ...layer,
      facts: [`${bytes.length} bytes`, ...(member === 'sigvl' ? [`algorithm ${shownText(sig.alg)}`] : [])],
    }
  })
}
