/** Places in texts that stand inside other texts. */

/** A place in a text, both from 1; columns count bytes in the first line of a piece, characters elsewhere. */
export interface TextPlace {
  line: number
  column: number
}

/** The beginning of a text. */
export const beginning: TextPlace = { line: 1, column: 1 }

/** A place in a piece of a text, as a place in the whole. */
export const placeWithin = (start: TextPlace, place: TextPlace): TextPlace =>
  place.line === 1
    ? { line: start.line, column: start.column + place.column - 1 }
    : { line: start.line + place.line - 1, column: place.column }

/** As messages write it. */
export const shownPlace = ({ line, column }: TextPlace): string => `line ${line}, column ${column}`

/** Length of the byte order mark at the beginning of a text. */
export const pastMark = (text: Uint8Array): number => (text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf ? 3 : 0)
