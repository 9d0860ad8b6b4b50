import { createHash } from 'node:crypto'
import type { SignatureAlgorithm } from '../signature-algorithms.ts'

const halfSha256 = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest().subarray(0, 16).toString('hex')

/**
 * Under which hashes a DCC revocation list may name a certificate (EU DCC gateway, revocation: UCI, COUNTRYCODEUCI,
 * SIGNATURE): the first 16 bytes of SHA-256 over each `ci` or `hcid`, over country and `ci`, and over the signature, of which an ECDSA
 * one counts by its first half.
 */
export function revocationHashes(
  { issuer = '', ids }: { issuer?: string | undefined; ids: string[] },
  algorithm: SignatureAlgorithm,
  signature: Uint8Array,
): string[] {
  const signed = algorithm.keyTypes.includes('ec') ? signature.subarray(0, signature.length / 2) : signature
  return [halfSha256(signed), ...ids.flatMap((id) => [halfSha256(id), halfSha256(issuer + id)])]
}
