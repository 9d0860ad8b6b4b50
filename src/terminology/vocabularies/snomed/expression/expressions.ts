import { keep, keepPerObject } from '../../../../base/keep.ts'
import type { SnomedContent } from '../content.ts'
import type { EclSubject } from '../ecl/subject.ts'
import { type Expression, ExpressionError } from './expression.ts'
import { expressionSubject } from './expression-subject.ts'
import { conceptAlone, knownAttributes } from './groups.ts'
import { LONGEST, looksLikeExpression, parseExpression } from './parse-expression.ts'
import { printExpression } from './print-expression.ts'
import { type ResolvedAttribute, type ResolvedExpression, resolveExpression } from './resolve-expression.ts'
import { subsumesExpression } from './subsume-expression.ts'
import type { Subsumption } from './subsumption.ts'

/** An expression that holds: its concepts are there and are active, its attributes are attributes, its terms are theirs. */
export interface ReadExpression {
  /** As it was sent. */
  text: string
  expression: Expression
  resolved: ResolvedExpression
}

/** Post-coordinated expressions as codes of one version of SNOMED CT. */
export interface Expressions {
  /** Undefined for a text that is no expression, and for one that does not hold. */
  read(text: string): ReadExpression | undefined
  /** Why a text that looks like an expression is none; undefined for one that holds, and for any other text. */
  fault(text: string): string | undefined
  /** The expression with the terms of its concepts, without white space. */
  display(read: ReadExpression, term: (concept: number) => string | undefined): string
  /** What sets of concepts ask of it. */
  subject(read: ReadExpression): EclSubject
  /** Attributes that are known of it, of its own and of its concepts, each once. */
  attributes(read: ReadExpression): ResolvedAttribute[]
  /** Whether the first takes in the second; ordinals are concepts. */
  subsumes(general: ReadExpression | number, special: ReadExpression | number): Subsumption
}

/** Expressions that are remembered with what was found: value sets ask of the same one again and again. */
const KEPT = 300

/** The expressions over a release. */
export function expressionsOf(content: SnomedContent): Expressions {
  const known = keep<string, ReadExpression | ExpressionError>(KEPT)
  const found = (text: string) =>
    text.length > LONGEST ? readExpression(text, content) : known.of(text, () => readExpression(text, content))
  const subjects = keepPerObject(({ resolved, expression }: ReadExpression) =>
    expressionSubject(resolved, content, expression.definition === '==='),
  )
  const meaning = (given: ReadExpression | number): ResolvedExpression =>
    typeof given === 'number' ? conceptAlone(given, content) : given.resolved
  return {
    read: (text) => {
      if (!looksLikeExpression(text)) return undefined
      const read = found(text)
      return read instanceof ExpressionError ? undefined : read
    },
    fault: (text) => {
      if (!looksLikeExpression(text)) return undefined
      const read = found(text)
      return read instanceof ExpressionError ? `Not a valid expression: ${read.message}` : undefined
    },
    display: ({ expression }, term) => printExpression(expression, ({ id }) => term(content.ordinalOf(id))),
    subject: subjects,
    attributes: ({ resolved }) => onlyOnce(knownAttributes(resolved, content)),
    subsumes: (general, special) => {
      if (!isBelowWhatItSays(general)) return subsumesExpression(meaning(general), meaning(special), content)
      // Nothing is below it but itself; whether it is what is written in another way, nobody says.
      if (!isBelowWhatItSays(special)) return 'no'
      if (printExpression(general.expression) === printExpression(special.expression)) return 'yes'
      const isAlike =
        subsumesExpression(general.resolved, special.resolved, content) !== 'no' &&
        subsumesExpression(special.resolved, general.resolved, content) !== 'no'
      return isAlike ? 'unknown' : 'no'
    },
  }
}

const isBelowWhatItSays = (given: ReadExpression | number): given is ReadExpression =>
  typeof given !== 'number' && given.expression.definition === '<<<'

function readExpression(text: string, content: SnomedContent): ReadExpression | ExpressionError {
  try {
    const expression = parseExpression(text)
    return { text, expression, resolved: resolveExpression(expression, content) }
  } catch (error) {
    if (error instanceof ExpressionError) return error
    throw error
  }
}

function onlyOnce(attributes: ResolvedAttribute[]): ResolvedAttribute[] {
  const byText = new Map(attributes.map((each) => [JSON.stringify(each), each]))
  return [...byText.values()]
}
