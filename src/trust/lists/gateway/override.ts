import type { TrustedKey } from '../../keys/trusted-key.ts'
import { entryName, type SourceContent, type TrustSource } from '../trust-source.ts'

/** A source and what is in use of it. */
interface ReadSource {
  source: TrustSource
  content?: SourceContent
}

/**
 * What counts of several gateways. The rows of one whose source has the mode OVERRIDE take the place of those of other gateways, but for
 * the certificates of our own country. While it was never read, what it would take the
 * place of does not count either: it may have been withdrawn there.
 */
export function overridden<State extends ReadSource>(states: readonly State[]): State[] {
  const first = states.find(({ source }) => source.kind === 'gateway' && source.mode === 'OVERRIDE')
  if (!first) return [...states]
  const { name } = first.source
  const reason = first.content ? `replaced by the rows of ${name}` : `${name}, whose rows replace it, was not read yet`
  return states.map((state) => {
    const { source, content } = state
    if (state === first || source.kind !== 'gateway' || !content) return state
    const isOwn = ({ participant }: TrustedKey) => content.ownParticipant === participant
    const replaced = content.keys.filter((key) => !isOwn(key))
    const leftOut = [...content.leftOut, ...replaced.map((key) => ({ entry: entryName(key), reason, key }))]
    return { ...state, content: { ...content, keys: content.keys.filter(isOwn), leftOut } }
  })
}
