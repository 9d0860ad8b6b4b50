/** Whose signatures on rules count: the upload keys of trust lists, and certificates that the operator names. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { pemCertificates } from '../../../base/crypto/pem.ts'
import { sameParticipant } from '../../../base/participant-codes.ts'
import { unprocessable } from '../../../fhir/error.ts'
import type { Trust } from '../../../trust/trust.ts'
import { countryOf, type EuRuleTrust } from './open-signed.ts'

/** A certificate that the operator trusts, for the country that it names. */
interface NamedSigner {
  country: string
  certificate: X509Certificate
}

/**
 * Reads the certificates of files, PEM or DER.
 * @throws FhirError 422 for a file without one, and for a certificate whose subject does not name exactly one country
 */
export function readSigners(files: readonly string[]): NamedSigner[] {
  return files.flatMap((file) => {
    const bytes = readFileSync(file)
    const pem = pemCertificates(bytes.toString('latin1'))
    return (pem.length > 0 ? pem : [bytes]).map((each) => readSigner(each, file))
  })
}

function readSigner(text: string | Buffer, file: string): NamedSigner {
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(text)
  } catch {
    throw unprocessable(`${file} holds no certificate`)
  }
  const country = countryOf(certificate)
  if (country === undefined)
    throw unprocessable(`${file}: the subject of an upload certificate names exactly one country (C)`)
  return { country, certificate }
}

/** Certificates by which rules of a country may be signed. What a list says is terminated or revoked counts no more, whoever names it. */
export function uploadKeys(trust: Pick<Trust, 'keys'>, signers: readonly NamedSigner[]): EuRuleTrust['uploadKeys'] {
  return (country) => {
    const listed = trust.keys().find({ issuer: country, usage: ['UP'] })
    const good = listed.flatMap(({ certificate, status }) => (certificate && status === 'current' ? [certificate] : []))
    const bad = listed.flatMap(({ certificate, status }) => (certificate && status !== 'current' ? [certificate] : []))
    const named = signers.filter((each) => sameParticipant(each.country, country)).map((each) => each.certificate)
    const isBad = ({ raw }: X509Certificate) => bad.some((each) => each.raw.equals(raw))
    return [...good, ...named].filter((each) => !isBad(each))
  }
}
