import { type SourceContent, UnusableSource } from '../lists/trust-source.ts'
import { dateOf } from './copy-meta.ts'
import { replayFault, sizeDoubt } from './plausible.ts'
import { pinsOf, readingOfFirstCopy } from './session.ts'
import { failureText } from './source-fault.ts'
import { inUse, present, type SourceState, type Upkeep } from './source-state.ts'

/** Reads the file that stands in for a remote location, if it holds a newer list than is in use. */
export async function fromFirstCopy(state: SourceState, upkeep: Upkeep): Promise<SourceState | undefined> {
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
    return { ...used, from: 'first copy', ...present({ checkedAt: made, failure: state.failure }) }
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
