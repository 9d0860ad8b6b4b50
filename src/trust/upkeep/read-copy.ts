/** Last good copies as they are read. */
import { errorText } from '../../base/system-error.ts'
import { UnusableSource } from '../lists/trust-source.ts'
import { dateOf } from './copy-meta.ts'
import type { Copy, Slot } from './copy-store.ts'
import { floorOf, replayFault } from './plausible.ts'
import { pinsOf, readingOfCopy } from './session.ts'
import { failureText } from './source-fault.ts'
import { present, type SourceState, type Upkeep } from './source-state.ts'

/** A copy, if there is one. */
export interface LoadedCopy {
  copy?: Copy
  /** Why there is none although something stands there. */
  fault?: string
}

/** Loads a copy; never rejects. */
export async function loadCopy({ source }: SourceState, slot: Slot, { copies }: Upkeep): Promise<LoadedCopy> {
  try {
    const copy = await copies?.load(source, slot)
    return copy ? { copy } : {}
  } catch (error) {
    return { fault: `the last good copy is not used: ${errorText(error)}` }
  }
}

/** What the meta data of a copy say of the past, whether the copy itself can be used or not. One that cannot is written anew. */
export const withMeta = (state: SourceState, { meta, isUnsure }: Copy): SourceState => ({
  ...state,
  meta: isUnsure ? { ...meta, documents: [] } : meta,
  floor: { createdOf: meta.createdOf, entries: meta.keys },
})

/** Kinds of which the last good copy counts although its file can no longer be read: what is in it is proven, or only withdraws. */
const copiedKinds: readonly string[] = ['did-v2', 'icao-master-list', 'revocation']

/** Kinds that prove themselves, whatever the disk says of them. */
const provenKinds: readonly string[] = ['did-v2', 'icao-master-list']

/** Reads a copy as it stands. @throws what its reader throws, and UnusableSource for one that may not be used */
export async function readCopy(state: SourceState, copy: Copy, upkeep: Upkeep): Promise<SourceState> {
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
    ...present({
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

/** Of a file that cannot be read after a restart: what it withdrew before stays withdrawn, and what proves itself stays in use. */
export async function fromCopyOfFile(
  state: SourceState,
  { copy, fault }: LoadedCopy,
  upkeep: Upkeep,
): Promise<SourceState> {
  if (fault !== undefined) return { ...state, failure: [state.failure, fault].filter(Boolean).join('; ') }
  if (!copy || copy.meta.documents.length === 0) return state
  const { source, failure, suspended, withdrawsUnknown } = state
  try {
    const read = await readCopy({ source, floor: state.floor }, copy, upkeep)
    const whole = { ...state, ...read, ...present({ failure, suspended, withdrawsUnknown }) }
    if (copiedKinds.includes(source.kind)) return whole
    return read.content ? { ...state, withdrawals: [read.content] } : state
  } catch (error) {
    return { ...state, failure: `${failure}; the last good copy is not used: ${failureText(error, source)}` }
  }
}
