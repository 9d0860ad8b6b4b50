/** The TLS key that a reference names, so that readers know the host it is fetched from. */

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Most characters that a gateway takes. */
const MOST_CHARACTERS = 2048

/** `sslPublicKey` of a reference. */
export interface EndpointKey {
  /** Base64 of the certificate's DER, or of its public key where the certificate is too long. */
  text: string
  warning?: string
}

/** Of a host's certificate. A certificate of P-256 fits, one of RSA from a public authority may not. */
export function endpointKey(der: Buffer): EndpointKey {
  const text = der.toString('base64')
  if (text.length <= MOST_CHARACTERS) return { text }
  const { publicKey } = new X509Certificate(der)
  return {
    text: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    warning: `the TLS certificate of this server is too long for the gateway (${text.length} characters of base64, ${MOST_CHARACTERS} at most): its public key is registered instead; a certificate on P-256 fits`,
  }
}

/** The certificate of a file (PEM, the leaf first, or DER). @throws Error */
export function certificateOfFile(file: string): Buffer {
  return new X509Certificate(readFileSync(file)).raw
}
