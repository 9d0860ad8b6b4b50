import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { Limits, Scanned } from '../credential-format.ts'
import { inflateFault, inflateRaw } from '../encoding/inflate.ts'
import { decodeBase64Url, parseStrictJsonBytes } from '../encoding/strict-json.ts'
import { bytesLayer, faulty, jsonFault, type Layer, shownText, textLayer, timeText } from '../layer.ts'
import { charactersOf, joinChunks } from './numeric.ts'

/** Layers of a SMART Health Card: texts, digits, JWS with its parts, deflate, JSON; as far as they can be read. */
export function cardLayers(scanned: Scanned, limits: Limits): Layer[] {
  const texts = scanned instanceof Uint8Array ? [] : scanned
  const chunks = texts.map((text, at) =>
    textLayer(texts.length > 1 ? `text ${at + 1} of ${texts.length}` : 'text', text),
  )
  const strange = texts.findIndex((text) => !/^shc:\/(?:\d{1,3}\/\d{1,3}\/)?\d+$/i.test(text))
  const [first] = chunks
  const digits = joinChunks(texts, limits)
  if (digits === undefined) {
    const at = Math.max(0, strange)
    const text =
      strange < 0 ? 'the chunks are no complete set, or too long' : 'it is no shc:/ text of digits from here on'
    const offset = strange < 0 ? 0 : (/^(?:shc:\/)?(?:\d{1,3}\/\d{1,3}\/)?\d*/i.exec(texts[at] ?? '')?.[0].length ?? 0)
    return chunks.map((chunk, index) => (index === at ? faulty(chunk, offset, text) : chunk))
  }
  const numeric = textLayer('digits', digits, {
    offset: texts.length === 1 && first ? first.length - digits.length : 0,
  })
  const jws = charactersOf(digits)
  if (jws === undefined)
    return [...chunks, faulty(numeric, badPair(digits), 'a pair of digits stands for no character')]
  return [...chunks, { ...numeric, facts: [`${jws.length} characters`] }, ...jwsLayers(jws, limits)]
}

function badPair(digits: string): number {
  for (let at = 0; at < digits.length; at += 2) if (!/^(?:[0-6]\d|7[0-7])$/.test(digits.slice(at, at + 2))) return at
  return digits.length
}

const PARTS = ['header', 'payload', 'signature']

function jwsLayers(jws: string, limits: Limits): Layer[] {
  const parts = jws.split('.')
  const whole = textLayer('JWS', jws, { facts: [`${parts.length} parts`] })
  let offset = 0
  const layers = parts.map((part, at): Layer => {
    const layer = textLayer(PARTS[at] ?? `part ${at + 1}`, part, { offset, depth: 1 })
    offset += part.length + 1
    const bytes = decodeBase64Url(part)
    return bytes
      ? { ...layer, facts: [`${bytes.length} bytes`] }
      : faulty(layer, strayOffset(part), 'it is no base64url from here on')
  })
  const broken = layers.some(({ fault }) => fault) || parts.length !== 3
  if (parts.length !== 3) return [faulty(whole, 0, 'a compact JWS has three parts')]
  const [header, payload] = parts.map(decodeBase64Url)
  if (broken || !header || !payload) return [whole, ...layers]
  const headerJson = textLayer('header JSON', header.toString('utf8'), { depth: 2 })
  const members = parseStrictJsonBytes(header, limits.jsonDepth)
  if (!isJsonObject(members)) {
    const { offset: at, text } = jsonFault(header.toString('utf8'))
    return [whole, ...layers, faulty(headerJson, at, text)]
  }
  const facts = ['alg', 'zip', 'kid'].map((name) => `${name} ${name in members ? shownText(members[name]) : 'absent'}`)
  return [whole, ...layers, { ...headerJson, facts }, ...payloadLayers(payload, limits)]
}

const strayOffset = (part: string): number => /^[A-Za-z0-9_-]*/.exec(part)?.[0].length ?? 0

function payloadLayers(payload: Buffer, limits: Limits): Layer[] {
  const deflate = bytesLayer('deflate', payload)
  const bytes = inflateRaw(payload, limits.inflatedBytes)
  if (!bytes) {
    const fault = inflateFault(payload, limits.inflatedBytes, true)
    return [faulty(deflate, fault?.offset ?? 0, fault?.text ?? 'it cannot be inflated')]
  }
  const text = bytes.toString('utf8')
  const json = bytesLayer('JSON', bytes)
  const whole = { ...deflate, facts: [`inflates to ${bytes.length} bytes`] }
  const card = parseStrictJsonBytes(bytes, limits.jsonDepth)
  if (card === undefined) {
    const fault = jsonFault(text)
    return [whole, faulty(json, Buffer.byteLength(text.slice(0, fault.offset)), fault.text)]
  }
  return [whole, { ...json, facts: cardFacts(card), content: card }]
}

function cardFacts(card: Json): string[] {
  if (!isJsonObject(card)) return ['no object']
  const time = (name: string) => (name in card ? [`${name} ${timeText(card[name])}`] : [])
  const subject = isJsonObject(card.vc) ? card.vc.credentialSubject : undefined
  const bundle = isJsonObject(subject) ? subject.fhirBundle : undefined
  const entries = isJsonObject(bundle) && Array.isArray(bundle.entry) ? bundle.entry : []
  return [`iss ${shownText(card.iss)}`, ...time('nbf'), ...time('exp'), ...resourceCounts(entries)]
}

/** Types of resources that FHIR names so; any other text may be anything. */
function resourceCounts(entries: Json[]): string[] {
  const types = entries.map((entry) =>
    isJsonObject(entry) && isJsonObject(entry.resource) ? typeOf(entry.resource) : 'other',
  )
  return [...Map.groupBy(types, (type) => type)].map(([type, each]) => `${each.length} ${type}`)
}

const KNOWN = ['Patient', 'Immunization', 'Observation', 'Condition', 'Location', 'Organization', 'Practitioner']
const typeOf = ({ resourceType }: JsonObject): string => KNOWN.find((type) => type === resourceType) ?? 'other'
