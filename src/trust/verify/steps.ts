import { fitsJwsAlgorithm, isJwsSignature } from '../../base/crypto/jws-algorithms.ts'
import { isForSignatures } from '../../base/crypto/x509.ts'
import { participantOfIssuer, sameParticipant } from '../../base/participant-codes.ts'
import type { KeyIndex } from '../keys/key-index.ts'
import { certificatePrints, keyFault, scaOf, type TrustedKey } from '../keys/trusted-key.ts'
import { AUTHORITIES, type Authorities } from './authority.ts'
import { type Candidate, isOfParticipant } from './candidates.ts'
import type { ReadJws } from './jws.ts'
import type { ReadSubject, TrustSubject } from './subject.ts'

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
  /**
   * Thumbprints (SHA-256, hex) of listed authorities that issue upload certificates and nothing else: what they signed counts as an upload
   * key though no list has it. Without it no certificate counts that no list has.
   */
  uploadAuthorities?: ReadonlySet<string>
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
export type TrustStepName = (typeof trustSteps)[number]

/** Where trusted keys are found. */
export type TrustKeys = Pick<KeyIndex, 'find' | 'leftOut' | 'objectionTo' | 'remarksOn' | 'unavailable'>

/** What a step finds: a detail that passes, or why it fails or is skipped. */
type Finding = string | { fail: string } | { skip: string }

/** What every step is given. */
export interface Judging {
  question: TrustQuestion
  read: ReadSubject
  keys: TrustKeys
  authorities: Authorities
}

/** A key that is judged. */
export interface Judged extends Judging, Candidate {
  /** The listed authority that signed the key's certificate. */
  authority: TrustedKey | undefined
}

/** The steps after parse, in their order. */
export const STEPS: Record<Exclude<TrustStepName, 'parse'>, (judged: Judged) => Finding> = {
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
    return isJwsSignature(jws, key.publicKey)
      ? 'the signature is that of the key'
      : { fail: 'the signature is not that of the key' }
  },
}

function algorithmStep({ read: { jws }, key }: Judged): Finding {
  const fault = keyFault(key.publicKey)
  if (fault !== undefined) return { fail: fault }
  if (!jws) return { skip: 'nothing is signed' }
  if (!fitsJwsAlgorithm(jws.algorithm, key.publicKey)) return { fail: `the key is not one for ${jws.algorithm}` }
  const isNamed = key.algorithm === undefined || key.algorithm === jws.algorithm
  return isNamed ? jws.algorithm : { fail: 'its list has the key for another algorithm' }
}

/** Whether a key is of the participant that is asked for. */
export const isOf = ({ participant }: TrustedKey, asked: string | undefined): boolean =>
  asked === undefined || (participant !== '' && sameParticipant(participant, asked))

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
    return { fail: 'it is on no list; a certificate under a listed SCA may count as an upload key alone (usage UP)' }
  // Nothing in a certificate tells an upload key from a document signer that was taken off its list.
  if (!authority?.certificate || !question.uploadAuthorities?.has(certificatePrints(authority.certificate).thumbprint))
    return { fail: 'it is on no list, and its SCA is none that is known to issue upload certificates alone' }
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
