/** Requests that a participant signs with its key of the trust network (RFC 9421, RFC 9530). */
import { constants, type KeyObject, timingSafeEqual, verify } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isRsaLength } from '../../base/crypto/rsa-length.ts'
import { sha256 } from '../../base/crypto/sha256.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import type { Principal } from '../../fhir/principal.ts'
import { signatureBase } from '../../network/message-signature.ts'
import type { Once } from '../once.ts'
import { participantKey } from '../participant.ts'
import { principalOf } from '../principals.ts'
import type { ParticipantSettings } from '../settings/authority-settings.ts'
import { unproven } from '../unproven.ts'
import { type ReadSignature, readDigest, readSignature } from './signature-input.ts'

/** An upload key (usage UP) that the trust lists name, and that counts now. */
interface NetworkKey {
  participant: string
  publicKey: KeyObject
  /** The one JOSE algorithm that it is for, where its list names one. */
  algorithm?: string | undefined
}

/** What signatures are judged by. */
export interface SignatureOptions {
  /** Public address of this server, without a slash at its end. */
  baseUrl: string
  participants: readonly ParticipantSettings[]
  /** Upload keys of that id. */
  keysOf(keyId: string): readonly NetworkKey[]
  /** Remembers nonces. */
  once: Once
  now(): Date
}

/** A signature is good for so long, and clocks may differ by as much. */
const LIFE_SECONDS = 300
/** Keys of one id that are tried. */
const MOST_KEYS = 16
/** What must be covered, beside the digest of a body. */
const REQUIRED = ['@method', '@target-uri']

interface Algorithm {
  /** As JOSE calls it. */
  name: string
  kind: 'ec' | 'rsa' | 'ed25519'
  curve?: string
  hash: string | undefined
  isPss?: true
}

/** Algorithms of the registry (RFC 9421, 6.2.2) that are accepted; there is no MAC. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ['ecdsa-p256-sha256', { name: 'ES256', kind: 'ec', curve: 'prime256v1', hash: 'sha256' }],
  ['ecdsa-p384-sha384', { name: 'ES384', kind: 'ec', curve: 'secp384r1', hash: 'sha384' }],
  ['rsa-pss-sha512', { name: 'PS512', kind: 'rsa', hash: 'sha512', isPss: true }],
  ['rsa-v1_5-sha256', { name: 'RS256', kind: 'rsa', hash: 'sha256' }],
  ['ed25519', { name: 'EdDSA', kind: 'ed25519', hash: undefined }],
])

/**
 * The participant that signed a request; undefined for one that is not signed.
 * @throws FhirError (of what it returns) 401 for a signature that does not hold, 403 for a participant that may not write so, 429 and
 * 5xx when that cannot be told now
 */
export function createSignerOf(options: SignatureOptions): (message: IncomingMessage) => Promise<Principal> {
  return async (message) => {
    const read = readSignature(header(message, 'signature-input'), header(message, 'signature'))
    if (typeof read === 'string') throw refused(read)
    const { digest, fault } = contentOf(message, read)
    const wrong = fault ?? timeFault(read, options.now())
    if (wrong !== undefined) throw refused(wrong)
    const participant = participantOf(message, read, options)
    const { once } = options
    const until = read.created + 2 * LIFE_SECONDS
    if (!(await once.use(participantKey(participant.participant), read.nonce, until)))
      throw refused('it was used already (nonce)')
    return { ...networkPrincipal(participant), checkBody: (body) => checkDigest(body, digest) }
  }
}

const refused = (why: string) => unproven(`The signature of the request (RFC 9421) does not hold: ${why}.`)

/** Whether a message says that it is signed. */
export const isSigned = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers['signature-input'] !== undefined || headers.signature !== undefined

const header = ({ headers }: IncomingMessage, name: string): string => {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : (value ?? '')
}

/** The digest that is covered; a body must have one, and a request without a body need not. */
function contentOf(message: IncomingMessage, { components }: ReadSignature): { digest?: Buffer; fault?: string } {
  const missing = REQUIRED.find((each) => !components.includes(each))
  if (missing !== undefined) return { fault: `it does not cover ${missing}` }
  const coding = header(message, 'content-encoding').trim().toLowerCase()
  if (coding !== '' && coding !== 'identity') return { fault: 'the body must not be packed (Content-Encoding)' }
  if (!components.includes('content-digest')) {
    if (hasBody(message)) return { fault: 'it does not cover content-digest, and the request has a body' }
    // A digest that is not covered is no proof, and may be there.
    return {}
  }
  const digest = readDigest(header(message, 'content-digest'))
  return digest ? { digest } : { fault: 'Content-Digest must have sha-256, once, and nothing else' }
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || !['0', undefined].includes(headers['content-length'])

function timeFault({ created, expires }: ReadSignature, now: Date): string | undefined {
  const seconds = now.getTime() / 1000
  if (created < seconds - LIFE_SECONDS) return `it was made more than ${LIFE_SECONDS} seconds ago (created)`
  if (created > seconds + LIFE_SECONDS) return 'it was made in the future (created)'
  return expires !== undefined && expires <= seconds ? 'it has expired (expires)' : undefined
}

/** Whose key made the signature. */
function participantOf(message: IncomingMessage, read: ReadSignature, options: SignatureOptions): ParticipantSettings {
  const { baseUrl, participants, keysOf } = options
  const algorithm = ALGORITHMS.get(read.algorithm)
  if (!algorithm) throw refused(`its algorithm is none of ${[...ALGORITHMS.keys()].join(', ')}`)
  const base = baseOf(message, read, baseUrl)
  const keys = keysOf(read.keyId)
  if (keys.length > MOST_KEYS) throw refused('too many keys have that id')
  const signers = keys.filter((key) => isSignedBy(key, { algorithm, base, signature: read.signature }))
  const [signer, ...others] = new Set(signers.map(({ participant }) => participantKey(participant)))
  if (signer === undefined) throw refused('it is that of no upload key (UP) of that id in the trust lists')
  if (others.length > 0) throw refused('its key is listed for more than one participant')
  const participant = participants.find((each) => participantKey(each.participant) === signer)
  if (participant?.networkKeys) return participant
  const text = `Keys of the trust network do not authorise ${signer} to write here (PARTICIPANTS, networkKeys).`
  throw new FhirError(403, issue('forbidden', text))
}

/** The text that is signed. */
function baseOf(message: IncomingMessage, { components, parameters }: ReadSignature, baseUrl: string): Buffer {
  const { origin, host, protocol } = new URL(baseUrl)
  const { method = '', url = '' } = message
  // In absolute form a request says itself where it goes.
  if (!url.startsWith('/')) throw refused('the request must name its target by its path')
  const [path = '', query] = url.split(/\?(.*)/s)
  const derived: Readonly<Record<string, string>> = {
    '@method': method,
    '@target-uri': `${origin}${url}`,
    '@authority': host,
    '@scheme': protocol.replace(':', ''),
    '@request-target': url,
    '@path': path,
    '@query': `?${query ?? ''}`,
  }
  const values = components.map((name) => {
    const value = name.startsWith('@') ? derived[name] : field(message, name)
    if (value === undefined) throw refused('it covers a component that the request does not have')
    return [name, value] as const
  })
  return Buffer.from(signatureBase(values, parameters), 'latin1')
}

/** The values of a field in the order in which they were sent (RFC 9421, 2.1). */
function field({ rawHeaders }: IncomingMessage, name: string): string | undefined {
  const values = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)
  return values.length === 0 ? undefined : values.map((each) => each.trim()).join(', ')
}

interface Signed {
  algorithm: Algorithm
  base: Buffer
  signature: Buffer
}

/** Whether a signature is that of a key; false, never an exception, for anything else. */
function isSignedBy({ publicKey, algorithm: named }: NetworkKey, { algorithm, base, signature }: Signed): boolean {
  const { name, kind, curve, hash, isPss } = algorithm
  const { asymmetricKeyType, asymmetricKeyDetails } = publicKey
  if (named !== undefined && named !== name) return false
  if (asymmetricKeyType !== kind || (curve !== undefined && asymmetricKeyDetails?.namedCurve !== curve)) return false
  if (kind === 'rsa' && !isRsaLength(signature, publicKey)) return false
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  try {
    return verify(hash, base, { key: publicKey, dsaEncoding: 'ieee-p1363', ...(isPss ? pss : {}) }, signature)
  } catch {
    return false // a signature of the wrong length, or a key that OpenSSL refuses when it is used
  }
}

const networkPrincipal = (settings: ParticipantSettings): Principal =>
  principalOf(
    {
      id: `participant:${participantKey(settings.participant)}`,
      kind: 'network-key',
      name: settings.name,
      participant: settings.participant,
    },
    settings,
  )

/** @throws FhirError 401 for another body than the one that was signed, and for one that was not */
function checkDigest(body: Uint8Array, digest: Buffer | undefined): void {
  const isSame = digest ? timingSafeEqual(sha256(body), digest) : body.length === 0
  if (!isSame) throw refused('the body is another than the one that was signed (Content-Digest)')
}
