/** Certificates for signed messages, with their keys, made when a test asks. */
import { generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { writeCertificate } from '../../src/demo/certificate-writer.ts'

/** A self-signed certificate with its key. */
export interface TestSigner {
  certificate: X509Certificate
  privateKey: KeyObject
  /** PEM. */
  cert: string
  key: string
}

const day = 86_400_000

/** A certificate since yesterday, for so many days from now. `P-256`, `P-384`, `brainpoolP256r1`, `secp256k1`, …, or `RSA-2048`. */
export function testSigner(kind: string, commonName = `UP of ${kind}`, isAuthority = false, days = 1): TestSigner {
  const [, bits] = /^RSA-(\d+)$/.exec(kind) ?? []
  const { privateKey, publicKey } = bits
    ? generateKeyPairSync('rsa', { modulusLength: Number(bits) })
    : generateKeyPairSync('ec', { namedCurve: kind })
  const name = { commonName, country: 'XA' }
  const period = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + days * day) }
  const serialNumber = Buffer.concat([Buffer.from([0x71]), randomBytes(15)])
  const der = writeCertificate(
    { subject: name, publicKey, serialNumber, isAuthority, ...period },
    { name, privateKey, publicKey },
  )
  const certificate = new X509Certificate(der)
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { certificate, privateKey, cert: certificate.toString(), key }
}
