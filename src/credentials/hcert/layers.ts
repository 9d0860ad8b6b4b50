import type { Limits, Scanned } from '../credential-format.ts'
import { base45Fault, decodeBase45 } from '../encoding/base45.ts'
import { type CborMap, cborFault, decodeCbor } from '../encoding/cbor.ts'
import { readCborJson } from '../encoding/cbor-json.ts'
import { type CborPlace, cborPlaces, headLength } from '../encoding/cbor-places.ts'
import { asBuffer, parseSign1 } from '../encoding/cose.ts'
import { inflateFault, inflateZlib } from '../encoding/inflate.ts'
import { bytesLayer, faulty, type Layer, shownText, textLayer, timeText } from '../layer.ts'
import { algorithmFromCose } from '../signature-algorithms.ts'
import { claimKeys } from './claims.ts'
import { certificateForm, subclaims } from './content.ts'

const HC1 = 'HC1:'

/** Layers of an HCERT: text, base45, zlib, COSE_Sign1, CWT claims, certificate; as far as they can be read. */
export function hcertLayers(scanned: Scanned, limits: Limits): Layer[] {
  if (scanned instanceof Uint8Array) return fromBytes(scanned, limits)
  const [text = ''] = scanned
  const whole = textLayer('text', text, { facts: [`begins with ${HC1}`] })
  if (!text.startsWith(HC1)) return [faulty({ ...whole, facts: [] }, 0, `does not begin with ${HC1}`)]
  if (text.length > limits.textCharacters)
    return [faulty(whole, limits.textCharacters, `longer than ${limits.textCharacters} characters`)]
  const base45 = textLayer('base45', text.slice(HC1.length), { offset: HC1.length })
  const compressed = decodeBase45(text, HC1.length)
  const fault = compressed
    ? compressed.length === 0
      ? 0
      : undefined
    : (base45Fault(text, HC1.length) ?? HC1.length) - HC1.length
  if (!compressed || fault !== undefined) return [whole, faulty(base45, fault ?? 0, 'it is no base45 from here on')]
  return [whole, { ...base45, facts: [`${compressed.length} bytes`] }, ...inflated(compressed, limits)]
}

function fromBytes(bytes: Uint8Array, limits: Limits): Layer[] {
  if (bytes.length > limits.textCharacters)
    return [faulty(bytesLayer('bytes', bytes), limits.textCharacters, `longer than ${limits.textCharacters} bytes`)]
  return bytes[0] === 0x78 ? inflated(bytes, limits) : message(asBuffer(bytes), limits)
}

function inflated(compressed: Uint8Array, limits: Limits): Layer[] {
  const zlib = bytesLayer('zlib', compressed)
  const bytes = inflateZlib(compressed, limits.inflatedBytes)
  if (bytes) return [{ ...zlib, facts: [`inflates to ${bytes.length} bytes`] }, ...message(bytes, limits)]
  const fault = inflateFault(compressed, limits.inflatedBytes, false)
  return [faulty(zlib, fault?.offset ?? 0, fault?.text ?? 'it cannot be inflated')]
}

function message(bytes: Buffer, limits: Limits): Layer[] {
  const cborLimits = { depth: limits.cborDepth, items: limits.cborItems }
  const cose = bytesLayer('COSE_Sign1', bytes)
  const at = cborFault(bytes, cborLimits)
  if (at !== undefined) return [faulty(cose, at, 'it is no CBOR from here on')]
  const sign1 = parseSign1(bytes, cborLimits)
  if (typeof sign1 === 'string') return [faulty(cose, 0, sign1)]
  const tags: string[] = []
  let place = cborPlaces(bytes)
  for (let inner = place.items[0]; place.major === 6 && inner; inner = place.items[0]) {
    tags.push(String(place.argument))
    place = inner
  }
  const algorithm = algorithmFromCose(sign1.algorithm)
  const { keyId } = sign1
  const parts = ['protected header', 'unprotected header', 'payload', 'signature'].map((name, index) =>
    partLayer(name, place.items[index]),
  )
  const facts = [
    tags.length > 0 ? `tags ${tags.join(', ')}` : 'no tag',
    algorithm ? `algorithm ${algorithm.name}` : 'algorithm absent or not allowed',
    keyId instanceof Uint8Array && keyId.length > 0 ? `key id ${asBuffer(keyId).toString('base64')}` : 'no key id',
  ]
  const whole = { ...cose, facts }
  if (!algorithm) return [faulty(whole, 0, 'algorithm absent or not allowed'), ...parts]
  return [whole, ...parts, ...claims(asBuffer(sign1.payload), cborLimits)]
}

const partLayer = (name: string, place: CborPlace | undefined): Layer => ({
  name,
  offset: place ? place.offset + headLengthOf(place) : 0,
  length: place ? place.length - headLengthOf(place) : 0,
  unit: 'bytes',
  depth: 1,
  facts: [],
})

/** A byte string is shown without its head, a map whole. */
const headLengthOf = (place: CborPlace): number => (place.major === 2 ? headLength(place) : 0)

function claims(payload: Buffer, limits: { depth: number; items: number }): Layer[] {
  const cwt = bytesLayer('CWT claims', payload)
  const at = cborFault(payload, limits)
  if (at !== undefined) return [faulty(cwt, at, 'it is no CBOR from here on')]
  const map = decodeCbor(payload, limits)?.value
  if (!(map instanceof Map)) return [faulty(cwt, 0, 'it is no map of claims')]
  const read = readCborJson(map)
  const shown: Layer = typeof read === 'string' ? cwt : { ...cwt, content: read.json }
  const form = certificateForm(map)
  const layers = [shown, ...members(payload, map)]
  if (typeof form === 'string') return [faulty(shown, 0, form), ...layers.slice(1)]
  return layers
}

const claimNames = new Map<unknown, string>(Object.entries(claimKeys).map(([name, key]) => [key, `${name} (${key})`]))

/** Each claim with its place; keys that are texts may be anything, and are not shown. */
function members(payload: Buffer, map: CborMap): Layer[] {
  const { items } = cborPlaces(payload)
  return [...map].flatMap(([key, value], index) => {
    const place = items[2 * index + 1]
    if (!place) return []
    const name = claimNames.get(key) ?? (typeof key === 'number' ? `claim ${key}` : 'a claim of another name')
    const layer = {
      ...partLayer(name, place),
      offset: place.offset,
      length: place.length,
      facts: claimFacts(key, value),
    }
    return key === claimKeys.hcert && value instanceof Map ? [layer, ...kinds(place, value)] : [layer]
  })
}

function claimFacts(key: unknown, value: unknown): string[] {
  if (key === claimKeys.iss) return [shownText(value)]
  if (key !== claimKeys.exp && key !== claimKeys.nbf && key !== claimKeys.iat) return []
  const seconds = typeof value === 'object' && value !== null && 'float' in value ? value.float : value
  return [timeText(seconds)]
}

function kinds(place: CborPlace, hcert: CborMap): Layer[] {
  return [...hcert.keys()].flatMap((key, index) => {
    const at = place.items[2 * index + 1]
    const kind = subclaims.find((each) => each.key === key)
    const name = kind ? `${kind.format} (${kind.key})` : 'a kind that is not known'
    return at ? [{ ...partLayer(name, at), offset: at.offset, length: at.length, depth: 2 }] : []
  })
}
