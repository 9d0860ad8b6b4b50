import type { X509Certificate } from 'node:crypto'
import { authorityKeyIdentifier } from '../../base/crypto/x509.ts'
import { sameParticipant } from '../../base/participant-codes.ts'
import { isSignedBy } from './chain.ts'
import { inSteps } from './in-steps.ts'
import { certificatePrints, type KeyStatus, type TrustedKey } from './trusted-key.ts'

/** What a list of kind `distrusted` names. */
export interface Distrust {
  /** Name of the list. */
  list: string
  participants: string[]
  /** SHA-256 in lower-case hex, of certificates or of bare keys. */
  thumbprints: string[]
  /** In any base64 spelling. */
  keyIds: string[]
}

/** A key of which nobody may be told that it is good, because what its list says of it cannot be read. */
export interface Suspension {
  key: TrustedKey
  reason: string
}

/** What speaks against a key, wherever it is listed. Without status it does not count at all. */
interface Objection {
  status?: Exclude<KeyStatus, 'current'>
  reason: string
}

/** Everything that withdraws keys. */
export interface Withdrawals {
  /** Every key that any list names, in use or left out: what one list says of it holds for all. */
  entries: readonly TrustedKey[]
  distrust: readonly Distrust[]
  suspended: readonly Suspension[]
}

/** What is held against keys and certificates. */
export interface Objections {
  to(key: Judged): Objection | undefined
}

/** What is judged: a trusted key, or a certificate that is none. */
type Judged = Pick<TrustedKey, 'thumbprint' | 'publicKeyThumbprint' | 'certificate' | 'chain' | 'uploadedBy'>

const SEVERITY: Record<KeyStatus, number> = { current: 0, expired: 1, terminated: 2, revoked: 3 }
const severity = ({ status }: Objection): number => (status === undefined ? 4 : SEVERITY[status])
const worse = (a: Objection | undefined, b: Objection | undefined): Objection | undefined =>
  a && b ? (severity(a) >= severity(b) ? a : b) : (a ?? b)
/** An authority that merely ran out did not lose its say over what it signed before. */
const fallsOnSigned = (objection: Objection): boolean => severity(objection) >= SEVERITY.revoked

/** The worse of two statuses. */
export const worseStatus = (a: KeyStatus, b: KeyStatus): KeyStatus => (SEVERITY[a] >= SEVERITY[b] ? a : b)

/** What lists of distrusted keys name, every name once and in one spelling. */
interface DistrustedNames {
  thumbprints: Map<string, Objection>
  keyIds: Map<string, Objection>
  participants: Map<string, Objection>
}

interface Collected {
  byPrint: Map<string, Objection>
  distrusted: DistrustedNames
  /** Certificates whose word counts no longer, by thumbprint. */
  authorities: Map<string, { certificate: X509Certificate; objection: Objection }>
}

/**
 * Collects what speaks against keys: the worst wins, by thumbprint and by public key, whatever the list, domain, order, usage or
 * kid. An authority that is revoked or distrusted takes the keys with it that it signed.
 */
export function* collectObjections({ entries, distrust, suspended }: Withdrawals): Generator<void, Objections> {
  const distrusted = distrustedNames(distrust)
  const collected: Collected = { distrusted, byPrint: new Map(distrusted.thumbprints), authorities: new Map() }
  yield* inSteps(entries, (key) => {
    if (key.status !== 'current') {
      object(collected, key, { status: key.status, reason: `${key.lists.join(', ')}: ${key.status}` })
    }
    const distrustOfKey = distrustIn(distrusted, key)
    if (distrustOfKey) object(collected, key, distrustOfKey)
  })
  for (const { key, reason } of suspended) object(collected, key, { reason })
  yield* collectAuthorities(entries, collected)
  return { to: (key) => objectionTo(key, collected) }
}

/** What is said against an authority falls on every certificate of the same key: under another name it signs as well. */
function* collectAuthorities(entries: readonly TrustedKey[], collected: Collected): Generator<void> {
  const { byPrint, authorities } = collected
  if (byPrint.size === 0) return
  yield* inSteps(entries, (key) => {
    if (!key.certificate?.ca || authorities.has(key.thumbprint)) return
    const objection = printsOf(key)
      .map((print) => byPrint.get(print))
      .reduce(worse, undefined)
    if (objection) object(collected, key, objection)
  })
}

/** Objects to a key in all its certificates, and as an authority. */
function object({ byPrint, authorities }: Collected, key: TrustedKey, objection: Objection): void {
  for (const print of printsOf(key)) byPrint.set(print, worse(byPrint.get(print), objection) ?? objection)
  const { certificate, thumbprint } = key
  if (!certificate?.ca || !fallsOnSigned(objection)) return
  authorities.set(thumbprint, {
    certificate,
    objection: { ...objection, reason: `its authority: ${objection.reason}` },
  })
}

const printsOf = ({ thumbprint, publicKeyThumbprint }: Judged): string[] => [thumbprint, publicKeyThumbprint]
const idsOf = ({ keyId, otherKeyIds }: TrustedKey): string[] => [keyId, ...otherKeyIds].map(normalKeyId)
/** Plain base64 and base64url, with or without padding, are one key id. */
export const normalKeyId = (id: string): string => id.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')

function distrustedNames(distrust: readonly Distrust[]): DistrustedNames {
  const names: DistrustedNames = { thumbprints: new Map(), keyIds: new Map(), participants: new Map() }
  for (const { list, thumbprints, keyIds, participants } of distrust) {
    const objection = { reason: `distrusted by ${list}` }
    for (const print of thumbprints) names.thumbprints.set(print, objection)
    for (const id of keyIds) names.keyIds.set(normalKeyId(id), objection)
    for (const participant of participants) names.participants.set(participant, objection)
  }
  return names
}

function distrustIn({ thumbprints, keyIds, participants }: DistrustedNames, key: TrustedKey): Objection | undefined {
  const byName = [...printsOf(key).map((print) => thumbprints.get(print)), ...idsOf(key).map((id) => keyIds.get(id))]
  const [, ofParticipant] = [...participants].find(([name]) => isOfParticipant(key, name)) ?? []
  return [...byName, ofParticipant].find((each) => each !== undefined)
}

const isOfParticipant = ({ participant }: TrustedKey, name: string): boolean =>
  participant !== '' && sameParticipant(participant, name)

/** What a list of distrusted keys names and no list has: perhaps misspelt, perhaps the signer of a seal. One text each. */
export function idleNames({ participants, thumbprints, keyIds }: Distrust, entries: TrustedKey[]): string[] {
  const prints = new Set(entries.flatMap(printsOf))
  const ids = new Set(entries.flatMap(idsOf))
  const names = [
    ...participants
      .filter((name) => !entries.some((key) => isOfParticipant(key, name)))
      .map((name) => `participant ${name}`),
    ...thumbprints.filter((print) => !prints.has(print)).map((print) => `thumbprint ${print}`),
    ...keyIds.filter((id) => !ids.has(normalKeyId(id))).map((id) => `key id ${id}`),
  ]
  return names.map((name) => `no list has a key of the ${name}`)
}

function objectionTo(key: Judged, { byPrint, authorities, distrusted }: Collected): Objection | undefined {
  const own = printsOf(key).map((print) => byPrint.get(print))
  const { certificate, chain, uploadedBy } = key
  // Without this, every key of an honest list would pay for its chain.
  if (!certificate || (byPrint.size === 0 && distrusted.keyIds.size === 0)) return own.reduce(worse, undefined)
  const above = [...chain, ...(uploadedBy ? [uploadedBy] : [])]
    .flatMap((authority) => printsOf({ ...certificatePrints(authority), certificate: authority, chain: [] }))
    .map((print) => byPrint.get(print))
  const signers = [...authorities.values()].filter(
    ({ certificate: authority }) => authority.subject === certificate.issuer && isSignedBy(certificate, authority),
  )
  const authorityId = authorityKeyIdentifier(certificate.raw)
  const byId = authorityId && distrusted.keyIds.get(normalKeyId(Buffer.from(authorityId).toString('base64')))
  return [
    ...own,
    ...above.filter((each) => each !== undefined && fallsOnSigned(each)),
    ...signers.map(({ objection }) => objection),
    byId && { reason: `its authority: ${byId.reason}` },
  ].reduce(worse, undefined)
}
