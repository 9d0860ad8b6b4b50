import { generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { type CertificateIssuer, type CertificateName, writeCertificate } from '../../src/demo/certificate-writer.ts'
import { type HcertOptions, type HcertSigner, issueHcert } from '../../src/demo/issue-hcert.ts'
import { type SampleKind, samplePayload } from '../../src/demo/samples.ts'
import { derivedKeyId } from '../../src/trust/keys/trusted-key.ts'

/** A key pair as node:crypto makes it. */
export interface KeyPair {
  publicKey: KeyObject
  privateKey: KeyObject
}

/** A participant made for one test: fresh keys, SCA, document signer. */
export interface TestIssuer {
  country: string
  sca: X509Certificate
  /** What the SCA signs with, for further certificates. */
  authority: CertificateIssuer
  dsc: X509Certificate
  /** Key id of the document signer, as it stands in an HCERT. */
  keyId: Buffer
  signer: HcertSigner
  /** `trustAnchor` of a request: the document signer's certificate, base64. */
  anchor: string
}

export interface TestIssuerOptions {
  country?: string
  algorithm?: HcertSigner['algorithm']
  extendedKeyUsage?: string[]
  notBefore?: Date
  notAfter?: Date
}

/** Key pair that fits an algorithm. */
export function keyPairFor(algorithm: HcertSigner['algorithm']): KeyPair {
  if (algorithm === 'PS256') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519')
  const namedCurve = algorithm === 'ES384' ? 'P-384' : algorithm === 'ES512' ? 'P-521' : 'P-256'
  return generateKeyPairSync('ec', { namedCurve })
}

/** Makes a participant; by default country XA, ES256, valid for the years 2021 to 2030. */
export function testIssuer(options: TestIssuerOptions = {}): TestIssuer {
  const { country = 'XA', algorithm = 'ES256', extendedKeyUsage = [] } = options
  const notBefore = options.notBefore ?? new Date('2021-01-01T00:00:00Z')
  const notAfter = options.notAfter ?? new Date('2030-12-31T23:59:59Z')
  const authorityKeys = keyPairFor('ES256')
  const signerKeys = keyPairFor(algorithm)
  const name: CertificateName = { commonName: `Test SCA of ${country}`, country }
  const write = (subject: CertificateName, publicKey: KeyObject, more: object) => {
    const content = { subject, publicKey, notBefore, notAfter, serialNumber: randomBytes(8), ...more }
    return new X509Certificate(writeCertificate(content, { name, ...authorityKeys }))
  }
  const dsc = write({ commonName: `Test DSC of ${country}`, country }, signerKeys.publicKey, { extendedKeyUsage })
  const keyId = Buffer.from(derivedKeyId(dsc), 'base64')
  return {
    country,
    authority: { name, ...authorityKeys },
    sca: write(name, authorityKeys.publicKey, { isAuthority: true }),
    dsc,
    keyId,
    signer: { privateKey: signerKeys.privateKey, keyId, algorithm },
    anchor: dsc.raw.toString('base64'),
  }
}

/** Times of a test credential. */
export interface TestPeriod {
  issuedAt?: Date
  expires?: Date
}

/** Issues a specimen of that kind: by default issued on 2022-01-01, expiring on 2023-01-01. */
export function issueSample(
  kind: SampleKind,
  issuer: TestIssuer,
  { issuedAt, expires, ...options }: TestPeriod & HcertOptions = {},
): string {
  const payload = samplePayload(kind, {
    issuer: issuer.country,
    issuedAt: issuedAt ?? new Date('2022-01-01T00:00:00Z'),
    expires: expires ?? new Date('2023-01-01T00:00:00Z'),
  })
  return issueHcert(payload, issuer.signer, options)
}

/** The same credential with another name under the signature of the first. */
export function forgeSample(kind: SampleKind, issuer: TestIssuer, period: TestPeriod = {}): string {
  const issuedAt = period.issuedAt ?? new Date('2022-01-02T00:00:00Z')
  const expires = period.expires ?? new Date('2033-01-01T00:00:00Z')
  const replacedPayload = samplePayload(kind, { issuer: issuer.country, issuedAt, expires })
  return issueSample(kind, issuer, { replacedPayload })
}

/** The same certificate with an end that is no time: in month 99. Its signature does not hold any more. */
export function withoutEnd(certificate: Uint8Array): Buffer {
  const der = Buffer.from(certificate)
  const utcTime = Buffer.from([0x17, 13])
  const end = der.indexOf(utcTime, der.indexOf(utcTime) + 1)
  if (end < 0) throw new TypeError('the certificate has no two times in the form of this century')
  der.write('99', end + 4, 'latin1')
  return der
}
