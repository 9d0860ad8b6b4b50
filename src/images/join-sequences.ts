import type { FoundCode } from './code-reader.ts'

/** A message that is all there. */
export type WholeCode = Pick<FoundCode, 'text' | 'bytes' | 'symbology'>

/** Puts messages together that are spread over several symbols (structured append, ISO/IEC 18004, 8); one that is not all there is none. */
export function joinSequences(codes: FoundCode[]): { whole: WholeCode[]; incomplete: number } {
  const sequences = Map.groupBy(
    codes.filter(({ sequence }) => sequence !== undefined),
    ({ symbology, sequence }) => `${symbology} ${sequence?.id}`,
  )
  const whole: WholeCode[] = codes.filter(({ sequence }) => sequence === undefined)
  let incomplete = 0
  for (const parts of sequences.values()) {
    const byIndex = new Map(parts.map((part) => [part.sequence?.index ?? 0, part]))
    const size = parts[0]?.sequence?.size ?? 0
    const inOrder = Array.from({ length: size }, (_, index) => byIndex.get(index)).filter((part) => part !== undefined)
    const [first] = inOrder
    if (first === undefined || inOrder.length !== size || byIndex.size !== size) incomplete++
    else
      whole.push({ text: inOrder.map(({ text }) => text).join(''), bytes: joined(inOrder), symbology: first.symbology })
  }
  return { whole, incomplete }
}

function joined(parts: FoundCode[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { bytes }) => sum + bytes.length, 0))
  let at = 0
  for (const { bytes } of parts) {
    all.set(bytes, at)
    at += bytes.length
  }
  return all
}
