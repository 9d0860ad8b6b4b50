import { createHash } from 'node:crypto'
import { isJsonObject } from '../../base/json.ts'
import { type Finding, revocationFault, revoked, type VerificationKey } from '../credential-format.ts'

const halfSha256 = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest().subarray(0, 16).toString('hex')

/** What of an HCERT its revocation hashes are made of. */
interface Revocable {
  issuer: string
  /** Each `ci` or `hcid`. */
  ids: string[]
  /** Of an ECDSA signature, r alone. */
  signature: Uint8Array
}

/**
 * Under which hashes a DCC revocation list may name a certificate (EU DCC gateway, revocation: UCI, COUNTRYCODEUCI, SIGNATURE): the
 * first 16 bytes of SHA-256 over each id, over country and id, and over the signature; in hex.
 */
function revocationHashes({ issuer, ids, signature }: Revocable): string[] {
  return [halfSha256(signature), ...ids.flatMap((id) => [halfSha256(id), halfSha256(issuer + id)])]
}

/** What a list `{hashes: […]}`, or the bare list, says; hashes stand in hex or base64. */
export function hashRevocation({ revocationList: list }: VerificationKey, revocable: Revocable): Finding[] | undefined {
  if (list === undefined) return undefined
  const hashes = isJsonObject(list) ? list.hashes : list
  if (!Array.isArray(hashes)) return [revocationFault('the revocation list is malformed')]
  const listed = new Set(hashes.map((each) => (typeof each === 'string' ? normaliseHash(each) : undefined)))
  if (revocationHashes(revocable).some((hash) => listed.has(hash))) return [revoked]
  return listed.has(undefined) || listed.size < 1 ? [revocationFault('the revocation list has malformed entries')] : []
}

/** 16 bytes as lower-case hex; undefined when the text is neither hex nor base64 of at least 16 bytes. */
function normaliseHash(text: string): string | undefined {
  if (/^[0-9a-f]{32,64}$/i.test(text)) return text.slice(0, 32).toLowerCase()
  const bytes = Buffer.from(text, 'base64')
  return bytes.length >= 16 ? bytes.subarray(0, 16).toString('hex') : undefined
}
