/** Client certificates (mTLS): of the TLS connection, or of the proxy that ended it (RFC 9440). */
import { X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { sha256Hex } from '../base/crypto/sha256.ts'
import { hasPeriod } from '../base/crypto/x509.ts'
import { keep } from '../base/keep.ts'
import { unproven } from './unproven.ts'

/** A client certificate whose key the client has. */
export interface ClientCertificate {
  /** SHA-256 of its DER, hex in lower case. */
  thumbprint: string
  validFrom: Date
  validTo: Date
}

/** Where certificates are looked for. */
interface CertificateOptions {
  /** Whether a message comes from a proxy that is trusted. */
  isFromProxy(message: IncomingMessage): boolean
  /** Whether such a proxy tells the certificates of its clients. */
  proxiesTell: boolean
}

/** Certificates that were read from a header, by its text. */
const MOST_KEPT = 500
/** Longer headers hold no certificate, in characters. */
const LONGEST_HEADER = 16_000

/**
 * Finds the client certificate of a message: on its connection, or in `Client-Cert` of a proxy that is trusted and tells it. The header
 * counts for nothing from anybody else, and the connection's certificate for nothing when it is a proxy's own.
 * @throws FhirError (of what it returns) 401 for a header that holds no certificate
 */
export function createCertificateOf({ isFromProxy, proxiesTell }: CertificateOptions) {
  const ofConnections = new WeakMap<object, { certificate: ClientCertificate | undefined }>()
  const ofHeaders = keep<string, ClientCertificate>(MOST_KEPT)
  const connectionCertificate = (socket: object): ClientCertificate | undefined => {
    const known = ofConnections.get(socket)
    if (known) return known.certificate
    const found = peerCertificate(socket)
    const certificate = found && read(found)
    ofConnections.set(socket, { certificate })
    return certificate
  }
  return (message: IncomingMessage): ClientCertificate | undefined => {
    if (!isFromProxy(message)) return connectionCertificate(message.socket)
    const header = proxiesTell ? message.headers['client-cert'] : undefined
    if (header === undefined) return undefined
    const text = Array.isArray(header) ? header.join(', ') : header
    return ofHeaders.of(text, readHeader)
  }
}

/** Of a TLS socket; a connection without TLS has none. */
function peerCertificate(socket: object): X509Certificate | undefined {
  if (!('getPeerX509Certificate' in socket) || typeof socket.getPeerX509Certificate !== 'function') return undefined
  const found: unknown = socket.getPeerX509Certificate()
  return found instanceof X509Certificate ? found : undefined
}

/** One whose period cannot be read is over. */
const read = (certificate: X509Certificate): ClientCertificate => ({
  thumbprint: sha256Hex(certificate.raw),
  validFrom: certificate.validFromDate,
  validTo: hasPeriod(certificate) ? certificate.validToDate : new Date(0),
})

/** A byte sequence of structured fields (RFC 8941, 3.3.5), and nothing beside it. */
function readHeader(text: string): ClientCertificate {
  const [, base64 = ''] = (text.length <= LONGEST_HEADER && /^:([A-Za-z0-9+/]+={0,2}):$/.exec(text)) || []
  const der = Buffer.from(base64, 'base64')
  try {
    const certificate = new X509Certificate(der)
    // What follows the certificate would be part of no thumbprint.
    if (certificate.raw.equals(der)) return read(certificate)
  } catch {
    // the bytes are no certificate: told below
  }
  throw unproven('The header Client-Cert holds no certificate as RFC 9440 has it.')
}
