import type { Limits } from '../credential-format.ts'

const CHUNK = /^shc:\/(?:(\d{1,3})\/(\d{1,3})\/)?(\d+)$/i

/** Which of how many chunks a text is; undefined for a whole card, and for what is none. */
export function chunkOf(text: string): { at: number; of: number } | undefined {
  const [, at, of] = CHUNK.exec(text) ?? []
  return at === undefined || of === undefined ? undefined : { at: Number(at), of: Number(of) }
}

/** The digits of all chunks in order; undefined unless it is one set, complete, each chunk once. */
export function joinChunks(parts: string[], limits: Limits): string | undefined {
  if (parts.length > limits.chunks || parts.some((part) => part.length > limits.textCharacters)) return undefined
  const chunks = parts.map((part) => CHUNK.exec(part))
  const [first] = chunks
  if (!first) return undefined
  if (first[1] === undefined) return parts.length === 1 ? first[3] : undefined
  const total = Number(first[2])
  if (total !== parts.length) return undefined
  const ordered: (string | undefined)[] = new Array(total).fill(undefined)
  for (const chunk of chunks) {
    const at = Number(chunk?.[1]) - 1
    if (!chunk || Number(chunk[2]) !== total || at < 0 || at >= total || ordered[at] !== undefined) return undefined
    ordered[at] = chunk[3]
  }
  return ordered.join('')
}

/** Every pair of digits plus 45 is a character code; 77 is the last one. */
export function charactersOf(digits: string): string | undefined {
  if (digits.length % 2 !== 0) return undefined
  const characters = Buffer.allocUnsafe(digits.length / 2)
  for (let i = 0; i < characters.length; i++) {
    const pair = (digits.charCodeAt(2 * i) - 48) * 10 + digits.charCodeAt(2 * i + 1) - 48
    if (pair > 77) return undefined
    characters[i] = pair + 45
  }
  return characters.toString('latin1')
}

/** A compact JWS as the texts of one or several codes: each character as its code less 45, in two digits. */
export function numericTexts(jws: string, count: number): string[] {
  const size = Math.ceil(jws.length / count)
  return Array.from({ length: count }, (_, at) => {
    const characters = [...jws.slice(at * size, (at + 1) * size)]
    const digits = characters.map((each) => String(each.charCodeAt(0) - 45).padStart(2, '0')).join('')
    return count === 1 ? `shc:/${digits}` : `shc:/${at + 1}/${count}/${digits}`
  })
}
