import type { X509Certificate } from 'node:crypto'
import { authorityKeyIdentifier } from '../../fhir/x509.ts'
import { isSignedBy } from '../chain.ts'
import { sameParticipant } from '../participant-codes.ts'
import { certificatePrints, type KeyStatus, type TrustedKey } from '../trusted-key.ts'

/** What a list of kind `distrusted` names (trust-network.md, section 3). */
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
type Judged = Pick<TrustedKey, 'thumbprint' | 'publicKeyThumbprint' | 'certificate' | 'chain'>

const SEVERITY: Record<KeyStatus, number> = { current: 0, expired: 1, terminated: 2, revoked: 3 }
const severity = ({ status }: Objection): number => (status === undefined ? 4 : SEVERITY[status])
const worse = (a: Objection | undefined, b: Objection | undefined): Objection | undefined =>
  a && b ? (severity(a) >= severity(b) ? a : b) : (a ?? b)

/** The worse of two statuses. */
export const worseStatus = (a: KeyStatus, b: KeyStatus): KeyStatus => (SEVERITY[a] >= SEVERITY[b] ? a : b)

/**
 * Collects what speaks against keys: the worst wins, by thumbprint and by public key, whatever the list, domain, order, usage or
 * kid (trust-network.md, section 2). An authority that is revoked or distrusted takes the keys with it that it signed.
 */
export function collectObjections({ entries, distrust, suspended }: Withdrawals): Objections {
  const byPrint = new Map<string, Objection>()
  const authorities = new Map<string, { certificate: X509Certificate; objection: Objection }>()
  const object = (key: TrustedKey, objection: Objection) => {
    for (const print of [key.thumbprint, key.publicKeyThumbprint]) {
      byPrint.set(print, worse(byPrint.get(print), objection) ?? objection)
    }
    if (key.certificate?.ca && severity(objection) >= SEVERITY.revoked) {
      const reason = `its authority: ${objection.reason}`
      authorities.set(key.thumbprint, { certificate: key.certificate, objection: { ...objection, reason } })
    }
  }
  for (const key of entries) {
    if (key.status !== 'current') object(key, { status: key.status, reason: `${key.lists.join(', ')}: ${key.status}` })
    for (const each of distrust) if (isNamedIn(each, key)) object(key, { reason: `distrusted by ${each.list}` })
  }
  for (const { key, reason } of suspended) object(key, { reason })
  for (const { list, thumbprints } of distrust) {
    for (const print of thumbprints) byPrint.set(print, { reason: `distrusted by ${list}` })
  }
  return { to: (key) => objectionTo(key, { byPrint, authorities: [...authorities.values()], distrust }) }
}

function isNamedIn({ participants, thumbprints, keyIds }: Distrust, key: TrustedKey): boolean {
  const ids = new Set(keyIds.map(normalKeyId))
  return (
    [key.thumbprint, key.publicKeyThumbprint].some((print) => thumbprints.includes(print)) ||
    [key.keyId, ...key.otherKeyIds].some((id) => ids.has(normalKeyId(id))) ||
    participants.some((participant) => key.participant !== '' && sameParticipant(participant, key.participant))
  )
}

/** What a list of distrusted keys names and no list has: perhaps misspelt, perhaps the signer of a seal. One text each. */
export function idleNames({ list, participants, thumbprints, keyIds }: Distrust, entries: TrustedKey[]): string[] {
  const none = { list, participants: [], thumbprints: [], keyIds: [] }
  const single: [string, Distrust][] = [
    ...participants.map((name): [string, Distrust] => [`participant ${name}`, { ...none, participants: [name] }]),
    ...thumbprints.map((name): [string, Distrust] => [`thumbprint ${name}`, { ...none, thumbprints: [name] }]),
    ...keyIds.map((name): [string, Distrust] => [`key id ${name}`, { ...none, keyIds: [name] }]),
  ]
  return single
    .filter(([, each]) => !entries.some((key) => isNamedIn(each, key)))
    .map(([text]) => `no list has a key of the ${text}`)
}

/** Plain base64 and base64url, with or without padding, are one key id. */
const normalKeyId = (id: string): string => id.replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')

interface Collected {
  byPrint: ReadonlyMap<string, Objection>
  authorities: { certificate: X509Certificate; objection: Objection }[]
  distrust: readonly Distrust[]
}

function objectionTo(key: Judged, { byPrint, authorities, distrust }: Collected): Objection | undefined {
  let found = worse(byPrint.get(key.thumbprint), byPrint.get(key.publicKeyThumbprint))
  const { certificate } = key
  if (!certificate || (byPrint.size === 0 && distrust.length === 0)) return found
  for (const above of key.chain) {
    const { thumbprint, publicKeyThumbprint } = certificatePrints(above)
    const objection = worse(byPrint.get(thumbprint), byPrint.get(publicKeyThumbprint))
    // An authority that merely ran out did not lose its say over what it signed before.
    if (objection && severity(objection) >= SEVERITY.revoked) found = worse(found, objection)
  }
  for (const { certificate: authority, objection } of authorities) {
    if (authority.subject === certificate.issuer && isSignedBy(certificate, authority)) found = worse(found, objection)
  }
  const authorityId = authorityKeyIdentifier(certificate.raw)
  const id = authorityId && normalKeyId(Buffer.from(authorityId).toString('base64'))
  for (const { list, keyIds } of distrust) {
    if (id !== undefined && keyIds.some((each) => normalKeyId(each) === id)) {
      found = worse(found, { reason: `its authority is distrusted by ${list}` })
    }
  }
  return found
}
