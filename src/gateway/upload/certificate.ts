/** A signer's certificate, before it is given to a gateway. */
import type { X509Certificate } from 'node:crypto'
import { keyUsageOf } from '../../base/crypto/x509.ts'
import { certificateWarnings, countriesOf } from '../identity.ts'

/** Domains that the route takes. */
export const certificateDomains = ['DCC', 'IPS-PILGRIMAGE', 'DICVP', 'PH4H'] as const

/** What is found about a certificate. */
export interface CertificateReport {
  /** It must not be sent. */
  problems: string[]
  warnings: string[]
}

/** Kinds of certificates that an extended key usage restricts a signer to (EU DCC; `0.1847` is a spelling that occurs as well). */
const HEALTH_USAGE = /^1\.3\.6\.1\.4\.1\.(?:0\.)?1847\.(?:2021\.1\.[123]|2022\.1\.2[012])$/

/** Holds a signer's certificate against its participant and the authorities of that participant. */
export function inspectCertificate(
  certificate: X509Certificate,
  { authorities, country, now }: { authorities: readonly X509Certificate[]; country: string; now: Date },
): CertificateReport {
  const problems: string[] = []
  const countries = countriesOf(certificate)
  if (countries.length !== 1 || countries[0] !== country)
    problems.push(`its subject must have exactly one C, ${country}; it has ${countries.join(' and ') || 'none'}`)
  const authority = authorities.find((each) => isIssuedBy(certificate, each))
  if (authorities.length === 0) problems.push('no signer certificate authority (SCA) of this participant is known')
  else if (!authority) problems.push('it is under none of the signer certificate authorities (SCA) of this participant')
  if (certificate.ca) problems.push('it is an authority itself, and no signer')
  if (certificate.validToDate < now) problems.push(`it ended on ${certificate.validToDate.toISOString()}`)
  const warnings = problems.length === 0 ? certificateWarnings('certificate', certificate, now) : []
  if (authority && authority.validToDate < certificate.validToDate)
    warnings.push('it is valid for longer than its authority')
  return { problems, warnings: [...warnings, ...usageWarnings(certificate)] }
}

function isIssuedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
}

function usageWarnings(certificate: X509Certificate): string[] {
  const usage = keyUsageOf(certificate.raw)
  const extended = certificate.keyUsage ?? []
  const health = extended.filter((each) => HEALTH_USAGE.test(each))
  const warnings: string[] = []
  if (usage === undefined) warnings.push('it says no key usage; digitalSignature is wanted')
  else if (!usage.has('digitalSignature')) warnings.push('its key usage lacks digitalSignature')
  else if (usage.size > 1) warnings.push(`its key usage has more than digitalSignature: ${[...usage].join(', ')}`)
  if (health.length > 0)
    warnings.push(`its extended key usage restricts it: verifiers take it for ${health.join(', ')} alone`)
  const others = extended.filter((each) => !HEALTH_USAGE.test(each))
  if (others.length > 0)
    warnings.push(`its extended key usage has what no verifier of certificates asks for: ${others.join(', ')}`)
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey
  if (type === 'rsa' && (details?.modulusLength ?? 0) < 3072) warnings.push('RSA keys of less than 3072 bits are weak')
  if (type === 'ec' && details?.namedCurve !== 'prime256v1')
    warnings.push(`its curve is ${details?.namedCurve}; many verifiers know P-256 alone`)
  return warnings
}
