import { type KeyObject, X509Certificate } from 'node:crypto'
import { sha256 } from '../../base/crypto/sha256.ts'
import { authorityKeyIdentifier, hasPeriod } from '../../base/crypto/x509.ts'
import { alpha3FromAlpha2, isCountryCode } from '../../base/iso-3166.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { keep, keepPerObject } from '../../base/keep.ts'
import {
  type CredentialFormat,
  type Envelope,
  type EventKind,
  type Failure,
  type Finding,
  failureOf,
  type Limits,
  type Scanned,
  type VerificationKey,
} from '../credential-format.ts'
import { canonicalJson, decodeBase64Url, parseStrictJson } from '../encoding/strict-json.ts'
import { algorithmFromJose, fitsCurve, type SignatureAlgorithm, signatureMatches } from '../signature-algorithms.ts'
import { sealLayers } from './layers.ts'
import { openSeal, sealInput } from './seal-content.ts'

/** Kinds of seal and what they certify. */
const EVENTS: Record<string, EventKind> = { 'icao.vacc': 'v', 'icao.test': 't' }

/** ICAO visible digital seal for non-constrained environments (ICAO TR VDS-NC): signed canonical JSON (RFC 8785). */
export const icaoVdsNc: CredentialFormat = {
  name: 'icao-vds-nc',
  issuers: 'country',
  recognises: (scanned) => {
    const [text = ''] = scanned instanceof Uint8Array ? [] : scanned
    return text.trimStart().startsWith('{') && text.includes('"icao.')
  },
  decode: decodeSeal,
  layers: sealLayers,
  keyUsage,
  kinds: { 'icao-vds-nc': { input: sealInput } },
}

/** Extended key usage of signer certificates. */
const SEAL_USAGE = '2.23.136.1.1.14.2'

function keyUsage(usages: readonly string[]): Finding | undefined {
  if (usages.includes(SEAL_USAGE)) return undefined
  if (usages.length === 0) return { check: 'key-usage', detail: 'the signer certificate has no extended key usage' }
  const detail = 'extended key usage of the signer certificate excludes VDS-NC'
  return { check: 'key-usage', status: 'KEY_USAGE_MISMATCH', detail }
}

const failure = failureOf('icao-vds-nc')

function decodeSeal(scanned: Scanned, limits: Limits): Envelope | Failure {
  const [text = ''] = scanned instanceof Uint8Array ? [] : scanned
  const seal = text.length > limits.textCharacters ? undefined : parseStrictJson(text, limits.jsonDepth)
  if (!isJsonObject(seal)) {
    const detail = `not a JSON object of at most ${limits.textCharacters} characters with every member once`
    return failure('encoding', 'INVALID_ENCODING', detail)
  }
  const signed = readSignature(seal)
  if (typeof signed === 'string') return failure('envelope', 'INVALID_SIGNING_FORMAT', `VDS-NC: ${signed}`)
  const { header, data } = signed
  const event = typeof header.t === 'string' ? EVENTS[header.t] : undefined
  if (!event || !isJsonObject(data.msg)) {
    return failure('payload', 'UNSUPPORTED_CONTENT', 'not a vaccination or test seal with a message')
  }
  return envelopeOf(seal, signed, { issuer: header.is ?? null, event, message: data.msg })
}

interface SignedSeal {
  data: JsonObject
  header: JsonObject
  /** RFC 8785 form of `data`. */
  canonical: string
  algorithm: SignatureAlgorithm
  signer: Signer
  signature: Buffer
}

/** The certificate that a seal carries, with what is asked of it for every seal. */
interface Signer {
  certificate: X509Certificate
  publicKey: KeyObject
  /** Base64; undefined when the certificate names none. */
  authorityKeyId: string | undefined
  /** SHA-256 of the certificate, hexadecimal. */
  thumbprint: string
  /** First 8 bytes of the thumbprint, base64. */
  keyId: string
  /** `C` of the subject. */
  country: string
  /** Whether a trusted key has signed it. */
  isSignedBy(publicKey: KeyObject): boolean
}

/** Takes the seal apart; a text says what is wrong with it. */
function readSignature(seal: JsonObject): SignedSeal | string {
  const { data, sig } = seal
  if (!isJsonObject(data) || !isJsonObject(data.hdr) || !isJsonObject(sig)) return 'data, hdr or sig is not an object'
  const algorithm = algorithmFromJose(sig.alg)
  if (!algorithm?.curve) return 'algorithm absent or not allowed'
  const signer = typeof sig.cer === 'string' ? readSigners.of(sig.cer, readSigner) : undefined
  if (!signer) return 'signer certificate cannot be read'
  const signature = typeof sig.sigvl === 'string' ? decodeBase64Url(sig.sigvl) : undefined
  if (!signature || !fitsCurve(algorithm, signer.publicKey, signature)) {
    return 'algorithm, signer key and length of the signature do not fit each other'
  }
  const canonical = canonicalJson(data)
  if (canonical === undefined) return 'data has no canonical form'
  return { data, header: data.hdr, canonical, algorithm, signer, signature }
}

/** Reading a certificate and its chain costs some signature verifications, and few signers issue most seals. */
const readSigners = keep<string, Signer | undefined>(200)

function readSigner(cer: string): Signer | undefined {
  const der = decodeBase64Url(cer)
  try {
    const read = der && new X509Certificate(der)
    // Bytes behind the certificate would be nobody's.
    const certificate = read?.raw.length === der?.length && read && hasPeriod(read) ? read : undefined
    const publicKey = certificate?.publicKey
    return certificate && publicKey?.asymmetricKeyType === 'ec' ? signerOf(certificate, publicKey) : undefined
  } catch {
    return undefined // not a certificate, or a key of a kind that OpenSSL does not know
  }
}

function signerOf(certificate: X509Certificate, publicKey: KeyObject): Signer {
  const authority = authorityKeyIdentifier(certificate.raw)
  const thumbprint = sha256(certificate.raw)
  return {
    certificate,
    publicKey,
    authorityKeyId: authority && Buffer.from(authority).toString('base64'),
    thumbprint: thumbprint.toString('hex'),
    keyId: thumbprint.subarray(0, 8).toString('base64'),
    country: countryOf(certificate),
    isSignedBy: keepPerObject((key: KeyObject) => isSigned(certificate, key)),
  }
}

function isSigned(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.verify(key)
  } catch {
    return false // a key of a kind that cannot have signed it
  }
}

const notCovered: Finding = {
  check: 'envelope',
  detail: 'members beside data and sig, which no signature covers, are not read',
}

function envelopeOf(
  seal: JsonObject,
  signed: SignedSeal,
  { issuer, event, message }: { issuer: Json; event: EventKind; message: JsonObject },
): Envelope {
  const { data, signer, algorithm, canonical, signature } = signed
  const country = String(issuer)
  return {
    format: 'icao-vds-nc',
    issuer,
    keyId: signer.authorityKeyId,
    // A trusted list may pin the signer itself.
    otherKeyIds: [signer.keyId],
    algorithm: algorithm.name,
    vouchedBy: (key) => sameCountry(country, signer.country) && vouches(key, signer),
    verify: () => signatureMatches(algorithm, signer.publicKey, Buffer.from(canonical, 'utf8'), signature),
    signer: signer.certificate,
    coverage: 'whole',
    period: {},
    // Nothing covers members beside these two, so they do not go on.
    remarks: Object.keys(seal).every((name) => name === 'data' || name === 'sig') ? [] : [notCovered],
    open: () => openSeal({ data, sig: seal.sig ?? null }, { header: signed.header, message, event }),
  }
}

/**
 * The embedded certificate alone proves nothing: the trusted key is the signer itself, or has signed it and is of its country.
 * Whether a listed signer may sign content is judged by its usage.
 */
function vouches(key: VerificationKey, signer: Signer): boolean {
  if (key.thumbprint === signer.thumbprint) return true
  // A document signer that is itself trusted has no say over other signers; an anchor without usage counts as authority.
  if (key.usage !== '' && key.usage !== 'SCA') return false
  if (key.certificate && !key.certificate.ca) return false
  // Test participants have codes outside ISO 3166, which certificates cannot hold: their own country counts instead.
  const own = key.certificate ? countryOf(key.certificate) : ''
  const country = own === '' || isCountryCode(key.participant) ? key.participant : own
  if (country !== '' && !sameCountry(country, signer.country)) return false
  return signer.isSignedBy(key.publicKey)
}

/** `C` of the subject. */
function countryOf(certificate: X509Certificate): string {
  return /^C=(.+)$/m.exec(certificate.subject)?.[1]?.trim() ?? ''
}

/** Countries are compared as alpha-3; codes outside ISO 3166 as they are. */
function sameCountry(a: string, b: string): boolean {
  const normal = (code: string) => alpha3FromAlpha2(code.toUpperCase()) ?? code.toUpperCase()
  return normal(a) === normal(b)
}
