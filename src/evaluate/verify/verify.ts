import type { Soon } from '../../base/keep.ts'
import { participantOfIssuer } from '../../base/participant-codes.ts'
import {
  type CheckName,
  type CredentialFormat,
  checkNames,
  defaultLimits,
  type Envelope,
  type Failure,
  type Finding,
  type Limits,
  type Opened,
  type Scanned,
  type Status,
} from '../../credentials/credential-format.ts'
import { FORBIDDEN_TEXT } from '../../credentials/encoding/plain-text.ts'
import { incomplete } from '../../fhir/error.ts'
import type { KeySource, TrustedKey } from '../../trust/keys/trusted-key.ts'
import type { RevocationLists } from '../../trust/revocation/revocation-lists.ts'
import {
  checkKeyUsage,
  checkKeyValidity,
  checkLinks,
  checkRevocation,
  checkSignerStatus,
  checkValidityPeriod,
  endedLink,
  type RevocationFailure,
  usageFault,
} from './checks.ts'
import { candidateKeys, issuerFault, listedSigner, preferredKey, verifyingKeys } from './key.ts'
import { createReport } from './report.ts'
import { issuerCodes, unverified, type Verification } from './verification.ts'

type CheckReport = ReturnType<typeof createReport>
type VerifiedIssuer = NonNullable<Verification['issuer']>

/** What a credential is verified with. */
export interface VerificationContext {
  formats: readonly CredentialFormat[]
  keys: KeySource
  clock: Date
  /** Restrict keys to these GDHCN domains. */
  trustDomains?: string[]
  limits?: Limits
  /** Default `warn`. */
  revocationFailure?: RevocationFailure
  /** Revocation lists beside those that come with keys. */
  revocations?: RevocationLists | undefined
  /** What a key of another domain than the kind's makes of the check `key-usage`, default `warn`. */
  domainMismatch?: 'warn' | 'fail'
}

/** One credential under way: what is known of it, and what the checks said so far. */
interface Case {
  envelope: Envelope
  /** Name of the issuer, when it can be compared and shown. */
  issuer: string | undefined
  format: CredentialFormat
  report: CheckReport
  context: VerificationContext
}

/**
 * Verifies one credential: recognise, decode, find the key, signature, and only then the content, which is read once (HCERT 6.3); then
 * the key's and the credential's own period, usage, revocation. A wrong credential is a verdict, never an exception; no detail quotes it.
 * @returns at once, but where several keys or a JSON-LD proof are tried
 */
export function verifyCredential(scanned: Scanned, context: VerificationContext): Soon<Verification> {
  const report = createReport()
  const format = context.formats.find((each) => each.recognises(scanned))
  if (!format) {
    report.enter({ check: 'recognise', status: 'NOT_SUPPORTED', detail: 'no supported format begins like this' })
    return unverified(report)
  }
  report.pass('recognise')
  const isBytes = scanned instanceof Uint8Array
  if (!isBytes && scanned.length > 1 && !format.isChunked) {
    // One of them would be judged and the others dropped in silence.
    const detail = 'several texts of a format that does not come in chunks'
    report.enter({ check: 'encoding', status: 'INVALID_ENCODING', detail })
    return unverified(report)
  }
  const decoded = format.decode(scanned, context.limits ?? defaultLimits)
  // Bytes have no text encoding that could have been checked.
  const made = (name: CheckName) => !(isBytes && name === 'encoding')
  if ('check' in decoded) return refused(report, endedLink(decoded, context.clock), made)
  for (const name of decodingChecks) if (made(name)) report.pass(name)
  for (const remark of decoded.remarks) if (isOfDecoding(remark.check)) report.enter(remark)
  const fault = issuerFault(decoded)
  const issuer = fault === undefined && typeof decoded.issuer === 'string' ? decoded.issuer : undefined
  const subject: Case = { envelope: decoded, issuer, format, report, context }
  const found = findKeys(subject, fault)
  return found instanceof Promise ? found.then((keys) => concluded(subject, keys)) : concluded(subject, found)
}

const concluded = (subject: Case, keys: TrustedKey[] | undefined): Verification =>
  keys ? judge(subject, keys) : verdict(subject, undefined, undefined)

/** Made by the decoder, all passed once there is an envelope. */
const decodingChecks = ['encoding', 'compression', 'envelope', 'payload'] as const
const isOfDecoding = (check: CheckName): boolean => decodingChecks.some((each) => each === check)

function refused(report: CheckReport, failure: Failure, made: (name: CheckName) => boolean): Verification {
  for (const name of checkNames) {
    if (name === failure.check) break
    // A fault of the envelope may lie before anything was inflated.
    if (made(name) && !failure.skipped?.includes(name)) report.pass(name)
  }
  report.enter(failure)
  const links = failure.link ? [failure.link] : []
  return { ...unverified(report), links, ...(failure.format === undefined ? {} : { format: failure.format }) }
}

/** The checks `key` and `signature`: the keys under which the signature verifies; undefined when a check fails. */
function findKeys(
  { envelope, format, report, context }: Case,
  fault: string | undefined,
): Soon<TrustedKey[] | undefined> {
  const fail = (check: CheckName, status: Status, detail: string) => report.enter({ check, status, detail })
  if (envelope.keyId === undefined) {
    fail('key', 'KID_NOT_INCLUDED', 'the credential names no key id')
    return undefined
  }
  if (fault !== undefined) {
    fail('key', 'ISSUER_NOT_TRUSTED', fault)
    return undefined
  }
  const candidates = candidateKeys(envelope, format, context.keys)
  if (candidates.length === 0) {
    const { unavailable, gap } = context.keys
    const why = unavailable === undefined ? gap : 'no key counts while a trust list cannot be read'
    fail('key', 'ISSUER_NOT_TRUSTED', `no trusted key for this issuer and key id${why === undefined ? '' : `; ${why}`}`)
    return undefined
  }
  report.pass('key')
  const verifying = verifyingKeys(envelope, candidates)
  return verifying instanceof Promise
    ? verifying.then((keys) => withSignature(report, keys))
    : withSignature(report, verifying)
}

/** The check `signature`, by the keys under which it verifies. */
function withSignature(report: CheckReport, verifying: TrustedKey[]): TrustedKey[] | undefined {
  if (verifying.length > 0) {
    report.pass('signature')
    return verifying
  }
  const detail = 'the signature matches no trusted key of this key id'
  report.enter({ check: 'signature', status: 'INVALID_SIGNATURE', detail })
  return undefined
}

/** Everything after the signature: the content, and what is judged by the key that speaks best for it. */
function judge(subject: Case, verifying: TrustedKey[]): Verification {
  const { envelope, report, context } = subject
  // What the proof does not cover is no content of the issuer: nothing of it is looked at, and its faults are not the credential's.
  const opened = envelope.coverage === 'partial' ? undefined : open(envelope, report)
  const events = opened?.events ?? []
  const check = (key: TrustedKey) => [
    ...checkKeyValidity(envelope, key, context.clock),
    ...checkKeyUsage(key, useOf(subject, { formats: formatsUnder(opened, key), events })),
  ]
  const key = preferredKey(verifying, (each) => check(each).every(({ status }) => status === undefined))
  if (key) judgeKey(subject, key, { found: check(key), opened })
  return verdict(subject, key, opened)
}

/** What the check `key-usage` looks at, for that content. */
const useOf = ({ envelope, format, context }: Case, content: Pick<Opened, 'formats' | 'events'>) => ({
  envelope,
  format,
  content,
  listedSigner: listedSigner(envelope, context.keys),
  trustDomains: context.trustDomains,
  domainMismatch: context.domainMismatch,
})

/** Reads the content; a credential whose content cannot be read keeps what was said of its key and signature. */
function open(envelope: Envelope, report: CheckReport): Opened | undefined {
  const opened = envelope.open()
  if (typeof opened === 'string') {
    report.enter({ check: 'payload', status: 'UNSUPPORTED_CONTENT', detail: opened })
    return undefined
  }
  for (const detail of opened.remarks) report.enter({ check: 'payload', detail })
  for (const { text, blocks } of opened.obstacles) if (!blocks) report.enter({ check: 'payload', detail: text })
  return opened
}

const formatsUnder = (opened: Opened | undefined, { domain }: TrustedKey): string[] =>
  opened?.formatsUnder?.(domain) ?? opened?.formats ?? []

/** Everything that is judged by the key that verified. */
function judgeKey(
  subject: Case,
  key: TrustedKey,
  { found, opened }: { found: Finding[]; opened: Opened | undefined },
): void {
  const { envelope, issuer, format, report, context } = subject
  const { clock, revocationFailure = 'warn' } = context
  if (!isCompared(issuer, format)) {
    const whose = key.participant ? `a key of participant ${key.participant}` : 'a key that is bound to no participant'
    if (key.participant || issuer !== undefined)
      report.enter({ check: 'key', detail: `found by key id alone: ${whose}` })
  }
  for (const detail of context.keys.remarksOn?.(key) ?? []) report.enter({ check: 'key', detail })
  const remark = envelope.keyRemark?.(key)
  if (remark !== undefined) report.enter({ check: 'envelope', detail: remark }, { check: 'signature', detail: remark })
  if (envelope.coverage === 'partial') {
    report.enter({ check: 'signature', status: 'UNSIGNED_CONTENT', detail: 'the proof does not cover all data' })
    return
  }
  for (const check of ['key-validity', 'key-usage', 'validity-period'] as const) report.pass(check)
  for (const each of found) report.enter(each)
  for (const each of checkSignerStatus(envelope, context.keys)) report.enter(each)
  for (const each of checkValidityPeriod(envelope, clock)) report.enter(each)
  for (const each of checkLinks(opened?.links, clock)) report.enter(each)
  for (const each of envelope.remarks) if (!isOfDecoding(each.check)) report.enter(each)
  if (!opened || report.failedWith()) return
  const named = envelope.revocation?.(key, opened.certificateIds, heldLists(subject, key))
  const revocation = checkRevocation(named, revocationFailure)
  if (typeof revocation === 'string') report.skip('revocation', revocation)
  else {
    report.pass('revocation')
    report.enter(...revocation)
  }
}

/** The revocation lists that the server holds, for this credential. */
function heldLists({ envelope, issuer, context }: Case, key: TrustedKey) {
  const { revocations, clock } = context
  if (!revocations || envelope.keyId === undefined) return undefined
  const question = { key, keyId: envelope.keyId, issuer, clock }
  return { hashes: () => revocations.hashes(question), cards: () => revocations.cards(question) }
}

/** Whether the key look-up compared the issuer: an exact name, or a country or participant; a URL, a urn or free text it cannot. */
function isCompared(issuer: string | undefined, { issuers }: CredentialFormat): boolean {
  return issuers === 'address' || (issuer !== undefined && participantOfIssuer(issuer) !== undefined)
}

function verdict(subject: Case, key: TrustedKey | undefined, opened: Opened | undefined): Verification {
  const { envelope, format, report } = subject
  const status = report.failedWith() ?? (opened ? 'VERIFIED' : 'UNSUPPORTED_CONTENT')
  const formats = key ? formatsUnder(opened, key) : []
  const issuer = issuerOf(envelope, subject.issuer, key)
  const verification: Verification = {
    status,
    format: formats[0] ?? envelope.format,
    checks: report.checks(),
    issuer,
    inputs: [],
    events: [],
    period: envelope.period,
    isIssuerUnknown: issuerCodes(issuer).length === 0,
    obstacles: [],
    links: [],
    // Here and not below: added to the object later, it and the decoded credential were found held until the whole heap is collected.
    usageFault: status === 'VERIFIED' && key ? (more) => usageFault(key, useOf(subject, more)) : undefined,
  }
  if (status !== 'VERIFIED' || !opened) return verification
  const { content, events, happened = events, links = [] } = opened
  const { inputs, obstacles } = verification
  for (const { text, blocks } of opened.obstacles) if (blocks) obstacles.push(incomplete(text))
  obstacles.push(...report.blocking().map(incomplete))
  // Which datum it was nobody can tell any more: it may be the one that would have said no.
  if (opened.remarks.includes(FORBIDDEN_TEXT))
    obstacles.push(incomplete(`The certificate is not whole: ${FORBIDDEN_TEXT}`))
  for (const name of formats) {
    const input = format.kinds[name]?.input?.(content)
    if (input) inputs.push(input)
  }
  if (inputs.length < formats.length && obstacles.length === 0)
    obstacles.push(incomplete('The credential holds a kind of certificate whose content is not mapped'))
  verification.content = content
  verification.events = happened
  verification.links = links
  return verification
}

function issuerOf(envelope: Envelope, name: string | undefined, key: TrustedKey | undefined): VerifiedIssuer {
  const issuer: VerifiedIssuer = {}
  if (name !== undefined) issuer.name = name
  if (key?.participant) issuer.participant = key.participant
  if (envelope.keyId !== undefined) issuer.keyId = envelope.keyId
  if (key?.domain) issuer.trustDomain = key.domain
  if (key?.usage) issuer.keyUsage = key.usage
  if (key?.lists[0] !== undefined) issuer.trustList = key.lists[0]
  return issuer
}
