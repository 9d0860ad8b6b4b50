/** What the value of an attribute is compared with (ECL 2.2, 6.2 and 6.5). */
import type { EclSubject } from '../subject.ts'
import type { EclComparison, EclSearchTerm } from '../syntax/syntax.ts'
import { not } from './algebra-plan.ts'
import { compareDecimals, decimalOf } from './decimal.ts'
import { holdsFor } from './order.ts'
import { type EclPlan, holds } from './plan.ts'
import { foldedTerm, termTest, unescaped, weightOfTerms } from './term-match.ts'

/** A comparison of values. */
export interface ValueTest {
  /** Of a value that is a concept. */
  concept(value: number): boolean
  /** Of a concrete value as a release has it: `#1`, `"text"`, `true`. */
  concrete(value: string): boolean
  subject(value: EclSubject): boolean | undefined
  /** What a comparison costs beyond a look; absent where that is little. */
  price?: number
  /** Values that pass, where they are a set of concepts. */
  among?: EclPlan
}

/** A comparison with a set of concepts; `isAny` for `*`, which every value is. */
export function conceptTest(operator: '=' | '!=', value: EclPlan, isAny: boolean): ValueTest {
  const is = operator === '='
  if (isAny) return { concept: () => is, concrete: () => is, subject: () => is }
  if (!is) {
    return {
      concept: (each) => !value.has(each),
      concrete: () => false,
      subject: (each) => not(holds(value, each)),
    }
  }
  return {
    concept: (each) => value.has(each),
    concrete: () => false,
    subject: (each) => holds(value, each),
    among: value,
  }
}

/** A comparison with a concrete value: values of another kind pass none, `!=` neither. */
export function concreteTest(comparison: Exclude<EclComparison, { kind: 'expression' }>): ValueTest {
  const price = comparison.kind === 'text' ? weightOfTerms(comparison.terms) : 0
  return { concept: () => false, subject: () => false, concrete: testOf(comparison), price }
}

function testOf(comparison: Exclude<EclComparison, { kind: 'expression' }>): (value: string) => boolean {
  switch (comparison.kind) {
    case 'number': {
      const wanted = decimalOf(comparison.value)
      return (value) => {
        const number = value.startsWith('#') ? decimalOf(value.slice(1)) : undefined
        return !!wanted && !!number && holdsFor(comparison.operator, compareDecimals(number, wanted))
      }
    }
    case 'boolean':
      return (value) => {
        const lower = value.toLowerCase()
        if (lower !== 'true' && lower !== 'false') return false
        return (lower === String(comparison.value)) === (comparison.operator === '=')
      }
    case 'text': {
      const tests = comparison.terms.map(textTest)
      return (value) => {
        if (!value.startsWith('"')) return false
        const text = unescaped(value.slice(1, value.endsWith('"') ? -1 : undefined))
        return tests.some((test) => test(text)) === (comparison.operator === '=')
      }
    }
  }
}

/** A text without a technique is the whole value, case included. */
function textTest(term: EclSearchTerm): (value: string) => boolean {
  if (term.kind === 'plain') {
    const wanted = unescaped(term.text)
    return (value) => value === wanted
  }
  const { test } = termTest(term)
  return (value) => test(foldedTerm(value), '')
}
