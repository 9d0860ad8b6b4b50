/** Whom the operator lets sign artefacts, and the keys that he pins for them. */

import type { KeyObject, X509Certificate } from 'node:crypto'
import { jwkThumbprint } from '../../base/crypto/jwk-thumbprint.ts'
import { isForSignatures } from '../../base/crypto/x509.ts'
import { isSignedBy } from './read-signature.ts'
import { type AskedKey, didUrl, type Finding, type JudgedKey, type Signer } from './signer.ts'

/** A key that stands in the configuration itself. */
export interface AllowedKey {
  /** Under which signatures name it. */
  keyId: string
  publicKey: KeyObject
  algorithm?: string
  from?: Date
  until?: Date
}

/** Somebody who may sign. */
export interface AllowedSigner {
  /** DID that his signatures name as their issuer. */
  issuer?: string
  /** Code of the participant whose upload keys (usage UP) of the trust lists are his. */
  participant?: string
  name?: string
  /** `*` is any. */
  canonicalPrefixes: readonly string[]
  /** Countries by three letters, `system|code`, or `*` for any. */
  jurisdictions: readonly string[]
  keys: readonly AllowedKey[]
  /** Authorities that issue upload certificates for him, and nothing else: what they signed counts though no list has it. */
  anchors: readonly X509Certificate[]
}

/** What is held against a public key anywhere; undefined when nothing is. */
export type ObjectionTo = (key: KeyObject, certificate?: X509Certificate) => string | undefined

/** The keys of the configuration that a header may mean. */
export function allowedKeys(
  signers: readonly AllowedSigner[],
  asked: AskedKey,
  objectionTo: ObjectionTo = () => undefined,
): JudgedKey[] {
  return signers.flatMap((signer) => [
    ...signer.keys
      .filter((key) => isNamed(key, signer, asked))
      .map((key) => judged(key, { signer, asked, objectionTo })),
    ...underAnchor(signer, asked, objectionTo),
  ])
}

/** Names by which a signature may call a key: as it stands in the configuration, or by issuer and thumbprint. */
function isNamed({ keyId, publicKey }: AllowedKey, { issuer }: AllowedSigner, asked: AskedKey): boolean {
  if (asked.keyId === undefined) return false
  if (asked.keyId === keyId) return true
  const named = didUrl(asked.keyId)
  return named !== undefined && named.did === issuer && named.fragment === jwkThumbprint(publicKey)
}

interface Allowed {
  signer: AllowedSigner
  asked: AskedKey
  objectionTo: ObjectionTo
}

function judged({ keyId, publicKey, algorithm, from, until }: AllowedKey, allowed: Allowed): JudgedKey {
  const { signer, asked, objectionTo } = allowed
  const [leaf] = asked.certificates
  const objection = objectionTo(publicKey, leaf)
  return {
    publicKey,
    ...(algorithm === undefined ? {} : { algorithm }),
    signer: toldSigner(signer, keyId),
    period: { from, until },
    key: 'it stands in the list of those who may sign',
    chain: leaf
      ? pinnedLeaf(leaf, publicKey, asked)
      : { skip: 'a bare key has no chain: its list alone vouches for it' },
    revocation: objection === undefined ? 'nothing is held against it' : { fail: objection },
  }
}

/** The configuration, as a list that vouches. */
const listName = 'SIGNERS'

function toldSigner({ issuer, participant, name }: AllowedSigner, keyId: string): Signer {
  return {
    keyId,
    ...(issuer === undefined ? {} : { issuer }),
    ...(participant === undefined ? {} : { participant }),
    ...(name === undefined ? {} : { name }),
    lists: [listName],
  }
}

/** The certificate that comes along of a key that is vouched for itself: it says for how long, and what for. */
function pinnedLeaf(leaf: X509Certificate, key: KeyObject, { signedAt }: AskedKey): Finding {
  if (!leaf.publicKey.equals(key))
    return { fail: 'the certificate holds another key than the one that the key id names' }
  return leafFault(leaf, signedAt) ?? 'the certificate is of the key that is vouched for'
}

/** Why a certificate could not sign at a time, or not at all. */
export function leafFault(leaf: X509Certificate, at: Date): Finding | undefined {
  if (leaf.ca) return { fail: 'its certificate is that of an authority, which signs certificates alone' }
  if (isForSignatures(leaf.raw) === false) return { fail: 'its certificate is not for digital signatures' }
  return periodFault(leaf, at)
}

/** Why a certificate was not in force at a time. */
export function periodFault({ validFromDate, validToDate }: X509Certificate, at: Date): Finding | undefined {
  if (at < validFromDate) return { fail: 'it was signed before the period of the certificate' }
  return at > validToDate ? { fail: 'it was signed after the period of the certificate' } : undefined
}

/** The key of a certificate that came along, where a pinned authority signed it. */
function underAnchor(signer: AllowedSigner, asked: AskedKey, objectionTo: ObjectionTo): JudgedKey[] {
  const [leaf] = asked.certificates
  const last = asked.certificates.at(-1)
  if (!leaf || !last || asked.keyId === undefined) return []
  const anchor = signer.anchors.find(
    (each) => (last.issuer === each.subject && isSignedBy(last, each)) || (leaf !== last && last.raw.equals(each.raw)),
  )
  const named = didUrl(asked.keyId)
  if (!anchor || named === undefined || named.did !== signer.issuer) return []
  if (named.fragment !== jwkThumbprint(leaf.publicKey)) return []
  const above = [...asked.certificates.slice(1), anchor]
  const objection =
    objectionTo(leaf.publicKey, leaf) ?? above.map((each) => objectionTo(each.publicKey, each)).find(Boolean)
  return [
    {
      publicKey: leaf.publicKey,
      signer: toldSigner(signer, asked.keyId),
      key: 'by its certificate',
      chain:
        leafFault(leaf, asked.signedAt) ??
        extendedFault(leaf) ??
        above.map((each) => periodFault(each, asked.signedAt)).find((each) => each !== undefined) ??
        'signed by a pinned authority for upload certificates',
      revocation: objection === undefined ? 'nothing is held against it' : { fail: objection },
    },
  ]
}

/** An upload certificate has no extended key usage. */
const extendedFault = ({ keyUsage }: X509Certificate): Finding | undefined =>
  keyUsage && keyUsage.length > 0
    ? { fail: 'its certificate is made for something else than uploads (extended key usage)' }
    : undefined
