/** One replacement of FHIRPath's `replace()` (http://hl7.org/fhirpath/N1/#replacepattern-string-substitution-string-string). */
export interface Replacement {
  pattern: string
  substitution: string
  /** Is told how many characters the result will have before it is made; throws when they are too many. */
  pay(characters: number): void
}

/** Every occurrence replaced; an empty pattern stands around every character. */
export function replaceText(text: string, { pattern, substitution, pay }: Replacement): string {
  const parts = pattern === '' ? ['', ...text, ''] : text.split(pattern)
  pay(text.length + parts.length * substitution.length)
  return parts.join(substitution)
}

/**
 * Most characters that a regular expression can make of a text: there is a match at every place and behind the last, and two
 * characters of the replacement (`$1`) may stand for a match.
 */
export function longestReplacement(text: string, replacement: string): number {
  return text.length + Math.ceil(1.5 * (text.length + 1) * replacement.length)
}
