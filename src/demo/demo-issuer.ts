import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { jwkThumbprint } from '../base/crypto/jwk-thumbprint.ts'
import { derivedKeyId } from '../trust/keys/trusted-key.ts'
import type { TrustSource } from '../trust/lists/trust-source.ts'
import { type CertificateContent, writeCertificate } from './certificate-writer.ts'
import { sealKeyUsage } from './issue-icao-vds-nc.ts'

/** Participant of the demonstration: `XA` in certificates and credentials, a user-assigned code of ISO 3166. */
export const demoCountry = 'XA'
const demoParticipant = 'XXA'

/** Issuer address of the demonstration's SMART Health Cards; nothing is ever fetched from it. */
export const demoCardIssuer = 'https://demonstration.invalid/cards'

/** Issuer of the demonstration's DIVOC certificates, and the name of its key; nothing is ever fetched from either. */
export const demoDivocIssuer = 'https://demonstration.invalid/divoc'
/** `verificationMethod` of the demonstration's DIVOC certificates. */
export const demoDivocMethod = 'did:demonstration'

/** Signers made on this machine, for demonstration only. */
export interface DemoIssuer {
  /** Of HCERT codes and SMART Health Cards. */
  privateKey: KeyObject
  certificate: X509Certificate
  /** First 8 bytes of SHA-256 over the certificate's DER. */
  keyId: Uint8Array
  /** Of ICAO seals. */
  seal: { privateKey: KeyObject; certificate: X509Certificate }
  /** Of DIVOC certificates: Ed25519. */
  divocKey: KeyObject
}

const dayMilliseconds = 86_400_000

/**
 * The demonstration's issuer: an SCA, a DSC and a seal signer in `<dataDir>/demo/keys`, made at first use and again when
 * they have run out. `<dataDir>/demo/trust` holds what is trusted of them, with the sidecar that makes the folder a trust
 * list, and the JWK set of the cards; private keys are readable by their owner only. Never made or trusted in production.
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

/** The demonstration's trust lists; its issuer is made when there is none. */
export function demoTrustSources(dataDir: string, now: Date): TrustSource[] {
  demoIssuer(dataDir, now)
  return [
    { name: 'demo', kind: 'certificates', location: demoTrustFolder(dataDir) },
    { name: 'demo-cards', kind: 'jwks', location: demoCardKeys(dataDir), issuer: demoCardIssuer },
    { name: 'demo-divoc', kind: 'jwks', location: demoDivocKeys(dataDir), issuer: demoDivocIssuer },
  ]
}

/** The JWK set of the demonstration's SMART Health Cards. */
const demoCardKeys = (dataDir: string): string => join(demoTrustFolder(dataDir), 'cards.jwks.json')

/** The JWK set of its DIVOC certificates. */
const demoDivocKeys = (dataDir: string): string => join(demoTrustFolder(dataDir), 'divoc.jwks.json')

function readIssuer(dataDir: string): DemoIssuer | undefined {
  const keys = join(dataDir, 'demo/keys')
  const trust = demoTrustFolder(dataDir)
  const files = [join(keys, 'dsc-key.pem'), join(trust, 'dsc.pem'), join(keys, 'seal-key.pem'), join(keys, 'seal.pem')]
  const divocKey = join(keys, 'divoc-key.pem')
  if (![...files, divocKey, demoCardKeys(dataDir), demoDivocKeys(dataDir)].every((file) => existsSync(file)))
    return undefined
  const [signerKey, signer, sealKey, seal] = files.map((file) => readFileSync(file)) as [Buffer, Buffer, Buffer, Buffer]
  const certificate = new X509Certificate(signer)
  return {
    privateKey: createPrivateKey(signerKey),
    certificate,
    keyId: Buffer.from(derivedKeyId(certificate), 'base64'),
    seal: { privateKey: createPrivateKey(sealKey), certificate: new X509Certificate(seal) },
    divocKey: createPrivateKey(readFileSync(divocKey)),
  }
}

function makeIssuer(dataDir: string, now: Date): void {
  const [authority, signer, seal] = [keyPair(), keyPair(), keyPair()]
  const name = { country: demoCountry, organization: 'vidimus demonstration', commonName: 'Demonstration SCA' }
  const write = (
    commonName: string,
    years: number,
    content: Pick<CertificateContent, 'publicKey' | 'isAuthority' | 'extendedKeyUsage'>,
  ) => {
    const period = { notBefore: yearsFrom(now, -2), notAfter: yearsFrom(now, years) }
    const subject = { ...name, commonName }
    const der = writeCertificate(
      { subject, serialNumber: serialNumber(), ...period, ...content },
      { name, ...authority },
    )
    return new X509Certificate(der).toString()
  }
  const keys = join(dataDir, 'demo/keys')
  const trust = demoTrustFolder(dataDir)
  writeWhole(join(keys, 'sca-key.pem'), pem(authority.privateKey), 0o600)
  writeWhole(join(keys, 'dsc-key.pem'), pem(signer.privateKey), 0o600)
  writeWhole(join(keys, 'seal-key.pem'), pem(seal.privateKey), 0o600)
  const sealContent = { publicKey: seal.publicKey, extendedKeyUsage: [sealKeyUsage] }
  writeWhole(join(keys, 'seal.pem'), write('Demonstration seal signer', 2, sealContent), 0o600)
  writeWhole(
    join(trust, 'sca.pem'),
    write(name.commonName, 4, { publicKey: authority.publicKey, isAuthority: true }),
    0o644,
  )
  writeWhole(join(trust, 'dsc.pem'), write('Demonstration DSC', 2, { publicKey: signer.publicKey }), 0o644)
  const entry = { participant: demoParticipant, domain: 'DCC' }
  const sidecar = [
    { file: 'sca.pem', ...entry, usage: 'SCA' },
    { file: 'dsc.pem', ...entry, usage: 'DSC' },
  ]
  writeWhole(join(trust, 'trust.json'), `${JSON.stringify(sidecar, null, 2)}\n`, 0o644)
  const divoc = generateKeyPairSync('ed25519')
  writeWhole(join(keys, 'divoc-key.pem'), pem(divoc.privateKey), 0o600)
  const divocJwk = { ...divoc.publicKey.export({ format: 'jwk' }), kid: demoDivocMethod, use: 'sig', alg: 'EdDSA' }
  writeWhole(demoCardKeys(dataDir), jwkSet(cardJwk(signer.publicKey)), 0o644)
  writeWhole(demoDivocKeys(dataDir), jwkSet(divocJwk), 0o644)
}

const keyPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const yearsFrom = (date: Date, years: number) => new Date(date.getTime() + years * 365 * dayMilliseconds)

/** A JWK whose key id is its thumbprint (RFC 7638), as SMART Health Cards want it. */
function cardJwk(publicKey: KeyObject) {
  const { crv, kty, x, y } = publicKey.export({ format: 'jwk' })
  return { kty, kid: jwkThumbprint(publicKey), use: 'sig', alg: 'ES256', crv, x, y }
}

const jwkSet = (key: object) => `${JSON.stringify({ keys: [key] }, null, 2)}\n`
const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()
const serialNumber = () => Buffer.concat([Buffer.from([0x01]), randomBytes(15)])

/** A reader sees the old file or the new one, never half of it. */
function writeWhole(file: string, text: string, mode: number): void {
  // Hidden: a folder of certificates may be read meanwhile, and holds nothing else.
  const unfinished = join(dirname(file), `.${basename(file)}.new`)
  writeFileSync(unfinished, text, { mode })
  renameSync(unfinished, file)
}

/** A second key pair that nobody trusts: what a forger has. */
export function forgerKey(type: 'ec' | 'ed25519' = 'ec'): KeyObject {
  return (type === 'ec' ? keyPair() : generateKeyPairSync('ed25519')).privateKey
}
