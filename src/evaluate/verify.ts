import {
  type CredentialFormat,
  checkNames,
  defaultLimits,
  type Envelope,
  type EventKind,
  type Failure,
  type Format,
  type FormatName,
  isFailure,
  type Limits,
  type Status,
} from '../credentials/credential-format.ts'
import { curveRemark } from '../credentials/signature-algorithms.ts'
import type { Issue, Json } from '../fhir/types.ts'
import type { KeySource, TrustedKey } from '../trust/trusted-key.ts'
import { candidateKeys, preferredKey, verifyingKeys } from './verify-key.ts'
import { checkKeyValidity, checkValidityPeriod } from './verify-period.ts'
import { type Check, type CheckReport, createReport, type StepResult } from './verify-report.ts'
import { checkRevocation } from './verify-revocation.ts'
import { checkKeyUsage } from './verify-usage.ts'

export type { KeySource } from '../trust/trusted-key.ts'

/** Who vouched for a credential (evaluate.md, Reply, `issuer`). */
interface VerifiedIssuer {
  /** As the credential says. */
  name?: string
  /** GDHCN code, alpha-3. */
  participant?: string
  keyId?: string
  trustDomain?: string
  keyUsage?: string
  /** Which list vouched for the key. */
  trustList?: string
}

/** The verdict on one credential. */
export interface Verification {
  status: Status
  format?: Format
  /** Every check, in the order of the contract. */
  checks: Check[]
  issuer?: VerifiedIssuer
  /** Only when VERIFIED: the shape of credentials.md section 8, first column. */
  content?: Json
  events: EventKind[]
  period: Envelope['period']
  /** What makes `accepted` impossible although the credential is VERIFIED: content that was not understood or does not count. */
  obstacles: Issue[]
}

/** What a credential is verified with. */
export interface VerificationContext {
  formats: CredentialFormat[]
  keys: KeySource
  clock: Date
  /** Restrict keys to these GDHCN domains. */
  trustDomains?: string[]
  limits?: Limits
  /** What a revocation list that cannot be used makes of the check; default `warn`. */
  revocationFailure?: 'warn' | 'fail'
}

/**
 * Verifies one credential, given as its text or as the texts of its chunks, in the sequence of evaluate.md. A wrong
 * credential is a verdict, never an exception; no detail quotes it.
 */
export async function verifyCredential(text: string[], context: VerificationContext): Promise<Verification> {
  const report = createReport()
  const format = context.formats.find((each) => each.recognises(text[0] ?? ''))
  if (!format) {
    report.fail('recognise', 'NOT_SUPPORTED', 'no supported format begins like this')
    return unverified(report)
  }
  report.pass('recognise')
  const decoded = format.decode(text, context.limits ?? defaultLimits)
  if (isFailure(decoded)) return refuseFailure(report, decoded)
  for (const name of decodingChecks) report.pass(name)
  for (const { check, detail } of decoded.remarks) report.warn(check, detail)
  const key = await findKey(decoded, report, format.name, context)
  if (key) judgeKey(decoded, key, report, { framework: format.name, context })
  return verdict(decoded, key, report)
}

/** Made by the decoder, all passed once there is an envelope. */
const decodingChecks = ['encoding', 'compression', 'envelope', 'payload'] as const

function refuseFailure(report: CheckReport, failure: Failure): Verification {
  for (const name of checkNames) {
    if (name === failure.check) break
    // A fault of the envelope may lie before anything was inflated (credentials.md, section 2).
    if (!failure.skipped?.includes(name)) report.pass(name)
  }
  report.fail(failure.check, failure.status, failure.detail)
  const { format, issuer } = failure
  return { ...unverified(report), ...(format ? { format } : {}), ...(issuer ? { issuer: { name: issuer } } : {}) }
}

function unverified(report: CheckReport): Verification {
  return {
    status: report.failedWith() ?? 'NOT_SUPPORTED',
    checks: report.checks(),
    events: [],
    period: {},
    obstacles: [],
  }
}

/** The checks `key` and `signature`; undefined when one fails. */
async function findKey(
  envelope: Envelope,
  report: CheckReport,
  framework: FormatName,
  context: VerificationContext,
): Promise<TrustedKey | undefined> {
  const { limits = defaultLimits, trustDomains = [], clock } = context
  if (envelope.keyId === undefined) {
    report.fail('key', 'KID_NOT_INCLUDED', 'the credential names no key id')
    return undefined
  }
  const candidates = candidateKeys(envelope, framework, context.keys)
  if (candidates.length === 0) {
    report.fail('key', 'ISSUER_NOT_TRUSTED', 'no trusted key for this issuer and key id')
    return undefined
  }
  report.pass('key')
  const verifying = await verifyingKeys(envelope, candidates, limits.keysTried)
  const isGood = (key: TrustedKey) =>
    !checkKeyValidity(envelope, key, clock).status && !checkKeyUsage(envelope, key, { framework, trustDomains }).status
  const key = preferredKey(verifying, isGood)
  if (!key) {
    report.fail('signature', 'INVALID_SIGNATURE', 'the signature matches no trusted key of this key id')
    return undefined
  }
  report.pass('signature')
  return key
}

/** Everything that is judged by the key that verified. */
function judgeKey(
  envelope: Envelope,
  key: TrustedKey,
  report: CheckReport,
  { framework, context }: { framework: FormatName; context: VerificationContext },
): void {
  const { clock, trustDomains = [] } = context
  if (key.participant && !isIssuerCode(envelope.issuer)) {
    report.warn('key', `found by key id alone: a key of participant ${key.participant}`)
  }
  const curve = curveRemark(envelope.algorithm, key.publicKey)
  if (curve !== undefined && !envelope.signer) {
    report.warn('envelope', curve)
    report.warn('signature', curve)
  }
  if (envelope.coverage === 'partial') {
    report.fail('signature', 'UNSIGNED_CONTENT', 'the proof does not cover all data')
    return
  }
  report.enter('key-validity', checkKeyValidity(envelope, key, clock))
  report.enter('key-usage', checkKeyUsage(envelope, key, { framework, trustDomains }))
  report.enter('validity-period', checkValidityPeriod(envelope, clock))
  if (!report.failedWith()) report.enter('revocation', revocationResult(envelope, key, { framework, context }))
}

/** A list that cannot be used is a remark, unless the operator demands lists that can: then it counts as listed. */
function revocationResult(
  envelope: Envelope,
  key: TrustedKey,
  { framework, context }: { framework: FormatName; context: VerificationContext },
): StepResult {
  const result = checkRevocation(envelope, key, framework)
  const isUnusable = !result.status && result.details.length > 0
  return isUnusable && context.revocationFailure === 'fail' ? { ...result, status: 'REVOKED' } : result
}

/** Country or participant codes and URLs are compared with the key's issuer; free text is not. */
function isIssuerCode(issuer: string | undefined): boolean {
  return issuer !== undefined && /^(?:[A-Za-z]{2,3}|[a-z]+:.+)$/.test(issuer.trim())
}

function verdict(envelope: Envelope, key: TrustedKey | undefined, report: CheckReport): Verification {
  const status = report.failedWith() ?? 'VERIFIED'
  const verification: Verification = {
    status,
    format: (key && envelope.formatUnder?.(key.domain)) ?? envelope.format,
    checks: report.checks(),
    issuer: issuerOf(envelope, key),
    events: envelope.events,
    period: envelope.period,
    obstacles: [],
  }
  if (status === 'VERIFIED') verification.content = envelope.content
  return verification
}

function issuerOf(envelope: Envelope, key: TrustedKey | undefined): VerifiedIssuer {
  const issuer: VerifiedIssuer = {}
  if (envelope.issuer !== undefined) issuer.name = envelope.issuer
  if (key?.participant) issuer.participant = key.participant
  if (envelope.keyId !== undefined) issuer.keyId = envelope.keyId
  if (key?.domain) issuer.trustDomain = key.domain
  if (key?.usage) issuer.keyUsage = key.usage
  if (key?.lists[0] !== undefined) issuer.trustList = key.lists[0]
  return issuer
}
