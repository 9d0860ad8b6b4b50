import { quoteEnd } from './quotes.ts'

/** Where the operand of a sign ends (the offset behind it): a term with all that is invoked on it. The text is FHIRPath. */
export function operandEnd(text: string, start: number): number {
  let at = skipBlank(text, start)
  if (text[at] === '-' || text[at] === '+') return operandEnd(text, at + 1)
  at = termEnd(text, at)
  for (;;) {
    const next = skipBlank(text, at)
    if (text[next] === '.') at = termEnd(text, skipBlank(text, next + 1))
    else if (text[next] === '(' || text[next] === '[') at = bracketEnd(text, next)
    else return at
  }
}

/** Blanks and comments. */
function skipBlank(text: string, start: number): number {
  const blank = /(?:\s|\/\*[\s\S]*?\*\/|\/\/[^\n]*)*/y
  blank.lastIndex = start
  return start + (blank.exec(text)?.[0].length ?? 0)
}

function termEnd(text: string, start: number): number {
  const char = text[start] ?? ''
  if ('([{'.includes(char)) return bracketEnd(text, start)
  if ('\'"`'.includes(char)) return quoteEnd(text, start) + 1
  if (char === '%') return termEnd(text, start + 1)
  const word = /@[-\dT:.Z+]*|[$\w]*/y
  word.lastIndex = start
  return start + (word.exec(text)?.[0].length ?? 0)
}

function bracketEnd(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const char = text[at] ?? ''
    if ('([{'.includes(char)) depth++
    else if (')]}'.includes(char) && --depth === 0) return at + 1
    else if ('\'"`'.includes(char)) at = quoteEnd(text, at)
    else if (char === '/') at = Math.max(at, skipBlank(text, at) - 1)
  }
  return text.length
}
