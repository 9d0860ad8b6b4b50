import type { X509Certificate } from 'node:crypto'
import { hasBase64Letters } from '../../base/crypto/base64.ts'
import { jwkThumbprint } from '../../base/crypto/jwk-thumbprint.ts'
import { subjectKeyIdentifier } from '../../base/crypto/x509.ts'
import { participantCode } from '../../base/participant-codes.ts'
import { isSignedBy, subjectCountries } from '../keys/chain.ts'
import type { KeyIndex } from '../keys/key-index.ts'
import {
  certificateMembers,
  certificatePrints,
  derivedKeyId,
  keyFault,
  PASSPORT_DOMAIN,
  readCertificate,
  type TrustedKey,
} from '../keys/trusted-key.ts'

/** A key that the question may mean. */
export interface Candidate {
  key: TrustedKey
  /** Why a list that names it does not let it count; set for keys that are left out. */
  leftOut?: string
  /** It stands on no list: it was signed by an authority that does. */
  isUnlisted?: true
}

/** What a question says of its key. Nothing of it is trusted: it only helps to find what lists vouch for. */
export interface KeyHints {
  keyId?: string | undefined
  /** Leaf first, as they came with the question. */
  certificates: X509Certificate[]
  /** SHA-256 of the certificate in hex. */
  thumbprint?: string | undefined
}

/** Where keys are looked for; `find` alone leaves out those of lists that are too old. */
type Keys = Pick<KeyIndex, 'find' | 'leftOut'>

/** Keys that lists name and those that they leave out, by whatever the question says; a text says why the hints contradict each other. */
export function candidatesFor(hints: KeyHints, keys: Keys): Candidate[] | string {
  const { keyId, certificates, thumbprint } = hints
  const [leaf] = certificates
  const own = leaf && certificatePrints(leaf)
  if (own && thumbprint !== undefined && thumbprint !== own.thumbprint)
    return 'the certificate is another than its thumbprint (x5t#S256) says'
  const named = keyId === undefined ? undefined : keysNamed(keyId, keys)
  if (!leaf) {
    const found = named ?? everyKey(keys)
    if (thumbprint === undefined) return named ?? []
    return found.filter(({ key }) => key.certificate !== undefined && key.thumbprint === thumbprint)
  }
  const listed = everyKey(keys).filter(({ key }) =>
    key.certificate ? key.thumbprint === own?.thumbprint : key.publicKeyThumbprint === own?.publicKeyThumbprint,
  )
  if (keyId === undefined) return listed.length > 0 ? listed : unlisted(leaf, keys)
  if (named && named.length > 0) {
    const same = named.filter(({ key }) => key.publicKeyThumbprint === own?.publicKeyThumbprint)
    return same.length > 0 ? same : 'the certificate holds another key than the one that the key id names'
  }
  if (!namesOf(leaf).includes(normal(keyId))) return 'the key id is on no list, and none of those of the certificate'
  return listed.length > 0 ? listed : unlisted(leaf, keys)
}

const everyKey = ({ find, leftOut }: Keys): Candidate[] => [
  ...find({}).map((key) => ({ key })),
  ...leftOut.map(({ key, reason }) => ({ key, leftOut: reason })),
]

/** Plain base64 and base64url, with or without padding, are one key id. */
const normal = (keyId: string): string => keyId.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')

/** Spellings under which lists may have a key id: as it is given, and as plain base64. */
function spellings(keyId: string): string[] {
  const plain = normal(keyId)
  return [...new Set([keyId, plain, plain.padEnd(Math.ceil(plain.length / 4) * 4, '=')])]
}

function keysNamed(keyId: string, { find, leftOut }: Keys): Candidate[] {
  const found = new Set(spellings(keyId).flatMap((each) => find({ keyId: each })))
  const out = leftOut.filter(({ key }) =>
    [key.keyId, ...key.otherKeyIds].some((each) => normal(each) === normal(keyId)),
  )
  return [...[...found].map((key) => ({ key })), ...out.map(({ key, reason }) => ({ key, leftOut: reason }))]
}

/** Every key id that somebody may make of a certificate. */
function namesOf(certificate: X509Certificate): string[] {
  const subjectKeyId = subjectKeyIdentifier(certificate.raw)
  const { thumbprint } = certificatePrints(certificate)
  return [
    derivedKeyId(certificate),
    jwkThumbprint(certificate.publicKey),
    thumbprint,
    Buffer.from(thumbprint, 'hex').toString('base64'),
    subjectKeyId && Buffer.from(subjectKeyId).toString('base64'),
    subjectKeyId && Buffer.from(subjectKeyId).toString('hex'),
  ]
    .filter((each) => each !== undefined)
    .map(normal)
}

/**
 * A certificate on no list, as the key of the participant whose authority signed it; empty where none did. It may count as an
 * upload key alone (usage UP), see `uploadAuthorities`: of other keys their presence on a list is what says that they are not withdrawn.
 */
function unlisted(leaf: X509Certificate, { find }: Keys): Candidate[] {
  if (keyFault(leaf.publicKey) !== undefined) return []
  const signers = find({ usage: ['SCA'] }).filter(
    ({ certificate, domain }) =>
      domain !== PASSPORT_DOMAIN &&
      certificate?.ca &&
      certificate.subject === leaf.issuer &&
      isSignedBy(leaf, certificate),
  )
  const participants = new Set(signers.map(({ participant }) => participant))
  return [...participants].map(
    (participant): Candidate => ({
      isUnlisted: true,
      key: {
        ...certificateMembers(leaf),
        keyId: derivedKeyId(leaf),
        participant,
        domain: '',
        usage: 'UP',
        chain: [],
        lists: [...new Set(signers.filter((each) => each.participant === participant).flatMap(({ lists }) => lists))],
        status: 'current',
        warnings: [],
      },
    }),
  )
}

/** Whether every country of a certificate's subject is a participant's; a certificate without one is nobody's. */
export function isOfParticipant(certificate: X509Certificate, participant: string): boolean {
  const countries = subjectCountries(certificate)
  const code = participantCode(participant)
  return code !== undefined && countries.length > 0 && countries.every((each) => participantCode(each) === code)
}

/** Certificates of a JWS header (RFC 7515, 4.1.6); a text says what is wrong. */
export function headerCertificates(x5c: unknown): X509Certificate[] | string {
  if (x5c === undefined) return []
  const isList = Array.isArray(x5c) && x5c.length > 0 && x5c.length <= MOST_CERTIFICATES
  const texts = isList ? x5c.filter((each) => typeof each === 'string' && hasBase64Letters(each)) : []
  if (!isList || texts.length < x5c.length) return 'x5c is no list of certificates in base64'
  return readCertificates(texts.map((each) => Buffer.from(String(each), 'base64')))
}

/** More certificates than these are not read. */
export const MOST_CERTIFICATES = 10

/** Certificates of their DER, leaf first; a text when one of them is none. */
export function readCertificates(ders: readonly Uint8Array[]): X509Certificate[] | string {
  const read = ders.map(readCertificate).filter((each) => each !== undefined)
  return read.length === ders.length ? read : 'a certificate cannot be read'
}
