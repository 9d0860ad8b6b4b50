/** Parts of a SMART Health Card that is printed as several codes (SMART Health Cards 1.4, Chunking). */

/** Parts that were read so far. */
export interface Collected {
  /** How many the card has. */
  of: number
  parts: ReadonlyMap<number, string>
}

/** More parts than the server joins are not collected: it will say what it thinks of the text. */
const mostParts = 50

/** Which part of how many a text is; undefined for a whole card, and for everything else. */
export function partOf(text: string): { at: number; of: number } | undefined {
  const [, at, of] = /^shc:\/(\d{1,3})\/(\d{1,3})\/\d+$/i.exec(text.trim()) ?? []
  const part = { at: Number(at), of: Number(of) }
  return part.at >= 1 && part.of >= 2 && part.at <= part.of && part.of <= mostParts ? part : undefined
}

/**
 * Adds a part. One that belongs to another card (another number of parts, another text in the same place) begins a new collection:
 * parts of two cards are never put together.
 */
export function collect(
  held: Collected | undefined,
  text: string,
): { collected: Collected; isNew: boolean } | undefined {
  const part = partOf(text)
  if (!part) return undefined
  const known = held?.parts.get(part.at)
  const isSameCard = held?.of === part.of && (known === undefined || known === text.trim())
  const parts = new Map(isSameCard ? held?.parts : [])
  const isNew = !parts.has(part.at)
  parts.set(part.at, text.trim())
  return { collected: { of: part.of, parts }, isNew }
}

/** The texts in order when all are there. */
export function completed({ of, parts }: Collected): string[] | undefined {
  if (parts.size < of) return undefined
  return [...parts].sort(([a], [b]) => a - b).map(([, text]) => text)
}
