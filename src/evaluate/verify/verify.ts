import type { Json } from '../../base/json-value.ts'
import {
  type CheckName,
  type CredentialFormat,
  checkNames,
  defaultLimits,
  type Envelope,
  type EventKind,
  type Failure,
  type Format,
  isFailure,
  type Limits,
  type Opened,
  type Status,
} from '../../credentials/credential-format.ts'
import { unsupportedDetail } from '../../credentials/credentials.ts'
import { curveRemark } from '../../credentials/signature-algorithms.ts'
import { issue } from '../../fhir/error.ts'
import type { Issue } from '../../fhir/types.ts'
import { isIssuerAddress } from '../../trust/keys/issuer-binding.ts'
import { participantOfIssuer } from '../../trust/keys/participant-codes.ts'
import type { KeySource, TrustedKey } from '../../trust/keys/trusted-key.ts'
import { candidateKeys, listedSigner, preferredKey, verifyingKeys } from './key.ts'
import { checkKeyValidity, checkSignerStatus, checkValidityPeriod } from './period.ts'
import { type Check, type CheckReport, createReport, type StepResult } from './report.ts'
import { checkRevocation } from './revocation.ts'
import { checkKeyUsage, type UsageContext } from './usage.ts'

export type { KeySource } from '../../trust/keys/trusted-key.ts'

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
  /** Every kind of certificate in it, `format` first. */
  formats: Format[]
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
  /**
   * What a revocation list that cannot be used makes of the check, default `warn`; with `fail-unknown` also that no list of the
   * participant is known at all.
   */
  revocationFailure?: 'warn' | 'fail' | 'fail-unknown'
  /** What a key of another domain than the kind's makes of the check `key-usage`, default `warn`. */
  domainMismatch?: 'warn' | 'fail'
}

/** One credential: its text or the texts of its chunks, or the bytes of a raw transport. */
export type CredentialInput = string[] | Uint8Array

/** One credential under way: what is known of it, and what the checks said so far. */
interface Case {
  envelope: Envelope
  format: CredentialFormat
  report: CheckReport
  context: VerificationContext
}

/**
 * Verifies one credential in the sequence of evaluate.md. A wrong credential is a verdict, never an exception; no detail quotes
 * it. Its content is read only after its signature matched (HCERT 6.3), and once.
 */
export async function verifyCredential(
  credential: CredentialInput,
  context: VerificationContext,
): Promise<Verification> {
  const report = createReport()
  const isBytes = credential instanceof Uint8Array
  const format = context.formats.find((each) =>
    isBytes ? each.decodeBytes !== undefined : each.recognises(credential[0] ?? ''),
  )
  if (!format) {
    report.fail('recognise', 'NOT_SUPPORTED', unsupportedDetail(isBytes ? '' : (credential[0] ?? '')))
    return unverified(report)
  }
  report.pass('recognise')
  if (!isBytes && credential.length > 1 && !format.isChunked) {
    // One of them would be judged and the others dropped in silence.
    report.fail('encoding', 'INVALID_ENCODING', 'several texts of a format that does not come in chunks')
    return unverified(report)
  }
  const decoded = decode(credential, format, context.limits ?? defaultLimits)
  if (isFailure(decoded)) return refuseFailure(report, isBytes ? withoutEncoding(decoded) : decoded)
  for (const name of decodingChecks) if (!isBytes || name !== 'encoding') report.pass(name)
  for (const { check, detail } of decoded.remarks) if (isOfDecoding(check)) report.warn(check, detail)
  const subject: Case = { envelope: decoded, format, report, context }
  const keys = await findKeys(subject)
  return keys ? judge(subject, keys) : verdict(subject, undefined, undefined)
}

/** Made by the decoder, all passed once there is an envelope. */
const decodingChecks = ['encoding', 'compression', 'envelope', 'payload'] as const
const isOfDecoding = (check: CheckName): boolean => decodingChecks.some((each) => each === check)

function decode(credential: CredentialInput, format: CredentialFormat, limits: Limits): Envelope | Failure {
  if (!(credential instanceof Uint8Array)) return format.decode(credential, limits)
  const unread: Failure = { check: 'recognise', status: 'NOT_SUPPORTED', detail: 'no format is read from bytes' }
  return format.decodeBytes?.(credential, limits) ?? unread
}

/** Bytes have no text encoding that could have been checked. */
const withoutEncoding = (failure: Failure): Failure => ({
  ...failure,
  skipped: [...(failure.skipped ?? []), 'encoding' satisfies CheckName],
})

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
  const status = report.failedWith() ?? 'NOT_SUPPORTED'
  return { status, checks: report.checks(), formats: [], events: [], period: {}, obstacles: [] }
}

/** The checks `key` and `signature`: the keys under which the signature verifies; undefined when a check fails. */
async function findKeys({ envelope, format, report, context }: Case): Promise<TrustedKey[] | undefined> {
  if (envelope.keyId === undefined) {
    report.fail('key', 'KID_NOT_INCLUDED', 'the credential names no key id')
    return undefined
  }
  if (envelope.issuerFault !== undefined) {
    report.fail('key', 'ISSUER_NOT_TRUSTED', envelope.issuerFault)
    return undefined
  }
  const candidates = candidateKeys(envelope, format.name, context.keys)
  if (candidates.length === 0) {
    const why = context.keys.unavailable === undefined ? '' : '; no key counts while a trust list cannot be read'
    report.fail('key', 'ISSUER_NOT_TRUSTED', `no trusted key for this issuer and key id${why}`)
    return undefined
  }
  report.pass('key')
  const verifying = await verifyingKeys(envelope, candidates)
  if (verifying.length > 0) {
    report.pass('signature')
    return verifying
  }
  report.fail('signature', 'INVALID_SIGNATURE', 'the signature matches no trusted key of this key id')
  return undefined
}

/** Everything after the signature: the content, and what is judged by the key that speaks best for it. */
function judge(subject: Case, verifying: TrustedKey[]): Verification {
  const { envelope, format, report, context } = subject
  const opened = open(envelope, report)
  const usage = {
    framework: format.name,
    trustDomains: context.trustDomains ?? [],
    events: opened?.events ?? [],
    domainMismatch: context.domainMismatch ?? ('warn' as const),
    listedSigner: listedSigner(envelope, context.keys),
  }
  const usageUnder = (key: TrustedKey): UsageContext => ({ ...usage, formats: formatsUnder(opened, key) })
  const isGood = (key: TrustedKey) =>
    !checkKeyValidity(envelope, key, context.clock).status && !checkKeyUsage(envelope, key, usageUnder(key)).status
  const key = preferredKey(verifying, isGood)
  if (key) judgeKey(subject, key, { usage: usageUnder(key), opened })
  return verdict(subject, key, opened)
}

/** Reads the content; a credential whose content cannot be read keeps what was said of its key and signature. */
function open(envelope: Envelope, report: CheckReport): Opened | undefined {
  const opened = envelope.open()
  if (typeof opened === 'string') {
    report.fail('payload', 'UNSUPPORTED_CONTENT', opened)
    return undefined
  }
  for (const remark of opened.remarks) report.warn('payload', remark)
  for (const { text, blocks } of opened.obstacles) if (!blocks) report.warn('payload', text)
  return opened
}

const formatsUnder = (opened: Opened | undefined, { domain }: TrustedKey): Format[] =>
  opened?.formatsUnder?.(domain) ?? opened?.formats ?? []

/** Everything that is judged by the key that verified. */
function judgeKey(
  { envelope, format, report, context }: Case,
  key: TrustedKey,
  { usage, opened }: { usage: UsageContext; opened: Opened | undefined },
): void {
  const { clock } = context
  if (!isCompared(envelope.issuer, format)) {
    const whose = key.participant ? `a key of participant ${key.participant}` : 'a key that is bound to no participant'
    if (key.participant || envelope.issuer !== undefined) report.warn('key', `found by key id alone: ${whose}`)
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
  report.enter('key-validity', worse(checkKeyValidity(envelope, key, clock), checkSignerStatus(envelope, context.keys)))
  report.enter('key-usage', checkKeyUsage(envelope, key, usage))
  report.enter('validity-period', checkValidityPeriod(envelope, clock))
  for (const { check, detail } of envelope.remarks) if (!isOfDecoding(check)) report.warn(check, detail)
  if (opened && !report.failedWith()) enterRevocation({ envelope, format, report, context }, key, opened)
}

const worse = (a: StepResult, b: StepResult): StepResult => (a.status ? a : b.status ? b : a)

/** A list that cannot be used is a remark, unless the operator demands lists that can: then it counts as listed. */
function enterRevocation({ envelope, format, report, context }: Case, key: TrustedKey, opened: Opened): void {
  const { revocationFailure = 'warn' } = context
  const { certificateIds } = opened
  const result = checkRevocation(envelope, key, { framework: format.name, certificateIds })
  const isUnusable = !result.status && result.details.length > 0
  const fails = result.isUnknown ? revocationFailure === 'fail-unknown' : revocationFailure !== 'warn'
  if (isUnusable && fails) report.enter('revocation', { ...result, status: 'REVOKED' })
  else if (result.isUnknown) report.skip('revocation', result.details.join('; '))
  else report.enter('revocation', result)
}

/** Whether the key look-up compared the issuer: an exact name, or a country or participant; a URL, a urn or free text it cannot. */
function isCompared(issuer: string | undefined, format: CredentialFormat): boolean {
  return isIssuerAddress(format.name) || (issuer !== undefined && participantOfIssuer(issuer) !== undefined)
}

function verdict({ envelope, report }: Case, key: TrustedKey | undefined, opened: Opened | undefined): Verification {
  const status = report.failedWith() ?? (opened ? 'VERIFIED' : 'UNSUPPORTED_CONTENT')
  const formats = key ? formatsUnder(opened, key) : []
  const verification: Verification = {
    status,
    format: formats[0] ?? envelope.format,
    checks: report.checks(),
    issuer: issuerOf(envelope, key),
    formats,
    events: opened?.events ?? [],
    period: envelope.period,
    obstacles: (opened?.obstacles ?? []).filter(({ blocks }) => blocks).map(({ text }) => obstacle(text)),
  }
  if (status !== 'VERIFIED' || !opened) return { ...verification, events: [], obstacles: [] }
  return { ...verification, content: opened.content }
}

const obstacle = (text: string): Issue => issue('incomplete', { severity: 'warning', text })

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
