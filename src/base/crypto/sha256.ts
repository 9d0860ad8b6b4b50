import { createHash } from 'node:crypto'

/** SHA-256 of bytes, or of a text in UTF-8. */
export const sha256 = (content: Uint8Array | string): Buffer => createHash('sha256').update(content).digest()

/** SHA-256 in lower-case hexadecimal digits, as the network writes thumbprints. */
export const sha256Hex = (content: Uint8Array | string): string => sha256(content).toString('hex')

/** SHA-256 in base64url without padding, as JOSE writes it (RFC 7515, 4.1.8). */
export const sha256Base64url = (content: Uint8Array | string): string => sha256(content).toString('base64url')
