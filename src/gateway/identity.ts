/** The certificates by which a gateway knows this server, with their private keys. */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { pemCertificates } from '../base/crypto/pem.ts'
import { errorText } from '../base/system-error.ts'
import { openPkcs12 } from '../cms/pkcs12.ts'
import { secretFileProblem } from '../files/secret-file.ts'
import type { KeyFiles } from './settings.ts'

/** A certificate with its key. */
export interface Identity {
  certificate: X509Certificate
  privateKey: KeyObject
  /** The certificate and what it was issued by, as far as the file has it, leaf first. */
  pem: string
}

/** Files that are no key of this server; the message names file and fault, never what is in them. */
class IdentityError extends Error {
  constructor(text: string) {
    super(text)
    this.name = 'IdentityError'
  }
}

/** What can be told of key files without opening a PKCS#12 file: one line a problem. */
export function keyFileProblems(files: KeyFiles, country: string): string[] {
  try {
    const certificates = readCertificates(files.certificate)
    const secret = certificates ? files.key : files.certificate
    const open = [secret, files.passwordFile].flatMap((file) => (file === undefined ? [] : secrecyProblem(file)))
    if (open.length > 0) return open
    if (certificates) return identityProblems(pemIdentity(files, certificates), country)
    readPassword(files, true)
    return []
  } catch (error) {
    return [errorText(error)]
  }
}

/**
 * Opens key files.
 * @throws Error whose message has one problem a line
 */
export async function openIdentity(files: KeyFiles, country: string): Promise<Identity> {
  const certificates = readCertificates(files.certificate)
  const identity = certificates ? pemIdentity(files, certificates) : await pkcs12Identity(files)
  const problems = identityProblems(identity, country)
  if (problems.length > 0) throw new IdentityError(problems.join('\n'))
  return identity
}

/** Days before the end of a certificate from which on it is told. */
const WARNING_DAYS = 30
const DAY = 86_400_000

/** What a person should know of a certificate's period and use. */
export function certificateWarnings(what: string, certificate: X509Certificate, now: Date): string[] {
  const { validFromDate, validToDate } = certificate
  const days = Math.floor((validToDate.getTime() - now.getTime()) / DAY)
  const until = validToDate.toISOString().slice(0, 10)
  if (validToDate < now) return [`the ${what} ended on ${until}: the gateway refuses it`]
  if (validFromDate > now) return [`the ${what} is not valid before ${validFromDate.toISOString()}`]
  if (days < WARNING_DAYS)
    return [`the ${what} ends on ${until}, in ${days} days: have its successor onboarded by the gateway's operator`]
  return []
}

/** Values of `C` in a certificate's subject. */
export function countriesOf(certificate: X509Certificate): string[] {
  return certificate.subject
    .split('\n')
    .filter((line) => line.startsWith('C='))
    .map((line) => line.slice(2))
}

function identityProblems({ certificate, privateKey }: Identity, country: string): string[] {
  const problems: string[] = []
  if (!certificate.checkPrivateKey(privateKey)) problems.push('the private key is not that of the certificate')
  const countries = countriesOf(certificate)
  if (countries.length !== 1 || countries[0] !== country) {
    const found = countries.length === 0 ? 'has none' : `has ${countries.join(' and ')}`
    problems.push(`the subject of the certificate must have exactly one C, ${country}; it ${found}`)
  }
  return problems
}

function secrecyProblem(file: string): string[] {
  try {
    return [secretFileProblem(file) ?? []].flat()
  } catch (error) {
    return [errorText(error)]
  }
}

/** The certificates of a file, the leaf first; undefined when it is of another kind, as PKCS#12. @throws when it cannot be read */
function readCertificates(file: string): X509Certificate[] | undefined {
  const bytes = readFileSync(file)
  const text = bytes.toString('latin1')
  try {
    if (!text.includes('-----BEGIN')) return [new X509Certificate(bytes)]
    const found = pemCertificates(text).map((each) => new X509Certificate(each))
    if (found.length > 0) return found
  } catch {
    if (!text.includes('-----BEGIN')) return undefined
  }
  throw new IdentityError(`${file} holds no certificate that can be read`)
}

function pemIdentity(files: KeyFiles, certificates: readonly X509Certificate[]): Identity {
  const [certificate] = certificates
  if (certificate === undefined || files.key === undefined)
    throw new IdentityError(`the file of the private key is missing; only a PKCS#12 file holds both`)
  const pem = certificates.map(String).join('')
  return { certificate, privateKey: readKey(files.key, readPassword(files, false)), pem }
}

function readKey(file: string, passphrase: string | undefined): KeyObject {
  const bytes = readFileSync(file)
  try {
    if (!bytes.includes('-----BEGIN')) return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
    return createPrivateKey({ key: bytes, ...(passphrase === undefined ? {} : { passphrase }) })
  } catch {
    // OpenSSL's own message says nothing to a person, and may quote what it read.
    throw new IdentityError(
      `${file} holds no private key that can be read (PEM; an encrypted one needs its password file)`,
    )
  }
}

function readPassword(files: KeyFiles, isNeeded: boolean): string | undefined {
  if (files.passwordFile !== undefined) return readFileSync(files.passwordFile, 'utf8').split(/\r?\n/)[0] ?? ''
  if (isNeeded) throw new IdentityError(`${files.certificate} is no certificate; a PKCS#12 file needs a password file`)
  return undefined
}

async function pkcs12Identity(files: KeyFiles): Promise<Identity> {
  const password = readPassword(files, true) ?? ''
  try {
    const { privateKey, certificates } = await openPkcs12(readFileSync(files.certificate), password)
    const [certificate] = certificates
    if (certificate === undefined) throw new IdentityError('no certificate')
    return { certificate, privateKey, pem: certificates.map(String).join('') }
  } catch (error) {
    throw new IdentityError(`${files.certificate} cannot be opened as PKCS#12 with this password: ${errorText(error)}`)
  }
}

/** What is wrong with a file of certificates that are held against others: nothing, or one line. */
export function authoritiesProblem(file: string): string[] {
  try {
    return readCertificates(file) ? [] : [`${file} holds no certificate that can be read`]
  } catch (error) {
    return [errorText(error)]
  }
}
