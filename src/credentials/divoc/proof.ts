import { sha256 } from '../../base/crypto/sha256.ts'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { decodeBase64Url, parseStrictJsonBytes } from '../encoding/strict-json.ts'
import { algorithmFromJose, type SignatureAlgorithm } from '../signature-algorithms.ts'

/** A linked data proof, taken apart. */
export interface Proof {
  algorithm: SignatureAlgorithm
  /** First part of the JWS as received, never re-encoded. */
  header: string
  signature: Buffer
  /** The proof without its signature: what is signed beside the document. */
  options: JsonObject
}

interface Suite {
  algorithm: SignatureAlgorithm
  /** Least and most bytes of a signature. */
  bytes: [number, number]
}

const suites = new Map<Json | undefined, Suite>()
for (const [type, alg, bytes] of [
  ['RsaSignature2018', 'PS256', [256, 2048]],
  ['Ed25519Signature2018', 'EdDSA', [64, 64]],
] as const) {
  const algorithm = algorithmFromJose(alg)
  // Signers of DIVOC left the length of the salt to their libraries, which take the longest.
  if (algorithm) suites.set(type, { algorithm: { ...algorithm, salt: 'any' }, bytes: [...bytes] })
}

/** Detached, with the payload as it is (RFC 7797). */
const DETACHED_JWS = /^([A-Za-z0-9_-]+)\.\.([A-Za-z0-9_-]+)$/

/** Takes the proof of a document apart; a text says why it is none that is known. */
export function readProof(proof: Json | undefined, maxDepth: number): Proof | string {
  if (!isJsonObject(proof)) return 'not exactly one proof'
  const suite = suites.get(proof.type)
  if (!suite) return 'proof of an unknown type'
  const { jws, ...options } = proof
  const fault = optionsFault(options)
  if (fault !== undefined) return fault
  const [, header, encoded] = (typeof jws === 'string' && DETACHED_JWS.exec(jws)) || []
  const signature = encoded === undefined ? undefined : decodeBase64Url(encoded)
  if (header === undefined || !signature) return 'jws is not detached'
  if (!isHeader(header, suite.algorithm.name, maxDepth)) return 'jws header is not alg of the proof, b64 and crit'
  const [least, most] = suite.bytes
  if (signature.length < least || signature.length > most) return 'signature of another length'
  return { algorithm: suite.algorithm, header, signature, options }
}

function optionsFault(options: JsonObject): string | undefined {
  if (options.proofPurpose !== 'assertionMethod') return 'proof of another purpose than assertion'
  if (Object.keys(options).some((name) => name.startsWith('@') || name === '__proto__')) return 'keywords in the proof'
  return Object.entries(options).every(([name, value]) => name === 'verificationMethod' || typeof value === 'string')
    ? undefined
    : 'a member of the proof is not a text'
}

/** Exactly these three: what an unknown one would mean is not known. */
function isHeader(header: string, alg: string, maxDepth: number): boolean {
  const bytes = decodeBase64Url(header)
  const members = bytes && parseStrictJsonBytes(bytes, maxDepth)
  if (!isJsonObject(members) || Object.keys(members).length !== 3) return false
  const { crit } = members
  return members.alg === alg && members.b64 === false && Array.isArray(crit) && crit.length === 1 && crit[0] === 'b64'
}

/** What is signed (Linked Data Proofs, RsaSignature2018): hash of the proof's statements, then of the document's. */
export function signedBytes({ header }: Proof, quads: { proof: string; document: string }): Buffer {
  return Buffer.concat([Buffer.from(`${header}.`, 'latin1'), sha256(quads.proof), sha256(quads.document)])
}
