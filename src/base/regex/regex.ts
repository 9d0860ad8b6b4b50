/**
 * Regular expressions of FHIRPath and of value set filters: written for Java, run by JavaScript, and never run when
 * they could take exponential time. A pattern is refused when some text can be matched in a loop in two ways (the
 * automaton is exponentially ambiguous, Weideman et al. 2016): `(a+)+`, `(a|a)*`, `(\s*x\s*)*`; not `(\.\d+)*`.
 */

import type { RE2JS } from 're2js'
import { keep } from '../keep.ts'
import { linearEngine } from './linear-engine.ts'
import { parsePattern, type RegexNode } from './regex-parse.ts'

/** Standards' own patterns have some 200 characters. */
const MAX_PATTERN = 2_000
const MAX_LOOP_POSITIONS = 150
/** Steps that the check itself may take. */
const MAX_CHECK_STEPS = 400_000
/** Steps that a backtracking engine may take in the worst case. */
const MAX_BACKTRACKING = 5_000_000
/** Steps that the linear engine may take: one for each part of the pattern, counts written out, and each character. */
const MAX_LINEAR = 50_000_000
/** Most characters that a replacement may make. */
const MAX_REPLACED = 20_000_000
const compiled = keep<string, SafeRegex>(500)

/** Why a pattern is refused, or undefined when it may be run. For patterns that stand in what an author wrote: it is quoted. */
export function checkRegex(pattern: string): string | undefined {
  const checked = check(pattern)
  return typeof checked === 'string' ? `the regular expression "${pattern.slice(0, 200)}" ${checked}` : undefined
}

/** A pattern that may be run. */
interface Checked {
  source: string
  flags: string
  root: RegexNode
  automaton: Automaton
}

/** The pattern, or what is wrong with it: the end of a sentence. */
function check(pattern: string): Checked | string {
  if (pattern.length > MAX_PATTERN) return `is longer than ${MAX_PATTERN} characters`
  const { source, flags } = javaScriptPattern(pattern)
  try {
    new RegExp(source, `${flags}u`)
  } catch {
    return 'is not valid'
  }
  try {
    const root = parsePattern(source)
    const automaton = build(root)
    if (isAmbiguous(automaton)) return 'is refused: nested repetition can take exponential time'
    return { source, flags, root, automaton }
  } catch (error) {
    // Thousands of groups one within the other end the stack.
    if (error instanceof TooMuch || error instanceof RangeError) return 'repeats too much to be checked'
    throw error
  }
}

/** The check itself would take too long. */
/** A pattern that is not run: not valid, not safe, or the text too long for it. */
export class RegexError extends Error {
  readonly code: 'invalid' | 'too-costly'

  constructor(code: 'invalid' | 'too-costly', text: string) {
    super(text)
    this.name = 'RegexError'
    this.code = code
  }
}

class TooMuch extends Error {}

/** A checked pattern; `text.replace(regex, replacement)` works as with a RegExp, `$<name>` and `$1` included. */
export interface SafeRegex {
  test(text: string): boolean
  /** What stands between the matches; groups are left out. */
  split(text: string): string[]
  [Symbol.replace](text: string, replacement: string): string
}

/**
 * The checked pattern; flags of JavaScript, `u` is always set. It never runs long: where the time of JavaScript's own
 * engine could grow with a power of the length of the text, RE2 runs in its place, in linear time. Throws
 * RegexError when the pattern is not valid or not safe, see {@link checkRegex}, or the text too long for it; the pattern is not
 * quoted, for it may come out of data.
 */
export function safeRegex(pattern: string, flags = ''): SafeRegex {
  return compiled.of(`${flags}/${pattern}`, () => {
    const checked = check(pattern)
    if (typeof checked === 'string') throw new RegexError('invalid', `the regular expression ${checked}`)
    return compile(checked, flags)
  })
}

function compile({ source, flags: own, root, automaton }: Checked, flags: string): SafeRegex {
  const allFlags = [...new Set(`${flags}${own}u`)].join('')
  const regex = new RegExp(source, allFlags)
  const loops = automaton.chained + (/^(\^|\.\*)/.test(source) ? 0 : 1)
  const size = sizeOf(root)
  const longest = Math.floor((MAX_BACKTRACKING / size) ** (1 / Math.max(1, loops)))
  let linear: RE2JS | undefined
  const linearRegex = (text: string): RE2JS => {
    if (text.length * size > MAX_LINEAR) throw tooLong()
    linear ??= compileLinear(source, allFlags)
    return linear
  }
  return {
    test: (text) => {
      regex.lastIndex = 0
      return text.length <= longest ? regex.test(text) : linearRegex(text).matcher(text).find()
    },
    split: (text) => {
      const spans = text.length <= longest ? spansOf(text, regex) : linearSpans(text, linearRegex(text))
      return between(text, spans)
    },
    [Symbol.replace]: (text, replacement) => {
      if ((text.length + 1) * replacement.length > MAX_REPLACED) throw tooLong()
      if (text.length <= longest) return text.replace(regex, replacement)
      const matcher = linearRegex(text).matcher(text)
      return allFlags.includes('g') ? matcher.replaceAll(replacement) : matcher.replaceFirst(replacement)
    },
  }
}

const tooLong = () => new RegexError('too-costly', 'the regular expression can only be applied to a shorter text')

type Span = [from: number, to: number]

function spansOf(text: string, regex: RegExp): Span[] {
  const all = new RegExp(regex.source, [...new Set(`${regex.flags}g`)].join(''))
  return [...text.matchAll(all)].map(({ index, 0: match }) => [index, index + match.length])
}

function linearSpans(text: string, regex: RE2JS): Span[] {
  const matcher = regex.matcher(text)
  const spans: Span[] = []
  while (matcher.find()) spans.push([matcher.start(), matcher.end()])
  return spans
}

/** The parts of a text around the spans (ECMAScript, RegExp.prototype[@@split]); an empty match at the end of a part separates nothing. */
function between(text: string, spans: Span[]): string[] {
  const parts: string[] = []
  let last = 0
  for (const [from, to] of spans) {
    if (to === last || from >= text.length) continue
    parts.push(text.slice(last, from))
    last = to
  }
  return [...parts, text.slice(last)]
}

/** Parts of a pattern with its counts written out, at least 1: `a{100}b` has 101. */
function sizeOf(node: RegexNode): number {
  const sum = (parts: RegexNode[]) => parts.reduce((size, part) => size + sizeOf(part), 0)
  switch (node.kind) {
    case 'empty':
      return 1
    case 'set':
      return 1
    case 'sequence':
    case 'choice':
      return Math.max(1, sum(node.parts))
    case 'repeat':
      return sizeOf(node.body) * Math.max(1, Number.isFinite(node.max) ? node.max : node.min)
  }
}

function compileLinear(source: string, flags: string): RE2JS {
  const engine = linearEngine()
  const bits =
    (flags.includes('i') ? engine.CASE_INSENSITIVE : 0) |
    (flags.includes('m') ? engine.MULTILINE : 0) |
    (flags.includes('s') ? engine.DOTALL : 0)
  try {
    return engine.compile(source.replace(/\\u([0-9a-fA-F]{4})/g, '\\x{$1}').replace(/\\u\{/g, '\\x{'), bits)
  } catch {
    throw tooLong()
  }
}

/** Java's `${name}` and `\$` in a replacement as JavaScript writes them. */
export function javaScriptReplacement(replacement: string): string {
  return replacement.replace(/\\(.)|\$\{(\w+)\}/gs, (_, escaped?: string, name?: string) =>
    name !== undefined ? (/^\d+$/.test(name) ? `$${name}` : `$<${name}>`) : escaped === '$' ? '$$' : (escaped ?? ''),
  )
}

const JAVA_CLASSES: Record<string, string> = {
  Alpha: 'A-Za-z',
  Digit: '0-9',
  Alnum: 'A-Za-z0-9',
  Upper: 'A-Z',
  Lower: 'a-z',
  Space: '\\s',
  Punct: '!-\\/:-@\\[-`{-~',
  XDigit: '0-9A-Fa-f',
}

/** Java forms that JavaScript spells otherwise: leading `(?i)`, `\A \z \Z`, POSIX classes, needless escapes. */
function javaScriptPattern(pattern: string): { source: string; flags: string } {
  const inline = /^\(\?([ims]+)\)/.exec(pattern)
  let source = inline ? pattern.slice(inline[0].length) : pattern
  let inClass = false
  source = source.replace(/\\p\{(\w+)\}|\\([\s\S])|[[\]]/gu, (all, posix?: string, escaped?: string) => {
    if (posix !== undefined) {
      const members = JAVA_CLASSES[posix]
      return members === undefined ? all : inClass ? members : `[${members}]`
    }
    if (escaped === undefined) {
      inClass = all === '[' ? true : all === ']' ? false : inClass
      return all
    }
    if (escaped === 'A') return '^'
    if (escaped === 'z' || escaped === 'Z') return '$'
    const needed = /[\w^$\\.*+?()[\]{}|/]/.test(escaped) || (inClass && escaped === '-')
    return needed ? all : escaped
  })
  return { source, flags: inline?.[1] ?? '' }
}

/** Positions (one per character of the pattern) and which may follow which, inside loops alone. */
interface Automaton {
  /** Most loops that can follow one another: the power with which backtracking can grow. */
  chained: number
  sets: bigint[]
  follow: Set<number>[]
  /** Steps that two different repetitions offer: `(a+)+` steps from a to a as either. */
  doubled: [number, number][]
}

interface Part {
  nullable: boolean
  first: number[]
  last: number[]
}

/** Glushkov's construction. Throws TooMuch when the loops have too many positions, or making it takes too many steps. */
function build(root: RegexNode): Automaton {
  const automaton: Automaton = { sets: [], follow: [], doubled: [], chained: 0 }
  let steps = 0
  const link = (from: number[], to: number[]): void => {
    steps += from.length * to.length
    if (steps > MAX_CHECK_STEPS) throw new TooMuch()
    for (const a of from) {
      for (const b of to) {
        if (automaton.follow[a]?.has(b)) automaton.doubled.push([a, b])
        automaton.follow[a]?.add(b)
      }
    }
  }
  const sequence = (parts: Part[]): Part => {
    const all: Part = { nullable: true, first: [], last: [] }
    for (const part of parts) {
      link(all.last, part.first)
      if (all.nullable) all.first.push(...part.first)
      all.last = part.nullable ? [...all.last, ...part.last] : part.last
      all.nullable &&= part.nullable
    }
    return all
  }
  const visit = (node: RegexNode): Part => {
    if (automaton.sets.length > 5000) throw new TooMuch()
    if (node.kind === 'empty') return { nullable: true, first: [], last: [] }
    if (node.kind === 'set') {
      const position = automaton.sets.push(node.set) - 1
      automaton.follow.push(new Set())
      return { nullable: false, first: [position], last: [position] }
    }
    if (node.kind === 'sequence') return sequence(node.parts.map(visit))
    if (node.kind === 'choice') {
      const parts = node.parts.map(visit)
      return {
        nullable: parts.some((part) => part.nullable),
        first: parts.flatMap((part) => part.first),
        last: parts.flatMap((part) => part.last),
      }
    }
    return repeat(node.min, node.max, () => visit(node.body))
  }
  /** Short counts are written out; an exact count is as unambiguous as one; a long range behaves like a star. */
  const repeat = (min: number, max: number, body: () => Part): Part => {
    if (max === 0) return { nullable: true, first: [], last: [] }
    if (min === max) return min <= 8 ? sequence(Array.from({ length: min }, body)) : body()
    if (max <= 8)
      return sequence(Array.from({ length: max }, (_, i) => (i < min ? body() : { ...body(), nullable: true })))
    const part = body()
    link(part.last, part.first)
    return { ...part, nullable: part.nullable || min === 0 }
  }
  visit(root)
  return loopsOnly(automaton)
}

function loopsOnly(automaton: Automaton): Automaton {
  const { component, order } = components(automaton.follow.map((each) => [...each]))
  const looping = automaton.follow.map((each, a) => [...each].some((b) => component[a] === component[b]))
  if (looping.filter(Boolean).length > MAX_LOOP_POSITIONS) throw new TooMuch()
  // Components come sinks first, so that what follows is known already.
  const chains = new Map<number, number>()
  for (const a of order) {
    const own = component[a] ?? a
    const beyond = [...(automaton.follow[a] ?? [])].filter((b) => component[b] !== own)
    const longest = Math.max(0, ...beyond.map((b) => chains.get(component[b] ?? b) ?? 0)) + (looping[a] ? 1 : 0)
    chains.set(own, Math.max(chains.get(own) ?? 0, longest))
  }
  return {
    chained: Math.max(0, ...chains.values()),
    sets: automaton.sets,
    follow: automaton.follow.map((each, a) => new Set([...each].filter((b) => component[a] === component[b]))),
    doubled: automaton.doubled.filter(([a, b]) => component[a] === component[b] && looping[a]),
  }
}

/** Whether two different ways around a loop read the same text: in pairs of positions, (p,p) → (q,r) → (p,p). */
function isAmbiguous(automaton: Automaton): boolean {
  if (automaton.doubled.length > 0) return true
  const pairs = new Map<number, number>()
  const keys: [number, number][] = []
  const edges: number[][] = []
  const size = automaton.sets.length
  const indexOf = (p: number, q: number): number => {
    const known = pairs.get(p * size + q)
    if (known !== undefined) return known
    const index = keys.push([p, q]) - 1
    edges.push([])
    pairs.set(p * size + q, index)
    return index
  }
  for (let p = 0; p < size; p++) if ((automaton.follow[p]?.size ?? 0) > 0) indexOf(p, p)
  let steps = 0
  for (let at = 0; at < keys.length; at++) {
    const [p, q] = keys[at] ?? [0, 0]
    steps += (automaton.follow[p]?.size ?? 0) * (automaton.follow[q]?.size ?? 0)
    if (steps > MAX_CHECK_STEPS) throw new TooMuch()
    for (const a of automaton.follow[p] ?? []) {
      for (const b of automaton.follow[q] ?? []) {
        if (((automaton.sets[a] ?? 0n) & (automaton.sets[b] ?? 0n)) !== 0n) edges[at]?.push(indexOf(a, b))
      }
    }
  }
  const { component } = components(edges)
  const equal = new Set<number | undefined>()
  keys.forEach(([p, q], at) => {
    if (p === q) equal.add(component[at])
  })
  return keys.some(([p, q], at) => p !== q && equal.has(component[at]))
}

/**
 * Strongly connected components (Tarjan, without recursion): a number per node, equal when connected, and the nodes in
 * the order in which their components are complete.
 */
function components(edges: number[][]): { component: number[]; order: number[] } {
  const order: number[] = []
  const index: number[] = new Array(edges.length).fill(-1)
  const low: number[] = new Array(edges.length).fill(0)
  const component: number[] = new Array(edges.length).fill(-1)
  const stack: number[] = []
  let counter = 0
  const lower = (node: number, value: number): void => {
    low[node] = Math.min(low[node] ?? value, value)
  }
  for (let start = 0; start < edges.length; start++) {
    if (index[start] !== -1) continue
    const work: { node: number; next: number }[] = [{ node: start, next: 0 }]
    for (let frame = work.at(-1); frame; frame = work.at(-1)) {
      const { node } = frame
      if (frame.next === 0) {
        index[node] = low[node] = counter++
        stack.push(node)
      }
      const to = edges[node]?.[frame.next++]
      if (to !== undefined) {
        if (index[to] === -1) work.push({ node: to, next: 0 })
        else if (component[to] === -1) lower(node, index[to] ?? 0)
        continue
      }
      work.pop()
      const parent = work.at(-1)
      if (parent) lower(parent.node, low[node] ?? 0)
      if (low[node] !== index[node]) continue
      for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
        component[member] = node
        order.push(member)
        if (member === node) break
      }
    }
  }
  return { component, order }
}
