/** Who asks: by the client certificate of the connection, or by headers that a proxy sets. */
import { createHash, X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { problem } from './answer.ts'
import type { Rows } from './rows.ts'

/** How callers are told: mutual TLS, or headers of a proxy. */
export type CallerMode = 'mutual-tls' | 'headers'

interface Shown {
  /** SHA-256 over the DER, hex. */
  thumbprint: string
  country: string | undefined
}

/**
 * The country of the caller, whose certificate is onboarded for it.
 * @throws Refusal 401 0x400, 400 0x401, 401 0x402, in this order
 */
export function callerOf(rows: Rows, mode: CallerMode, request: IncomingMessage): string {
  const shown = mode === 'headers' ? fromHeaders(request) : fromConnection(request.socket as TLSSocket)
  if (!shown)
    throw problem(401, '0x400', 'Certificate Authentication Error', 'No thumbprint or distinguish name provided')
  if (!shown.country) throw problem(400, '0x401', 'Client Certificate must contain country property', 'no country')
  if (!isOnboardedClient(rows, shown))
    throw problem(401, '0x402', 'Client is not authorized to access the endpoint', 'unknown')
  return shown.country
}

/** Whether the certificate of a connection is a caller's. */
export function isKnownPeer(rows: Rows, socket: TLSSocket): boolean {
  const shown = fromConnection(socket)
  return shown !== undefined && isOnboardedClient(rows, shown)
}

function isOnboardedClient(rows: Rows, { thumbprint, country }: Shown): boolean {
  return rows.certificates.some(
    (row) =>
      row.group === 'AUTHENTICATION' &&
      row.country === country &&
      row.sourceGateway === undefined &&
      createHash('sha256').update(Buffer.from(row.certificate, 'base64')).digest('hex') === thumbprint,
  )
}

/** The connection's certificate; undefined when the client sent none. */
function fromConnection(socket: TLSSocket): Shown | undefined {
  const { raw } = socket.getPeerCertificate(true)
  return raw ? shownOf(raw) : undefined
}

function shownOf(der: Uint8Array): Shown {
  const { subject, raw } = new X509Certificate(der)
  return { thumbprint: createHash('sha256').update(raw).digest('hex'), country: /^C=(.+)$/m.exec(subject)?.[1] }
}

function fromHeaders({ headers }: IncomingMessage): Shown | undefined {
  const one = (name: string) => (typeof headers[name] === 'string' ? headers[name] : undefined)
  const pem = one('x-ssl-client-cert')
  if (pem) {
    try {
      return shownOf(Buffer.from(decodeURIComponent(pem)))
    } catch {
      return undefined // not a certificate
    }
  }
  const [hash, name] = [one('x-ssl-client-sha256'), one('x-ssl-client-dn')]
  if (!hash || !name) return undefined
  const isHex = /^[0-9a-f]{64}$/i.test(hash)
  const thumbprint = isHex ? hash.toLowerCase() : Buffer.from(hash, 'base64').toString('hex')
  return { thumbprint, country: /(?:^|,)\s*C=([^,]+)/.exec(name)?.[1]?.trim() }
}
