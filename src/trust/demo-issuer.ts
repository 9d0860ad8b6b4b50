import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeCertificate } from './certificate-writer.ts'
import { derivedKeyId } from './trusted-key.ts'

/** Participant of the demonstration: `XA` in certificates and credentials, a user-assigned code of ISO 3166. */
export const demoCountry = 'XA'
const demoParticipant = 'XXA'

/** A document signer made on this machine, for demonstration only. */
export interface DemoIssuer {
  privateKey: KeyObject
  certificate: X509Certificate
  /** First 8 bytes of SHA-256 over the certificate's DER. */
  keyId: Uint8Array
}

const dayMilliseconds = 86_400_000

/**
 * The demonstration's issuer: an SCA and a DSC in `<dataDir>/demo/keys`, made at first use and again when they have run out.
 * `<dataDir>/demo/trust` holds the certificates alone, with the sidecar that makes the folder a trust list; private
 * keys are readable by their owner only. Never made or trusted in production.
 */
export function demoIssuer(dataDir: string, now: Date): DemoIssuer {
  const keys = join(dataDir, 'demo/keys')
  const known = readIssuer(dataDir)
  if (known && known.certificate.validToDate > now) return known
  mkdirSync(keys, { recursive: true, mode: 0o700 })
  mkdirSync(demoTrustFolder(dataDir), { recursive: true })
  makeIssuer(dataDir, now)
  const made = readIssuer(dataDir)
  if (!made) throw new Error(`the demonstration keys in ${keys} cannot be read`)
  return made
}

/** The folder that is the demonstration's trust list. */
export const demoTrustFolder = (dataDir: string): string => join(dataDir, 'demo/trust')

function readIssuer(dataDir: string): DemoIssuer | undefined {
  const keyFile = join(dataDir, 'demo/keys/dsc-key.pem')
  const certificateFile = join(demoTrustFolder(dataDir), 'dsc.pem')
  if (!existsSync(keyFile) || !existsSync(certificateFile)) return undefined
  const certificate = new X509Certificate(readFileSync(certificateFile))
  const keyId = Buffer.from(derivedKeyId(certificate), 'base64')
  return { privateKey: createPrivateKey(readFileSync(keyFile)), certificate, keyId }
}

function makeIssuer(dataDir: string, now: Date): void {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const authorityName = { country: demoCountry, organization: 'vidimus demonstration', commonName: 'Demonstration SCA' }
  const signerName = { ...authorityName, commonName: 'Demonstration DSC' }
  const issuer = { name: authorityName, ...authority }
  const notBefore = new Date(now.getTime() - 2 * 365 * dayMilliseconds)
  const notAfter = (years: number) => new Date(now.getTime() + years * 365 * dayMilliseconds)
  const common = { notBefore }
  const sca = writeCertificate(
    {
      ...common,
      notAfter: notAfter(4),
      subject: authorityName,
      publicKey: authority.publicKey,
      serialNumber: serialNumber(),
      isAuthority: true,
    },
    issuer,
  )
  const dsc = writeCertificate(
    {
      ...common,
      notAfter: notAfter(2),
      subject: signerName,
      publicKey: signer.publicKey,
      serialNumber: serialNumber(),
    },
    issuer,
  )
  const trust = demoTrustFolder(dataDir)
  const entry = { participant: demoParticipant, domain: 'DCC' }
  writeWhole(join(dataDir, 'demo/keys/sca-key.pem'), pem(authority.privateKey), 0o600)
  writeWhole(join(dataDir, 'demo/keys/dsc-key.pem'), pem(signer.privateKey), 0o600)
  writeWhole(join(trust, 'sca.pem'), new X509Certificate(sca).toString(), 0o644)
  writeWhole(join(trust, 'dsc.pem'), new X509Certificate(dsc).toString(), 0o644)
  const sidecar = [
    { file: 'sca.pem', ...entry, usage: 'SCA' },
    { file: 'dsc.pem', ...entry, usage: 'DSC' },
  ]
  writeWhole(join(trust, 'trust.json'), `${JSON.stringify(sidecar, null, 2)}\n`, 0o644)
}

const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()
const serialNumber = () => Buffer.concat([Buffer.from([0x01]), randomBytes(15)])

/** A reader sees the old file or the new one, never half of it. */
function writeWhole(file: string, text: string, mode: number): void {
  writeFileSync(`${file}.new`, text, { mode })
  renameSync(`${file}.new`, file)
}

/** A second key pair whose certificate nobody trusts: what a forger has. */
export function forgerKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}
