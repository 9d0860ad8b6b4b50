import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { Limits, Scanned } from '../credential-format.ts'
import { readOneFileZip } from '../encoding/one-file-zip.ts'
import { parseStrictJsonBytes } from '../encoding/strict-json.ts'
import { bytesLayer, faulty, jsonFault, type Layer, shownText, textLayer } from '../layer.ts'
import { documentFault, isUnambiguous } from './document.ts'
import { readProof } from './proof.ts'
import { knownQuads } from './statements/known-quads.ts'
import { CERTIFICATE_FILE, strayOffset, zipOfText } from './zip-text.ts'

/** Layers of a DIVOC certificate: text, zip, JSON, proof, statements; as far as they can be read. */
export function divocLayers(scanned: Scanned, limits: Limits): Layer[] {
  const [text = ''] = scanned instanceof Uint8Array ? [] : scanned
  const whole = textLayer('text', text)
  if (text.length > limits.zipCharacters)
    return [faulty(whole, limits.zipCharacters, `longer than ${limits.zipCharacters} characters`)]
  const zip = zipOfText(text)
  if (!zip) return [faulty(whole, strayOffset(text), 'it is neither base64 nor bytes from here on')]
  const file = readOneFileZip(zip, CERTIFICATE_FILE, limits.inflatedBytes)
  const archive = bytesLayer('zip', zip)
  if (!(file instanceof Uint8Array)) return [whole, faulty(archive, 0, file.detail)]
  return [whole, { ...archive, facts: [`${CERTIFICATE_FILE}, ${file.length} bytes`] }, ...documentLayers(file, limits)]
}

function documentLayers(file: Uint8Array, limits: Limits): Layer[] {
  const text = Buffer.from(file).toString('utf8')
  const layer = bytesLayer('JSON', file)
  const json = parseStrictJsonBytes(file, limits.jsonDepth)
  if (json === undefined) {
    const fault = jsonFault(text)
    return [faulty(layer, Buffer.byteLength(text.slice(0, fault.offset)), fault.text)]
  }
  if (!isJsonObject(json)) return [faulty(layer, 0, 'it is no object')]
  const { proof, ...document } = json
  const shown = { ...layer, facts: documentFacts(document), content: json }
  const fault = documentFault(document)?.detail
  return [fault === undefined ? shown : faulty(shown, 0, fault), proofLayer(proof, limits), statementsLayer(document)]
}

function documentFacts(document: JsonObject): string[] {
  const { issuer, issuanceDate, expirationDate, evidence } = document
  const contexts = [document['@context'] ?? []].flat()
  return [
    ...contexts.map((each) => `context ${shownText(each)}`),
    `issuer ${shownText(issuer)}`,
    `issued ${shownText(issuanceDate)}`,
    ...(expirationDate === undefined ? [] : [`expires ${shownText(expirationDate)}`]),
    `${Array.isArray(evidence) ? evidence.length : 'no list of'} evidence`,
  ]
}

function proofLayer(proof: Json | undefined, limits: Limits): Layer {
  const layer = { ...textLayer('proof', JSON.stringify(proof ?? null)), depth: 1 }
  const read = readProof(proof, limits.jsonDepth)
  if (typeof read === 'string') return faulty(layer, 0, read)
  const { options, algorithm, signature } = read
  const facts = [
    `${shownText(options.type)}, alg ${algorithm.name}, signature of ${signature.length} bytes`,
    `verificationMethod ${shownText(options.verificationMethod)}`,
  ]
  return { ...layer, facts }
}

/** What the proof covers; of a shape that is not known it takes JSON-LD to tell, which `evaluate` asks. */
function statementsLayer(document: JsonObject): Layer {
  const quads = knownQuads(document)
  const layer = { ...textLayer('statements', quads ?? ''), depth: 1 }
  const facts = quads === undefined ? ['not of a known shape'] : [`${quads.split('\n').length - 1}, of all members`]
  if (!isUnambiguous(document)) facts.push('two parts have one address: what belongs to which is not signed')
  return { ...layer, facts }
}
