import { createHash, type KeyObject, sign } from 'node:crypto'

/** Writes X.509 certificates for demonstration and tests; keys, serial number and times come from the caller. */

/** Subject or issuer; `country` is alpha-2. */
export interface CertificateName {
  commonName: string
  country?: string
  organization?: string
}

/** What stands in the certificate. */
export interface CertificateContent {
  subject: CertificateName
  publicKey: KeyObject
  /** Big-endian, positive; at most 20 bytes (RFC 5280, 4.1.2.2). */
  serialNumber: Uint8Array
  notBefore: Date
  notAfter: Date
  /** A signer certificate authority: may sign certificates, nothing else. */
  isAuthority?: boolean
  /** Object identifiers. */
  extendedKeyUsage?: string[]
  /** Names of hosts that it is for (RFC 5280, 4.2.1.6). */
  hostNames?: string[]
}

/** Who signs it: for an SCA itself. */
export interface CertificateIssuer {
  name: CertificateName
  privateKey: KeyObject
  publicKey: KeyObject
}

/** DER of an X.509 version 3 certificate (RFC 5280) with key usage, key identifiers and, if asked, extended key usage. */
export function writeCertificate(content: CertificateContent, issuer: CertificateIssuer): Buffer {
  const algorithm = signatureAlgorithm(issuer.privateKey)
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(content.serialNumber),
    algorithm.identifier,
    distinguishedName(issuer.name),
    sequence(time(content.notBefore), time(content.notAfter)),
    distinguishedName(content.subject),
    content.publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions(content, issuer))),
  )
  return sequence(body, algorithm.identifier, bitString(sign(algorithm.hash, body, issuer.privateKey)))
}

// ---------- DER (X.690) ----------

function element(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

const sequence = (...parts: Uint8Array[]): Buffer => element(0x30, ...parts)
const explicit = (number: number, content: Uint8Array): Buffer => element(0xa0 | number, content)
const octetString = (content: Uint8Array): Buffer => element(0x04, content)
const bitString = (content: Uint8Array): Buffer => element(0x03, Buffer.from([0]), content)
const boolean = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0]))

function integer(magnitude: Uint8Array): Buffer {
  let first = 0
  while (first < magnitude.length - 1 && magnitude[first] === 0) first++
  const digits = magnitude.subarray(first)
  return element(0x02, Buffer.alloc((digits[0] ?? 0) >= 0x80 ? 1 : 0), digits)
}

function objectIdentifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(arc: number): number[] {
  const digits = [arc & 0x7f]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift((rest & 0x7f) | 0x80)
  return digits
}

/** UTCTime until 2049, GeneralizedTime after (RFC 5280, 4.1.2.5). */
function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/[-:T]|\.\d+Z/g, '')}Z`
  const early = date.getUTCFullYear() < 2050
  return element(early ? 0x17 : 0x18, Buffer.from(early ? digits.slice(2) : digits, 'latin1'))
}

// ---------- X.509 ----------

function distinguishedName(name: CertificateName): Buffer {
  const attribute = (oid: string, tag: number, value: string) =>
    element(0x31, sequence(objectIdentifier(oid), element(tag, Buffer.from(value, 'utf8'))))
  return sequence(
    ...(name.country ? [attribute('2.5.4.6', 0x13, name.country)] : []),
    ...(name.organization ? [attribute('2.5.4.10', 0x0c, name.organization)] : []),
    attribute('2.5.4.3', 0x0c, name.commonName),
  )
}

/** Hash and AlgorithmIdentifier for the issuer's key (RFC 5758, RFC 4055, RFC 8410). */
function signatureAlgorithm(key: KeyObject): { hash: string | undefined; identifier: Buffer } {
  if (key.asymmetricKeyType === 'rsa') {
    return { hash: 'sha256', identifier: sequence(objectIdentifier('1.2.840.113549.1.1.11'), element(0x05)) }
  }
  if (key.asymmetricKeyType === 'ed25519')
    return { hash: undefined, identifier: sequence(objectIdentifier('1.3.101.112')) }
  const wide = key.asymmetricKeyDetails?.namedCurve !== 'prime256v1'
  const oid = wide ? '1.2.840.10045.4.3.3' : '1.2.840.10045.4.3.2'
  return { hash: wide ? 'sha384' : 'sha256', identifier: sequence(objectIdentifier(oid)) }
}

function extension(oid: string, value: Uint8Array, critical = false): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value))
}

/** SHA-1 over the public key, as RFC 5280, 4.2.1.2 suggests; it identifies, it protects nothing. */
function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
}

function extensions(content: CertificateContent, issuer: CertificateIssuer): Buffer[] {
  const { isAuthority = false, extendedKeyUsage = [], hostNames = [] } = content
  // keyCertSign and cRLSign, or digitalSignature
  const usage = isAuthority ? element(0x03, Buffer.from([1, 0x06])) : element(0x03, Buffer.from([7, 0x80]))
  return [
    extension('2.5.29.19', isAuthority ? sequence(boolean(true), integer(Buffer.from([0]))) : sequence(), true),
    extension('2.5.29.15', usage, true),
    extension('2.5.29.14', octetString(keyIdentifier(content.publicKey))),
    extension('2.5.29.35', sequence(element(0x80, keyIdentifier(issuer.publicKey)))),
    ...(extendedKeyUsage.length > 0
      ? [extension('2.5.29.37', sequence(...extendedKeyUsage.map(objectIdentifier)))]
      : []),
    ...(hostNames.length > 0
      ? [extension('2.5.29.17', sequence(...hostNames.map((name) => element(0x82, Buffer.from(name, 'latin1')))))]
      : []),
  ]
}
