/**
 * Provenance of what a request writes: judged before it is stored, and stored in the same transaction. What is signed is signed by
 * somebody who may; what needs a signature has one; nothing of it is changed later.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { artefactCanonical, artefactName, statusOf } from '../../fhir/artefact.ts'
import { FhirError, unprocessable } from '../../fhir/error.ts'
import { asJson } from '../../fhir/json.ts'
import type { Principal } from '../../fhir/principal.ts'
import type { Provenance, Resource } from '../../fhir/types.ts'
import { uncarried } from '../../provenance/signature/canonicalization.ts'
import type { Signature } from '../../provenance/signature/sign.ts'
import type { Signer } from '../../provenance/signature/signer.ts'
import type { Storage, StoredVersion, Write, Written } from '../../storage/storage.ts'
import { appendOnly } from './append-only.ts'
import { readProvenanceHeader } from './header.ts'
import { judgeSignatures, type Verify } from './judge.ts'
import { activityOf, type GivenProvenance, type Recorder, recordedBy, targetOf } from './make.ts'
import { type IsRequired, unsigned } from './policy.ts'
import { signedAlready } from './stored.ts'
import { type Beside, besideOf, type FoundTarget, findTargets, type IsMeant } from './targets.ts'

/** What completing takes of the server. */
export interface CompleteParts {
  storage: Pick<Storage, 'read' | 'readVersion' | 'findCanonical' | 'search'>
  verify: Verify
  isRequired: IsRequired
  /** This server's signature as the source of what it publishes; undefined when it does not sign. */
  signSource(resource: Resource): Promise<Signature | undefined>
  /** Public address of this server, without `/fhir`. */
  baseUrl(): string
  software: string
  now(): Date
  uuid(): string
}

/** Who writes, and what he says of it. */
export interface CompleteBy {
  principal: Principal | undefined
  /** The header X-Provenance as it came. */
  provenance: string | undefined
}

/** What is under way. */
interface Completing extends CompleteParts {
  recorder: Recorder
  /** Whose signature as an author holds, by what it is over. */
  authors: Map<Resource, Signer>
}

/**
 * The writes of one request with the Provenance that goes with them: after them that of the header and those of this server's own
 * signatures; what is sent as a resource in its place. A Provenance stands behind what it is about.
 * @throws FhirError 400 a header that is none, 403 a key that is not trusted or has no authority, 409 a change of what is only added to,
 * 422 a signature over something else, or none where one is needed
 */
export async function completeProvenance(
  writes: readonly Write[],
  by: CompleteBy,
  parts: CompleteParts,
): Promise<Write[]> {
  const recorder: Recorder = {
    recorded: parts.now().toISOString(),
    baseUrl: parts.baseUrl(),
    software: parts.software,
    principal: by.principal,
  }
  const completing: Completing = { ...parts, recorder, authors: new Map() }
  for (const { resource } of writes) if (resource && artefactCanonical(resource)) refuseUncarried(resource)
  const given = by.provenance === undefined ? undefined : readProvenanceHeader(by.provenance)
  const beside = besideOf(writes)
  const completed: Write[] = []
  for (const [place, write] of writes.entries()) {
    completed.push(write.type === 'Provenance' ? await ownProvenance(write, beside, completing) : write)
    if (place % perTurn === perTurn - 1) await nextTurn()
  }
  const subjects = writes.flatMap((write, index) => (write.type === 'Provenance' ? [] : [{ write, index }]))
  const headed = given ? [await headerWrite(given, subjects, completing)] : []
  const signed = await withSignatures(completed, writes, completing)
  return [...signed, ...headed, ...(await sourceWrites(subjects, completing))]
}

/** Writes that are judged between two pauses in which other requests are served. */
const perTurn = 25

/** @throws FhirError 422 for what RFC 8785 cannot carry: nobody could ever sign it */
function refuseUncarried(resource: Resource): void {
  const fault = uncarried(asJson(resource))
  if (fault !== undefined)
    throw unprocessable({
      text: `${artefactName(resource)} has no canonical form (RFC 8785): ${fault}.`,
      expression: resource.resourceType,
    })
}

/** A write with the place at which the storage tells what became of it. */
interface SubjectWrite {
  write: Write
  index: number
}

/** The Provenance of the header, about everything that the request writes. */
async function headerWrite(
  given: GivenProvenance,
  subjects: readonly SubjectWrite[],
  completing: Completing,
): Promise<Write> {
  if (subjects.length === 0)
    throw unprocessable('X-Provenance is about what the request writes, and it writes nothing beside Provenance.')
  const resources = subjects.flatMap(({ write }) => write.resource ?? [])
  const targets = subjects.map(({ write: { type, id = '', resource } }) =>
    targetOf({ type, id, versionId: '' }, resource),
  )
  const named: Provenance = { ...recordedBy(given, completing.recorder), target: targets }
  const judgement = judgeSignatures(named, resources, { verify: completing.verify, place: 'Provenance' })
  for (const [resource, signer] of judgement.authors) completing.authors.set(resource, signer)
  const [signer] = judgement.authors.values()
  const made = recordedBy(given, completing.recorder, signer)
  return {
    method: 'POST',
    type: 'Provenance',
    id: completing.uuid(),
    resourceFor(earlier) {
      const written = subjects.flatMap(({ write, index }) => pairOf(write, earlier[index]))
      if (written.length === 0) return undefined
      const activity = made.activity ?? activityOf(written.map(({ outcome }) => outcome))
      return { ...made, activity, target: written.map(({ target }) => target) }
    },
  }
}

/** What was written, with its reference; nothing where nothing was deleted. */
function pairOf({ resource }: Write, outcome: Written | undefined) {
  if (!outcome || outcome.version.versionId === '0') return []
  return [{ outcome, target: targetOf(outcome.version, resource) }]
}

/** A Provenance that is sent as a resource. */
async function ownProvenance(write: Write, beside: Beside, completing: Completing): Promise<Write> {
  const { resource } = write
  const guarded = await appendOnly(write, completing.storage)
  if (guarded.isSame || write.method === 'DELETE') return guarded.write
  if (resource?.resourceType !== 'Provenance') return guarded.write
  const isMeant: IsMeant = (about, target) =>
    !resource.signature?.length ||
    completing.verify({ ...resource, target: [target] }, about).signatures.every(({ result }) => result)
  const found = await findTargets(resource, beside, { storage: completing.storage, isMeant })
  const named = { ...resource, target: found.map(({ reference }) => reference) }
  const resources = found.flatMap((each) => each.resource ?? [])
  const place = `${write.type}/${write.id ?? ''}`
  const { authors } = judgeSignatures(named, resources, { verify: completing.verify, place })
  for (const [about, signer] of authors) completing.authors.set(about, signer)
  const [signer] = authors.values()
  const made: Provenance = { ...recordedBy(named, completing.recorder, signer), target: named.target }
  if (!found.some((each) => each.write)) return { ...guarded.write, resource: made }
  return { ...guarded.write, resource: made, resourceFor: (earlier) => withVersions(made, found, { beside, earlier }) }
}

/** Of what is written in the same transaction, the version that it became. */
function withVersions(
  made: Provenance,
  found: readonly FoundTarget[],
  { beside, earlier }: { beside: Beside; earlier: readonly Written[] },
): Provenance {
  const [first, ...others] = found.map(({ reference, write }) => {
    const outcome = write && earlier[beside.places.get(write) ?? -1]
    if (!write) return reference
    if (!outcome) throw new Error('a Provenance must be written after what it is about')
    return { ...reference, reference: targetOf(outcome.version, write.resource).reference }
  })
  return first ? { ...made, target: [first, ...others] } : made
}

/**
 * The writes, of which what the policy wants to be signed is signed now, or stays as it is signed already: anything that is changed would
 * be a new version, which nobody signed.
 * @throws FhirError 422 for what is not signed
 */
async function withSignatures(
  completed: readonly Write[],
  given: readonly Write[],
  { isRequired, authors, storage, verify }: Completing,
): Promise<Write[]> {
  const judged: Write[] = []
  for (const [place, write] of completed.entries()) {
    const resource = given[place]?.resource
    if (!resource || !isRequired(resource) || authors.has(resource)) {
      judged.push(write)
      continue
    }
    const current = await signedAlready(resource, { storage, verify })
    if (!current) throw new FhirError(422, unsigned(resource))
    judged.push(unlessChanged(write, resource, current))
  }
  return judged
}

/** A write that is carried out where it changes nothing of the version that was looked at. */
function unlessChanged(write: Write, resource: Resource, { versionId }: StoredVersion): Write {
  return {
    ...write,
    ifMatch: write.ifMatch ?? [versionId],
    unlessInForce() {
      throw new FhirError(422, unsigned(resource))
    },
  }
}

/** This server's own signature over what becomes active, each in a Provenance of its own. */
async function sourceWrites(subjects: readonly SubjectWrite[], completing: Completing): Promise<Write[]> {
  const { recorder, signSource, uuid } = completing
  const made: Write[] = []
  for (const { write, index } of subjects) {
    const { resource } = write
    if (index % perTurn === perTurn - 1) await nextTurn()
    if (!resource || !artefactCanonical(resource) || statusOf(resource) !== 'active') continue
    const signature = await signSource(resource)
    if (!signature) continue
    const provenance = recordedBy({ resourceType: 'Provenance', signature: [signature] }, recorder)
    made.push({
      method: 'POST',
      type: 'Provenance',
      id: uuid(),
      resourceFor(earlier) {
        const outcome = earlier[index]
        if (!outcome || outcome.outcome === 'unchanged') return undefined
        return { ...provenance, activity: activityOf([outcome]), target: [targetOf(outcome.version, resource)] }
      },
    })
  }
  return made
}
