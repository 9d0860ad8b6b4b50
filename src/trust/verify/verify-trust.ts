import type { X509Certificate } from 'node:crypto'
import { isForSignatures } from '../../base/x509.ts'
import { isSignedBy } from '../keys/chain.ts'
import type { KeyIndex } from '../keys/key-index.ts'
import { participantOfIssuer, sameParticipant } from '../keys/participant-codes.ts'
import { certificatePrints, keyFault, scaOf, type TrustedKey } from '../keys/trusted-key.ts'
import { AUTHORITIES, type Authorities, authoritiesIn, authorityOf } from './authority.ts'
import { type Candidate, candidatesFor, headerCertificates, isOfParticipant, type KeyHints } from './candidates.ts'
import { fitsAlgorithm, isKnownAlgorithm, isSignedWith, type ReadJws, readJws } from './jws.ts'

/** What is to be trusted or not. */
export type TrustSubject =
  /** A compact JWS with its payload. */
  | { jwt: string }
  /** A compact JWS without payload, and what it signs. */
  | { jws: string; content: Uint8Array }
  /** Leaf first; what came with it helps to see where it comes from, and vouches for nothing. */
  | { certificates: X509Certificate[] }
  | { keyId: string }

/** A question for the trust mediator. */
export interface TrustQuestion {
  subject: TrustSubject
  /** GDHCN domain that the key must be listed for. */
  domain?: string | undefined
  /** Usage that the key must be listed for; CSCA is SCA. */
  usage?: string | undefined
  /** Participant whose key it must be, in any spelling. */
  participant?: string | undefined
  /** The moment at which it must be valid. */
  at: Date
}

/** The steps, in the order in which they are taken; the first that fails decides, and those after it are skipped. */
export const trustSteps = [
  'parse',
  'algorithm',
  'key',
  'chain',
  'list',
  'period',
  'usage',
  'domain',
  'revocation',
  'signature',
] as const
/** Name of a step. */
type TrustStepName = (typeof trustSteps)[number]

/** A step and how it ended. The detail never quotes what is judged. */
interface TrustStep {
  name: TrustStepName
  outcome: 'pass' | 'fail' | 'skipped'
  detail: string
}

/** The answer. Whose key it is stands there only when it is trusted. */
export interface TrustVerdict {
  result: boolean
  steps: TrustStep[]
  key?: TrustedKey
  /** The listed authority (SCA, DECA) that signed its certificate, or that it is. */
  authority?: { subject: string; thumbprint: string }
}

/** Where trusted keys are found. */
export type TrustKeys = Pick<KeyIndex, 'find' | 'leftOut' | 'objectionTo' | 'remarksOn' | 'unavailable'>

/** What a step finds: a detail that passes, or why it fails or is skipped. */
type Finding = string | { fail: string } | { skip: string }

/**
 * Whether a signature, certificate or key id is to be trusted, by whose authority and why. Pure: it looks at the keys that it is given
 * and at nothing else. A key never counts by itself: `jwk`, `jku` and `x5u` are not looked at, a certificate counts when it is listed
 * or, as an upload key, under a listed authority. Where a key id means several keys, each is tried.
 */
export function verifyTrust(question: TrustQuestion, keys: TrustKeys): TrustVerdict {
  const read = readSubject(question.subject)
  if (typeof read === 'string') return failed([], read)
  const parsed: TrustStep = { name: 'parse', outcome: 'pass', detail: read.detail }
  if (read.jws && !isKnownAlgorithm(read.jws.algorithm))
    return failed([parsed], 'the algorithm is none of those that are read: ES256, ES384, ES512, PS256, RS256, EdDSA')
  const candidates = candidatesFor(read.hints, keys)
  if (typeof candidates === 'string' || candidates.length === 0)
    return failed([parsed, algorithmOf(read)], noKeyText(candidates, read.hints, keys))
  const meant = candidates.filter(({ key }) => isOf(key, question.participant))
  if (meant.length > MOST_CANDIDATES) return failed([parsed, algorithmOf(read)], CROWDED)
  const judging = { question, read, keys, authorities: authoritiesIn(keys) }
  const verdicts = (meant.length > 0 ? meant : candidates.slice(0, 1)).map((candidate) => judge(candidate, judging))
  const trusted = verdicts.find(({ result }) => result)
  const furthest = verdicts.reduce((best, each) => (passed(each) > passed(best) ? each : best))
  const verdict = trusted ?? furthest
  return { ...verdict, steps: [parsed, ...verdict.steps] }
}

/** Keys that are tried: each costs a signature or two, and requests of others wait. */
const MOST_CANDIDATES = 100
const CROWDED = `more than ${MOST_CANDIDATES} keys stand under the key id: name the participant, or send the certificate`

/** Whether a key is of the participant that is asked for. */
const isOf = ({ participant }: TrustedKey, asked: string | undefined): boolean =>
  asked === undefined || (participant !== '' && sameParticipant(participant, asked))

const algorithmOf = ({ jws }: ReadSubject): TrustStep =>
  jws
    ? { name: 'algorithm', outcome: 'pass', detail: jws.algorithm }
    : { name: 'algorithm', outcome: 'skipped', detail: 'nothing is signed' }

const passed = ({ steps }: TrustVerdict): number => steps.findIndex(({ outcome }) => outcome === 'fail')

function noKeyText(candidates: Candidate[] | string, { keyId, certificates }: KeyHints, keys: TrustKeys): string {
  if (typeof candidates === 'string') return candidates
  if (keys.unavailable !== undefined) return `no key counts: ${keys.unavailable}`
  if (certificates.length > 0) return 'the certificate is on no list, and no listed SCA signed it'
  if (keyId === undefined) return 'nothing names the key: a key id (kid) or certificate is needed'
  return 'no list has a key of this key id'
}

/** The steps so far, one that fails, and those after it. */
function failed(before: TrustStep[], detail: string): TrustVerdict {
  const [name = 'parse', ...later] = trustSteps.slice(before.length)
  const skipped = later.map((each): TrustStep => ({ name: each, outcome: 'skipped', detail: SKIPPED }))
  return { result: false, steps: [...before, { name, outcome: 'fail', detail }, ...skipped] }
}

const SKIPPED = 'a step before it failed'

/** The verdict on what cannot be read, for whoever reads it before it is asked about. */
export const unreadable = (detail: string): TrustVerdict => failed([], detail)

/** A question's subject, read. */
interface ReadSubject {
  detail: string
  hints: KeyHints
  jws?: ReadJws
}

function readSubject(subject: TrustSubject): ReadSubject | string {
  if ('keyId' in subject) return { detail: 'a key id', hints: { keyId: subject.keyId, certificates: [] } }
  if ('certificates' in subject) {
    const { certificates } = subject
    if (certificates.length === 0) return 'there is no certificate'
    return chainFault(certificates) ?? { detail: `certificates: ${certificates.length}`, hints: { certificates } }
  }
  const jws = 'jwt' in subject ? readJws(subject.jwt) : readJws(subject.jws, subject.content)
  if (typeof jws === 'string') return jws
  const { kid, x5c, 'x5t#S256': print } = jws.header
  const certificates = headerCertificates(x5c)
  if (typeof certificates === 'string') return certificates
  if (print !== undefined && !(typeof print === 'string' && /^[A-Za-z0-9_-]{43}$/.test(print)))
    return 'x5t#S256 is no SHA-256 in base64url'
  const thumbprint = typeof print === 'string' ? Buffer.from(print, 'base64url').toString('hex') : undefined
  const hints = { keyId: typeof kid === 'string' ? kid : undefined, certificates, thumbprint }
  return chainFault(certificates) ?? { detail: 'a compact JWS', hints, jws }
}

/** Certificates that come together must belong together: each signed by the next. */
function chainFault(certificates: readonly X509Certificate[]): string | undefined {
  const isBroken = certificates.some((each, at) => {
    const next = certificates[at + 1]
    return next !== undefined && !(each.issuer === next.subject && isSignedBy(each, next))
  })
  return isBroken ? 'the certificates are no chain: one of them is not signed by the next' : undefined
}

interface Judging {
  question: TrustQuestion
  read: ReadSubject
  keys: TrustKeys
  authorities: Authorities
}

/** Takes every step for one key. */
function judge(candidate: Candidate, judging: Judging): TrustVerdict {
  const authority = authorityOf(candidate.key, judging.authorities)
  const judged = { ...judging, ...candidate, authority }
  const steps: TrustStep[] = []
  for (const [name, step] of Object.entries(STEPS)) {
    const finding = step(judged)
    const at: TrustStepName | undefined = trustSteps.find((each) => each === name)
    if (at === undefined) continue
    if (typeof finding === 'string') steps.push({ name: at, outcome: 'pass', detail: finding })
    else if ('skip' in finding) steps.push({ name: at, outcome: 'skipped', detail: finding.skip })
    else {
      const verdict = failed([PARSED, ...steps], finding.fail)
      return { ...verdict, steps: verdict.steps.slice(1) }
    }
  }
  const { key } = candidate
  const signer =
    authority?.certificate ?? (Object.values(AUTHORITIES).includes(key.usage) ? key.certificate : undefined)
  return {
    result: true,
    steps,
    key,
    ...(signer
      ? { authority: { subject: oneLine(signer.subject), thumbprint: certificatePrints(signer).thumbprint } }
      : {}),
  }
}

const PARSED: TrustStep = { name: 'parse', outcome: 'pass', detail: '' }
const oneLine = (name: string): string => name.split('\n').join(', ')

interface Judged extends Judging, Candidate {
  /** The listed authority that signed the key's certificate. */
  authority: TrustedKey | undefined
}

/** The steps after parse, in their order. */
const STEPS: Record<Exclude<TrustStepName, 'parse'>, (judged: Judged) => Finding> = {
  algorithm: algorithmStep,
  key: keyStep,
  chain: chainStep,
  list: listStep,
  period: periodStep,
  usage: usageStep,
  domain: domainStep,
  revocation: revocationStep,
  signature: ({ read: { jws }, key }) => {
    if (!jws) return { skip: 'nothing is signed' }
    return isSignedWith(jws, key.publicKey)
      ? 'the signature is that of the key'
      : { fail: 'the signature is not that of the key' }
  },
}

function algorithmStep({ read: { jws }, key }: Judged): Finding {
  const fault = keyFault(key.publicKey)
  if (fault !== undefined) return { fail: fault }
  if (!jws) return { skip: 'nothing is signed' }
  if (!fitsAlgorithm(jws.algorithm, key.publicKey)) return { fail: `the key is not one for ${jws.algorithm}` }
  const isNamed = key.algorithm === undefined || key.algorithm === jws.algorithm
  return isNamed ? jws.algorithm : { fail: 'its list has the key for another algorithm' }
}

function keyStep({ question, read: { jws }, key, isUnlisted }: Judged): Finding {
  const { participant } = question
  const text = `${key.usage || 'key'} ${key.keyId} of ${key.participant || key.issuer || 'nobody'}`
  if (!isOf(key, participant)) return { fail: `${text}: it is of another participant than the one that is asked for` }
  const issuer = jws?.claims?.iss ?? jws?.header.iss
  const fault = jws && issuerFault(key, issuer)
  if (fault !== undefined) return { fail: `${text}: ${fault}` }
  return isUnlisted ? `${text}, by its certificate` : text
}

/** A key that is bound to an address serves that address alone; a country that signs in the name of another is refused. */
function issuerFault({ issuer: bound, participant }: TrustedKey, issuer: unknown): string | undefined {
  if (issuer !== undefined && typeof issuer !== 'string') return 'the issuer of the message is no text'
  if (bound !== undefined)
    return issuer === bound ? undefined : 'it is bound to another issuer than that of the message'
  const named = issuer === undefined ? undefined : participantOfIssuer(issuer)
  return named !== undefined && participant !== '' && !sameParticipant(named, participant)
    ? 'the message names another participant as its issuer'
    : undefined
}

function chainStep({ key, authority, isUnlisted }: Judged): Finding {
  const { certificate, usage, participant } = key
  if (!certificate) return { skip: 'a bare key has no chain: its list alone vouches for it' }
  if (authority?.certificate) {
    if (isUnlisted && !isOfParticipant(certificate, participant))
      return { fail: 'the country of its subject is not that of the SCA that signed it' }
    const { thumbprint } = certificatePrints(authority.certificate)
    return `signed by the listed ${authority.usage} ${thumbprint.slice(0, 16)}… of ${authority.participant}`
  }
  if (isUnlisted) return { fail: 'its authority key id is not that of the SCA that signed it' }
  if (AUTHORITIES[usage] === undefined) return 'its list vouches for it itself'
  return { skip: `no ${AUTHORITIES[usage]} of its issuer is listed: its list alone vouches for it` }
}

function listStep({ key, leftOut, isUnlisted, authority, question, keys }: Judged): Finding {
  if (keys.unavailable !== undefined) return { fail: `no key counts: ${keys.unavailable}` }
  if (leftOut !== undefined) return isDistrust(leftOut) ? 'listed, and withdrawn by another list' : { fail: leftOut }
  if (key.lists.length === 0) return { fail: 'no list has it' }
  // What speaks for caution is told: a list that nobody confirmed for long, or a newer one that waits and lacks the key.
  const vouching = isUnlisted ? authority : key
  const remarks = (vouching && keys.remarksOn?.(vouching)) ?? []
  if (!isUnlisted) return [key.lists.join(', '), ...remarks].join('; ')
  if (question.usage !== 'UP')
    return { fail: 'it is on no list; a certificate under a listed SCA counts as an upload key alone (usage UP)' }
  return [`its SCA: ${key.lists.join(', ')}`, ...remarks].join('; ')
}

const isDistrust = (reason: string): boolean => /(?:^|: )distrusted by /.test(reason)

function periodStep({ key, authority, question: { at }, read: { jws } }: Judged): Finding {
  const fault = periodFault(key, at)
  if (fault !== undefined) return { fail: `the key ${fault}` }
  const above = authority && periodFault(authority, at)
  if (above !== undefined) return { fail: `its ${authority?.usage} ${above}` }
  const message = claimsFault(jws?.claims, at)
  return message === undefined ? 'valid at that time' : { fail: message }
}

function periodFault({ validFrom, validTo }: TrustedKey, at: Date): string | undefined {
  if (validFrom !== undefined && at < validFrom) return `is valid from ${validFrom.toISOString()}`
  return validTo !== undefined && at > validTo ? `was valid until ${validTo.toISOString()}` : undefined
}

/** Times of a JWT (RFC 7519, 4.1.4, 4.1.5). */
function claimsFault({ exp, nbf }: NonNullable<ReadJws['claims']> = {}, at: Date): string | undefined {
  const seconds = at.getTime() / 1000
  if ([exp, nbf].some((each) => each !== undefined && typeof each !== 'number'))
    return 'a time in the message is no number'
  if (typeof exp === 'number' && seconds >= exp) return 'the message has expired'
  return typeof nbf === 'number' && seconds < nbf ? 'the message is not valid yet' : undefined
}

/** Usages whose keys sign content. A key whose list names no usage signs credentials. */
const SIGNERS = ['DSC', 'UP', '']

function usageStep({ key, isUnlisted, question: { usage }, read: { jws } }: Judged): Finding {
  const { certificate } = key
  const wanted = usage === undefined ? undefined : scaOf(usage)
  const isWanted = wanted === undefined || key.usage === wanted || (key.usage === '' && wanted === 'DSC')
  if (!isWanted) return { fail: `it is listed as ${key.usage || 'a key without usage'}, and not as ${wanted}` }
  if (jws && !SIGNERS.includes(key.usage)) return { fail: `a key of usage ${key.usage} signs no content` }
  const isSigner = jws !== undefined || ['DSC', 'DESC', 'UP'].includes(key.usage)
  if (certificate && isSigner) {
    if (certificate.ca) return { fail: 'its certificate is that of an authority, which signs certificates alone' }
    if (isForSignatures(certificate.raw) === false) return { fail: 'its certificate is not for digital signatures' }
  }
  if (isUnlisted ? key.extendedKeyUsage.length > 0 : key.usage === 'UP' && key.extendedKeyUsage.some(isHealth))
    return { fail: 'its certificate is made for something else than uploads (extended key usage)' }
  return key.usage || 'not restricted'
}

/** Extended key usages of the network: of what a document signer may sign. An upload key has none. */
const isHealth = (oid: string): boolean => /^1\.3\.6\.1\.4\.1\.(?:0\.)?1847\./.test(oid)

function domainStep({ key, question: { domain } }: Judged): Finding {
  if (domain === undefined) return { skip: 'no domain is asked for' }
  if (key.domain === domain) return key.domain
  return { fail: key.domain === '' ? 'it is listed for no domain' : `it is listed for ${key.domain}` }
}

function revocationStep({ key, authority, leftOut, keys }: Judged): Finding {
  if (leftOut !== undefined) return { fail: leftOut }
  if (key.status !== 'current') return { fail: `its list says that it is ${key.status}` }
  if (authority && authority.status !== 'current') return { fail: `its authority is ${authority.status}` }
  const objection = key.certificate && keys.objectionTo?.(key.certificate)
  return objection === undefined ? 'nothing is held against it' : { fail: `a list says that it is ${objection}` }
}
