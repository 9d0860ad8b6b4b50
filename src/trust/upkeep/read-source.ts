/** How a source is read: at its location, from its last good copy, or from the file that stands in for it. A bad list never replaces a good one. */
import { isMissing } from '../../base/system-error.ts'
import {
  isRemote,
  isUrl,
  type SourceContent,
  type TrustSource,
  UndeliveredSource,
  UnusableSource,
} from '../lists/trust-source.ts'
import { identityOf } from './copy-meta.ts'
import type { Copy } from './copy-store.ts'
import { fromFirstCopy } from './first-copy.ts'
import { keep, metaOfHeld, note, stampOf } from './keep-copy.ts'
import { isHeldToSize, noFloor, replayFault, sizeDoubt } from './plausible.ts'
import { fromCopyOfFile, type LoadedCopy, loadCopy, readCopy, withMeta } from './read-copy.ts'
import { networkIsOff, pinsOf, readingOf, type Session } from './session.ts'
import { failureText, notOurFault } from './source-fault.ts'
import { inUse, type Read, type SourceState, type Upkeep } from './source-state.ts'
import { adoptAccepted, waits, withWaiting } from './waiting-list.ts'

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

/** Failure of a remote source that nobody has asked for so far. */
export const NOT_READ_YET = 'it was not read yet'

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
