import type { Draft, Parts } from '../draft.ts'
import type { Random } from '../random.ts'

/** Changes what was signed, before it is written. */
export const tamper =
  (change: (parts: Parts, draft: Draft, random: Random) => void) => (draft: Draft, random: Random) => {
    draft.tamper.push((parts) => change(parts, draft, random))
  }
/** Changes the finished text, or that of the first chunk. */
export const rewrite = (change: (text: string, random: Random) => string) => (draft: Draft, random: Random) => {
  draft.rewrite.push((texts) => texts.map((text, at) => (at === 0 ? change(text, random) : text)))
}
/** Turns one bit over. */
export const flip = (bytes: Buffer, random: Random) => {
  const at = random.below(bytes.length)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
}
