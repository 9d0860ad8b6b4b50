import { type KeyObject, X509Certificate } from 'node:crypto'
import { type CertificateName, writeCertificate } from './certificate-writer.ts'
import { derivedKeyId } from './trusted-key.ts'

/** A key pair as node:crypto makes it. */
export interface KeyPair {
  publicKey: KeyObject
  privateKey: KeyObject
}

/** What an issuing authority is made of; keys and serial numbers come from the caller. */
export interface AuthorityOptions {
  /** Alpha-2, subject `C` of both certificates. */
  country: string
  authorityKeys: KeyPair
  signerKeys: KeyPair
  serialNumber(): Uint8Array
  notBefore: Date
  notAfter: Date
  /** Object identifiers for the document signer; none allows every event. */
  extendedKeyUsage?: string[]
}

/** A participant's certificates for demonstration and tests: SCA and one document signer below it. */
export interface IssuingAuthority {
  sca: X509Certificate
  dsc: X509Certificate
  /** Key id of the document signer, as it stands in an HCERT. */
  keyId: Buffer
}

/** Makes SCA and DSC as trust-network.md, section 7, describes them. */
export function createIssuingAuthority(options: AuthorityOptions): IssuingAuthority {
  const { country, authorityKeys, signerKeys, notBefore, notAfter, extendedKeyUsage = [] } = options
  const name: CertificateName = { commonName: `Specimen SCA of ${country}`, country }
  const issuer = { name, ...authorityKeys }
  const write = (subject: CertificateName, publicKey: KeyObject, more: object) =>
    new X509Certificate(
      writeCertificate(
        { subject, publicKey, notBefore, notAfter, serialNumber: options.serialNumber(), ...more },
        issuer,
      ),
    )
  const dsc = write({ commonName: `Specimen DSC of ${country}`, country }, signerKeys.publicKey, { extendedKeyUsage })
  return {
    sca: write(name, authorityKeys.publicKey, { isAuthority: true }),
    dsc,
    keyId: Buffer.from(derivedKeyId(dsc), 'base64'),
  }
}
