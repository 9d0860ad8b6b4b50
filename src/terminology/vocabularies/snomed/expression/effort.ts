/** What the comparison of expressions may take: expressions within expressions are compared pair by pair, and groups with groups. */
import { keepPerObject } from '../../../../base/keep.ts'
import { FhirError } from '../../../../fhir/error.ts'
import { otherIssue } from '../../../request/messages.ts'
import type { SnomedContent } from '../content.ts'
import type { Subsumption } from './expression.ts'
import type { ResolvedExpression } from './resolve-expression.ts'

/** Comparisons of attributes that one question may take: some tens of milliseconds, in which nobody else has a turn. */
const mostComparisons = 300_000

/** What was found of meanings that may take in another one; a concept alone is its ordinal. */
type Found = Map<ResolvedExpression | number, Subsumption>

interface Effort {
  left: number
  isCounted: boolean
  pairs: Map<ResolvedExpression, Found>
}

const efforts = keepPerObject((_: SnomedContent): Effort => ({ left: 0, isCounted: false, pairs: new Map() }))

/** Counts comparisons. @throws FhirError 422 too-costly where a question takes more than it may */
export function spendEffort(content: SnomedContent, comparisons: number): void {
  const effort = efforts(content)
  if (!effort.isCounted) return
  effort.left -= comparisons
  if (effort.left >= 0) return
  const text = `The expression is too costly to compare: that takes more than ${mostComparisons} comparisons of attributes`
  throw new FhirError(422, otherIssue('too-costly', text))
}

/** What was found within this question of meanings that may take in a given one; undefined outside of questions. */
export function pairsOf(special: ResolvedExpression, content: SnomedContent): Found | undefined {
  const { isCounted, pairs } = efforts(content)
  if (!isCounted) return undefined
  const found = pairs.get(special) ?? new Map()
  pairs.set(special, found)
  return found
}

/** Answers one question, which may take so much and no more; questions within it are part of it. */
export function withEffort<T>(content: SnomedContent, ask: () => T): T {
  const effort = efforts(content)
  if (effort.isCounted) return ask()
  effort.left = mostComparisons
  effort.isCounted = true
  try {
    return ask()
  } finally {
    effort.isCounted = false
    effort.pairs = new Map()
  }
}
