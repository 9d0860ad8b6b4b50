/** The key of a development server: made by itself, in DATA_DIR, with a certificate that it signs itself. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMissing } from '../base/system-error.ts'
import { writeNewFile } from '../files/new-file.ts'
import { checkMode } from './key-files.ts'
import type { KeyMaterial } from './signing-key.ts'

/** Writes the DER of an X.509 certificate that is signed by its own key. */
export type WriteCertificate = (content: {
  publicKey: KeyObject
  privateKey: KeyObject
  serialNumber: Uint8Array
  notBefore: Date
  notAfter: Date
}) => Buffer

/** What a development server makes its key with. */
export interface DevelopmentKeyOptions {
  dataDir: string
  writeCertificate: WriteCertificate
  now(): Date
}

const namePattern = /^signing-([1-9]\d{0,5})\.pem$/
const dayMilliseconds = 86_400_000
const validDays = 730

/**
 * The keys of a data folder, the newest first: `keys/signing-<n>.pem`, each a private key with its certificate, which only their owner
 * reads. One is made when there is none and when the newest has come to its end. Two processes that begin together come to the
 * same key.
 * @throws Error that names the file when one of them cannot be used
 */
export function developmentKeys(options: DevelopmentKeyOptions): KeyMaterial[] {
  const folder = join(options.dataDir, 'keys')
  const known = readKeys(folder)
  if (known[0] && isLasting(known[0].material, options.now())) return known.map(({ material }) => material)
  makeKey(folder, (known[0]?.number ?? 0) + 1, options)
  return readKeys(folder).map(({ material }) => material)
}

/** The same as far as they are there: none is made. @throws Error that names the file when one of them cannot be used */
export const knownDevelopmentKeys = (dataDir: string): KeyMaterial[] =>
  readKeys(join(dataDir, 'keys')).map(({ material }) => material)

interface NumberedKey {
  number: number
  material: KeyMaterial
}

function readKeys(folder: string): NumberedKey[] {
  const numbers = filesOf(folder).flatMap((file) => namePattern.exec(file)?.[1] ?? [])
  const newestFirst = numbers.map(Number).sort((a, b) => b - a)
  return newestFirst.map((number) => ({ number, material: readKey(join(folder, nameOf(number))) }))
}

const nameOf = (number: number): string => `signing-${number}.pem`

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

function readKey(file: string): KeyMaterial {
  checkMode(file)
  const text = readFileSync(file, 'utf8')
  const broken = `${file} must hold a private key on P-256 and its certificate, in PEM; where it can go, a new one is made`
  try {
    const privateKey = createPrivateKey(text)
    const certificate = new X509Certificate(/-----BEGIN CERTIFICATE-----[\s\S]*/.exec(text)?.[0] ?? '')
    const isOnCurve = privateKey.asymmetricKeyDetails?.namedCurve === 'prime256v1'
    if (isOnCurve && certificate.checkPrivateKey(privateKey))
      return { privateKey, publicKey: createPublicKey(privateKey), chain: [certificate] }
  } catch {
    throw new Error(broken) // the parser's message may quote the key
  }
  throw new Error(broken)
}

function isLasting({ chain: [certificate] }: KeyMaterial, now: Date): boolean {
  return certificate !== undefined && certificate.validToDate > now
}

function makeKey(folder: string, number: number, { writeCertificate, now }: DevelopmentKeyOptions): void {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const serialNumber = randomBytes(16)
  // Positive, and of the length that it seems to have.
  serialNumber[0] = ((serialNumber[0] ?? 0) & 0x7f) | 0x40
  const begin = now().getTime()
  const der = writeCertificate({
    publicKey,
    privateKey,
    serialNumber,
    // A verifier's clock may be behind.
    notBefore: new Date(begin - dayMilliseconds),
    notAfter: new Date(begin + validDays * dayMilliseconds),
  })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) + new X509Certificate(der).toString()
  writeNewFile(folder, nameOf(number), pem)
}
