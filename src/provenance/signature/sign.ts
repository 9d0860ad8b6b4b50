/** Signatures made: a detached JWS over canonical bytes, and the FHIR Signature that carries it. */

import { jwkThumbprint } from '../../base/crypto/jwk-thumbprint.ts'
import { sha256, sha256Hex } from '../../base/crypto/sha256.ts'
import { artefactCanonical } from '../../fhir/artefact.ts'
import type { Bundle, Resource } from '../../fhir/types.ts'
import type { SigningKey } from '../signing-key.ts'
import { type Canonicalization, canonicalBytes, canonicalizations } from './canonicalization.ts'
import { commitment, type Purpose, purposeCoding } from './purposes.ts'

/** FHIR R4 Signature. */
export type Signature = NonNullable<Bundle['signature']>

/** Who signs, and when. */
export interface SignOptions {
  key: SigningKey
  /** The did:web identifier of who signs. */
  did: string
  /** Key id under which others have the key; else the DID with the thumbprint of the key. */
  keyId?: string | undefined
  at: Date
  purpose: Purpose
}

/** What the header names of what it signs. */
interface Named {
  url?: string | undefined
  version?: string | undefined
}

/** Second in which something is signed, as `sigT` has it. */
const signingTime = (at: Date): string => `${at.toISOString().slice(0, 19)}Z`

/** Key id of a signature: the signer's DID with the thumbprint of the public key (RFC 7638). */
const signatureKeyId = (did: string, key: Pick<SigningKey, 'publicKey'>): string =>
  `${did}#${jwkThumbprint(key.publicKey) ?? ''}`

/**
 * A detached compact JWS (RFC 7515, appendix F): `header..signature`.
 * @param bytes canonical bytes
 */
async function signDetached(
  bytes: Uint8Array,
  canonicalization: Canonicalization,
  { key, did, keyId, at, purpose, url, version }: SignOptions & Named,
): Promise<string> {
  const { certificate, chain } = key
  const header = {
    alg: key.algorithm,
    typ: 'JOSE',
    kid: keyId ?? signatureKeyId(did, key),
    ...(certificate
      ? {
          x5c: chain.map(({ raw }) => raw.toString('base64')),
          'x5t#S256': sha256(certificate.raw).toString('base64url'),
        }
      : {}),
    sigT: signingTime(at),
    canon: canonicalizations[canonicalization],
    srCms: [commitment(purpose)],
    iss: did,
    ...(url === undefined ? {} : { url }),
    ...(version === undefined ? {} : { version }),
    hash: sha256Hex(bytes),
  }
  const head = Buffer.from(JSON.stringify(header)).toString('base64url')
  const signature = await key.sign(Buffer.from(`${head}.${Buffer.from(bytes).toString('base64url')}`, 'ascii'))
  return `${head}..${signature.toString('base64url')}`
}

/**
 * Signs an artefact, as its Provenance carries it.
 * @throws FhirError 422 when it has no canonical bytes
 */
export async function signArtefact(resource: Resource, options: SignOptions): Promise<Signature> {
  const { url, version } = artefactCanonical(resource) ?? {}
  const jws = await signDetached(canonicalBytes(resource, 'static'), 'static', { ...options, url, version })
  return signatureElement(jws, 'static', options)
}

/**
 * A Bundle with its signature: of type document over what FHIR calls its document canonicalization, of any other over all but the
 * signature itself.
 * @throws FhirError 422 when it has no canonical bytes
 */
export async function signBundleWith(bundle: Bundle, options: SignOptions): Promise<Bundle> {
  const canonicalization = bundle.type === 'document' ? 'document' : 'bundle'
  const jws = await signDetached(canonicalBytes(bundle, canonicalization), canonicalization, options)
  return { ...bundle, signature: signatureElement(jws, canonicalization, options) }
}

/** `targetFormat` of a canonicalization. */
const targetFormatOf = (canonicalization: Canonicalization): string =>
  `application/fhir+json;canonicalization=${canonicalizations[canonicalization]}`

function signatureElement(
  jws: string,
  canonicalization: Canonicalization,
  { key, did, at, purpose }: SignOptions,
): Signature {
  return {
    type: [purposeCoding(purpose)],
    when: signingTime(at),
    who: { identifier: signerName(key, did) },
    targetFormat: targetFormatOf(canonicalization),
    sigFormat: 'application/jose',
    data: Buffer.from(jws, 'ascii').toString('base64'),
  }
}

/** A name of the certificate, as verifiers look for it there (its common name); without one the DID. */
function signerName({ certificate }: SigningKey, did: string) {
  const name = certificate && /^CN=(.+)$/m.exec(certificate.subject)?.[1]
  return name === undefined ? { system: 'urn:ietf:rfc:3986', value: did } : { system: 'urn:oid:2.5.4.3', value: name }
}
