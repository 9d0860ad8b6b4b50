/** Fetches what stands behind a trusted reference, and holds it against what the gateway lists. */

import { X509Certificate } from 'node:crypto'
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { NetworkError } from '../../network/network-error.ts'
import type { SendRequest } from '../../network/network-request.ts'
import { MirrorError } from './mirror-error.ts'
import type { ListedReference } from './mirrored-reference.ts'

/** What was fetched. */
export interface Fetched {
  body: Buffer
  /** What an operator should know, though it refuses nothing. */
  warnings: string[]
}

/** Largest body of a reference, in bytes. */
const REFERENCE_BYTES = 20_000_000
const THUMBPRINT = /^[0-9a-f]{64}$/

/** The thumbprint of a row as it is compared; undefined when it is none: blanks are no part of it, capital letters are. */
export function thumbprintOf({ thumbprint = '' }: ListedReference): string | undefined {
  const lower = thumbprint.toLowerCase()
  return THUMBPRINT.test(lower) ? lower : undefined
}

/**
 * One guarded GET, and the comparison with the row's thumbprint and TLS key.
 * @throws MirrorError `unreachable`, `thumbprint-mismatch`
 */
export async function fetchReference(row: ListedReference, request: SendRequest): Promise<Fetched> {
  const thumbprint = thumbprintOf(row)
  if (thumbprint === undefined)
    throw new MirrorError(
      'thumbprint-mismatch',
      'the row of the gateway has no SHA-256 thumbprint in hexadecimal digits',
    )
  const { body, peer } = await get(row.url, { request, maxBytes: REFERENCE_BYTES })
  if (sha256Hex(body) !== thumbprint)
    throw new MirrorError('thumbprint-mismatch', 'what stands at the address is not what the gateway lists')
  return { body, warnings: peerWarnings(row, peer) }
}

/** A body that must come with 200. @throws MirrorError `unreachable` */
export async function get(
  url: string,
  { request, maxBytes, accept = '*/*' }: { request: SendRequest; maxBytes: number; accept?: string },
): Promise<{ body: Buffer; peer: Buffer | undefined }> {
  try {
    const { status, body, peer } = await request({
      url,
      headers: { Accept: accept },
      maxBytes,
      client: `mirror of ${URL.parse(url)?.host}`,
    })
    if (status !== 200) throw new MirrorError('unreachable', `the other server answered with status ${status}`)
    return { body, peer }
  } catch (error) {
    // Its text names no address.
    if (error instanceof NetworkError) throw new MirrorError('unreachable', error.message)
    throw error
  }
}

/** Certificates get renewed, and what is signed is proved by other means: a strange key is told, and refuses nothing. */
function peerWarnings({ sslPublicKey }: ListedReference, peer: Buffer | undefined): string[] {
  if (sslPublicKey === undefined || peer === undefined) return ['the TLS key of the other server could not be compared']
  const listed = Buffer.from(sslPublicKey, 'base64')
  const spki = new X509Certificate(peer).publicKey.export({ type: 'spki', format: 'der' })
  if (listed.equals(peer) || listed.equals(spki) || publicKeyIn(listed)?.equals(spki)) return []
  return ['the TLS key of the other server is not the one that the gateway lists']
}

/** SubjectPublicKeyInfo of a certificate: a renewed one may keep its key. */
function publicKeyIn(certificate: Buffer): Buffer | undefined {
  try {
    return new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
  } catch {
    return undefined // a bare key, which is compared as such
  }
}
