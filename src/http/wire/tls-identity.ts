/** The certificate and key with which a server shows who it is; read again when their files change. */
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'
import { errorText } from '../../base/system-error.ts'

/** Files of a TLS identity, all PEM. */
export interface TlsFiles {
  /** Certificate with its chain. */
  certificate: string
  /** Private key. */
  key: string
  /** Authorities whose names are told to clients that are asked for a certificate. */
  clientCa?: string
}

/** A TLS listener as it is configured. */
export interface TlsSettings {
  files: TlsFiles
  /** Whether clients are asked for a certificate; none must have one. */
  asksClients: boolean
}

/** What TLS is spoken with. */
interface TlsContent {
  cert: string
  key: string
  ca?: string
  minVersion: 'TLSv1.2'
}

/** The identity in use. */
export interface TlsIdentity {
  content(): TlsContent
  /** What clients will say against it now. */
  warnings(): string[]
  /**
   * Looks whether a file has changed, and reads all when one has.
   * @param isForced whether they are read in any case
   */
  refresh(isForced?: boolean): { state: 'same' | 'renewed' } | { state: 'refused'; why: string }
}

/** What reading takes of the surroundings. */
interface Surroundings {
  now(): Date
  /** Host of the public address, where it is known and is asked with TLS. */
  host?: string | undefined
  /** Whether a file is fit to hold a secret; what is wrong when not. */
  keyProblem?(file: string): string | undefined
}

/**
 * Reads an identity.
 * @throws Error that says which file cannot be used and why
 */
export function readTlsIdentity(files: TlsFiles, surroundings: Surroundings): TlsIdentity {
  let seen = stateOf(files)
  let { content } = readFiles(files, surroundings)
  return {
    content: () => content,
    warnings() {
      const certificate = new X509Certificate(content.cert)
      return [
        ...periodProblem(files.certificate, certificate, surroundings.now()),
        ...hostProblem(files.certificate, certificate, surroundings.host),
      ]
    },
    refresh(isForced = false) {
      const now = stateOf(files)
      if (!isForced && now === seen) return { state: 'same' }
      seen = now
      try {
        const next = readFiles(files, surroundings)
        // What every client would refuse replaces nothing.
        const [problem] = periodProblem(files.certificate, next.certificate, surroundings.now())
        if (problem !== undefined) return { state: 'refused', why: problem }
        if (sameContent(next.content, content)) return { state: 'same' }
        content = next.content
        return { state: 'renewed' }
      } catch (error) {
        return { state: 'refused', why: errorText(error) }
      }
    },
  }
}

const sameContent = (one: TlsContent, other: TlsContent): boolean =>
  one.cert === other.cert && one.key === other.key && one.ca === other.ca

/** What tells that a file is another one: mounted secrets are changed by what their name leads to. */
function stateOf(files: TlsFiles): string {
  return Object.values(files)
    .map((file: string) => {
      const found = statSync(file, { throwIfNoEntry: false })
      return found ? `${found.dev} ${found.ino} ${found.size} ${found.mtimeMs}` : 'absent'
    })
    .join('\n')
}

function readFiles({ certificate, key, clientCa }: TlsFiles, { keyProblem }: Surroundings) {
  const wrongKey = keyProblem?.(key)
  if (wrongKey) throw new Error(wrongKey)
  const content: TlsContent = {
    cert: textOf(certificate),
    key: textOf(key),
    ...(clientCa === undefined ? {} : { ca: textOf(clientCa) }),
    minVersion: 'TLSv1.2',
  }
  if (clientCa !== undefined) parsed(clientCa, content.ca ?? '')
  const leaf = parsed(certificate, content.cert)
  try {
    createSecureContext(content)
  } catch (error) {
    // The text of the error is OpenSSL's and holds nothing of the key.
    throw new Error(`${certificate} and ${key} cannot be used together: ${errorText(error)}`)
  }
  return { content, certificate: leaf }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Error(`${file} cannot be read: ${errorText(error)}`)
  }
}

function parsed(file: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text)
  } catch {
    throw new Error(`${file} holds no certificate in PEM`)
  }
}

/** What is wrong with the period of a certificate. */
function periodProblem(file: string, certificate: X509Certificate, now: Date): string[] {
  if (certificate.validToDate < now) return [`the certificate of ${file} has ended (${certificate.validTo})`]
  if (certificate.validFromDate > now) return [`the certificate of ${file} begins later (${certificate.validFrom})`]
  return []
}

/** What clients of a host say against a certificate; a common name counts for none of them (RFC 9110, section 4.3.4). */
function hostProblem(file: string, certificate: X509Certificate, host: string | undefined): string[] {
  if (host === undefined) return []
  const isFor = isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host, { subject: 'never' })
  if (isFor !== undefined) return []
  const names = certificate.subjectAltName ?? 'nobody (it has no subject alternative name)'
  return [
    `the certificate of ${file} is not for ${host}, the host of BASE_URL, but for ${names}: who comes to this listener by that name refuses it`,
  ]
}
