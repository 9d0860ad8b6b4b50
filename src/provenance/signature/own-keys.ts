/** The keys of this server as its own signatures name them, and what was withdrawn of them. */

import type { KeyObject, X509Certificate } from 'node:crypto'
import { jwkThumbprint } from '../../base/crypto/jwk-thumbprint.ts'
import type { SigningKey } from '../signing-key.ts'
import { type AskedKey, didUrl, type Finding, type JudgedKey } from './signer.ts'
import { leafFault, periodFault } from './signers.ts'

/** Why a key of this server counts no more (RFC 5280 §5.3.1). */
export const revocationReasons = ['keyCompromise', 'superseded', 'cessationOfOperation'] as const

/** Reason of a {@link KeyRevocation}. */
export type RevocationReason = (typeof revocationReasons)[number]

/** What was withdrawn, and since when. */
export interface KeyRevocation {
  /** Thumbprint of the public key (RFC 7638). */
  thumbprint: string
  /** FHIR instant. */
  at: string
  reason: RevocationReason
}

/** What was withdrawn of a key; undefined when nothing was. */
export function revocationOf(
  key: Pick<SigningKey, 'publicKey'>,
  revocations: readonly KeyRevocation[],
): KeyRevocation | undefined {
  const thumbprint = jwkThumbprint(key.publicKey)
  const [first, ...others] = revocations.filter((each) => each.thumbprint === thumbprint)
  // The worst that was said of it holds.
  return others.find(({ reason }) => reason === 'keyCompromise') ?? first
}

/** The keys of this server that a header may mean. */
export function ownKeys(
  keys: readonly SigningKey[],
  did: string,
  asked: AskedKey & { revocations: readonly KeyRevocation[] },
): JudgedKey[] {
  const named = asked.keyId === undefined ? undefined : didUrl(asked.keyId)
  const isAsked = (key: SigningKey) =>
    asked.keyId === key.keyId ||
    (named?.did === did && [key.keyId, jwkThumbprint(key.publicKey)].includes(named.fragment))
  return keys.filter(isAsked).map(
    (key): JudgedKey => ({
      publicKey: key.publicKey,
      algorithm: key.algorithm,
      signer: { keyId: asked.keyId ?? key.keyId, issuer: did, name: 'this server', lists: ['own keys'], isOwn: true },
      key: `a key of this server (${key.state})`,
      chain: chainOf(key, asked),
      revocation: revocationFinding(key, asked),
    }),
  )
}

function chainOf({ publicKey, certificate }: SigningKey, { certificates: [leaf], signedAt }: AskedKey): Finding {
  if (leaf && !isOf(leaf.publicKey, publicKey))
    return { fail: 'the certificate holds another key than the one that the key id names' }
  if (!certificate) return { skip: 'a bare key has no chain' }
  return leafFaultOf(certificate, signedAt) ?? 'its own certificate covers the time of signing'
}

const isOf = (one: KeyObject, other: KeyObject): boolean => one.equals(other)

/** An operator may sign with the key of an authority; he is told that he should not. */
const leafFaultOf = (certificate: X509Certificate, at: Date): Finding | undefined =>
  certificate.ca ? periodFault(certificate, at) : leafFault(certificate, at)

function revocationFinding(
  key: SigningKey,
  { revocations, signedAt }: AskedKey & { revocations: readonly KeyRevocation[] },
): Finding {
  const found = revocationOf(key, revocations)
  if (!found) return 'nothing is held against it'
  // Who has the key signs at any time that he likes.
  if (found.reason === 'keyCompromise') return { fail: 'the key was compromised: no signature of it counts' }
  return signedAt.getTime() < Date.parse(found.at)
    ? 'signed before the key was withdrawn'
    : { fail: 'the key was withdrawn before it was signed' }
}
