const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'

/** Value by character code; 255 marks a character outside the alphabet. */
const VALUES = new Uint8Array(128).fill(255)
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i

/** 255 makes every sum overflow, so one comparison per group catches characters outside the alphabet too. */
const value = (text: string, at: number): number => {
  const code = text.charCodeAt(at)
  return code < 128 ? (VALUES[code] ?? 255) : 255
}

/**
 * Decodes base45 (RFC 9285) from `start` to the end. Undefined when the text is not base45: a character outside the
 * alphabet, a lone last character, or a group whose value does not fit its bytes.
 */
export function decodeBase45(text: string, start = 0): Buffer | undefined {
  const length = Math.max(0, text.length - start)
  const rest = length % 3
  if (rest === 1) return undefined
  const groups = (length - rest) / 3
  const bytes = Buffer.allocUnsafe(groups * 2 + (rest === 2 ? 1 : 0))
  let at = start
  let out = 0
  for (let group = 0; group < groups; group++, at += 3) {
    const a = value(text, at)
    const b = value(text, at + 1)
    const c = value(text, at + 2)
    const sum = a + b * 45 + c * 2025
    if (sum > 0xffff || a === 255 || b === 255) return undefined
    bytes[out++] = sum >> 8
    bytes[out++] = sum & 255
  }
  if (rest === 2) {
    const sum = value(text, at) + value(text, at + 1) * 45
    if (sum > 255 || value(text, at) === 255) return undefined
    bytes[out] = sum
  }
  return bytes
}

/** Offset in `text` of the first character that makes {@link decodeBase45} refuse it; undefined for base45. */
export function base45Fault(text: string, start = 0): number | undefined {
  for (let at = start; at < text.length; at += 3) {
    const group = text.slice(at, at + 3)
    if (decodeBase45(group)) continue
    const strange = [...group].findIndex((character) => !ALPHABET.includes(character))
    return at + Math.max(0, strange)
  }
  return undefined
}

/** Encodes bytes as base45 (RFC 9285). */
export function encodeBase45(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 2) {
    const pair = i + 1 < bytes.length
    const sum = pair ? (bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0) : (bytes[i] ?? 0)
    text += ALPHABET.charAt(sum % 45) + ALPHABET.charAt(Math.floor(sum / 45) % 45)
    if (pair) text += ALPHABET.charAt(Math.floor(sum / 2025))
  }
  return text
}
