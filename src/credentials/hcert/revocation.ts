import { isJsonObject } from '../../base/json.ts'
import { type Finding, revocationFault, revoked, type VerificationKey } from '../credential-format.ts'
import { heldRevocation } from './held-revocation.ts'
import { hashesOf, hashTypes } from './revocation-hashes.ts'

type Revocable = Parameters<typeof hashesOf>[1]

/**
 * What the list that came with the key, and those that the server holds, say of a certificate. That one of them names it is all there is
 * to say; else what is wrong with any.
 */
export function hashRevocation(
  key: VerificationKey,
  revocable: Revocable,
  held: Parameters<typeof heldRevocation>[1] | undefined,
): Finding[] | undefined {
  const heldFound = held && heldRevocation(revocable, held)
  const own = ownRevocation(key, revocable)
  if (!own && !heldFound) return undefined
  const all = [...(own ?? []), ...(heldFound ?? [])]
  return all.find(({ status }) => status !== undefined) ? [revoked] : all
}

/** What a list `{hashes: […]}`, or the bare list, says; hashes stand in hex or base64. */
function ownRevocation({ revocationList: list }: VerificationKey, revocable: Revocable): Finding[] | undefined {
  if (list === undefined) return undefined
  const hashes = isJsonObject(list) ? list.hashes : list
  if (!Array.isArray(hashes)) return [revocationFault('the revocation list is malformed')]
  const listed = new Set(hashes.map((each) => (typeof each === 'string' ? normaliseHash(each) : undefined)))
  const own = hashTypes.flatMap((type) => hashesOf(type, revocable, []))
  if (own.some((hash) => listed.has(hash.toString('hex')))) return [revoked]
  return listed.has(undefined) || listed.size < 1 ? [revocationFault('the revocation list has malformed entries')] : []
}

/** 16 bytes as lower-case hex; undefined when the text is not hex or base64 (or base64url) of 16 to 32 bytes. */
function normaliseHash(text: string): string | undefined {
  if (/^[0-9a-f]+$/i.test(text)) return /^(?:..){16,32}$/.test(text) ? text.slice(0, 32).toLowerCase() : undefined
  if (!/^[A-Za-z0-9+/_-]{22,43}={0,2}$/.test(text)) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.length <= 32 ? bytes.toString('hex', 0, 16) : undefined
}
