/** Expression constraints over one release: read, compiled, asked. */
import { finish, type Steps } from '../../../../workers/budget.ts'
import type { SnomedContent } from '../content.ts'
import { compile } from './evaluate/compile.ts'
import { EclCost, holds } from './evaluate/plan.ts'
import type { EclSubject } from './subject.ts'
import { parseEcl } from './syntax/parse.ts'
import type { EclExpression } from './syntax/syntax.ts'

/** Steps of work that one expression may take: some seconds of a machine of today. */
const mostSteps = 100_000_000

/** What an expression means in a release. */
export interface EclSet {
  readonly expression: EclExpression
  /** Bytes of the lists that it remembers: more, the more it was asked. */
  readonly keptBytes: number
  /** Whether a concept belongs; only what that takes is looked for. @throws EclError too-costly */
  has(concept: number): boolean
  /** Whether something belongs that is no concept; undefined when that cannot be told. */
  matches(subject: EclSubject): boolean | undefined
  /**
   * The same for those who make a set of its members: children and parents (`<! X`, `<<! X`, `>! X`, `>>! X` and nothing else) are then
   * those of the release, as the tests of the HL7 terminology ecosystem have it. What takes members away asks {@link matches}.
   */
  brings(subject: EclSubject): boolean | undefined
  /** The members, ascending; in steps, between which others may have a turn. @throws EclError too-costly */
  members(): Steps<Int32Array>
}

/**
 * Reads an expression and finds what it names.
 * @throws EclError with line and column for what cannot be read, and for concepts, fields and dialects that the release does not have
 */
export function eclSet(content: SnomedContent, text: string, limit = mostSteps): EclSet {
  const expression = parseEcl(text)
  const cost = new EclCost(text, limit)
  const plan = compile({ content, text, cost }, expression)
  const matches = (subject: EclSubject) => cost.atOnce(() => holds(plan, subject))
  return {
    expression,
    get keptBytes() {
      return cost.keptBytes
    },
    has(concept) {
      return cost.atOnce(() => plan.has(concept))
    },
    matches,
    brings(subject) {
      const is = matches(subject)
      if (is !== undefined || !isOfNeighbours(expression)) return is
      return cost.atOnce(() => subject.maySame?.some((each) => plan.has(each))) ? undefined : false
    },
    members() {
      cost.restart()
      return cost.working(() => plan.all())
    },
  }
}

/** Whether it is one concept with an operator of children or parents. */
function isOfNeighbours(expression: EclExpression): boolean {
  if (expression.kind !== 'sub' || !expression.operator?.endsWith('!') || expression.focus.kind !== 'concept')
    return false
  return !expression.memberOf && expression.filters.length === 0 && !expression.history
}

/** The members at once. @throws EclError as {@link eclSet} */
export const eclMembers = (content: SnomedContent, text: string): Int32Array => finish(eclSet(content, text).members())
