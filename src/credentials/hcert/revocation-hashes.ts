import { sha256 } from '../../base/crypto/sha256.ts'
import type { RevocationHash } from '../held-lists.ts'

const halfSha256 = (data: string | Uint8Array): Buffer => sha256(data).subarray(0, 16)

/** What of an HCERT its revocation hashes are made of. */
interface Revocable {
  issuer: string
  /** Each `ci` or `hcid`. */
  ids: string[]
  signature: Uint8Array
  isEcdsa: boolean
}

const PREFIX = 'URN:UVCI:'
const startsWithPrefix = /^URN:UVCI:/i
const CHECKSUM = /#.$/u
/** Characters of a UVCI in the order of its checksum. */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:'

/** Checksum of a UVCI with its prefix (eHealth Network, UVCI, annex 2: Luhn mod N); undefined for other characters. */
function checksum(uvci: string): string | undefined {
  let sum = 0
  let factor = 2
  for (const character of [...uvci].reverse()) {
    const value = ALPHABET.indexOf(character)
    if (value < 0) return undefined
    const product = factor * value
    sum += Math.floor(product / ALPHABET.length) + (product % ALPHABET.length)
    factor = 3 - factor
  }
  return ALPHABET[(ALPHABET.length - (sum % ALPHABET.length)) % ALPHABET.length]
}

/**
 * The forms in which a list may have hashed an identifier: with and without the prefix `URN:UVCI:` and the checksum, in either case as
 * it stands in the certificate or not. Issuers and lists differ in each, and all mean one certificate.
 */
function idForms(id: string): string[] {
  const bare = id.trim().replace(startsWithPrefix, '').replace(CHECKSUM, '')
  const sum = checksum(`${PREFIX}${bare}`.toUpperCase())
  const ends = ['', CHECKSUM.exec(id.trim())?.[0], sum === undefined ? undefined : `#${sum}`].filter(
    (end) => end !== undefined,
  )
  const forms = ends.flatMap((end) => [`${bare}${end}`, `${PREFIX}${bare}${end}`])
  return [
    ...new Set([id, ...forms, ...forms.map((form) => form.toUpperCase()), ...forms.map((form) => form.toLowerCase())]),
  ]
}

/**
 * Under which hashes a DCC revocation list may name a certificate (EU DCC gateway, revocation): the first 16 bytes of SHA-256 over each
 * id, over country and id, and over the signature, of an ECDSA one over r alone.
 */
export function hashesOf(
  type: RevocationHash,
  { issuer, ids, signature, isEcdsa }: Revocable,
  countries: readonly string[],
): Buffer[] {
  if (type === 'SIGNATURE') {
    const whole = halfSha256(signature)
    return isEcdsa ? [halfSha256(signature.subarray(0, signature.length / 2)), whole] : [whole]
  }
  const forms = ids.flatMap(idForms)
  if (type === 'UCI') return forms.map(halfSha256)
  const codes = [...countries, issuer, ...ids.flatMap((id) => countryOfId(id) ?? [])]
  const prefixes = new Set(codes.flatMap((code) => [code, code.toUpperCase(), code.toLowerCase()]))
  return [...prefixes].flatMap((code) => forms.map((form) => halfSha256(`${code}${form}`)))
}

/** The issuing country that a UVCI names: `URN:UVCI:01:AT:…`. */
const countryOfId = (id: string): string | undefined => /^(?:URN:UVCI:)?\d{2}:([A-Z]{2,3}):/i.exec(id)?.[1]

/** What the hashes of lists are made of. */
export const hashTypes: readonly RevocationHash[] = ['SIGNATURE', 'UCI', 'COUNTRYCODEUCI']
