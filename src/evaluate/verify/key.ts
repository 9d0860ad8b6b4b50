import type { CredentialFormat, Envelope } from '../../credentials/credential-format.ts'
import {
  certificatePrints,
  derivedKeyId,
  type KeySource,
  keyFault,
  type TrustedKey,
} from '../../trust/keys/trusted-key.ts'

/** Longest name of an issuer, in characters. */
const ISSUER_CHARACTERS = 256
/** Characters that show nothing, or show the text otherwise than it compares (Unicode: Cc, Cf, Cs, Zl, Zp). */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

/** Why the name of an issuer cannot be compared with that of a key; undefined when it can, or when there is none. */
export function issuerFault({ issuer }: Envelope): string | undefined {
  if (issuer === undefined) return undefined
  if (typeof issuer !== 'string') return 'the issuer is not a text'
  if (issuer.length > ISSUER_CHARACTERS) return `the issuer is longer than ${ISSUER_CHARACTERS} characters`
  return UNSEEN.test(issuer) ? 'the issuer has control or format characters' : undefined
}

/**
 * Keys that may have signed: all under the credential's key id, of its issuer, that vouch for an embedded signer. Keys are
 * never scanned.
 */
export function candidateKeys(envelope: Envelope, framework: CredentialFormat, keys: KeySource): TrustedKey[] {
  const { keyId, otherKeyIds, issuer } = envelope
  const under = (name: string) =>
    keys.find(typeof issuer === 'string' ? { framework, keyId: name, issuer } : { framework, keyId: name })
  const own = keyId === undefined ? [] : under(keyId)
  const found = otherKeyIds ? [...own, ...otherKeyIds.flatMap(under)] : own
  const { vouchedBy } = envelope
  // A signature under a weak key vouches for nobody, whoever trusts the key.
  return vouchedBy ? found.filter((key) => !keyFault(key.publicKey) && vouchedBy(key)) : found
}

/**
 * The candidates under which the signature verifies. Every one is tried: lists hold few keys under one id, and a limit would call a
 * good signature bad. At once, but for several and for JSON-LD proofs.
 */
export function verifyingKeys(envelope: Envelope, candidates: TrustedKey[]): TrustedKey[] | Promise<TrustedKey[]> {
  const [key] = candidates
  if (!key || candidates.length > 1) return verifyingAmong(envelope, candidates)
  const verdict = isFor(key, envelope) && envelope.verify(key)
  if (typeof verdict === 'boolean') return verdict ? candidates : []
  return verdict.then((isGood) => (isGood ? candidates : []))
}

/** Two entries with one thumbprint (a certificate listed for two usages) cost one verification. */
async function verifyingAmong(envelope: Envelope, candidates: TrustedKey[]): Promise<TrustedKey[]> {
  const verdicts = new Map<string, boolean>()
  const verifying: TrustedKey[] = []
  for (const key of candidates) {
    if (!isFor(key, envelope)) continue
    let verdict = verdicts.get(key.thumbprint)
    if (verdict === undefined) {
      const answer = envelope.verify(key)
      verdict = typeof answer === 'boolean' ? answer : await answer
      verdicts.set(key.thumbprint, verdict)
    }
    if (verdict) verifying.push(key)
  }
  return verifying
}

/**
 * Whether the entry of a key allows the algorithm of the signature: a JWK may name the only one (RFC 7517, 4.4). Of an authority above
 * an embedded signer it says nothing of the signature of the credential.
 */
function isFor({ algorithm, publicKey }: TrustedKey, envelope: Envelope): boolean {
  if (algorithm === undefined || algorithm === envelope.algorithm) return true
  return envelope.signer !== undefined && !envelope.signer.publicKey.equals(publicKey)
}

/** Entries of trusted lists for the certificate that an envelope carries itself: what they say of it counts beside what its authority says. */
export function listedSigner({ signer }: Envelope, keys: KeySource): TrustedKey[] {
  if (!signer) return []
  const { thumbprint } = certificatePrints(signer)
  return keys.find({ keyId: derivedKeyId(signer) }).filter((key) => key.thumbprint === thumbprint)
}

/** The key that speaks best for the credential: the first for which `isGood`, else the first that is current, else the first. */
export function preferredKey(keys: TrustedKey[], isGood: (key: TrustedKey) => boolean): TrustedKey | undefined {
  if (keys.length < 2) return keys[0]
  return keys.find(isGood) ?? keys.find(({ status }) => status === 'current') ?? keys[0]
}
