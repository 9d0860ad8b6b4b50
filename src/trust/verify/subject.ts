import type { X509Certificate } from 'node:crypto'
import { isSignedBy } from '../keys/chain.ts'
import { headerCertificates, type KeyHints } from './candidates.ts'
import { type ReadJws, readJws } from './jws.ts'

/** What is to be trusted or not. */
export type TrustSubject =
  /** A compact JWS with its payload. */
  | { jwt: string }
  /** A compact JWS without payload, and what it signs. */
  | { jws: string; content: Uint8Array }
  /** Leaf first; what came with it helps to see where it comes from, and vouches for nothing. */
  | { certificates: X509Certificate[] }
  | { keyId: string }

/** A question's subject, read. */
export interface ReadSubject {
  detail: string
  hints: KeyHints
  jws?: ReadJws
}

/** Reads the subject of a question; a text says why it is none that can be judged. */
export function readSubject(subject: TrustSubject): ReadSubject | string {
  if ('keyId' in subject) return { detail: 'a key id', hints: { keyId: subject.keyId, certificates: [] } }
  if ('certificates' in subject) {
    const { certificates } = subject
    if (certificates.length === 0) return 'there is no certificate'
    return chainFault(certificates) ?? { detail: `certificates: ${certificates.length}`, hints: { certificates } }
  }
  const jws = 'jwt' in subject ? readJws(subject.jwt) : readJws(subject.jws, subject.content)
  if (typeof jws === 'string') return jws
  const { kid, x5c, 'x5t#S256': print } = jws.header
  const certificates = headerCertificates(x5c)
  if (typeof certificates === 'string') return certificates
  if (print !== undefined && !(typeof print === 'string' && /^[A-Za-z0-9_-]{43}$/.test(print)))
    return 'x5t#S256 is no SHA-256 in base64url'
  const thumbprint = typeof print === 'string' ? Buffer.from(print, 'base64url').toString('hex') : undefined
  const hints = { keyId: typeof kid === 'string' ? kid : undefined, certificates, thumbprint }
  return chainFault(certificates) ?? { detail: 'a compact JWS', hints, jws }
}

/** Certificates that come together must belong together: each signed by the next. */
function chainFault(certificates: readonly X509Certificate[]): string | undefined {
  const isBroken = certificates.some((each, at) => {
    const next = certificates[at + 1]
    return next !== undefined && !(each.issuer === next.subject && isSignedBy(each, next))
  })
  return isBroken ? 'the certificates are no chain: one of them is not signed by the next' : undefined
}
