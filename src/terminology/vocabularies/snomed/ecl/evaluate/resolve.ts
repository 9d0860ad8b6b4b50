/** Concepts that an expression names: found in the release, or an error that says which might have been meant. */
import { hasCheckDigit } from '../../sctid.ts'
import { indexWords, wordsOf } from '../../term-words.ts'
import type { EclAlternateIdentifier, EclConcept } from '../syntax/syntax.ts'
import { type EclContext, errorAt } from './plan.ts'

/** Its ordinal. @throws EclError for one that the release does not have */
export function requireConcept(context: EclContext, concept: EclConcept): number {
  const found = context.content.ordinalOf(concept.id)
  if (found >= 0) return found
  throw errorAt(context, 'unknown-concept', [unknownConcept(context.content, concept), concept.at])
}

/** That a concept is not there, and which may have been meant: by identifiers that are spelt like it, and by its term. */
export function unknownConcept(
  content: EclContext['content'],
  { id, term }: { id: string; term?: string | undefined },
): string {
  const near = [...new Set([...misspelt(id), ...(term ? byTerm(content, term) : [])])]
  const known = near.filter((each) => content.ordinalOf(each) >= 0).slice(0, 3)
  const digit = hasCheckDigit(id) ? '' : '; its check digit does not fit'
  if (known.length === 0) return `unknown concept ${id}${digit}`
  const meant = known.map((each) => `${each} |${termOf(content, content.ordinalOf(each))}|`)
  return `unknown concept ${id}${digit}; ${meant.join(', ')} is near to it`
}

/** Identifiers that differ by one digit too many, too few, another one, or two of them changed round. */
function* misspelt(id: string): Generator<string, void, void> {
  for (let i = 0; i <= id.length; i++) {
    const before = id.slice(0, i)
    yield before + id.slice(i + 1)
    yield before + id.charAt(i + 1) + id.charAt(i) + id.slice(i + 2)
    for (const digit of '0123456789') {
      yield before + digit + id.slice(i + 1)
      yield before + digit + id.slice(i)
    }
  }
}

/** Most concepts that a term is compared with. */
const mostCompared = 1000

/** Concepts that have that term, whatever the case. */
function byTerm(content: EclContext['content'], term: string): string[] {
  const words = indexWords(term)
  if (words.length === 0) return []
  const wanted = term.toLowerCase()
  return [...content.concepts(words).subarray(0, mostCompared)].flatMap((concept) => {
    const terms = content.descriptions(concept)
    return terms.some((each) => each.isActive && each.term.toLowerCase() === wanted) ? [content.idOf(concept)] : []
  })
}

const fullySpecifiedName = '900000000000003001'

/** The fully specified name of a concept, else whatever it is called. */
export function termOf(content: EclContext['content'], concept: number): string {
  const terms = content.descriptions(concept).filter((each) => each.isActive)
  return (terms.find((each) => each.type === fullySpecifiedName) ?? terms[0])?.term ?? content.idOf(concept)
}

/**
 * The concept of an alternate identifier. Its scheme is named by an alias: a word of a term of the concept of the scheme.
 * @throws EclError when no scheme of that alias has the identifier, and when several have it for different concepts
 */
export function requireAlternate(context: EclContext, { scheme, code, at }: EclAlternateIdentifier): number {
  const { content } = context
  const words = wordsOf(scheme)
  const schemes =
    words.length === 0 ? [] : [...content.concepts(indexWords(scheme))].filter((each) => isNamed(context, each, words))
  const found = schemes
    .map((each) => content.byAlternateIdentifier(content.idOf(each), code))
    .filter((each) => each >= 0)
  const [first, ...others] = new Set(found)
  if (first === undefined)
    throw errorAt(context, 'unknown-concept', [`no concept has the identifier '${code}' of a scheme '${scheme}'`, at])
  if (others.length > 0)
    throw errorAt(context, 'meaning', [
      `'${scheme}' names several schemes that have '${code}' for different concepts`,
      at,
    ])
  return first
}

/** Whether a term of the concept has the words as they are, and not others that begin so. */
const isNamed = ({ content }: EclContext, concept: number, words: readonly string[]): boolean =>
  content.descriptions(concept).some(({ isActive, term }) => {
    const has = new Set(wordsOf(term))
    return isActive && words.every((each) => has.has(each))
  })
