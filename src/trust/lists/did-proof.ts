import { type KeyObject, verify } from 'node:crypto'
import { sha256 } from '../../base/crypto/sha256.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { canonicalQuads, UnknownContext } from '../../json-ld/canonize.ts'
import type { Contexts } from '../../json-ld/contexts.ts'

/** Why a trust list is refused, in the words of the command line. */
export type RefusalReason = 'algorithm' | 'shape' | 'context' | 'safe-mode' | 'signature' | 'proof'

/** What a signature was found to cover: canonical N-Quads. */
export interface SignedQuads {
  document: string
  proof: string
}

/** The context under which the proof itself is hashed: the draft that the signer has built in. */
const PROOF_CONTEXT = ['https://w3id.org/security/v3']

/**
 * Verifies the proof of a version 2 trust list with the keys pinned in configuration (JsonWebSignature2020, as GDHCN writes it):
 * a detached JWS over the hashes of canonical proof and document, whose ECDSA signature is DER. Yields what was signed, or why
 * the proof does not hold.
 */
export async function provenQuads(
  document: JsonObject,
  keys: KeyObject[],
  contexts: Contexts,
): Promise<SignedQuads | RefusalReason> {
  const { proof, ...unsigned } = document
  const parts = readProof(proof)
  if (typeof parts === 'string') return parts
  const { header, signature, statement } = parts
  let quads: SignedQuads
  try {
    quads = {
      proof: await canonicalQuads({ ...statement, '@context': PROOF_CONTEXT }, contexts),
      document: await canonicalQuads(unsigned, contexts),
    }
  } catch (error) {
    return canonizationFault(error)
  }
  const signed = Buffer.concat([Buffer.from(`${header}.`, 'ascii'), sha256(quads.proof), sha256(quads.document)])
  return keys.some((key) => matches(key, signed, signature)) ? quads : 'signature'
}

interface ProofParts {
  /** First part of the JWS as received, never re-encoded. */
  header: string
  signature: Buffer
  statement: JsonObject
}

/** Detached (RFC 7797), in base64url. */
const DETACHED_JWS = /^([A-Za-z0-9_-]+)\.\.([A-Za-z0-9_-]+)$/

function readProof(proof: Json | undefined): ProofParts | RefusalReason {
  if (!isJsonObject(proof) || proof.type !== 'JsonWebSignature2020' || typeof proof.jws !== 'string') return 'proof'
  const { jws, proofValue: _, ...statement } = proof
  const { alg, b64, crit } = parseObject(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString('utf8'))
  if (alg !== 'ES256' || b64 !== false || !Array.isArray(crit) || crit.length !== 1 || crit[0] !== 'b64')
    return 'algorithm'
  const [, header, signature] = DETACHED_JWS.exec(jws) ?? []
  if (header === undefined || signature === undefined) return 'proof'
  return { header, signature: Buffer.from(signature, 'base64url'), statement }
}

function parseObject(text: string): JsonObject {
  try {
    const json: Json = JSON.parse(text)
    return isJsonObject(json) ? json : {}
  } catch {
    return {} // lacks an algorithm, and is refused for that
  }
}

/** ES256 is ECDSA on P-256 (RFC 7518, 3.4). */
function matches(key: KeyObject, data: Buffer, signature: Buffer): boolean {
  try {
    const isP256 = key.asymmetricKeyDetails?.namedCurve === 'prime256v1'
    return isP256 && verify('sha256', data, { key, dsaEncoding: 'der' }, signature)
  } catch {
    return false // not a DER signature
  }
}

/** jsonld wraps what the document loader throws. */
function canonizationFault(error: unknown): RefusalReason {
  for (let cause: unknown = error, i = 0; cause instanceof Error && i < 5; i++) {
    if (cause instanceof UnknownContext) return 'context'
    const details = 'details' in cause ? cause.details : undefined
    const inner = typeof details === 'object' && details !== null && 'cause' in details ? details.cause : undefined
    cause = inner ?? cause.cause
  }
  return 'safe-mode'
}
