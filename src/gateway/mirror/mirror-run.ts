/** One look at the lists of the gateways: what is new is fetched, proved and stored, what is gone is retired in time. */
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { errorText } from '../../base/system-error.ts'
import { FhirError } from '../../fhir/error.ts'
import type { Resource } from '../../fhir/types.ts'
import type { Storage } from '../../storage/storage.ts'
import { fetchReference, thumbprintOf } from './fetch-reference.ts'
import { MirrorError } from './mirror-error.ts'
import type { MirrorRule } from './mirror-settings.ts'
import {
  type ListedReference,
  type ParticipantCodes,
  referenceKey,
  type WantedReference,
  wantedReferences,
} from './mirrored-reference.ts'
import { type OpenJws, openSigned, type Signers } from './open-signed.ts'
import { type ContentReading, readContent } from './read-content.ts'
import { keepList, keepMirror, knownMirrors, type MirroredArtefact, type MirrorRecord } from './records.ts'

export type { ListStatus } from './records.ts'

/** A gateway whose list is looked at. */
export interface MirrorGateway {
  id: string
  /** The participant that this server is there. */
  country: string
  references(): Promise<readonly ListedReference[]>
}

/** Where what is proved goes: through everything that a publication goes through. */
export interface MirrorStore {
  /**
   * Stores artefacts as copies. What is refused is refused before any is stored.
   * @returns `Type/id` of each, in order
   * @throws MirrorError `content`, `conflict`
   */
  store(resources: readonly Resource[], source: MirrorSource): Promise<string[]>
  /** Gives copies the status `retired`; what is there no more is none. */
  retire(names: readonly string[]): Promise<void>
}

/** Whose copies they are, and by which reference. */
export interface MirrorSource {
  participant: string
  url: string
  uuid: string
  thumbprint: string
  at: Date
}

/** What a run needs of the other rooms. */
export interface MirrorRunOptions extends Pick<ContentReading, 'request' | 'readPackage'> {
  gateways: readonly MirrorGateway[]
  allow: readonly MirrorRule[]
  graceDays: number
  records: Storage['records']
  store: MirrorStore
  codes: ParticipantCodes
  signersOf(participant: string): Signers
  openJws: OpenJws
  now(): Date
  /** Whether this run may still change anything; asked before everything that does. */
  isHeld(): Promise<boolean>
  /** Also what failed a while ago. */
  isForced: boolean
}

/** What a run saw. */
export interface MirrorReport {
  /** Gateways whose list could not be had, with the reason: nothing that they list counts as gone. */
  failed: { gateway: string; error: string }[]
}

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Looks once. @throws FhirError 5xx when the store cannot be written now */
export async function runMirror(options: MirrorRunOptions): Promise<MirrorReport> {
  const { gateways, records, allow, codes } = options
  const known = await knownMirrors(records)
  const own = gateways.map(({ country }) => country)
  const failed: MirrorReport['failed'] = []
  const wanted = new Map<string, WantedReference>()
  for (const { id, references } of gateways) {
    try {
      const rows = await references()
      for (const each of wantedReferences({ gateway: id, rows, own }, allow, codes))
        wanted.set(referenceKey(each), each)
    } catch (error) {
      failed.push({ gateway: id, error: errorText(error) })
    }
  }
  for (const { id } of gateways) {
    const error = failed.find(({ gateway }) => gateway === id)?.error
    await keepList(records, { gateway: id, checkedAt: options.now().toISOString(), ...(error ? { error } : {}) })
  }
  await lookAtAll(wanted, known, { ...options, store: oneAtATime(options.store) })
  if (!(await options.isHeld())) return { failed }
  const silent = new Set(failed.map(({ gateway }) => gateway))
  for (const [key, record] of known) {
    // A list that could not be had says nothing about what it lists.
    if (wanted.has(key) || silent.has(record.gateway)) continue
    const state = record.state === 'retired' ? 'retired' : 'gone'
    known.set(key, { ...record, state, artefacts: leaving(record.artefacts, new Set(), options.now()) })
  }
  await retireDue(known, silent, options)
  return { failed }
}

/** Looks at what is wanted, one reference of a participant after the other: who answers slowly holds up himself alone. */
async function lookAtAll(
  wanted: ReadonlyMap<string, WantedReference>,
  known: Map<string, MirrorRecord>,
  options: MirrorRunOptions,
): Promise<void> {
  const lanes = Map.groupBy(wanted, ([, { participant }]) => participant)
  const ends = await Promise.allSettled(
    [...lanes.values()].map(async (lane) => {
      for (const [key, reference] of lane) {
        const before = known.get(key)
        if (before && isSettled(reference, before, options)) continue
        if (!(await options.isHeld())) return
        const next = await look(reference, before, options)
        known.set(key, next)
        await keepMirror(options.records, key, next)
      }
    }),
  )
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}

/** Of two participants with the same canonical one comes first. */
function oneAtATime({ store, retire }: MirrorStore): MirrorStore {
  let last: Promise<unknown> = Promise.resolve()
  return {
    retire,
    store(resources, source) {
      const stored = last.then(() => store(resources, source))
      last = stored.catch(() => undefined) // told to whoever stored it
      return stored
    },
  }
}

/** What of a row decides whether it is looked at again. */
const triedOf = ({ row, isUnsignedAllowed }: WantedReference): string =>
  JSON.stringify([row.thumbprint ?? '', row.signatureType, row.url, isUnsignedAllowed])

/** Whether there is nothing to do: it is mirrored as it is listed, or failed a short while ago and nothing has changed. */
function isSettled(reference: WantedReference, before: MirrorRecord, options: MirrorRunOptions): boolean {
  if (before.tried !== triedOf(reference)) return false
  if (before.state === 'mirrored') return true
  const waits = before.retryAt !== undefined && new Date(before.retryAt) > options.now()
  // Keys that have come since may be those that were missing.
  return waits && !options.isForced && before.signers === printOf(options.signersOf(reference.participant))
}

/** What becomes of one reference. */
async function look(
  reference: WantedReference,
  before: MirrorRecord | undefined,
  options: MirrorRunOptions,
): Promise<MirrorRecord> {
  const { gateway, participant, row } = reference
  const { uuid, url, service, domain } = row
  const artefacts = before?.artefacts ?? {}
  const told = {
    gateway,
    participant,
    uuid,
    url,
    service,
    domain,
    thumbprint: before?.thumbprint,
    mirroredAt: before?.mirroredAt,
  }
  const tried = triedOf(reference)
  const now = options.now()
  try {
    const { names, warnings } = await mirror(reference, artefacts, options)
    const mirrored = Object.fromEntries(names.map(({ name, hash }) => [name, { hash }]))
    const kept = { ...leaving(artefacts, new Set(Object.keys(mirrored)), now), ...mirrored }
    const thumbprint = thumbprintOf(row)
    return { ...told, state: 'mirrored', thumbprint, tried, warnings, mirroredAt: now.toISOString(), artefacts: kept }
  } catch (error) {
    const failure = failureOf(error)
    const failures = (before?.tried === tried ? (before.failures ?? 0) : 0) + 1
    const signers = printOf(options.signersOf(participant))
    const pause = failure.state === 'unreachable' ? 0 : Math.min(DAY, HOUR * 2 ** (failures - 1))
    const retryAt = new Date(now.getTime() + pause).toISOString()
    return { ...told, state: failure.state, tried, failures, retryAt, signers, lastError: failure.message, artefacts }
  }
}

/** By which keys a signature was judged. */
const printOf = ({ uploads, authorities }: Signers): string =>
  sha256Hex(Buffer.concat([...uploads, ...authorities].map(({ raw }) => raw))).slice(0, 16)

function failureOf(error: unknown): MirrorError {
  if (error instanceof MirrorError) return error
  // What the store cannot do now ends the run; what it refuses belongs to the reference.
  if (error instanceof FhirError && error.status < 500) return new MirrorError('content', error.message)
  // Content of a shape that nobody thought of stops its own reference, and not the look at all others.
  if (error instanceof TypeError || error instanceof RangeError)
    return new MirrorError('content', 'it is of a shape that is not understood')
  throw error
}

async function mirror(reference: WantedReference, artefacts: MirrorRecord['artefacts'], options: MirrorRunOptions) {
  const { row, participant, isUnsignedAllowed } = reference
  if (row.type !== 'FHIR')
    throw new MirrorError('not-supported', 'references of its type are not mirrored: FHIR ones are')
  const { openJws, request, store } = options
  const now = options.now()
  const { body, warnings } = await fetchReference(row, request)
  const opening = { signatureType: row.signatureType, isUnsignedAllowed, openJws, now }
  const content = await openSigned(body, { ...opening, signers: options.signersOf(participant) })
  const here = Object.entries(artefacts).filter(([, { goneSince, isRetired }]) => goneSince === undefined && !isRetired)
  const known = new Map(here.map(([name, { hash }]) => [hash, name]))
  const { resources, kept } = await readContent(content, { ...options, url: row.url, service: row.service, known })
  if (!(await options.isHeld())) throw new MirrorError('unreachable', 'another process has taken over')
  const source = { participant, url: row.url, uuid: row.uuid, thumbprint: thumbprintOf(row) ?? '', at: now }
  const stored = await store.store(
    resources.map(({ resource }) => resource),
    source,
  )
  const hashes = new Map(Object.entries(artefacts).map(([name, { hash }]) => [name, hash]))
  return {
    warnings,
    names: [
      ...kept.map((name) => ({ name, hash: hashes.get(name) ?? '' })),
      ...stored.map((name, at) => ({ name, hash: resources[at]?.hash ?? '' })),
    ],
  }
}

/** Artefacts that are not among the named ones begin to be gone; those that were keep their time. */
function leaving(
  artefacts: MirrorRecord['artefacts'],
  named: ReadonlySet<string>,
  now: Date,
): MirrorRecord['artefacts'] {
  return Object.fromEntries(
    Object.entries(artefacts).map(([name, artefact]): [string, MirroredArtefact] => [
      name,
      named.has(name) ? artefact : { ...artefact, goneSince: artefact.goneSince ?? now.toISOString() },
    ]),
  )
}

/** Retires what no reference has named for the days of grace, and keeps all that changed. */
async function retireDue(
  known: Map<string, MirrorRecord>,
  silent: ReadonlySet<string>,
  { now, graceDays, store, records, isHeld }: MirrorRunOptions,
): Promise<void> {
  const due = now().getTime() - graceDays * DAY
  const named = new Set(
    [...known.values()].flatMap(({ artefacts }) =>
      Object.entries(artefacts).flatMap(([name, { goneSince }]) => (goneSince === undefined ? [name] : [])),
    ),
  )
  const isDue = ({ goneSince }: MirroredArtefact) => goneSince !== undefined && new Date(goneSince).getTime() <= due
  for (const [key, record] of known) {
    if (silent.has(record.gateway)) continue
    const ends = new Set(
      Object.entries(record.artefacts).flatMap(([name, each]) => (isDue(each) && !each.isRetired ? [name] : [])),
    )
    if (ends.size > 0) {
      if (!(await isHeld())) return
      await store.retire([...ends].filter((name) => !named.has(name)))
    }
    const artefacts = Object.fromEntries(
      Object.entries(record.artefacts).map(([name, each]): [string, MirroredArtefact] => [
        name,
        ends.has(name) ? { ...each, isRetired: true } : each,
      ]),
    )
    // Of what never was mirrored nothing is left to tell.
    const isNothing = record.state === 'gone' && Object.keys(artefacts).length === 0
    const isOver = record.state === 'gone' && Object.values(artefacts).every(({ isRetired }) => isRetired)
    const kept = { ...record, state: isOver ? ('retired' as const) : record.state, artefacts }
    await keepMirror(records, key, isNothing ? undefined : kept)
  }
}
