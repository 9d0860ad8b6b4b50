/** Lists that are too unlike those in use to take their place before somebody accepts them. */
import { errorText } from '../../base/system-error.ts'
import type { SourceContent } from '../lists/trust-source.ts'
import { dateOf, identityOf } from './copy-meta.ts'
import { keep, metaOf, note } from './keep-copy.ts'
import { entriesIn, sizeDoubt } from './plausible.ts'
import { loadCopy, readCopy } from './read-copy.ts'
import { readingOfCopy } from './session.ts'
import { failureText, notOurFault } from './source-fault.ts'
import type { Read, SourceState, Upkeep } from './source-state.ts'

/** The list in use stays, and what the one that waits withdraws by name is withdrawn. */
export async function waits(
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

/** A list that waited before a restart waits on. */
export async function withWaiting(state: SourceState, upkeep: Upkeep): Promise<SourceState> {
  const { source, floor } = state
  const { copy } = await loadCopy(state, 'waiting', upkeep)
  if (!copy || copy.meta.documents.length === 0) return state
  const read = await readCopy({ source, floor }, copy, upkeep).catch(notOurFault)
  const text = read?.content && sizeDoubt(read.content, floor, source.name)
  if (!read?.content || text === undefined) return state
  const waiting = { content: read.content, identity: identityOf(copy.meta.documents), text }
  return { ...state, waiting, withdrawals: [read.content], failure: text }
}

/** The list that waits, once somebody has accepted it. */
export async function adoptAccepted(state: SourceState, upkeep: Upkeep): Promise<SourceState | undefined> {
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

const emptyContent: SourceContent = { keys: [], warnings: [], leftOut: [] }
