/** What is looked for on one picture of a camera: little, for the next one comes at once. Nothing here knows of a browser. */
import { type FoundCode, type Look, lookForCodes, type Zxing } from '../../../images/code-reader.ts'
import { blurred, doubled, type Grey, halved } from '../../../images/grey.ts'
import { joinSequences } from '../../../images/join-sequences.ts'
import type { WasmProgram } from '../../../images/wasm-program.ts'

/** What a picture of the camera shows. */
export interface FrameLook {
  /** Codes that are all there, each text once. */
  texts: string[]
  /** A QR code can be seen, and none read. */
  isUnread: boolean
}

/** A look beside the first one. */
type Second = 'matrix' | 'stacked' | 'resized' | 'blurred'

/** More codes than that on one picture are a pattern, or somebody's joke. */
const mostCodes = 10
/** A picture with fewer pixels is made larger, with more it is made smaller, before the slower looks. */
const [smallPixels, largePixels] = [400_000, 1_000_000]
/** Parts of messages that are spread over several symbols (16 at most, ISO/IEC 18004, 8), kept until they are whole. */
const mostParts = 16
/** Looks at one picture, and milliseconds after which no further one is begun: on a slow machine each picture gets two. */
const [mostLooks, patience] = [4, 40]

const pixelsOf = ({ width, height }: Grey) => width * height

/** Looks at pictures of one camera, one after the other: for QR codes each time, and for the other kinds in turn. */
export function createFrameLooks(program: WasmProgram<Zxing>): (frame: Grey) => Promise<FrameLook> {
  let turn = 0
  let parts: FoundCode[] = []
  const look = (picture: Grey, kinds: 'qr' | 'matrix' | 'stacked'): Promise<Look> =>
    lookForCodes(program, picture, { kinds, most: mostCodes, unread: kinds === 'qr' })
  const lookAgain = (frame: Grey, second: Second): Promise<Look> => {
    if (second === 'blurred') return look(blurred(frame, 1), 'qr')
    if (second === 'resized') return look(pixelsOf(frame) <= smallPixels ? doubled(frame) : halved(frame), 'qr')
    return look(pixelsOf(frame) > largePixels ? halved(frame) : frame, second)
  }
  return async (frame) => {
    const ends = performance.now() + patience
    const first = await look(frame, 'qr')
    const codes = [...first.codes]
    for (let looks = 1; looks < mostLooks && (looks === 1 || codes.length === 0); looks++) {
      const next = nextLook(first, turn++)
      if (next) codes.push(...(await lookAgain(frame, next)).codes)
      if (performance.now() > ends) break
    }
    const known = new Set(codes.map(({ text }) => text))
    const ofSequences = codes.filter(({ sequence }) => sequence !== undefined)
    parts = [...parts.filter(({ text }) => !known.has(text)), ...ofSequences].slice(-mostParts)
    const { whole, incomplete } = joinSequences([...codes.filter(({ sequence }) => !sequence), ...parts])
    if (incomplete === 0) parts = []
    const texts = [...new Set(whole.map(({ text }) => text))]
    return { texts, isUnread: codes.length === 0 && first.unread.length > 0 }
  }
}

/** What one look passes over another may see, and the next picture is much the same: so the other looks take turns. */
function nextLook({ codes, unread }: Look, turn: number): Second | undefined {
  const other = turn % 8 < 4 ? 'matrix' : 'stacked'
  if (codes.length > 0) return turn % 4 === 0 ? other : undefined
  if (unread.length > 0) return turn % 4 === 0 ? other : turn % 2 === 0 ? 'resized' : 'blurred'
  return (['matrix', 'stacked', 'resized'] as const)[turn % 3]
}
