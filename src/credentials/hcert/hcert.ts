import type { CredentialFormat, Envelope, Failure, Limits, Status } from '../credential-format.ts'
import { decodeBase45 } from '../encoding/base45.ts'
import type { CborLimits } from '../encoding/cbor.ts'
import { asBuffer, type CoseSign1, coseLabels, headerParameter, parseSign1, signedBytes } from '../encoding/cose.ts'
import { inflateZlib } from '../encoding/inflate.ts'
import { algorithmFromCose, type SignatureAlgorithm, signatureMatches } from '../signature-algorithms.ts'
import { type ClaimSet, readClaimSet } from './claim-set.ts'
import { revocationHashes } from './revocation-hashes.ts'

const PREFIX = 'HC1:'

/** HCERT: base45 → zlib → COSE_Sign1 → CWT claims (credentials.md, section 4). */
export const hcert: CredentialFormat = {
  name: 'hcert',
  recognises: (text) => text.startsWith(PREFIX),
  decode: ([text = ''], limits) => decodeHcert(text, limits),
}

const failure = (check: Failure['check'], status: Status, detail: string): Failure => ({ check, status, detail })

function decodeHcert(text: string, limits: Limits): Envelope | Failure {
  if (text.length > limits.textCharacters) {
    return failure('encoding', 'INVALID_ENCODING', `longer than ${limits.textCharacters} characters`)
  }
  const compressed = decodeBase45(text, PREFIX.length)
  if (!compressed?.length) return failure('encoding', 'INVALID_ENCODING', 'not base45')
  const bytes = inflateZlib(compressed, limits.inflatedBytes)
  if (!bytes) {
    return failure('compression', 'INVALID_COMPRESSION', `not one zlib stream of at most ${limits.inflatedBytes} bytes`)
  }
  const cborLimits = { depth: limits.cborDepth, items: limits.cborItems }
  const message = parseSign1(bytes, cborLimits)
  if (typeof message === 'string') return failure('envelope', 'INVALID_SIGNING_FORMAT', `COSE_Sign1: ${message}`)
  const algorithm = algorithmFromCose(headerParameter(message, coseLabels.alg))
  if (!algorithm) return failure('envelope', 'INVALID_SIGNING_FORMAT', 'COSE_Sign1: algorithm absent or not allowed')
  return openMessage(message, algorithm, cborLimits)
}

function openMessage(message: CoseSign1, algorithm: SignatureAlgorithm, limits: CborLimits): Envelope | Failure {
  const claims = readClaimSet(asBuffer(message.payload), limits)
  if (typeof claims === 'string') return failure('payload', 'UNSUPPORTED_CONTENT', claims)
  const kid = headerParameter(message, coseLabels.kid)
  return envelopeOf(claims, message, algorithm, kid instanceof Uint8Array && kid.length > 0 ? kid : undefined)
}

function envelopeOf(
  claims: ClaimSet,
  message: CoseSign1,
  algorithm: SignatureAlgorithm,
  kid: Uint8Array | undefined,
): Envelope {
  return {
    format: claims.format,
    ...(claims.issuer === undefined ? {} : { issuer: claims.issuer }),
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
    period: claims.period,
    events: claims.events,
    revocationHashes: () => revocationHashes(claims, algorithm, message.signature),
    remarks: claims.remarks,
    ...(claims.formatUnder ? { formatUnder: claims.formatUnder } : {}),
    get content() {
      return claims.content()
    },
  }
}
