import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import {
  type CheckName,
  type Claim,
  type CredentialFormat,
  type Envelope,
  type Failure,
  failureOf,
  type Limits,
  type Scanned,
  type Status,
} from '../credential-format.ts'
import { inflateRaw } from '../encoding/inflate.ts'
import { decodeBase64Url, parseStrictJsonBytes } from '../encoding/strict-json.ts'
import { algorithmFromJose, type SignatureAlgorithm, signatureMatches } from '../signature-algorithms.ts'
import { bundleOf, openCard, revocationId } from './card-content.ts'
import { cardInput } from './card-input.ts'
import { cardLayers } from './layers.ts'
import { charactersOf, chunkOf, joinChunks } from './numeric.ts'
import { ridRevocation } from './revocation.ts'

const PREFIX = /^shc:\//i
const SIGNATURE_BYTES = 64

/** SMART Health Card (SMART Health Cards Framework): numeric chunks → compact JWS (RFC 7515) → raw deflate → JSON. */
export const shc: CredentialFormat = {
  name: 'shc',
  issuers: 'address',
  isChunked: true,
  chunkOf,
  recognises: (scanned) => !(scanned instanceof Uint8Array) && PREFIX.test(scanned[0] ?? ''),
  decode: decodeCard,
  layers: cardLayers,
  kinds: { shc: { input: cardInput } },
}

function failure(check: CheckName, status: Status, detail: string): Failure {
  // The envelope is judged before anything is inflated, though it is reported after.
  return { ...failureOf('shc')(check, status, detail), ...(check === 'envelope' ? { skipped: ['compression'] } : {}) }
}

function decodeCard(scanned: Scanned, limits: Limits): Envelope | Failure {
  const digits = scanned instanceof Uint8Array ? undefined : joinChunks(scanned, limits)
  const jws = digits === undefined ? undefined : charactersOf(digits)
  if (jws === undefined) return failure('encoding', 'INVALID_ENCODING', 'not a complete set of numeric chunks')
  const message = readJws(jws, limits)
  if (typeof message === 'string') return failure('envelope', 'INVALID_SIGNING_FORMAT', `JWS: ${message}`)
  const bytes = inflateRaw(message.payload, limits.inflatedBytes)
  if (!bytes) {
    return failure(
      'compression',
      'INVALID_COMPRESSION',
      `not raw deflate data of at most ${limits.inflatedBytes} bytes`,
    )
  }
  const card = parseStrictJsonBytes(bytes, limits.jsonDepth)
  if (!isJsonObject(card) || typeof card.iss !== 'string' || !bundleOf(card)) {
    return failure('payload', 'UNSUPPORTED_CONTENT', 'payload is not JSON with iss and vc.credentialSubject.fhirBundle')
  }
  return envelopeOf(card, message)
}

interface Jws {
  /** First two parts, as signed. */
  signed: string
  algorithm: SignatureAlgorithm
  kid: Json | undefined
  payload: Buffer
  signature: Buffer
}

/** A compact JWS as the SMART Health Cards framework demands it; a text says what is wrong. Keys in the header are ignored. */
function readJws(jws: string, limits: Limits): Jws | string {
  const parts = jws.split('.')
  const [header, payload, signature] = parts.map(decodeBase64Url)
  // No padding in a JWS (RFC 7515, section 2): one signature would have several texts.
  if (parts.length !== 3 || jws.includes('=') || !header || !payload || !signature)
    return 'not three parts of base64url'
  const members = parseStrictJsonBytes(header, limits.jsonDepth)
  if (!isJsonObject(members)) return 'header is not a JSON object'
  const algorithm = members.alg === 'ES256' ? algorithmFromJose('ES256') : undefined
  if (!algorithm) return 'algorithm is not ES256'
  if (members.zip !== 'DEF') return 'zip is not DEF'
  if ('crit' in members) return 'critical header parameter'
  if (signature.length !== SIGNATURE_BYTES) return `signature is not of ${SIGNATURE_BYTES} bytes`
  return { signed: jws.slice(0, jws.lastIndexOf('.')), algorithm, kid: members.kid, payload, signature }
}

function envelopeOf(card: JsonObject, message: Jws): Envelope {
  const issuer = String(card.iss)
  const rid = isJsonObject(card.vc) ? card.vc.rid : undefined
  const period: Envelope['period'] = {}
  if ('nbf' in card) period.notBefore = timeClaim(card.nbf)
  if ('exp' in card) period.expires = timeClaim(card.exp)
  const revocable = {
    rid: revocationId(rid),
    notBefore: period.notBefore,
  }
  return {
    format: 'shc',
    issuer,
    keyId: isKeyId(message.kid) ? message.kid : undefined,
    algorithm: message.algorithm.name,
    verify: ({ publicKey }) =>
      signatureMatches(message.algorithm, publicKey, Buffer.from(message.signed, 'latin1'), message.signature),
    vouchedBy: () => ISSUER_URL.test(issuer),
    coverage: 'whole',
    period,
    remarks: [],
    revocation: (key, _ids, held) => ridRevocation(key, revocable, held),
    open: () => openCard(card),
  }
}

/** What may be an issuer at all: https, no trailing slash, no query, no user. */
const ISSUER_URL = /^https:\/\/[^/?#@\s]+(?:\/[^?#@\s]*[^/?#@\s])?$/

/** A name that can be looked up and shown. */
const isKeyId = (kid: Json | undefined): kid is string => typeof kid === 'string' && /^[!-~]{1,256}$/.test(kid)

function timeClaim(value: Json | undefined): Claim {
  return typeof value === 'number' && Number.isFinite(value) ? value : 'not-a-number'
}
