/** How a source is read: at its location, from its last good copy, or from the file that stands in for it. A bad list never replaces a good one. */
import { errorText, isSystemError, systemErrorText } from '../../base/system-error.ts'
import {
  isOfGateway,
  isUrl,
  type SourceContent,
  type TrustSource,
  UndeliveredSource,
  UnusableSource,
} from '../lists/trust-source.ts'
import { type CopyMeta, identityOf } from './copy-meta.ts'
import type { Copy, CopyStore, Slot } from './copy-store.ts'
import { entriesIn, floorOf, isHeldToSize, noFloor, replayFault, sizeDoubt } from './plausible.ts'
import { networkIsOff, pinsOf, readingOf, readingOfCopy, readingOfFirstCopy, type Session } from './session.ts'
import type { SourceState, Upkeep } from './source-state.ts'

/** The first reading of a source, which asks nobody over the network. Rejects for a fault of the program alone. */
export async function startSource(source: TrustSource, upkeep: Upkeep): Promise<SourceState> {
  const state: SourceState = { source, floor: noFloor, ...(await stampOf(source, upkeep)) }
  const copy = await loadCopy(state, 'good', upkeep)
  const known = copy.copy ? withMeta(state, copy.copy) : state
  if (isRemote(source)) {
    const started = await startRemote(known, copy, upkeep)
    return (await adoptAccepted(started, upkeep)) ?? (await withWaiting(started, upkeep))
  }
  const read = await readAtLocation(known, upkeep)
  return read.content ? read : await fromCopyOfFile(read, copy, upkeep)
}

/** Reads a source again at its location. Rejects for a fault of the program alone. */
export async function readAgain(before: SourceState, upkeep: Upkeep): Promise<SourceState> {
  const adopted = await adoptCopy(before, upkeep)
  const read = await readAtLocation(adopted, upkeep)
  if (read.failure === undefined || !isRemote(read.source)) return read
  return (await fromFirstCopy(read, upkeep)) ?? read
}

/** Takes over what another process has written for a source: a newer copy, or that the list that waits was accepted. */
export async function adoptCopy(before: SourceState, upkeep: Upkeep): Promise<SourceState> {
  const { stamp } = await stampOf(before.source, upkeep)
  if (stamp === undefined || stamp === before.stamp) return before
  const state = { ...before, stamp }
  const accepted = await adoptAccepted(state, upkeep)
  if (accepted) return accepted
  const { copy } = await loadCopy(state, 'good', upkeep)
  const isSame = copy && state.meta && identityOf(copy.meta.documents) === identityOf(state.meta.documents)
  if (!copy || copy.meta.documents.length === 0 || isSame) return state
  if (!isRemote(state.source)) return state
  return (await readCopy(state, copy, upkeep).catch(notOurFault)) ?? state
}

/** Whether a source is asked for over the network. */
export const isRemote = (source: TrustSource): boolean => isUrl(source.location) || isOfGateway(source)

/** Kinds of which the last good copy counts although its file can no longer be read: what is in it is proven, or only withdraws. */
const copiedKinds: readonly string[] = ['did-v2', 'icao-master-list', 'revocation']

/** Kinds whose old copy is better than none. */
const withdrawingKinds: readonly string[] = ['distrusted', 'revocation', 'gateway-revocation']

/** Failure of a remote source that nobody has asked for so far. */
export const NOT_READ_YET = 'it was not read yet'

/** Kinds that prove themselves, whatever the disk says of them. */
const provenKinds: readonly string[] = ['did-v2', 'icao-master-list']

async function startRemote(state: SourceState, { copy, fault }: LoadedCopy, upkeep: Upkeep): Promise<SourceState> {
  let faultOfCopy = fault
  let read: SourceState | undefined
  if (copy && copy.meta.documents.length > 0) {
    try {
      read = await readCopy(state, copy, upkeep)
    } catch (error) {
      faultOfCopy = `the last good copy is not used: ${failureText(error, state.source)}`
    }
  }
  const first = await fromFirstCopy(read ?? state, upkeep)
  const current = first ?? read ?? state
  const { lastError } = state.meta ?? {}
  const unread = current.content ? undefined : NOT_READ_YET
  const off = upkeep.readers.fetch || !isUrl(state.source.location) ? lastError : networkIsOff
  const texts = [faultOfCopy, current.failure, off ?? unread].filter((each) => each !== undefined)
  const failure = [...new Set(texts)].join('; ')
  const withdraws = !current.content && state.source.kind === 'distrusted' ? { withdrawsUnknown: true } : {}
  const isAbsent = !current.content && faultOfCopy === undefined
  return { ...current, ...withdraws, isAbsent, ...(failure === '' ? {} : { failure }) }
}

/** Of a file that cannot be read after a restart: what it withdrew before stays withdrawn, and what proves itself stays in use. */
async function fromCopyOfFile(state: SourceState, { copy, fault }: LoadedCopy, upkeep: Upkeep): Promise<SourceState> {
  if (fault !== undefined) return { ...state, failure: [state.failure, fault].filter(Boolean).join('; ') }
  if (!copy || copy.meta.documents.length === 0) return state
  const { source, failure, suspended, withdrawsUnknown } = state
  try {
    const read = await readCopy({ source, floor: state.floor }, copy, upkeep)
    const whole = { ...state, ...read, ...member({ failure, suspended, withdrawsUnknown }) }
    if (copiedKinds.includes(source.kind)) return whole
    return read.content ? { ...state, withdrawals: [read.content] } : state
  } catch (error) {
    return { ...state, failure: `${failure}; the last good copy is not used: ${failureText(error, source)}` }
  }
}

/** Members that are there. */
function member<Members extends object>(members: Members): { [Name in keyof Members]?: NonNullable<Members[Name]> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Members]?: NonNullable<Members[Name]>
  }
}

async function readAtLocation(before: SourceState, upkeep: Upkeep): Promise<SourceState> {
  const { source } = before
  try {
    if (isUrl(source.location) && !upkeep.readers.fetch) throw new UndeliveredSource(networkIsOff)
    const pins = await pinsOf(source, upkeep.readers)
    const held = before.content && before.pins === pins ? before.held : undefined
    const session = readingOf(source, upkeep.readers, { held, now: upkeep.now })
    if (held && before.copyFault === undefined && (await isUnchanged(held.documents, session)))
      return await confirmed(before, upkeep)
    const content = await upkeep.read(source, { ...upkeep, readers: session.readers, before: before.content })
    return await judged(before, { content, session, pins }, upkeep)
  } catch (error) {
    return await failed(before, error, upkeep)
  }
}

/** Whether the servers say that nothing changed. */
async function isUnchanged(documents: readonly { place: string; thumbprint: string }[], session: Session) {
  if (documents.length === 0 || !documents.every(({ place }) => isUrl(place))) return false
  for (const { place } of documents) await session.readers.readFile(place)
  const now = new Map(session.documents().map(({ place, thumbprint }) => [place, thumbprint]))
  return documents.every(({ place, thumbprint }) => now.get(place) === thumbprint)
}

async function confirmed(before: SourceState, upkeep: Upkeep): Promise<SourceState> {
  const outdated = before.content && outdatedFault(before.content, before)
  if (outdated !== undefined) throw new UnusableSource(outdated)
  const { failure: _, waiting, withdrawals: __, suspended: ___, withdrawsUnknown: ____, ...state } = before
  if (waiting && upkeep.keepsCopies) await upkeep.copies?.remove(before.source.name, 'waiting').catch(notOurFault)
  const next: SourceState = { ...state, from: 'location', checkedAt: upkeep.now }
  return note(next, undefined, upkeep)
}

/** Why a list is not the newest: one that was made later waits. A server that hands out the one of before withdraws nothing of that. */
const outdatedFault = (content: SourceContent, { waiting }: SourceState): string | undefined =>
  waiting && replayFault(content, waiting.content, 'the one that waits')

interface Read {
  content: SourceContent
  session: Session
  pins: string
}

/** Decides whether what was read takes the place of what is in use. */
async function judged(before: SourceState, read: Read, upkeep: Upkeep): Promise<SourceState> {
  const { source, floor } = before
  const replayed = replayFault(read.content, floor) ?? outdatedFault(read.content, before)
  if (replayed !== undefined) throw new UnusableSource(replayed)
  const doubt = isHeldToSize(source) ? sizeDoubt(read.content, floor, source.name) : undefined
  const identity = identityOf(read.session.documents())
  if (doubt !== undefined && (await upkeep.copies?.accepted(source.name)) !== identity)
    return waits(before, { ...read, identity, text: doubt }, upkeep)
  const isLess = losesKeys(before.content, read.content)
  return keep(inUse(before, read, upkeep.now), { ...read, isLess }, upkeep)
}

/** Whether a list lacks a key of the one before, or says worse of it; of what is not known, one may be lacking. */
function losesKeys(before: SourceContent | undefined, now: SourceContent): boolean {
  const names = new Set(now.keys.map(entryOf))
  return before === undefined || before.keys.some((key) => !names.has(entryOf(key)))
}

const entryOf = ({ thumbprint, keyId, participant, domain, usage, status }: SourceContent['keys'][number]): string =>
  JSON.stringify([thumbprint, keyId, participant, domain, usage, status])

function inUse(before: SourceState, { content, session, pins }: Read, now: Date): SourceState {
  const documents = session.documents()
  return {
    source: before.source,
    content,
    from: 'location',
    readAt: now,
    checkedAt: now,
    floor: floorOf(content, before.floor),
    held: { documents, read: (document) => session.bytesOf(document) },
    pins,
    ...member({ meta: before.meta, stamp: before.stamp }),
  }
}

/** Writes the copy. The list counts all the same when the disk is full: its withdrawals hold; a copy that still has a key that it lacks goes. */
async function keep(
  state: SourceState,
  { content, session, isLess }: Read & { isLess: boolean },
  upkeep: Upkeep,
): Promise<SourceState> {
  const { copies, keepsCopies, now } = upkeep
  const { source } = state
  if (!copies || !keepsCopies) return state
  const documents = session.documents()
  const isKnown =
    state.meta && identityOf(state.meta.documents) === identityOf(documents) && state.meta.documents.length > 0
  const meta: CopyMeta = {
    ...metaOf(state, session),
    fetchedAt: now.toISOString(),
    checkedAt: now.toISOString(),
    keys: entriesIn(content),
  }
  try {
    if (isKnown && !isRemote(source)) return state
    await copies.save(meta, 'good', (document) => session.bytesOf(document))
    await copies.remove(source.name, 'waiting')
    const saved = await copies.load(source, 'good')
    const held = saved && isRemote(source) ? { held: { documents, read: saved.read } } : {}
    return { ...state, meta, ...held, ...(await stampOf(source, upkeep)) }
  } catch (error) {
    const copyFault = `its copy cannot be kept: ${errorText(error)}`
    if (isLess && !withdrawingKinds.includes(source.kind)) await loseCopy(meta, copies)
    return { ...state, copyFault, ...(await stampOf(source, upkeep)) }
  }
}

/** Takes away a copy that still has what was withdrawn. What it leaves is room for the times of the lists, by which it stays withdrawn. */
async function loseCopy(meta: CopyMeta, copies: CopyStore): Promise<void> {
  try {
    await copies.remove(meta.name, 'good')
    await copies.note({ ...meta, documents: [], folders: {} })
  } catch (error) {
    notOurFault(error)
  }
}

function metaOf({ source, floor, content }: SourceState, session: Session): CopyMeta {
  const documents = session.documents()
  const main = documents.find(({ place }) => place === source.location)
  return {
    name: source.name,
    kind: source.kind,
    location: source.location,
    ...member({ etag: main?.etag, created: content?.created, thumbprint: main?.thumbprint }),
    keys: floor.entries,
    createdOf: { ...floor.createdOf },
    documents,
    folders: session.folders(),
  }
}

/** The list in use stays, and what the one that waits withdraws by name is withdrawn. */
async function waits(
  before: SourceState,
  { content, session, identity, text }: Read & { identity: string; text: string },
  upkeep: Upkeep,
): Promise<SourceState> {
  const { copies, keepsCopies, now } = upkeep
  const { suspended: _, withdrawsUnknown: __, ...rest } = before
  const state: SourceState = { ...rest, failure: text, waiting: { content, identity, text }, withdrawals: [content] }
  if (!copies || !keepsCopies || before.waiting?.identity === identity) return state
  try {
    const meta = metaOf({ ...before, content }, session)
    await copies.save({ ...meta, fetchedAt: now.toISOString(), keys: entriesIn(content) }, 'waiting', session.bytesOf)
  } catch (error) {
    state.failure = `${text}; it cannot be kept until then: ${errorText(error)}`
  }
  return note(state, state.failure, upkeep)
}

async function failed(before: SourceState, error: unknown, upkeep: Upkeep): Promise<SourceState> {
  const { source } = before
  const { suspended = [], withdrawsUnknown = false } = error instanceof UnusableSource ? error : {}
  const failure = failureText(error, source)
  const proven = await provenAgain(before, upkeep)
  const state = {
    ...proven,
    failure,
    suspended,
    // What was never read may withdraw any key.
    withdrawsUnknown: withdrawsUnknown || (source.kind === 'distrusted' && !proven.content),
    isAbsent: error instanceof UndeliveredSource || isMissing(error),
  }
  return note(state, failure, upkeep)
}

/** What is in use, unless the pinned keys have changed and no longer prove it. */
async function provenAgain(before: SourceState, upkeep: Upkeep): Promise<SourceState> {
  if (!before.content || before.pins === undefined || !before.source.key) return before
  const pins = await pinsOf(before.source, upkeep.readers).catch(() => before.pins)
  if (pins === before.pins) return before
  const { content: _, held, ...bare } = before
  const meta = held && { ...metaOfHeld(before), documents: [...held.documents] }
  if (!held || !meta) return bare
  const copy: Copy = { meta, isUnsure: false, read: held.read }
  return (await readCopy(bare, copy, upkeep).catch(notOurFault)) ?? bare
}

const metaOfHeld = ({ source, floor, meta, checkedAt, readAt }: SourceState): CopyMeta => ({
  name: source.name,
  kind: source.kind,
  location: source.location,
  keys: floor.entries,
  createdOf: { ...floor.createdOf },
  documents: [],
  folders: meta?.folders ?? {},
  ...member({ checkedAt: checkedAt?.toISOString(), fetchedAt: readAt?.toISOString() }),
})

/** Reads a copy as it stands. @throws what its reader throws, and UnusableSource for one that may not be used */
async function readCopy(state: SourceState, copy: Copy, upkeep: Upkeep): Promise<SourceState> {
  const { source } = state
  const { meta, isUnsure } = copy
  if (isUnsure && !provenKinds.includes(source.kind)) throw new UnusableSource('it is not what was written')
  const session = readingOfCopy(source, upkeep.readers, copy)
  // A clock that was set back makes no list of the future out of one that was in use.
  const now = new Date(Math.max(upkeep.now.getTime(), ...Object.values(meta.createdOf).map(Date.parse)))
  const content = await upkeep.read(source, { ...upkeep, now, readers: session.readers, before: undefined })
  const replayed = replayFault(content, state.floor)
  if (replayed !== undefined) throw new UnusableSource(replayed)
  const documents = meta.documents
  return {
    source,
    content,
    from: 'copy',
    ...member({
      readAt: isUnsure ? undefined : dateOf(meta.fetchedAt),
      checkedAt: isUnsure ? undefined : dateOf(meta.checkedAt ?? meta.fetchedAt),
      meta,
      stamp: state.stamp,
    }),
    floor: floorOf(content, state.floor),
    held: { documents, read: copy.read },
    pins: await pinsOf(source, upkeep.readers),
  }
}

/** Reads the file that stands in for a remote location, if it holds a newer list than is in use. */
async function fromFirstCopy(state: SourceState, upkeep: Upkeep): Promise<SourceState | undefined> {
  const { source, content } = state
  const { firstCopy } = source
  // What does not say when it was made may be older than what was fetched once, and have a key that was withdrawn there.
  const isPast = source.kind !== 'did-v2' && (content ?? state.meta?.fetchedAt) !== undefined
  if (firstCopy === undefined || isPast) return undefined
  const session = readingOfFirstCopy(source, upkeep.readers, firstCopy)
  try {
    if (content && !(await isNewer(firstCopy, content, upkeep))) return undefined
    const read = await upkeep.read(source, { ...upkeep, readers: session.readers, before: content })
    const pins = await pinsOf(source, upkeep.readers)
    const doubt = replayFault(read, state.floor) ?? sizeDoubt(read, state.floor, source.name)
    if (doubt !== undefined) throw new UnusableSource(doubt)
    const made = dateOf(read.created) ?? (await upkeep.readers.modified?.(firstCopy))
    const { readAt: _, checkedAt: __, ...used } = inUse(state, { content: read, session, pins }, upkeep.now)
    return { ...used, from: 'first copy', ...member({ checkedAt: made, failure: state.failure }) }
  } catch (error) {
    const text = `its first copy is not used: ${failureText(error, source)}`
    return { ...state, failure: [state.failure, text].filter(Boolean).join('; ') }
  }
}

/** Whether a file says, without any proof, that it is newer than the list in use. */
async function isNewer(file: string, { created }: SourceContent, { readers }: Upkeep): Promise<boolean> {
  const text = (await readers.readFile(file)).toString('utf8')
  const said = /"created"\s*:\s*"([^"]{1,40})"/.exec(text)?.[1]
  return said !== undefined && Date.parse(said) > Date.parse(created ?? '')
}

/** The list that waits, once somebody has accepted it. */
async function adoptAccepted(state: SourceState, upkeep: Upkeep): Promise<SourceState | undefined> {
  const { copies } = upkeep
  const { source } = state
  const accepted = await copies?.accepted(source.name).catch(() => undefined)
  if (!copies || accepted === undefined) return undefined
  const { copy } = await loadCopy(state, 'waiting', upkeep)
  if (!copy || identityOf(copy.meta.documents) !== accepted) return undefined
  try {
    const read = await readCopy(state, copy, upkeep)
    const session = readingOfCopy(source, upkeep.readers, copy)
    for (const { place } of copy.meta.documents) await session.readers.readFile(place)
    const folders = { ...session, folders: () => copy.meta.folders }
    const at = dateOf(copy.meta.fetchedAt) ?? upkeep.now
    return await keep(
      { ...read, from: 'location' },
      { content: read.content ?? emptyContent, session: folders, pins: '', isLess: true },
      { ...upkeep, now: at },
    )
  } catch (error) {
    return { ...state, failure: `the list that was accepted cannot be used: ${failureText(error, source)}` }
  }
}

/** A list that waited before a restart waits on. */
async function withWaiting(state: SourceState, upkeep: Upkeep): Promise<SourceState> {
  const { source, floor } = state
  const { copy } = await loadCopy(state, 'waiting', upkeep)
  if (!copy || copy.meta.documents.length === 0) return state
  const read = await readCopy({ source, floor }, copy, upkeep).catch(notOurFault)
  const text = read?.content && sizeDoubt(read.content, floor, source.name)
  if (!read?.content || text === undefined) return state
  const waiting = { content: read.content, identity: identityOf(copy.meta.documents), text }
  return { ...state, waiting, withdrawals: [read.content], failure: text }
}

const emptyContent: SourceContent = { keys: [], warnings: [], leftOut: [] }

interface LoadedCopy {
  copy?: Copy
  /** Why there is none although something stands there. */
  fault?: string
}

async function loadCopy({ source }: SourceState, slot: Slot, { copies }: Upkeep): Promise<LoadedCopy> {
  try {
    const copy = await copies?.load(source, slot)
    return copy ? { copy } : {}
  } catch (error) {
    return { fault: `the last good copy is not used: ${errorText(error)}` }
  }
}

/** What the meta data of a copy say of the past, whether the copy itself can be used or not. One that cannot is written anew. */
const withMeta = (state: SourceState, { meta, isUnsure }: Copy): SourceState => ({
  ...state,
  meta: isUnsure ? { ...meta, documents: [] } : meta,
  floor: { createdOf: meta.createdOf, entries: meta.keys },
})

/** Writes down what became of the last reading. A disk that does not take it is told of with the next copy. */
async function note(state: SourceState, lastError: string | undefined, upkeep: Upkeep): Promise<SourceState> {
  const { copies, keepsCopies } = upkeep
  const { source, floor, checkedAt } = state
  // What is on the disk is then about another list.
  if (state.copyFault !== undefined) return state
  if (!copies || !keepsCopies || !isRemote(source)) return state
  const { lastError: before, ...known } = state.meta ?? {
    ...metaOfHeld({ source, floor }),
  }
  const isNews = before !== lastError || known.checkedAt !== checkedAt?.toISOString()
  if (!isNews) return state
  const meta: CopyMeta = { ...known, ...member({ checkedAt: checkedAt?.toISOString(), lastError }) }
  try {
    await copies.note(meta)
    return { ...state, meta, ...(await stampOf(source, upkeep)) }
  } catch (error) {
    return { ...state, copyFault: `its copy cannot be kept: ${errorText(error)}` }
  }
}

async function stampOf({ name }: TrustSource, { copies }: Upkeep): Promise<{ stamp?: string }> {
  const stamp = await copies?.stamp(name).catch(() => undefined)
  return stamp === undefined ? {} : { stamp }
}

function dateOf(text: string | undefined): Date | undefined {
  const date = new Date(text ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? undefined : date
}

/** Faults of lists, files and networks are for the administrator; anything else is a bug and must not look like one. */
function failureText(error: unknown, { key = [] }: TrustSource): string {
  if (error instanceof UnusableSource) return error.message
  const text = systemErrorText(error)
  if (!isSystemError(error) || text === undefined) throw error
  const isKey = error.path !== undefined && key.includes(error.path)
  return isKey ? `the pinned key of the signer (member "key") cannot be read: ${text}` : text
}

const isMissing = (error: unknown): boolean => isSystemError(error) && ['ENOENT', 'ENOTDIR'].includes(error.code)

function notOurFault(error: unknown): undefined {
  if (error instanceof UnusableSource || isSystemError(error)) return undefined
  throw error
}
