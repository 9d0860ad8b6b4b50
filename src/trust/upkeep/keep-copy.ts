/** Last good copies as they are written: what is in use, and what became of the last reading. */
import { errorText } from '../../base/system-error.ts'
import { isRemote, type TrustSource } from '../lists/trust-source.ts'
import { type CopyMeta, identityOf } from './copy-meta.ts'
import type { CopyStore } from './copy-store.ts'
import { entriesIn } from './plausible.ts'
import type { Session } from './session.ts'
import { notOurFault } from './source-fault.ts'
import { present, type Read, type SourceState, type Upkeep } from './source-state.ts'

/** Kinds whose old copy is better than none. */
const withdrawingKinds: readonly string[] = ['distrusted', 'revocation', 'gateway-revocation']

/** Writes the copy. The list counts all the same when the disk is full: its withdrawals hold; a copy that still has a key that it lacks goes. */
export async function keep(
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

/** Writes down what became of the last reading. A disk that does not take it is told of with the next copy. */
export async function note(state: SourceState, lastError: string | undefined, upkeep: Upkeep): Promise<SourceState> {
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
  const meta: CopyMeta = { ...known, ...present({ checkedAt: checkedAt?.toISOString(), lastError }) }
  try {
    await copies.note(meta)
    return { ...state, meta, ...(await stampOf(source, upkeep)) }
  } catch (error) {
    return { ...state, copyFault: `its copy cannot be kept: ${errorText(error)}` }
  }
}

/** Another stamp says that somebody has written the copy of a source. */
export async function stampOf({ name }: TrustSource, { copies }: Upkeep): Promise<{ stamp?: string }> {
  const stamp = await copies?.stamp(name).catch(() => undefined)
  return stamp === undefined ? {} : { stamp }
}

/** Meta data of a copy of what was read. */
export function metaOf({ source, floor, content }: SourceState, session: Session): CopyMeta {
  const documents = session.documents()
  const main = documents.find(({ place }) => place === source.location)
  return {
    name: source.name,
    kind: source.kind,
    location: source.location,
    ...present({ etag: main?.etag, created: content?.created, thumbprint: main?.thumbprint }),
    keys: floor.entries,
    createdOf: { ...floor.createdOf },
    documents,
    folders: session.folders(),
  }
}

/** Meta data of what is in use, without its documents. */
export const metaOfHeld = ({ source, floor, meta, checkedAt, readAt }: SourceState): CopyMeta => ({
  name: source.name,
  kind: source.kind,
  location: source.location,
  keys: floor.entries,
  createdOf: { ...floor.createdOf },
  documents: [],
  folders: meta?.folders ?? {},
  ...present({ checkedAt: checkedAt?.toISOString(), fetchedAt: readAt?.toISOString() }),
})
