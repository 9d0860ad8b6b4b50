/** An expression as sets of concepts (ECL) ask of it. */
import type { SnomedContent } from '../content.ts'
import type { EclSubject, EclSubjectRow } from '../ecl/subject.ts'
import { spendEffort, withEffort } from './effort.ts'
import { definitionsOf } from './general-axioms.ts'
import type { ResolvedAttribute, ResolvedExpression, ResolvedValue } from './resolve-expression.ts'
import { fullGroups, type Group, groupSubsumes, matchAttribute, subsumesExpression } from './subsume-expression.ts'

/** Concepts that may be asked whether they take in an expression, beyond those that are above its focus. */
const MOST_CANDIDATES = 20_000

/** Thrown where what is asked of an expression cannot be told. */
export class NotTold extends Error {
  readonly code = 'EXPRESSION_NOT_TOLD'
}

/**
 * What an expression means, for those who ask whether it is in a set.
 * @throws NotTold when read, where more concepts may take it in than are asked
 */
export function expressionSubject(expression: ResolvedExpression, content: SnomedContent): EclSubject {
  let known: Place | undefined
  let rows: EclSubjectRow[] | undefined
  const placed = () => {
    known ??= withEffort(content, () => place(expression, content))
    return known
  }
  return {
    get same() {
      return placed().same
    },
    get subsumers() {
      return placed().subsumers
    },
    get undecided() {
      return placed().undecided
    },
    subsumes: (concept) => {
      const found = withEffort(content, () => subsumesExpression(expression, conceptAlone(concept), content))
      return found === 'unknown' ? undefined : found === 'yes'
    },
    get rows() {
      rows ??= withEffort(content, () => rowsOf(expression, content))
      return rows
    },
  }
}

const conceptAlone = (concept: number): ResolvedExpression => ({ focus: [concept], ungrouped: [], groups: [] })

type Place = Required<Pick<EclSubject, 'same' | 'subsumers' | 'undecided'>>

/** Where it stands among the concepts: below its focus and all above that, and below what is defined by what it says. */
function place(expression: ResolvedExpression, content: SnomedContent): Place {
  const { hierarchy } = content
  const { focus, ungrouped, groups } = expression
  const [only = -1] = focus
  if (focus.length === 1 && ungrouped.length === 0 && groups.length === 0)
    return { same: only, subsumers: hierarchy.ancestors(only), undecided: new Int32Array(0) }
  const above = new Set<number>()
  const put = (concept: number) => {
    above.add(concept)
    for (const each of hierarchy.ancestors(concept)) above.add(each)
  }
  for (const each of focus) put(each)
  const open: number[] = []
  for (const candidate of candidates(expression, content)) {
    if (above.has(candidate)) continue
    const found = subsumesExpression(conceptAlone(candidate), expression, content)
    if (found === 'unknown') open.push(candidate)
    if (found === 'yes') put(candidate)
  }
  const same = [...above].find((each) => subsumesExpression(expression, conceptAlone(each), content) === 'yes') ?? -1
  const undecided = new Set(open.flatMap((each) => [each, ...hierarchy.ancestors(each)]))
  const rest = [...undecided].filter((each) => !above.has(each))
  above.delete(same)
  return { same, subsumers: Int32Array.from(above).sort(), undecided: Int32Array.from(rest).sort() }
}

/** Concepts for which something suffices, and of which an attribute takes in one of the expression. */
function candidates(expression: ResolvedExpression, content: SnomedContent): Set<number> {
  const { attributes, hierarchy } = content
  const found = new Set<number>()
  for (const { type, value } of fullGroups(expression, content).flatMap((each) => each.attributes)) {
    for (const target of targetsOf(value, content)) {
      for (const row of attributes.withTarget(target)) {
        spendEffort(content, 1)
        const source = attributes.source[row] ?? -1
        if (found.has(source) || !hierarchy.subsumes(attributes.type[row] ?? -1, type)) continue
        if (!content.isDefined(source) && definitionsOf(source, content).length === 0) continue
        found.add(source)
        if (found.size > MOST_CANDIDATES)
          throw new NotTold(`more than ${MOST_CANDIDATES} concepts may take in the expression`)
      }
    }
  }
  return found
}

/** Concepts that take in a value. */
function targetsOf(value: ResolvedValue, { hierarchy }: SnomedContent): number[] {
  const concepts = 'concept' in value ? [value.concept] : 'nested' in value ? value.nested.focus : []
  return [...new Set(concepts.flatMap((each) => [each, ...hierarchy.ancestors(each)]))]
}

/** Its groups without those that others say more specially. */
function rowsOf(expression: ResolvedExpression, content: SnomedContent): EclSubjectRow[] {
  const groups = fullGroups(expression, content).map((group) => leanGroup(group, content))
  const takesIn = (a: Group, b: Group) => groupSubsumes(a, b, content) === 'yes'
  const lean = withoutGeneral(groups, takesIn)
  let number = 0
  return lean.flatMap((group) => {
    const own = group.isAlone ? 0 : ++number
    return group.attributes.map(({ type, value }) => ({ type, group: own, value: subjectValue(value, content) }))
  })
}

/** Without what takes in another of them; of those that take in each other the first stays. */
function withoutGeneral<T>(items: readonly T[], takesIn: (a: T, b: T) => boolean): T[] {
  return items.filter(
    (each, at) =>
      !items.some((other, place) => place !== at && takesIn(each, other) && (place < at || !takesIn(other, each))),
  )
}

/** A group without attributes that others of it say more specially. */
function leanGroup(group: Group, content: SnomedContent): Group {
  const takesIn = (a: ResolvedAttribute, b: ResolvedAttribute) => matchAttribute(a, b, content) === 'yes'
  return { ...group, attributes: withoutGeneral(group.attributes, takesIn) }
}

function subjectValue(value: ResolvedValue, content: SnomedContent): EclSubjectRow['value'] {
  if ('concept' in value) return value.concept
  return 'concrete' in value ? value.concrete : expressionSubject(value.nested, content)
}
