import type { CredentialFormat, Envelope, Failure, Finding, Limits, Scanned, Status } from '../credential-format.ts'
import { decodeBase45 } from '../encoding/base45.ts'
import { decodeCbor } from '../encoding/cbor.ts'
import { asBuffer, parseSign1, signedBytes } from '../encoding/cose.ts'
import { inflateZlib } from '../encoding/inflate.ts'
import { algorithmFromCose, curveRemark, signatureMatches } from '../signature-algorithms.ts'
import { claimedPeriod, claimKeys, issuerClaim } from './claims.ts'
import { certificateForm, certificatePeriod, openClaims, subclaims } from './content.ts'
import { hcertLayers } from './layers.ts'
import { hashRevocation } from './revocation.ts'
import { hcertKeyUsage } from './usage.ts'

/** A later version is recognised to be refused by name. */
const PREFIX = /^HC[1-9A-Z]:/
const HC1 = 'HC1:'

/** HCERT (EU DCC, WHO GDHCN): base45 (RFC 9285) → zlib (RFC 1950) → COSE_Sign1 (RFC 9052) → CWT claims (RFC 8392). */
export const hcert: CredentialFormat = {
  name: 'hcert',
  issuers: 'country',
  recognises: (scanned) => scanned instanceof Uint8Array || PREFIX.test(scanned[0] ?? ''),
  decode: decodeHcert,
  layers: hcertLayers,
  keyUsage: hcertKeyUsage,
  kinds: Object.fromEntries(subclaims.flatMap(({ kinds }) => Object.entries(kinds))),
}

const failure = (check: Failure['check'], status: Status, detail: string): Failure => ({ check, status, detail })

function decodeHcert(scanned: Scanned, limits: Limits): Envelope | Failure {
  if (scanned instanceof Uint8Array) return decodeBytes(scanned, limits)
  const [text = ''] = scanned
  if (!text.startsWith(HC1)) return failure('recognise', 'NOT_SUPPORTED', 'a later version of HCERT than HC1')
  if (text.length > limits.textCharacters)
    return failure('encoding', 'INVALID_ENCODING', `longer than ${limits.textCharacters} characters`)
  const compressed = decodeBase45(text, HC1.length)
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
  if (bytes.length > limits.textCharacters)
    return failure('encoding', 'INVALID_ENCODING', `longer than ${limits.textCharacters} bytes`)
  return bytes[0] === ZLIB ? decodeCompressed(bytes, limits) : decodeMessage(asBuffer(bytes), limits)
}

function decodeMessage(bytes: Buffer, limits: Limits): Envelope | Failure {
  const cborLimits = { depth: limits.cborDepth, items: limits.cborItems }
  const message = parseSign1(bytes, cborLimits)
  if (typeof message === 'string') return failure('envelope', 'INVALID_SIGNING_FORMAT', `COSE_Sign1: ${message}`)
  const algorithm = algorithmFromCose(message.algorithm)
  if (!algorithm) return failure('envelope', 'INVALID_SIGNING_FORMAT', 'COSE_Sign1: algorithm absent or not allowed')
  const { protectedBytes, payload, signature, keyId } = message
  const decoded = decodeCbor(asBuffer(payload), cborLimits)
  const unsupported = (detail: string) => failure('payload', 'UNSUPPORTED_CONTENT', detail)
  if (!decoded) return unsupported('payload is not a single well-formed CBOR item')
  const claims = decoded.value
  if (!(claims instanceof Map)) return unsupported('payload is not a map of claims')
  const form = certificateForm(claims)
  if (typeof form === 'string') return unsupported(form)
  const isCwt = claims.has(claimKeys.hcert)
  const { issuer } = issuerClaim(claims)
  const envelope: Envelope = {
    format: form.format,
    keyId: keyId instanceof Uint8Array && keyId.length > 0 ? asBuffer(keyId).toString('base64') : undefined,
    algorithm: algorithm.name,
    verify: ({ publicKey }) => signatureMatches(algorithm, publicKey, signedBytes(protectedBytes, payload), signature),
    keyRemark: ({ publicKey }) => curveRemark(algorithm, publicKey),
    coverage: 'whole',
    period: certificatePeriod(claims),
    remarks: isCwt ? periodRemarks(claimedPeriod(claims)) : [],
    revocation: (key, ids, held) => {
      const isEcdsa = algorithm.keyTypes.includes('ec')
      const revocable = { issuer: typeof issuer === 'string' ? issuer : '', ids, signature, isEcdsa }
      return hashRevocation(key, revocable, held)
    },
    open: () => openClaims(claims),
  }
  if (issuer !== undefined) envelope.issuer = issuer
  return envelope
}

/** Both are mandatory for every kind with CWT claims (HCERT 3.3.1). */
function periodRemarks({ expires, issuedAt }: Envelope['period']): Finding[] {
  const remarks: Finding[] = []
  if (expires === undefined) remarks.push({ check: 'validity-period', detail: 'no expiry (claim 4)' })
  if (issuedAt === undefined) remarks.push({ check: 'validity-period', detail: 'no time of issue (claim 6)' })
  return remarks
}
