/** Keys and certificates as operators give them: PEM text, files of PEM, PKCS#12 files. Nothing of a private key is in an error. */

import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { pemCertificates } from '../base/crypto/pem.ts'
import { isForSignatures } from '../base/crypto/x509.ts'
import { missingSecret } from '../base/secret-file.ts'
import { errorText, isSystemError } from '../base/system-error.ts'
import { secretFileProblem } from '../files/secret-file.ts'
import { algorithmOf, type KeyMaterial } from './signing-key.ts'

/** Where one key stands: files, or PEM text in their place. */
export interface KeySource {
  /** PEM of the private key, or a PKCS#12 file with its certificates. */
  key: string
  /** PEM: the certificate, then who issued each. */
  certificate?: string
  /** File with the password of the PKCS#12 file or the encrypted key. */
  passwordFile?: string
}

/** Reads a PKCS#12 file (RFC 7292): the certificate of the key, then its issuer and so on, then what else there is. */
export type OpenPkcs12 = (
  der: Uint8Array,
  password: string,
) => Promise<{ privateKey: KeyObject; certificates: X509Certificate[] }>

/**
 * Reads a private key with its certificates.
 * @throws Error that names the file and what is wrong with it
 */
export async function readPrivateKey(source: KeySource, openPkcs12: OpenPkcs12): Promise<KeyMaterial> {
  const { bytes, name } = secret(source.key, 'the private key')
  const password = source.passwordFile === undefined ? undefined : readPassword(source.passwordFile)
  const given = source.certificate === undefined ? undefined : readCertificates(source.certificate)
  if (isPem(bytes)) {
    const text = bytes.toString('utf8')
    const privateKey = named(name, () => privateKeyOf(text, password))
    // A file may hold the key and its certificates, as many tools write it.
    return checkedMaterial(name, privateKey, given ?? certificatesIn(text, name))
  }
  const opened = await openPkcs12(bytes, password ?? '').catch((error: unknown) => {
    throw new Error(`${name}: it holds no PEM, and cannot be opened as PKCS#12 (${errorText(error)})`)
  })
  return checkedMaterial(name, opened.privateKey, given ?? chainOf(opened.certificates))
}

/**
 * Reads what is left of a key that signs no more: its certificates, or its public key.
 * @throws Error that names the file and what is wrong with it
 */
export function readPublicKey(file: string): KeyMaterial {
  const { text, name } = publicText(file)
  const chain = certificatesIn(text, name)
  const [certificate] = chain
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    throw new Error(`${name}: a retired key needs its certificate or public key alone; its private key stands here`)
  const publicKey = certificate?.publicKey ?? named(name, () => publicKeyOf(text))
  return checkedPublic(name, { publicKey, chain })
}

/** The first certificate and its issuers, as far as each follows the one that it issued. */
function chainOf(certificates: readonly X509Certificate[]): X509Certificate[] {
  const end = certificates.findIndex((each, index) => {
    const issuer = certificates[index + 1]
    return !issuer || each.checkIssued(each) || !each.checkIssued(issuer)
  })
  return certificates.slice(0, end + 1)
}

/** The certificates of PEM text or of a file of it. */
function readCertificates(file: string): X509Certificate[] {
  const { text, name } = publicText(file)
  const found = certificatesIn(text, name)
  if (found.length === 0) throw new Error(`${name}: it holds no certificate in PEM`)
  return found
}

const isPemText = (text: string): boolean => text.trimStart().startsWith('-----BEGIN ')
const isPem = (bytes: Buffer): boolean => bytes.includes('-----BEGIN ')

function publicText(file: string): { text: string; name: string } {
  if (isPemText(file)) return { text: file, name: 'the PEM text' }
  return { text: readFile(file).toString('utf8'), name: file }
}

function secret(file: string, what: string): { bytes: Buffer; name: string } {
  if (isPemText(file)) return { bytes: Buffer.from(file), name: what }
  checkMode(file)
  return { bytes: readFile(file), name: file }
}

function readPassword(file: string): string {
  checkMode(file)
  // The line end that editors add is no part of it.
  return readFile(file)
    .toString('utf8')
    .replace(/\r?\n$/, '')
}

/** @throws Error that does not name what was given */
function refuseSecret(file: string): void {
  const problem = missingSecret(file, existsSync(file))
  if (problem) throw new Error(problem)
}

function readFile(file: string): Buffer {
  refuseSecret(file)
  return fileWork(() => readFileSync(file))
}

/** Errors of the operating system in plain words. */
function fileWork<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw isSystemError(error) ? new Error(errorText(error)) : error
  }
}

/**
 * A private key that others of the machine can read is no private key.
 * @throws Error that names the file
 */
export function checkMode(file: string): void {
  refuseSecret(file)
  const problem = fileWork(() => secretFileProblem(file))
  if (problem !== undefined) throw new Error(problem)
}

/** The parsers' own messages may quote what they read. */
function privateKeyOf(text: string, password: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: text, format: 'pem', ...(password === undefined ? {} : { passphrase: password }) })
  } catch {
    const isEncrypted = /ENCRYPTED/.test(text)
    throw new Error(
      isEncrypted
        ? password === undefined
          ? 'the private key is encrypted; a password is wanted'
          : 'the private key cannot be decrypted with that password'
        : 'it holds no private key in PEM',
    )
  }
}

function publicKeyOf(text: string): KeyObject {
  try {
    return createPublicKey(text)
  } catch {
    throw new Error('it holds neither a certificate nor a public key in PEM')
  }
}

function certificatesIn(text: string, name: string): X509Certificate[] {
  return pemCertificates(text).map((block, index) => {
    try {
      return new X509Certificate(block)
    } catch {
      throw new Error(`${name}: certificate ${index + 1} cannot be read`)
    }
  })
}

function checkedMaterial(name: string, privateKey: KeyObject, chain: X509Certificate[]): KeyMaterial {
  const [certificate] = chain
  if (certificate && !certificate.checkPrivateKey(privateKey))
    throw new Error(`${name}: the certificate (${oneLine(certificate.subject)}) belongs to another key`)
  return { ...checkedPublic(name, { publicKey: createPublicKey(privateKey), chain }), privateKey }
}

function checkedPublic(name: string, { publicKey, chain }: KeyMaterial): KeyMaterial {
  named(name, () => algorithmOf(publicKey))
  const [certificate] = chain
  if (certificate && isForSignatures(certificate.raw) === false)
    throw new Error(`${name}: the certificate (${oneLine(certificate.subject)}) is not for digital signatures`)
  for (const [index, issuer] of chain.slice(1).entries())
    if (!chain[index]?.checkIssued(issuer) || !chain[index]?.verify(issuer.publicKey))
      throw new Error(`${name}: certificate ${index + 2} is not the issuer of the one before it`)
  return { publicKey, chain }
}

/** What goes wrong is told with the name of the file. */
function named<Result>(name: string, work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    throw new Error(`${name}: ${errorText(error)}`)
  }
}

/** A distinguished name on one line. */
export const oneLine = (name: string): string => name.split('\n').join(', ')
