import { type KeyObject, verify, X509Certificate } from 'node:crypto'
import { inflateRawSync, inflateSync } from 'node:zlib'
import canonicalize from 'canonicalize'
import { Tag } from 'cbor2'
import { at, byInteger, entryOf, fromBase45, fromBase64Url, fromCbor, isEntries, strictJson, toPlain } from './bytes.ts'
import type { Plain } from './declared.ts'
import { openDivoc } from './divoc.ts'

/** A credential taken apart, nothing believed yet. */
export interface Opened {
  family: 'hcert' | 'shc' | 'icao-vds-nc' | 'divoc'
  /** Key id that it names; a seal names none, it brings its certificate. */
  keyId?: string
  issuer: Plain | undefined
  /** The signed content. */
  payload: Plain
  faults: string[]
  /** DER of the certificate inside a seal. */
  signer?: Buffer
  verifies(key: KeyObject): boolean
}

/** Opens a credential given as its text or as the texts of its chunks. @throws Error where a standard is broken */
export function open(texts: string[]): Opened {
  const text = texts[0]?.replace(/[\r\n]+$/, '') ?? ''
  if (text.startsWith('B64:')) return openDocument(text)
  if (texts.some((each) => each.length > 8_192)) throw new Error('longer than any code')
  if (text.startsWith('HC1:')) return openHcert(fromBase45(text.slice(4)))
  if (/^shc:\//i.test(text)) return openCard(texts)
  if (text.trimStart().startsWith('{')) return openSeal(strictJson(text))
  throw new Error('no known format')
}

const most = { maxOutputLength: 262_144 }
const ecdsa = { dsaEncoding: 'ieee-p1363' } as const
/** Hash and options of node:crypto by algorithm (RFC 9053, RFC 7518). */
const algorithms: Record<string, [hash: string | null, type: string, options: object]> = {
  '-7': ['sha256', 'ec', ecdsa],
  ES256: ['sha256', 'ec', ecdsa],
  '-35': ['sha384', 'ec', ecdsa],
  '-36': ['sha512', 'ec', ecdsa],
  '-37': ['sha256', 'rsa', { padding: 6, saltLength: 32 }],
  '-8': [null, 'ed25519', {}],
}

function verifier(algorithm: unknown, data: Uint8Array, signature: Uint8Array): Opened['verifies'] {
  const [hash, type, options] = algorithms[String(algorithm)] ?? []
  if (hash === undefined) throw new Error('algorithm')
  return (key) =>
    key.asymmetricKeyType === type &&
    (type !== 'rsa' || signature.length * 8 === key.asymmetricKeyDetails?.modulusLength) &&
    verify(hash, data, { key, ...options }, signature)
}

/** COSE_Sign1 (RFC 9052) around CWT claims (RFC 8392); the protected header wins. */
function openHcert(bytes: Buffer): Opened {
  if (bytes[0] !== 0x78) throw new Error('zlib')
  let message = fromCbor(inflateSync(bytes, most))
  while (message instanceof Tag && [18, 61].includes(Number(message.tag))) message = message.contents
  const [head, unprotected, payload, signature, ...rest] = Array.isArray(message) ? message : []
  const isMessage = [head, payload, signature].every((each) => each instanceof Uint8Array) && rest.length === 0
  if (!isMessage) throw new Error('COSE_Sign1')
  const faults: string[] = []
  const headers = [head.length === 0 ? { entries: [] } : fromCbor(head), unprotected]
  for (const header of headers) {
    if (!isEntries(header) || entryOf(header, 2n) !== undefined) throw new Error('header is no map, or critical')
    toPlain({ entries: header.entries.map(([key]) => [key, null]) }, faults)
  }
  const [algorithm, keyId] = [1n, 4n].map((label) => entryOf(headers[0], label) ?? entryOf(headers[1], label))
  if (!(keyId instanceof Uint8Array) || typeof algorithm !== 'bigint') throw new Error('key id or algorithm')
  const claims = fromCbor(payload)
  toPlain(claims, faults)
  const times = [4n, 5n, 6n].map((key): [bigint, unknown] => [key, seconds(entryOf(claims, key))])
  const content = toPlain(byInteger(claims, [...times, [-260n, byInteger(entryOf(claims, -260n))]]), [])
  const signed = [
    Buffer.from('846a5369676e617475726531', 'hex'),
    byteString(head),
    Buffer.of(0x40),
    byteString(payload),
  ]
  return {
    family: 'hcert',
    keyId: Buffer.from(keyId).toString('base64'),
    issuer: at(content, '1'),
    payload: content,
    faults,
    verifies: verifier(algorithm, Buffer.concat(signed), signature),
  }
}

/** A time under tag 1, or the text of one under tag 0 (RFC 8949, 3.4), as seconds. */
function seconds(claim: unknown): unknown {
  if (!(claim instanceof Tag)) return claim
  return Number(claim.tag) === 0 ? Date.parse(String(claim.contents)) / 1000 : claim.contents
}

function byteString(bytes: Uint8Array): Buffer {
  const { length } = bytes
  const head = length < 24 ? [0x40 + length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 255]
  return Buffer.concat([Buffer.from(head), bytes])
}

/** SMART Health Card: one set of chunks, numeric text, compact JWS, raw deflate. */
function openCard(texts: string[]): Opened {
  const chunks = texts.map((text) => /^shc:\/(?:(\d+)\/(\d+)\/)?((?:\d\d)+)[\r\n]*$/i.exec(text) ?? [])
  const ordered = chunks.toSorted((a, b) => Number(a[1] ?? 1) - Number(b[1] ?? 1))
  const isWhole = ordered.every(([, n = 1, of = 1], i) => Number(n) === i + 1 && Number(of) === chunks.length)
  const codes = ordered.flatMap(([, , , digits]) => digits?.match(/../g) ?? []).map(Number)
  if (!isWhole || codes.some((code) => code > 77)) throw new Error('numeric chunks')
  const jws = String.fromCharCode(...codes.map((code) => code + 45))
  const [head, body, signature, ...rest] = jws.split('.').map(fromBase64Url)
  if (!head || !body || !signature || rest.length > 0) throw new Error('JWS')
  const { alg, zip, kid, crit } = Object(strictJson(head.toString()))
  if (alg !== 'ES256' || zip !== 'DEF' || crit !== undefined || typeof kid !== 'string') throw new Error('header')
  const payload = strictJson(
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(inflateRawSync(body, most)),
  )
  const signed = Buffer.from(jws.slice(0, jws.lastIndexOf('.')))
  return {
    family: 'shc',
    keyId: kid,
    issuer: at(payload, 'iss'),
    payload,
    faults: [],
    verifies: verifier(alg, signed, signature),
  }
}

/** DIVOC: a document under a linked data proof. */
function openDocument(text: string): Opened {
  const { document, proof, faults, verifies } = openDivoc(text)
  const keyId = at(proof, 'verificationMethod')
  if (typeof keyId !== 'string') throw new Error('key id')
  return { family: 'divoc', keyId, issuer: at(document, 'issuer'), payload: document, faults, verifies }
}

/** ICAO VDS-NC: RFC 8785 form of `data`, signed by the key of the certificate beside it. */
function openSeal(seal: Plain): Opened {
  const payload = at(seal, 'data') ?? null
  const signer = fromBase64Url(at(seal, 'sig', 'cer'))
  const signed = Buffer.from(canonicalize(payload) ?? '')
  const matches = verifier(at(seal, 'sig', 'alg'), signed, fromBase64Url(at(seal, 'sig', 'sigvl')))
  const verdict = matches(new X509Certificate(signer).publicKey)
  return {
    family: 'icao-vds-nc',
    issuer: at(payload, 'hdr', 'is'),
    payload,
    faults: [],
    signer,
    verifies: () => verdict,
  }
}
