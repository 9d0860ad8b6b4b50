import type { CredentialFormat, Envelope, Failure, Limits, Status } from '../credential-format.ts'
import { decodeBase45 } from '../encoding/base45.ts'
import { asBuffer, type CoseSign1, coseLabels, headerParameter, parseSign1, signedBytes } from '../encoding/cose.ts'
import { inflateZlib } from '../encoding/inflate.ts'
import { algorithmFromCose, type SignatureAlgorithm, signatureMatches } from '../signature-algorithms.ts'
import { type ClaimSet, readClaimSet } from './claim-set.ts'
import { openClaims } from './hcert-content.ts'
import { revocationHashes } from './revocation-hashes.ts'

const PREFIX = 'HC1:'

/** HCERT: base45 → zlib → COSE_Sign1 → CWT claims (credentials.md, section 4). */
export const hcert: CredentialFormat = {
  name: 'hcert',
  recognises: (text) => text.startsWith(PREFIX),
  decode: ([text = ''], limits) => decodeHcert(text, limits),
  decodeBytes,
}

const failure = (check: Failure['check'], status: Status, detail: string): Failure => ({ check, status, detail })

function decodeHcert(text: string, limits: Limits): Envelope | Failure {
  if (text.length > limits.textCharacters) {
    return failure('encoding', 'INVALID_ENCODING', `longer than ${limits.textCharacters} characters`)
  }
  const compressed = decodeBase45(text, PREFIX.length)
  if (!compressed?.length) return failure('encoding', 'INVALID_ENCODING', 'not base45')
  return decodeCompressed(compressed, limits)
}

function decodeCompressed(compressed: Uint8Array, limits: Limits): Envelope | Failure {
  const bytes = inflateZlib(compressed, limits.inflatedBytes)
  if (bytes) return decodeMessage(bytes, limits)
  return failure('compression', 'INVALID_COMPRESSION', `not one zlib stream of at most ${limits.inflatedBytes} bytes`)
}

/** First byte of a zlib stream (RFC 1950); no COSE message begins with it. */
const ZLIB = 0x78

/** Raw transport (HCERT 4.1): the COSE_Sign1 or CWT bytes, plain or zlib. */
function decodeBytes(bytes: Uint8Array, limits: Limits): Envelope | Failure {
  if (bytes.length > limits.textCharacters) {
    return failure('encoding', 'INVALID_ENCODING', `longer than ${limits.textCharacters} bytes`)
  }
  return bytes[0] === ZLIB ? decodeCompressed(bytes, limits) : decodeMessage(asBuffer(bytes), limits)
}

function decodeMessage(bytes: Buffer, limits: Limits): Envelope | Failure {
  const cborLimits = { depth: limits.cborDepth, items: limits.cborItems }
  const message = parseSign1(bytes, cborLimits)
  if (typeof message === 'string') return failure('envelope', 'INVALID_SIGNING_FORMAT', `COSE_Sign1: ${message}`)
  const algorithm = algorithmFromCose(headerParameter(message, coseLabels.alg))
  if (!algorithm) return failure('envelope', 'INVALID_SIGNING_FORMAT', 'COSE_Sign1: algorithm absent or not allowed')
  const claims = readClaimSet(asBuffer(message.payload), cborLimits)
  if (typeof claims === 'string') return failure('payload', 'UNSUPPORTED_CONTENT', claims)
  const kid = headerParameter(message, coseLabels.kid)
  return envelopeOf(claims, message, algorithm, kid instanceof Uint8Array && kid.length > 0 ? kid : undefined)
}

function envelopeOf(
  { claims, format, issuer, issuerFault, period, remarks }: ClaimSet,
  message: CoseSign1,
  algorithm: SignatureAlgorithm,
  kid: Uint8Array | undefined,
): Envelope {
  return {
    format,
    ...(issuer === undefined ? {} : { issuer }),
    ...(issuerFault === undefined ? {} : { issuerFault }),
    keyId: kid && asBuffer(kid).toString('base64'),
    algorithm: algorithm.name,
    verify: (key) =>
      signatureMatches(
        algorithm,
        key.publicKey,
        signedBytes(message.protectedBytes, message.payload),
        message.signature,
      ),
    coverage: 'whole',
    period,
    revocationHashes: (ids) => revocationHashes({ issuer, ids }, algorithm, message.signature),
    remarks,
    open: () => openClaims(claims),
  }
}
