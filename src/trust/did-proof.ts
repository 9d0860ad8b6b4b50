import { createHash, type KeyObject, verify } from 'node:crypto'
import { isJsonObject } from '../fhir/json-object.ts'
import type { Json, JsonObject } from '../fhir/types.ts'
import { type Contexts, canonicalQuads, UnknownContext } from './canonize.ts'

/** Why a trust list is refused (trust-network.md, section 3, command line). */
export type RefusalReason = 'algorithm' | 'shape' | 'context' | 'safe-mode' | 'signature' | 'proof'

/** The context under which the proof itself is hashed: the draft that the signer has built in. */
const PROOF_CONTEXT = ['https://w3id.org/security/v3']

const sha256 = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest()

/**
 * Verifies the proof of a version 2 trust list with the keys pinned in configuration (trust-network.md, section 1, Proof):
 * a detached JWS over the hashes of canonical proof and document, whose ECDSA signature is DER. Undefined when it holds.
 */
export async function proofFault(
  document: JsonObject,
  keys: KeyObject[],
  contexts: Contexts,
): Promise<RefusalReason | undefined> {
  const { proof, ...unsigned } = document
  const parts = readProof(proof)
  if (typeof parts === 'string') return parts
  const { header, signature, statement } = parts
  try {
    const signed = Buffer.concat([
      Buffer.from(`${header}.`, 'ascii'),
      sha256(await canonicalQuads({ '@context': PROOF_CONTEXT, ...statement }, contexts)),
      sha256(await canonicalQuads(unsigned, contexts)),
    ])
    return keys.some((key) => matches(key, signed, signature)) ? undefined : 'signature'
  } catch (error) {
    return canonizationFault(error)
  }
}

interface ProofParts {
  /** First part of the JWS as received, never re-encoded. */
  header: string
  signature: Buffer
  statement: JsonObject
}

function readProof(proof: Json | undefined): ProofParts | RefusalReason {
  if (!isJsonObject(proof) || proof.type !== 'JsonWebSignature2020' || typeof proof.jws !== 'string') return 'proof'
  const { jws, proofValue: _, ...statement } = proof
  const [header = '', payload, signature, ...rest] = jws.split('.')
  const { alg, b64, crit } = parseObject(Buffer.from(header, 'base64url').toString('utf8'))
  if (alg !== 'ES256' || b64 !== false || !Array.isArray(crit) || crit.join() !== 'b64') return 'algorithm'
  if (payload !== '' || !signature || rest.length > 0) return 'proof'
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

function matches(key: KeyObject, data: Buffer, signature: Buffer): boolean {
  try {
    return key.asymmetricKeyType === 'ec' && verify('sha256', data, { key, dsaEncoding: 'der' }, signature)
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
