import type { KeyObject } from 'node:crypto'

/**
 * Whether a signature of RSA is as long as the modulus of its key (RFC 8017, 8.1.2 and 8.2.2). OpenSSL takes one of RSASSA-PSS whose
 * leading zero was left out: then one signature has two forms.
 */
export const isRsaLength = (signature: Uint8Array, { asymmetricKeyDetails }: KeyObject): boolean =>
  signature.length === Math.ceil((asymmetricKeyDetails?.modulusLength ?? 0) / 8)
