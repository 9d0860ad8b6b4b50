/** A key of this server that somebody else has: marked, told in an AuditEvent, and what it signed signed again by the key that is current. */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { jsonObjectOf } from '../../base/crypto/compact-jws.ts'
import { jwkThumbprint } from '../../base/crypto/jwk-thumbprint.ts'
import { isCopy } from '../../fhir/artefact.ts'
import { objectRole, systemObject } from '../../fhir/audit-codings.ts'
import type { Provenance, Resource } from '../../fhir/types.ts'
import { forgetMessages } from '../../provenance/references.ts'
import type { KeyRevocations } from '../../provenance/revocations.ts'
import type { KeyRevocation, RevocationReason } from '../../provenance/signature/own-keys.ts'
import { isAuthors, type Purpose } from '../../provenance/signature/purposes.ts'
import type { Signature } from '../../provenance/signature/sign.ts'
import { didUrl } from '../../provenance/signature/signer.ts'
import type { SigningKey } from '../../provenance/signing-key.ts'
import type { Storage, Write } from '../../storage/storage.ts'
import type { Verify } from './judge.ts'
import { type Recorder, recordedBy, targetOf } from './make.ts'
import { provenancesOf } from './stored.ts'

/** What the job takes of the server. */
export interface RevokeParts {
  storage: Pick<Storage, 'publications' | 'readVersion' | 'search' | 'write' | 'records'>
  revocations: KeyRevocations
  /** The key that signs now, once the other is marked. */
  current(): SigningKey | undefined
  sign(resource: Resource, key: SigningKey, purpose: Purpose): Promise<Signature>
  /** Judges the signatures of this server as if nothing had been withdrawn. */
  verifyOwn: Verify
  recorder(): Recorder
  uuid(): string
}

/** What came of it. */
export interface Revoked {
  revocation: KeyRevocation
  /** Whether there is a key that signs now. */
  hasCurrent: boolean
  /** Active artefacts that were signed again. */
  signed: number
  /** Those that the current key had signed already. */
  unchanged: number
  /** Those whose content is not what the other key signed: they were changed underneath, and nobody signs them again. */
  changed: number
}

/** Provenances that are written in one transaction. */
const perTransaction = 200

/**
 * Marks a key and signs again what is active. Done again it goes on where it stopped.
 * @throws Error, FhirError 5xx when it cannot be stored; the mark comes first and stays
 */
export async function revokeKey(
  key: SigningKey,
  { at, reason }: { at: Date; reason: RevocationReason },
  parts: RevokeParts,
): Promise<Revoked> {
  const { storage } = parts
  const revocation = await parts.revocations.revoke(key, at, reason)
  const event = auditEvent(key, revocation, parts.recorder())
  await storage.write([{ method: 'POST', type: 'AuditEvent', resource: event }])
  await forgetMessages(storage.records, key.keyId)
  const current = parts.current()
  if (!current) return { revocation, hasCurrent: false, signed: 0, unchanged: 0, changed: 0 }
  return { revocation, hasCurrent: true, ...(await signAgain(key, current, parts)) }
}

async function signAgain(old: SigningKey, current: SigningKey, parts: RevokeParts) {
  const { storage } = parts
  const recorder = parts.recorder()
  let [signed, unchanged, changed] = [0, 0, 0]
  let writes: Write[] = []
  const store = async () => {
    if (writes.length > 0) await storage.write(writes)
    signed += writes.length
    writes = []
    await nextTurn()
  }
  for (const version of await storage.publications()) {
    if (!version.isCurrent) continue
    const stored = await storage.readVersion(version.type, version.id, version.versionId)
    if (!stored?.resource || isCopy(stored.resource)) continue
    const known = await provenancesOf(version, storage)
    if (isChanged(stored.resource, known, { old, verify: parts.verifyOwn })) {
      changed++
      continue
    }
    const purposes = wantedPurposes(known, { old, current })
    if (purposes.length === 0) {
      unchanged++
      continue
    }
    const signature = []
    for (const each of purposes) signature.push(await parts.sign(stored.resource, current, each))
    const provenance = recordedBy({ resourceType: 'Provenance', signature }, recorder)
    const resource: Provenance = { ...provenance, target: [targetOf(stored, stored.resource)] }
    writes.push({ method: 'POST', type: 'Provenance', id: parts.uuid(), resource })
    if (writes.length >= perTransaction) await store()
  }
  await store()
  return { signed, unchanged, changed }
}

/** Whether a key signed other content than what is there now: what it signed holds over it, the withdrawal apart. */
function isChanged(
  resource: Resource,
  known: readonly Provenance[],
  { old, verify }: { old: SigningKey; verify: Verify },
): boolean {
  return known.some((each) => {
    const given = each.signature ?? []
    if (!given.some((one) => isOf(one, old))) return false
    const { signatures } = verify(each, resource)
    return given.some((one, place) => isOf(one, old) && signatures[place]?.result !== true)
  })
}

/** For what the current key is to sign: as the source, and as the author where the other key did; not what it signed already. */
function wantedPurposes(known: readonly Provenance[], { old, current }: { old: SigningKey; current: SigningKey }) {
  const signatures = known.flatMap(({ signature = [] }) => signature)
  const has = (key: SigningKey, asAuthor: boolean) =>
    signatures.some((each) => isOf(each, key) && isAuthors(each.type) === asAuthor)
  const wanted: Purpose[] = []
  if (!has(current, false)) wanted.push(14)
  if (has(old, true) && !has(current, true)) wanted.push(1)
  return wanted
}

/** Whether a signature names a key; whether it holds is judged when it is read. */
function isOf({ data }: Signature, { publicKey, keyId }: SigningKey): boolean {
  const [head = ''] = Buffer.from(data ?? '', 'base64')
    .toString('latin1')
    .split('.')
  const kid = jsonObjectOf(Buffer.from(head, 'base64url'))?.kid
  if (typeof kid !== 'string') return false
  return kid === keyId || [keyId, jwkThumbprint(publicKey)].includes(didUrl(kid)?.fragment)
}

const dicom = 'http://dicom.nema.org/resources/ontology/DCM'

function auditEvent(
  key: SigningKey,
  { at, reason }: KeyRevocation,
  { recorded, baseUrl, software }: Recorder,
): Resource {
  return {
    resourceType: 'AuditEvent',
    type: { system: dicom, code: '110113', display: 'Security Alert' },
    subtype: [{ system: dicom, code: '110137', display: 'User Security Attributes Changed' }],
    action: 'E',
    recorded,
    outcome: '0',
    outcomeDesc: `The signing key was withdrawn: ${reason}, ${at}.`,
    agent: [
      {
        type: { coding: [{ system: dicom, code: '110150', display: 'Application' }] },
        who: { display: 'operator, by the command line' },
        requestor: true,
      },
    ],
    source: { site: new URL(baseUrl).host, observer: { display: software } },
    entity: [
      {
        type: systemObject,
        role: objectRole('13', 'Security Resource'),
        what: { identifier: { value: key.keyId } },
        name: 'signing key',
      },
    ],
  }
}
