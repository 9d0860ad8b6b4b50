/** Tells the typing of a hand-held scanner from that of a person: by its speed alone. */

/** A run of keys. */
export interface Burst {
  characters: number
  /** Milliseconds of the events. */
  first: number
  last: number
}

/** Scanners type a character in 1 to 40 ms; people need 80 and more. */
const slowest = 45
/** Fewer characters are no code. */
const fewest = 12

/** Adds characters that came at a time; a gap longer than the silence that ends a code begins a new run. */
export function addTo(burst: Burst | undefined, characters: number, at: number, silence: number): Burst {
  if (!burst || at - burst.last > silence) return { characters, first: at, last: at }
  return { characters: burst.characters + characters, first: burst.first, last: at }
}

/** Whether nobody types so fast. */
export const isOfScanner = ({ characters, first, last }: Burst): boolean =>
  characters >= fewest && last - first <= slowest * (characters - 1)
