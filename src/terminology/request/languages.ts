import { txError } from './messages.ts'

/** The wished languages of a request, best first. */
export interface Languages {
  /** As given, for echo and messages. */
  given: string
  /** Ranges in order of weight, without `*` and without those refused by q=0. */
  tags: string[]
  /** Ranges with q=0, in lower case: nothing that only they fit. */
  refused: string[]
  /** `*` with q=0: nothing in another language may be shown. */
  only: boolean
  /** `*` with a weight: any language will do. */
  any: boolean
}

const TAG = /^(?:[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)$/

/** Characters of a wish; browsers send some dozen. */
const longestWish = 1000

/** Parses Accept-Language syntax (RFC 9110 §12.5.4); 422 naming the text when a tag is not one. */
export function parseLanguages(given: string): Languages {
  if (given.length > longestWish) throw txError('INVALID_DISPLAY_NAME', [given.slice(0, 100)])
  const ranges = given
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part, position) => {
      const [tag = '', ...options] = part.split(';').map((piece) => piece.trim())
      const weight = options.find((option) => option.toLowerCase().startsWith('q='))
      const q = weight ? Number(weight.slice(2)) : 1
      if (!TAG.test(tag) || Number.isNaN(q)) throw txError('INVALID_DISPLAY_NAME', [given])
      return { tag, q, position }
    })
  if (ranges.length === 0) throw txError('INVALID_DISPLAY_NAME', [given])
  const named = ranges.filter(({ tag, q }) => tag !== '*' && q > 0)
  named.sort((a, b) => b.q - a.q || a.position - b.position)
  return {
    given,
    tags: named.map(({ tag }) => tag),
    refused: ranges.flatMap(({ tag, q }) => (tag !== '*' && q === 0 ? tag.toLowerCase() : [])),
    only: ranges.some(({ tag, q }) => tag === '*' && q === 0),
    any: ranges.some(({ tag, q }) => tag === '*' && q > 0),
  }
}

const isWithin = (tag: string, range: string) => tag === range || tag.startsWith(`${range}-`)

/** The range without its last subtag, and without a singleton that would then stand at its end (RFC 4647 §3.4). */
function truncated(range: string): string {
  const shorter = range.slice(0, Math.max(0, range.lastIndexOf('-')))
  return /(?:^|-)[^-]$/.test(shorter) ? shorter.slice(0, Math.max(0, shorter.length - 2)) : shorter
}

/**
 * How well text in `language` serves a wish for `range`: 0 for the very tag, 1 for a more specific one (`en` ~ `en-AU`, RFC 4647
 * §3.3.1), then one more for every subtag of the range that must be given up (`de-AT` ~ `de`, §3.4). Undefined: not at all.
 */
function distance(range: string, language: string | undefined): number | undefined {
  if (language === undefined) return undefined
  const wanted = range.toLowerCase()
  const given = language.toLowerCase()
  if (given === wanted) return 0
  if (isWithin(given, wanted)) return 1
  let steps = 2
  for (let shorter = truncated(wanted); shorter !== ''; shorter = truncated(shorter), steps++) {
    if (given === shorter) return steps
  }
  return undefined
}

/** Whether a range with q=0 says no to text in a language that no wished range names as closely. */
function isRefused({ tags, refused }: Languages, language: string): boolean {
  const given = language.toLowerCase()
  const longest = (ranges: string[]) =>
    Math.max(-1, ...ranges.filter((each) => isWithin(given, each)).map((each) => each.length))
  return refused.length > 0 && longest(refused) > longest(tags.map((each) => each.toLowerCase()))
}

/** The text that serves a wished range best; of equals the first. */
export function closest<T>(
  range: string,
  languages: Languages,
  texts: T[],
  languageOf: (text: T) => string | undefined,
): T | undefined {
  let best: { text: T; steps: number } | undefined
  for (const text of texts) {
    const language = languageOf(text)
    const steps = distance(range, language)
    if (steps === undefined || language === undefined || isRefused(languages, language)) continue
    if (!best || steps < best.steps) best = { text, steps }
  }
  return best?.text
}

/** Whether text in `language` serves any of the wished languages. */
export function servesAny(languages: Languages, language: string | undefined): boolean {
  if (language === undefined) return false
  return languages.tags.some((range) => distance(range, language) !== undefined) && !isRefused(languages, language)
}
