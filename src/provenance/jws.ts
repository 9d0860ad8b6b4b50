/** Compact signed messages (RFC 7515), written by keys of this server and opened strictly. */
import type { KeyObject } from 'node:crypto'
import { type CompactVerifyGetKey, compactVerify, errors } from 'jose'
import { splitJws } from '../base/crypto/compact-jws.ts'
import type { JsonObject } from '../base/json-value.ts'
import type { SigningKey } from './signing-key.ts'

/**
 * Signs bytes: `header.payload.signature` with `alg` and `kid` of the key, and where it has a certificate `x5c` and `x5t#S256`.
 * @param header further members of the protected header; those of the key come before them
 */
export async function signJws(payload: Uint8Array, key: SigningKey, header: JsonObject = {}): Promise<string> {
  const { algorithm: alg, keyId: kid, chain, certificate } = key
  const ofCertificate = certificate
    ? {
        x5c: chain.map(({ raw }) => raw.toString('base64')),
        'x5t#S256': Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'),
      }
    : {}
  const protectedHeader = { ...header, alg, kid, ...ofCertificate }
  const signed = `${base64url(JSON.stringify(protectedHeader))}.${base64url(payload)}`
  const signature = await key.sign(Buffer.from(signed, 'ascii'))
  return `${signed}.${signature.toString('base64url')}`
}

const base64url = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** A message whose signature holds. */
export interface OpenedJws {
  header: JsonObject
  payload: Buffer
}

/** Algorithm, and the keys that it goes with. */
const fits: Record<string, (key: KeyObject) => boolean> = {
  ES256: (key) => isOnCurve(key, 'prime256v1'),
  ES384: (key) => isOnCurve(key, 'secp384r1'),
  PS256: (key) => key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss',
  RS256: (key) => key.asymmetricKeyType === 'rsa',
  EdDSA: (key) => key.asymmetricKeyType === 'ed25519',
}

const isOnCurve = (key: KeyObject, curve: string): boolean =>
  key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === curve

/**
 * Opens a compact message: undefined unless one of the keys that `keyFor` names signed exactly this header and payload. Refused,
 * whoever signed them: `alg` other than ES256, ES384, PS256, RS256 and EdDSA or one that does not fit the key, every `crit`,
 * payloads that are not base64url (`b64`), members that occur twice, parts in another spelling than the one there is. Keys in the
 * header itself (`jwk`, `jku`, `x5u`, `x5c`) are `keyFor`'s to judge; they are never taken by themselves.
 * @param keyFor public keys by the header, which is not proved then
 */
export async function openJws(
  compact: string,
  keyFor: (header: JsonObject) => readonly KeyObject[],
): Promise<OpenedJws | undefined> {
  const header = headerOf(compact)
  if (!header) return undefined
  for (const key of keyFor(header)) {
    if (key.type !== 'public' || !fits[String(header.alg)]?.(key)) continue
    const payload = await verified(compact, key, String(header.alg))
    if (payload) return { header, payload }
  }
  return undefined
}

/** The header of a message in the one form that is taken; undefined for any other. */
function headerOf(compact: string): JsonObject | undefined {
  const read = splitJws(compact)
  if (typeof read === 'string' || read.payload === '') return undefined
  const { header } = read
  if (header.crit !== undefined || header.b64 !== undefined) return undefined
  return Object.hasOwn(fits, String(header.alg)) ? header : undefined
}

async function verified(compact: string, key: KeyObject, algorithm: string): Promise<Buffer | undefined> {
  const get: CompactVerifyGetKey = () => key
  try {
    const { payload } = await compactVerify(compact, get, { algorithms: [algorithm] })
    return Buffer.from(payload)
  } catch (error) {
    // A key too small or of another kind is a TypeError of the library; the message does not hold either way.
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined
    throw error
  }
}
