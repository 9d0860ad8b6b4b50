/** X.509 certificates of the test PKI (RFC 5280), with whatever key usage a role of the network has. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import {
  bits,
  implicit,
  integer,
  nothing,
  octets,
  oid,
  parsed,
  printable,
  sequence,
  setOf,
  tagged,
  time,
  toDer,
  utf8,
  yes,
} from './der.ts'

/** A certificate with its private key, and the names that files of the PKI give it. */
export interface PkiKey {
  /** File name without ending: `XA_DSC_all`. */
  name: string
  /** Name without country: `DSC_all`, `TLS`. */
  role: string
  /** Alpha-2; empty for those of the gateway. */
  country: string
  certificate: X509Certificate
  privateKey: KeyObject
  /** Certificate and private key (PKCS#8) as PEM. */
  pem: string
  keyPem: string
  /** SHA-256 over the DER: in lower-case hex, and base64 of its first 8 bytes. */
  thumbprint: string
  keyId: string
}

const usages = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const

/** What a certificate shall be. */
export interface CertificateWish {
  name: string
  /** C, O and CN in this order; a missing one is left out. */
  subject: { country?: string; organization?: string; commonName: string }
  keyUsage: (keyof typeof usages)[]
  /** A CA: without limit, or with a path length. */
  authority?: true | number
  extendedKeyUsage?: string[]
  hosts?: string[]
  /** IPv4 and IPv6 addresses. */
  addresses?: string[]
  notBefore: Date
  notAfter: Date
  /** Self-signed without one. */
  issuer?: PkiKey
  algorithm?: 'P-256' | 'P-384' | 'RSA-3072'
  /** An existing pair: another certificate of one key. */
  pair?: { publicKey: KeyObject; privateKey: KeyObject }
}

const sha = (name: string, bytes: Uint8Array) => createHash(name).update(bytes).digest()

/** Makes the key and the certificate. */
export function makeCertificate(wish: CertificateWish): PkiKey {
  const pair = wish.pair ?? newPair(wish.algorithm ?? 'P-256')
  const { publicKey, privateKey } = pair
  const signer = wish.issuer?.privateKey ?? privateKey
  const body = toDer(
    sequence(
      tagged(0, integer(2)),
      integer(Buffer.concat([Buffer.from([0x01]), randomBytes(8)])),
      signatureAlgorithm(signer),
      wish.issuer ? parsed(subjectOf(wish.issuer.certificate)) : distinguishedName(wish.subject),
      sequence(time(wish.notBefore), time(wish.notAfter)),
      distinguishedName(wish.subject),
      parsed(spki(publicKey)),
      tagged(3, sequence(...extensions(wish, publicKey))),
    ),
  )
  const signature = sign(hashFor(signer), body, signer)
  const der = toDer(sequence(parsed(body), signatureAlgorithm(signer), bits(signature)))
  return pkiKey(wish.name, new X509Certificate(der), privateKey)
}

/** A certificate and key under a name of the PKI. */
function pkiKey(name: string, certificate: X509Certificate, privateKey: KeyObject): PkiKey {
  const [prefix = '', ...rest] = name.split('_')
  const digest = sha('sha256', certificate.raw)
  return {
    name,
    role: rest.join('_'),
    country: prefix === 'TNG' ? '' : prefix,
    certificate,
    privateKey,
    pem: certificate.toString(),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    thumbprint: digest.toString('hex'),
    keyId: digest.subarray(0, 8).toString('base64'),
  }
}

function newPair(algorithm: NonNullable<CertificateWish['algorithm']>) {
  if (algorithm === 'RSA-3072') return generateKeyPairSync('rsa', { modulusLength: 3072 })
  return generateKeyPairSync('ec', { namedCurve: algorithm })
}

const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' })

const isWide = (key: KeyObject) => key.asymmetricKeyDetails?.namedCurve === 'secp384r1'
const hashFor = (key: KeyObject) => (isWide(key) ? 'sha384' : 'sha256')

function signatureAlgorithm(key: KeyObject) {
  if (key.asymmetricKeyType === 'rsa') return sequence(oid('1.2.840.113549.1.1.11'), nothing())
  return sequence(oid(isWide(key) ? '1.2.840.10045.4.3.3' : '1.2.840.10045.4.3.2'))
}

function distinguishedName({ country, organization, commonName }: CertificateWish['subject']) {
  const attribute = (type: string, value: ReturnType<typeof utf8>) => setOf(sequence(oid(type), value))
  return sequence(
    ...(country === undefined ? [] : [attribute('2.5.4.6', printable(country))]),
    ...(organization === undefined ? [] : [attribute('2.5.4.10', utf8(organization))]),
    attribute('2.5.4.3', utf8(commonName)),
  )
}

/** Position of TBSCertificate's members after the version (RFC 5280, 4.1). */
const ISSUER = 3
const SUBJECT = 5

function nameAt(certificate: X509Certificate, position: number): Buffer {
  const body = (parsed(certificate.raw) as ReturnType<typeof sequence>).valueBlock.value[0] as ReturnType<
    typeof sequence
  >
  return toDer(body.valueBlock.value[position] as ReturnType<typeof sequence>)
}

/** DER of the subject's name. */
const subjectOf = (certificate: X509Certificate): Buffer => nameAt(certificate, SUBJECT)
/** DER of the issuer's name. */
export const issuerOf = (certificate: X509Certificate): Buffer => nameAt(certificate, ISSUER)

/** SHA-1 over the public key's bits, as RFC 5280, 4.2.1.2 suggests; it identifies, it protects nothing. */
export function keyIdentifier(key: KeyObject): Buffer {
  const info = parsed(spki(key)) as ReturnType<typeof sequence>
  const value = info.valueBlock.value[1] as ReturnType<typeof bits>
  return sha('sha1', Buffer.from(value.valueBlock.valueHexView))
}

function extensions(wish: CertificateWish, publicKey: KeyObject) {
  const { authority, extendedKeyUsage = [], hosts = [], addresses = [], issuer } = wish
  const extension = (type: string, value: Parameters<typeof toDer>[0], isCritical = false) =>
    sequence(oid(type), ...(isCritical ? [yes()] : []), octets(toDer(value)))
  const constraints = authority === undefined ? [] : [yes(), ...(authority === true ? [] : [integer(authority)])]
  const names = [
    ...hosts.map((name) => implicit(2, Buffer.from(name, 'latin1'))),
    ...addresses.map((address) => implicit(7, addressBytes(address))),
  ]
  return [
    extension('2.5.29.15', usageBits(wish.keyUsage), true),
    extension('2.5.29.19', sequence(...constraints), true),
    ...(extendedKeyUsage.length > 0 ? [extension('2.5.29.37', sequence(...extendedKeyUsage.map(oid)))] : []),
    ...(names.length > 0 ? [extension('2.5.29.17', sequence(...names))] : []),
    extension('2.5.29.14', octets(keyIdentifier(publicKey))),
    ...(issuer ? [extension('2.5.29.35', sequence(implicit(0, keyIdentifier(issuer.certificate.publicKey))))] : []),
  ]
}

function usageBits(wished: CertificateWish['keyUsage']) {
  const last = Math.max(...wished.map((each) => usages[each]))
  const byte = wished.reduce((sum, each) => sum | (0x80 >> usages[each]), 0)
  return bits(Buffer.from([byte]), 7 - last)
}

function addressBytes(address: string): Buffer {
  if (address === '::1') return Buffer.concat([Buffer.alloc(15), Buffer.from([1])])
  return Buffer.from(address.split('.').map(Number))
}
