import { txError } from './messages.ts'

/** The wished languages of a request, best first. */
export interface Languages {
  /** As given, for echo and messages. */
  given: string
  /** Tags in order of weight, without `*` and without those refused by q=0. */
  tags: string[]
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
    only: ranges.some(({ tag, q }) => tag === '*' && q === 0),
    any: ranges.some(({ tag, q }) => tag === '*' && q > 0),
  }
}

/** Whether text in `language` serves a wish for `tag`: the same or a more specific one (`en` ~ `en-AU`). */
export function servesLanguage(tag: string, language: string | undefined): boolean {
  if (language === undefined) return false
  const wanted = tag.toLowerCase()
  const given = language.toLowerCase()
  return given === wanted || given.startsWith(`${wanted}-`)
}

/** Whether text in `language` serves any of the wished languages. */
export function servesAny(languages: Languages, language: string | undefined): boolean {
  return languages.tags.some((tag) => servesLanguage(tag, language))
}
