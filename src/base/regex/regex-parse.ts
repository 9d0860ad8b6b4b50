/** Structure of a JavaScript regular expression that is known to be valid, for the check in regex.ts. */

/** Characters as bits: 0–255 themselves, then one for each sample beyond. */
export type RegexNode =
  | { kind: 'empty' }
  | { kind: 'set'; set: bigint }
  | { kind: 'sequence'; parts: RegexNode[] }
  | { kind: 'choice'; parts: RegexNode[] }
  | { kind: 'repeat'; min: number; max: number; body: RegexNode }

const EMPTY: RegexNode = { kind: 'empty' }
const SAMPLES = [
  ...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)),
  'Ω',
  'ж',
  '中',
  '٣',
  '\u2028',
  '😀',
]
const atomSets = new Map<string, bigint>()

/** Parses a pattern; assertions match nothing, a back reference may match anything. */
export function parsePattern(source: string): RegexNode {
  const scan = { source, at: 0 }
  const node = parseChoice(scan)
  return node
}

interface Scan {
  source: string
  at: number
}

function parseChoice(scan: Scan): RegexNode {
  const parts = [parseSequence(scan)]
  while (scan.source[scan.at] === '|') {
    scan.at++
    parts.push(parseSequence(scan))
  }
  const [only] = parts
  return parts.length === 1 && only ? only : { kind: 'choice', parts }
}

function parseSequence(scan: Scan): RegexNode {
  const parts: RegexNode[] = []
  while (scan.at < scan.source.length && !'|)'.includes(scan.source[scan.at] ?? '')) {
    parts.push(parseQuantified(scan))
  }
  return { kind: 'sequence', parts }
}

function parseQuantified(scan: Scan): RegexNode {
  const body = parseAtom(scan)
  const quantifier = /^(?:[*+?]|\{(\d+)(,(\d*))?\})\??/.exec(scan.source.slice(scan.at, scan.at + 24))
  if (!quantifier) return body
  scan.at += quantifier[0].length
  const [text, low, comma, high] = quantifier
  const min = low !== undefined ? Number(low) : text.startsWith('+') ? 1 : 0
  const max = low === undefined ? (text.startsWith('?') ? 1 : Infinity) : !comma ? min : high ? Number(high) : Infinity
  return { kind: 'repeat', min, max, body }
}

function parseAtom(scan: Scan): RegexNode {
  const { source, at } = scan
  if (source[at] === '(') return parseGroup(scan)
  if (source[at] === '^' || source[at] === '$') {
    scan.at++
    return EMPTY
  }
  const atom = atomAt(source, at)
  scan.at += atom.length
  if (/^\\[bB]$/.test(atom)) return EMPTY
  return { kind: 'set', set: /^\\(k<|[1-9])/.test(atom) ? atomSet('[^]') : atomSet(atom) }
}

function parseGroup(scan: Scan): RegexNode {
  const opening = /^\((\?(?:<?[=!]|:|<\w+>|[a-z-]*:))?/u.exec(scan.source.slice(scan.at, scan.at + 100))?.[0] ?? '('
  scan.at += opening.length
  const body = parseChoice(scan)
  scan.at++
  // What an assertion reads is read again by what follows; its own loops are checked like any others, as an option.
  if (/[=!]$/.test(opening)) return { kind: 'choice', parts: [body, EMPTY] }
  return body
}

function atomAt(source: string, at: number): string {
  const rest = source.slice(at)
  const pattern =
    /^(?:\\u\{[^}]*\}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[pP]\{[^}]*\}|\\k<[^>]*>|\\c[a-zA-Z]|\\[1-9]\d*|\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|[\s\S])/u
  return pattern.exec(rest)?.[0] ?? rest.slice(0, 1)
}

function atomSet(atom: string): bigint {
  const known = atomSets.get(atom)
  if (known !== undefined) return known
  const matcher = new RegExp(`^${atom === '[^]' ? '[^]' : atom}$`, 'us')
  let set = 0n
  SAMPLES.forEach((sample, bit) => {
    if (matcher.test(sample)) set |= 1n << BigInt(bit)
  })
  // A literal beyond the samples must still overlap with itself.
  if (set === 0n) set = 1n << BigInt(SAMPLES.length)
  if (atomSets.size < 1000) atomSets.set(atom, set)
  return set
}
