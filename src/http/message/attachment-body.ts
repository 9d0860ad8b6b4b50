import { tooLarge } from './body.ts'

const quotes = [0x22, 0x27]
/** By byte, whether base64 has it. */
const inBase64 = new Uint8Array(256)
for (const each of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=')) inBase64[each] = 1

/**
 * A body that is long for the sake of one attachment costs little more to read than a short one: one text of it, between two quotes and
 * base64 throughout, makes the difference. Anything else that long would be parsed for seconds.
 * @throws FhirError 413 when more than `plainBytes` stand beside that text
 */
export function checkAttachment(bytes: Uint8Array, plainBytes: number): void {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isAttachment = quotes.some((quote) => {
    const [from, to] = longestBetween(text, quote, plainBytes)
    return text.length - (to - from) <= plainBytes && isBase64(text.subarray(from, to))
  })
  if (!isAttachment) throw tooLarge(plainBytes)
}

function isBase64(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (inBase64[bytes[at] ?? 0] === 0) return false
  return true
}

/** The longest stretch between two quotes, unless so many bytes were passed that no stretch helps. */
function longestBetween(text: Buffer, quote: number, plainBytes: number): [from: number, to: number] {
  let longest: [number, number] = [0, 0]
  let beside = 0
  for (let from = text.indexOf(quote) + 1; from > 0 && beside <= plainBytes; ) {
    const to = text.indexOf(quote, from)
    if (to < 0) break
    const length = to - from
    beside += Math.min(length, longest[1] - longest[0]) + 1
    if (length > longest[1] - longest[0]) longest = [from, to]
    from = to + 1
  }
  return longest
}
