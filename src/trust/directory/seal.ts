import { createHash, type KeyObject, verify } from 'node:crypto'
import { derSignature } from '../../base/crypto/ecdsa-signature.ts'
import { sha256 } from '../../base/crypto/sha256.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { canonicalQuads, trustListContexts } from '../../json-ld/canonize.ts'
import type { PlannedDocument } from './documents.ts'

/** Who signs the directory: the provenance key of the server. */
export interface DirectorySigner {
  /** Id of the verification method, a DID with or without fragment. */
  keyId: string
  publicKey: KeyObject
  /** ES256 as JOSE writes it (RFC 7518, 3.4): r‖s, 64 bytes. */
  sign(bytes: Uint8Array): Promise<Buffer>
}

/** What is random or of its time in a signed document: with it, the same keys are the same bytes. */
export interface Seal {
  /** SHA-256 in hex over the text of the document and the name of its signer. */
  hash: string
  /** When it was made, `YYYY-MM-DDThh:mm:ssZ`. */
  created: string
  nonce: string
  /** Of a did:web document ASN.1 DER, of a JWK set r‖s; base64url. */
  signature: string
}

/** Hashes of a document and of its proof: the 64 bytes that are signed (JsonWebSignature2020). */
export type ProofHasher = (job: ProofJob) => Promise<Uint8Array>

/** A document without its proof as text, and what the proof says. */
export interface ProofJob {
  text: string
  statement: ProofStatement
}

interface ProofStatement {
  type: 'JsonWebSignature2020'
  created: string
  nonce: string
  proofPurpose: 'assertionMethod'
  verificationMethod: string
}

/** Why a key cannot sign the directory; undefined when it can. */
export function signerFault(signer: DirectorySigner | undefined): string | undefined {
  if (!signer) return 'there is no signing key'
  const curve = signer.publicKey.asymmetricKeyDetails?.namedCurve
  if (signer.publicKey.asymmetricKeyType !== 'ec' || curve !== 'prime256v1')
    return 'the signing key is not on the curve P-256, and a trust list is signed with ES256 alone'
  return undefined
}

/** The hash by which a stored seal is recognised as that of a document and signer. */
export function contentHash({ kind, text }: PlannedDocument, signer: DirectorySigner): string {
  const key = signer.publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256')
    .update(JSON.stringify([kind, signer.keyId]))
    .update(key)
    .update(text)
    .digest('hex')
}

/** The context under which the proof itself is hashed; see lists/did-proof.ts, which verifies it. */
const PROOF_CONTEXT = ['https://w3id.org/security/v3']

/** Makes the 64 bytes in this process. It holds it for a good while: see directory-process.ts. */
export const hashProof: ProofHasher = async ({ text, statement }) => {
  const contexts = await trustListContexts()
  const proof = await canonicalQuads({ ...statement, '@context': PROOF_CONTEXT }, contexts)
  const document = await canonicalQuads(JSON.parse(text), contexts)
  return Buffer.concat([sha256(proof), sha256(document)])
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url')
/** As the network writes it (RFC 7797). */
const PROOF_HEADER = base64url('{"b64":false,"crit":["b64"],"alg":"ES256"}')

const statementOf = (seal: Pick<Seal, 'created' | 'nonce'>, keyId: string): ProofStatement => ({
  type: 'JsonWebSignature2020',
  created: seal.created,
  nonce: seal.nonce,
  proofPurpose: 'assertionMethod',
  verificationMethod: keyId,
})

/** A JWK set is signed as OpenID Federation 1.0 has it (5.2.1, signed JWK set): a JWT with the keys among its claims. */
function jwksInput({ id, text }: PlannedDocument, { keyId }: DirectorySigner, created: string): string {
  // As `/.well-known/jwks.json` names the key, where a JOSE library looks for it.
  const [issuer = keyId, ...fragment] = keyId.split('#')
  const kid = fragment.join('#') || keyId
  const claims = { iss: issuer, sub: id, iat: Date.parse(created) / 1000 }
  const payload = `${JSON.stringify(claims).slice(0, -1)},${text.slice(1)}`
  const header = JSON.stringify({ alg: 'ES256', typ: 'jwk-set+jwt', kid })
  return `${base64url(header)}.${base64url(payload)}`
}

/** Signs a document. Rejects when the signer does, or what it answers does not verify with its own public key. */
export async function sealDocument(
  document: PlannedDocument,
  signer: DirectorySigner,
  { created, nonce, hash }: { created: string; nonce: string; hash: ProofHasher },
): Promise<Seal> {
  const isList = document.kind === 'did'
  const input = isList
    ? Buffer.concat([
        Buffer.from(`${PROOF_HEADER}.`, 'ascii'),
        await hash({ text: document.text, statement: statementOf({ created, nonce }, signer.keyId) }),
      ])
    : Buffer.from(jwksInput(document, signer, created))
  const raw = await signer.sign(input)
  const isGood = raw.length === 64 && verify('sha256', input, { key: signer.publicKey, dsaEncoding: 'ieee-p1363' }, raw)
  if (!isGood) throw new Error('the signing key made a signature that its own public key does not verify')
  const signature = (isList ? derSignature(raw) : raw).toString('base64url')
  return { hash: contentHash(document, signer), created, nonce, signature }
}

/** The bytes of a signed document. */
export function sealedBytes(document: PlannedDocument, { keyId, ...signer }: DirectorySigner, seal: Seal): Buffer {
  if (document.kind === 'jwks')
    return Buffer.from(`${jwksInput(document, { keyId, ...signer }, seal.created)}.${seal.signature}`)
  const proof = { ...statementOf(seal, keyId), jws: `${PROOF_HEADER}..${seal.signature}` }
  return Buffer.from(`${document.text.slice(0, -1)},"proof":${JSON.stringify(proof)}}`)
}

const SEAL_FORMS: Record<keyof Seal, RegExp> = {
  hash: /^[0-9a-f]{64}$/,
  created: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  nonce: /^[A-Za-z0-9_-]{16,64}$/,
  signature: /^[A-Za-z0-9_-]{80,100}$/,
}

/** A stored seal; undefined for what is none. */
export function readSeal(json: Json | undefined): Seal | undefined {
  if (!isJsonObject(json)) return undefined
  const text = (name: keyof Seal) => {
    const value = json[name]
    return typeof value === 'string' && SEAL_FORMS[name].test(value) ? value : ''
  }
  const seal: Seal = {
    hash: text('hash'),
    created: text('created'),
    nonce: text('nonce'),
    signature: text('signature'),
  }
  return Object.values(seal).includes('') || Number.isNaN(Date.parse(seal.created)) ? undefined : seal
}
