import { stringEnd } from '../../base/json.ts'
import { type Place, placesIn, type Wanted, wantedMember, wantedOf } from './wanted.ts'

/**
 * Where elements of a resource stand in its JSON text.
 * @param text that was read without fault
 * @param expressions FHIRPath with indexes; of an element that is absent the place is that of what it is missing in
 */
export function jsonPlaces(text: string, expressions: readonly string[]): Map<string, Place> {
  const root = wantedOf(expressions)
  readValue({ text, at: skipSpace(text, text.charCodeAt(0) === 0xfeff ? 1 : 0) }, root)
  return placesIn(text, root, expressions)
}

interface Scan {
  text: string
  at: number
}

function skipSpace(text: string, start: number): number {
  let at = start
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++
  return at
}

/** Reads over one value; what nothing is wanted of is passed in one go. */
function readValue(scan: Scan, wanted: Wanted | undefined): void {
  if (wanted) wanted.offset ??= scan.at
  const first = scan.text[scan.at]
  if (!wanted || wanted.children.size === 0) pass(scan)
  else if (first === '{') readObject(scan, wanted)
  else if (first === '[') readList(scan, wanted)
  else pass(scan)
}

/** Over a value of any kind, by its brackets. */
function pass(scan: Scan): void {
  const { text } = scan
  let depth = 0
  for (; scan.at < text.length; scan.at++) {
    const char = text[scan.at]
    if (char === '"') scan.at = stringEnd(text, scan.at)
    else if (char === '{' || char === '[') depth++
    else if (char === '}' || char === ']') {
      if (depth === 0) return
      depth--
    } else if (char === ',' && depth === 0) return
    if (depth === 0 && (char === '"' || char === '}' || char === ']')) {
      scan.at++
      return
    }
  }
}

function readObject(scan: Scan, wanted: Wanted): void {
  const { text } = scan
  scan.at = skipSpace(text, scan.at + 1)
  while (scan.at < text.length && text[scan.at] !== '}') {
    const start = scan.at
    const end = stringEnd(text, start)
    const name = text.slice(start + 1, end)
    scan.at = skipSpace(text, skipSpace(text, end + 1) + 1)
    const member = wantedMember(wanted, name)
    // A member is shown by its name, not by its value.
    if (member) member.offset ??= start
    readValue(scan, member)
    next(scan)
  }
  scan.at++
}

function readList(scan: Scan, wanted: Wanted): void {
  scan.at = skipSpace(scan.text, scan.at + 1)
  for (let index = 0; scan.at < scan.text.length && scan.text[scan.at] !== ']'; index++) {
    readValue(scan, wanted.children.get(`[${index}]`))
    next(scan)
  }
  scan.at++
}

/** To what follows a comma, or to the closing bracket. */
function next(scan: Scan): void {
  scan.at = skipSpace(scan.text, scan.at)
  if (scan.text[scan.at] === ',') scan.at = skipSpace(scan.text, scan.at + 1)
}
