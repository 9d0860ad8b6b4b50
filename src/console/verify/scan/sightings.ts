/**
 * Which codes of a camera are news. A code that is held still is told once; it is told again when it was gone for a while, or when another
 * was shown in its place. Nothing here knows of a browser.
 */

/** Milliseconds without a code after which it is gone: single pictures of a code that is there cannot be read. */
const goneAfter = 2_500
/** Milliseconds over which another code is seen and it is not, after which it was put away; codes of some kinds are looked for in turns. */
const replacedAfter = 1_500
/** Most codes that are remembered; who shows more at once than a card has is told of the latest. */
const most = 50

/** What was seen of a camera. */
export interface Sightings {
  /**
   * Notes what a picture shows. @returns texts that are news
   * @param at of the picture, in milliseconds of any clock that only goes forward
   * @param isTold false while nobody wants to know: what was told before and stays in sight is no news afterwards, what came meanwhile is
   */
  see(texts: readonly string[], at: number, isTold?: boolean): string[]
}

interface Sighting {
  first: number
  last: number
  isTold: boolean
}

/** Begins with nothing seen. */
export function createSightings(): Sightings {
  const seen = new Map<string, Sighting>()
  const forget = (at: number) => {
    for (const [text, sighting] of seen) {
      const isReplaced = [...seen.values()].some(
        ({ first, last }) => last - Math.max(first, sighting.last) > replacedAfter,
      )
      if (at - sighting.last > goneAfter || isReplaced) seen.delete(text)
    }
    for (const text of [...seen.keys()].slice(0, Math.max(0, seen.size - most))) seen.delete(text)
  }
  return {
    see(texts, at, isTold = true) {
      const news: string[] = []
      for (const text of new Set(texts)) {
        const before = seen.get(text)
        const isHere = before !== undefined && at - before.last <= goneAfter
        const sighting = isHere ? before : { first: at, last: at, isTold: false }
        sighting.last = at
        if (isTold && !sighting.isTold) {
          sighting.isTold = true
          news.push(text)
        }
        seen.set(text, sighting)
      }
      forget(at)
      return news
    },
  }
}
