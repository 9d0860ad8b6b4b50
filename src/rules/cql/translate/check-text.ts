import { unprocessable } from '../../../fhir/error.ts'

/** Published libraries nest some ten deep; the translator's time grows with the depth, and its stack ends. */
const deepest = 200
/** Published libraries have some ten thousand characters. */
const longest = 500_000
/** Published libraries have some hundred; the translator's time grows with the square of their number. */
const mostDefines = 3000

/**
 * Refuses a CQL text that the translator is not to be troubled with: too long, of too many defines, or brackets nested too deeply. Strings, quoted names
 * and comments count as what they are; time grows with the length of the text.
 * @param linesBefore lines that the author did not write
 * @throws FhirError 422 too-costly, with line and column
 */
export function checkText(text: string, linesBefore = 0): void {
  if (text.length > longest) throw unprocessable(`the CQL text is longer than ${longest} characters`, 'too-costly')
  let depth = 0
  let defines = 0
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '(' || char === '[' || char === '{') {
      if (++depth > deepest) throw refused(`nests more than ${deepest} brackets`, text, { at, linesBefore })
    } else if (char === ')' || char === ']' || char === '}') depth--
    else if (char === 'd' && isDefine(text, at)) {
      if (++defines > mostDefines) throw refused(`has more than ${mostDefines} defines`, text, { at, linesBefore })
    } else if (char === "'" || char === '"' || char === '`') at = quoteEnd(text, at)
    else if (char === '/' && text[at + 1] === '/') at = endOf(text, '\n', at)
    else if (char === '/' && text[at + 1] === '*') at = endOf(text, '*/', at + 2)
  }
}

/** Where what was opened is closed, or the end of the text. */
function endOf(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from)
  return found < 0 ? text.length : found + mark.length - 1
}

function quoteEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === text[start]) return at
  }
  return text.length
}

const isDefine = (text: string, at: number) =>
  text.startsWith('define', at) && !/\w/.test(text[at - 1] ?? '') && !/\w/.test(text[at + 6] ?? '')

function refused(what: string, text: string, { at, linesBefore }: { at: number; linesBefore: number }) {
  const before = text.slice(0, at).split('\n')
  const place = `line ${before.length - linesBefore}, column ${(before.at(-1) ?? '').length + 1}`
  return unprocessable({ text: `the CQL text ${what} (${place})`, diagnostics: place }, 'too-costly')
}
