import type { X509Certificate } from 'node:crypto'
import type {
  CheckName,
  Claim,
  CredentialFormat,
  Envelope,
  Failure,
  Finding,
  Opened,
  Status,
} from '../../credentials/credential-format.ts'
import { hasLapsed } from '../../credentials/health-link/health-link.ts'
import type { KeySource, TrustedKey } from '../../trust/keys/trusted-key.ts'

/** The checks that follow the signature, each a pure function of the credential, the key that verified it and the clock. */

const failed = (check: CheckName, status: Status, detail: string): Finding[] => [{ check, status, detail }]

const keyStatuses: Record<Exclude<TrustedKey['status'], 'current'>, Status> = {
  terminated: 'TERMINATED_KEYS',
  revoked: 'REVOKED_KEYS',
  expired: 'EXPIRED_KEYS',
}

/** `key-validity`: what the list says of the key, then its own period and the embedded signer's, at the clock. */
export function checkKeyValidity(envelope: Envelope, key: TrustedKey, clock: Date): Finding[] {
  if (key.status !== 'current')
    return failed('key-validity', keyStatuses[key.status], `the trust list says that the key is ${key.status}`)
  if (key.validFrom && clock < key.validFrom)
    return expiredKey(`the key is valid only from ${key.validFrom.toISOString()}`)
  if (key.validTo && clock > key.validTo) return expiredKey(`the key was valid until ${key.validTo.toISOString()}`)
  const { signer } = envelope
  if (signer && (clock < signer.validFromDate || clock > signer.validToDate))
    return expiredKey('the signer certificate is outside its period')
  return periodRemarks(envelope, key).map((detail) => ({ check: 'key-validity', detail }))
}

/** `key-validity`, too: what lists say of an embedded signer itself, whatever they say of its authority: the worst counts. */
export function checkSignerStatus({ signer }: Envelope, keys: KeySource): Finding[] {
  const status = signer && keys.objectionTo?.(signer)
  if (!status) return []
  return failed('key-validity', keyStatuses[status], `a trust list says that the signer is ${status}`)
}

const expiredKey = (detail: string) => failed('key-validity', 'EXPIRED_KEYS', detail)

/** Issued before the key existed, or valid longer than it: unusual, and met in genuine certificates. */
function periodRemarks({ period }: Envelope, key: TrustedKey): string[] {
  const remarks: string[] = []
  const { issuedAt, expires } = period
  if (key.validFrom && typeof issuedAt === 'number' && issuedAt * 1000 < key.validFrom.getTime())
    remarks.push('issued before the start of the key’s period')
  if (key.validTo && typeof expires === 'number' && expires * 1000 > key.validTo.getTime())
    remarks.push('expires after the end of the key’s period')
  return remarks
}

/** What the check `key-usage` looks at beside the key. */
interface KeyUse {
  envelope: Envelope
  format: CredentialFormat
  /** What the content holds; empty where it could not be read. */
  content: Pick<Opened, 'formats' | 'events'>
  /** Entries of trusted lists for the embedded signer. */
  listedSigner: TrustedKey[]
  /** Domains that are asked for; none: any. */
  trustDomains?: string[] | undefined
  /** What a key of another domain than the kind's makes of the check, default `warn`. */
  domainMismatch?: 'warn' | 'fail' | undefined
}

/**
 * `key-usage`: GDHCN usage and domain, then the extended key usage against the certified events. Only a document signer (DSC) signs
 * content; a key listed as authority (SCA) never does, in any format.
 */
export function checkKeyUsage(key: TrustedKey, use: KeyUse): Finding[] {
  const { envelope, format, content, trustDomains = [] } = use
  const mismatch = (detail: string) => failed('key-usage', 'KEY_USAGE_MISMATCH', detail)
  const fault = envelope.signer ? signerFault(envelope.signer, key, use.listedSigner) : documentSignerFault(key)
  if (fault !== undefined) return mismatch(fault)
  if (trustDomains.length > 0 && !trustDomains.includes(key.domain))
    return mismatch(key.domain ? `the key's domain ${key.domain} is not asked for` : 'the key belongs to no domain')
  const found: Finding[] = []
  const domain = domainRemark(format, content.formats, key)
  if (domain !== undefined && use.domainMismatch === 'fail') return mismatch(domain)
  if (domain !== undefined) found.push({ check: 'key-usage', detail: domain })
  const usages = envelope.signer ? (envelope.signer.keyUsage ?? []) : key.extendedKeyUsage
  const usage = format.keyUsage?.(usages, content)
  return usage ? [...found, usage] : found
}

/** Why a key may not certify what it is asked about; undefined when it may, be it with a remark. */
export function usageFault(key: TrustedKey, use: KeyUse): (Finding & { status: Status }) | undefined {
  return checkKeyUsage(key, use).flatMap(({ status, ...rest }) =>
    status === undefined ? [] : [{ ...rest, status }],
  )[0]
}

/** What is unusual about a key of that domain under those kinds of certificate; undefined also for a key that names no domain. */
function domainRemark({ kinds }: CredentialFormat, formats: string[], { domain }: TrustedKey): string | undefined {
  if (domain === '') return undefined
  const other = formats.find((format) => kinds[format]?.domains?.includes(domain.toUpperCase()) === false)
  if (other === undefined) return undefined
  const purpose = domainPurposes.get(domain.toUpperCase())
  return `the key's domain ${domain}${purpose === undefined ? '' : `, which is for ${purpose},`} is not one that signs ${other}`
}

/** What a domain is for, where its name does not say it and no kind of certificate of it is read. */
const domainPurposes = new Map([['RACSEL-DDVC', 'the regional vaccination certificates of RACSEL']])

/** An entry without usage counts as document signer. */
function documentSignerFault({ usage }: TrustedKey): string | undefined {
  return usage === '' || usage === 'DSC' ? undefined : `the key's usage is ${usage}, not DSC`
}

/** An authority vouches for signers and does not sign; an entry without usage counts as authority, unless it is the signer that another has signed. */
function signerFault(signer: X509Certificate, key: TrustedKey, listed: TrustedKey[]): string | undefined {
  if (listed.length > 0 && !listed.some(({ usage }) => usage === 'DSC' || usage === ''))
    return `the signer is listed with usage ${listed[0]?.usage}, not DSC`
  if (!signer.publicKey.equals(key.publicKey))
    return key.usage === '' || key.usage === 'SCA'
      ? undefined
      : `the key above the signer has usage ${key.usage}, not SCA`
  if (key.usage === 'DSC' || (key.usage === '' && !isSelfSigned(signer))) return undefined
  return 'the seal is signed by the authority itself'
}

function isSelfSigned(certificate: X509Certificate): boolean {
  try {
    return certificate.verify(certificate.publicKey)
  } catch {
    return false // a key of a kind that cannot have signed it
  }
}

/** `validity-period`: nbf ≤ clock, iat ≤ clock ≤ exp, bounds included (RFC 8392, 3.1.4 to 3.1.6). */
export function checkValidityPeriod({ period }: Envelope, clock: Date): Finding[] {
  const seconds = clock.getTime() / 1000
  const outside = (status: Status, detail: string) => failed('validity-period', status, detail)
  if (isAfter(period.notBefore, seconds)) return outside('NOT_YET_VALID', 'not-before time is not reached')
  if (isAfter(period.issuedAt, seconds)) return outside('NOT_YET_VALID', 'issue time is not reached')
  const { expires } = period
  if (expires === 'not-a-number') return outside('EXPIRED', 'expiry is not a finite number')
  return expires !== undefined && expires < seconds ? outside('EXPIRED', 'expiry has passed') : []
}

/** `validity-period`, too: a certificate that points at content elsewhere is no longer good when the way there has ended. */
export function checkLinks(links: Opened['links'], clock: Date): Finding[] {
  const hasEnded = links?.some((link) => hasLapsed(link, clock)) === true
  return hasEnded ? failed('validity-period', 'EXPIRED', 'the health link has expired') : []
}

/** A bare link whose life has ended: it was read, and that is what is wrong with it. */
export function endedLink(failure: Failure, clock: Date): Failure {
  const [ended] = checkLinks(failure.link && [failure.link], clock)
  if (!ended) return failure
  const { format } = failure
  const skipped: CheckName[] = ['key', 'signature', 'key-validity', 'key-usage']
  return { check: ended.check, status: 'EXPIRED', detail: ended.detail, skipped, ...(format ? { format } : {}) }
}

/** A start that cannot be read cannot have been reached. */
function isAfter(claim: Claim | undefined, seconds: number): boolean {
  return claim !== undefined && (claim === 'not-a-number' || claim > seconds)
}

/** What the operator makes of a revocation list that cannot be used, and of one that is not known at all. */
export type RevocationFailure = 'warn' | 'fail' | 'fail-unknown'

/**
 * `revocation`, against the lists that came with the key or that the server holds. A text says why the check is not made. A list that cannot be used is a
 * remark, unless the operator demands lists that can: then it counts as listed.
 */
export function checkRevocation(found: Finding[] | undefined, on: RevocationFailure): Finding[] | string {
  if (found) return on === 'warn' ? found : found.map((each) => (each.isNote ? each : { ...each, status: 'REVOKED' }))
  const detail = 'no revocation list of the issuer is known'
  return on === 'fail-unknown' ? failed('revocation', 'REVOKED', detail) : detail
}
