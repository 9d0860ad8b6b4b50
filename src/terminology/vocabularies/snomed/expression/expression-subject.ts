/** An expression as sets of concepts (ECL) ask of it. */
import { keepPerObject } from '../../../../base/keep.ts'
import type { SnomedContent } from '../content.ts'
import type { EclSubject, EclSubjectRow } from '../ecl/subject.ts'
import { conceptAlone, type Group, withFollowing, withoutGeneral } from './groups.ts'
import type { ResolvedAttribute, ResolvedExpression, ResolvedValue } from './resolve-expression.ts'
import { groupSubsumes, knownOf, matchAttribute, NotTold, subsumesExpression } from './subsume-expression.ts'

/** Comparisons of concepts with an expression, by its groups, before it is said that nobody can tell. */
const MOST_COMPARED = 100_000

/**
 * What an expression means, for those who ask whether it is in a set.
 * @param isWhole false for one that is said to be below what it says: it is the same as nothing, and nothing is below it
 * @throws NotTold when read, where more concepts may take it in than are asked
 */
export function expressionSubject(expression: ResolvedExpression, content: SnomedContent, isWhole = true): EclSubject {
  let known: Place | undefined
  let rows: EclSubjectRow[] | undefined
  const placed = () => {
    known ??= place(expression, content, isWhole)
    return known
  }
  return {
    get same() {
      return placed().same
    },
    get maySame() {
      return placed().maySame
    },
    get subsumers() {
      return placed().subsumers
    },
    get undecided() {
      return placed().undecided
    },
    subsumes: (concept) => {
      if (!isWhole) return false
      const found = subsumesExpression(expression, conceptAlone(concept, content), content)
      return found === 'unknown' ? undefined : found === 'yes'
    },
    get rows() {
      rows ??= rowsOf(expression, content)
      return rows
    },
  }
}

type Place = Required<Pick<EclSubject, 'same' | 'maySame' | 'subsumers' | 'undecided'>>

/** Where it stands among the concepts: below its focus and all above that, and below what is defined by what it says. */
function place(expression: ResolvedExpression, content: SnomedContent, isWhole: boolean): Place {
  const { hierarchy } = content
  const { focus, ungrouped, groups } = expression
  const [only = -1] = focus
  if (isWhole && focus.length === 1 && ungrouped.length === 0 && groups.length === 0)
    return { same: only, maySame: [], subsumers: hierarchy.ancestors(only), undecided: new Int32Array(0) }
  const known = knownOf(expression, content)
  const above = new Set<number>()
  const put = (concept: number) => {
    above.add(concept)
    for (const each of hierarchy.ancestors(concept)) above.add(each)
  }
  for (const each of known.focus) put(each)
  const open = [...known.open]
  const most = MOST_COMPARED / (1 + known.groups.length)
  for (const candidate of candidates(known.groups, content, most)) {
    if (above.has(candidate)) continue
    const found = subsumesExpression(conceptAlone(candidate, content), expression, content)
    if (found === 'unknown') open.push(candidate)
    if (found === 'yes') put(candidate)
  }
  const undecided = new Set(open.flatMap((each) => [each, ...hierarchy.ancestors(each)]))
  for (const each of above) undecided.delete(each)
  const alike = isWhole ? sameAs(expression, above, content) : []
  const same = alike.find(({ found }) => found === 'yes')?.concept ?? -1
  const maySame = same < 0 ? alike.map(({ concept }) => concept) : []
  above.delete(same)
  return { same, maySame, subsumers: Int32Array.from(above).sort(), undecided: Int32Array.from(undecided).sort() }
}

/** Of the concepts above it those that it takes in, or may take in: none of them has another one below it. */
function sameAs(expression: ResolvedExpression, above: ReadonlySet<number>, content: SnomedContent) {
  const { children } = content.hierarchy
  return [...above]
    .filter((each) => !children(each).some((child) => above.has(child)))
    .map((concept) => ({
      concept,
      found: subsumesExpression(expression, conceptAlone(concept, content), content),
    }))
    .filter(({ found }) => found !== 'no')
}

/** Defined concepts of which an attribute takes in one of the expression. @throws NotTold for more than so many */
function candidates(groups: readonly Group[], content: SnomedContent, most: number): Set<number> {
  const { byTarget } = content.attributes
  const targets = new Set<number>()
  const put = (concept: number) => {
    if (targets.has(concept)) return
    targets.add(concept)
    for (const each of content.hierarchy.ancestors(concept)) targets.add(each)
  }
  for (const attribute of groups.flatMap((each) => each.attributes)) {
    for (const { value } of withFollowing(attribute, content)) {
      if ('concept' in value) put(value.concept)
      if ('nested' in value) for (const each of takingIn(value.nested, content)) put(each)
    }
  }
  const found = new Set<number>()
  for (const target of targets) {
    for (let row = byTarget.start[target] ?? 0; row < (byTarget.start[target + 1] ?? 0); row++) {
      const source = byTarget.source[row] ?? -1
      if (!content.isDefined(source) || found.has(source)) continue
      found.add(source)
      if (found.size > most) throw new NotTold('more concepts may take in the expression than can be compared with it')
    }
  }
  return found
}

/** Concepts that take in an expression, or may. */
function takingIn(expression: ResolvedExpression, content: SnomedContent): number[] {
  const { same, maySame = [], subsumers, undecided = [] } = nestedSubject(content)(expression)
  return [...(same < 0 ? [] : [same]), ...maySame, ...subsumers, ...undecided]
}

/** What nested expressions mean. */
const nestedSubject = keepPerObject((content: SnomedContent) =>
  keepPerObject((expression: ResolvedExpression) => expressionSubject(expression, content)),
)

/**
 * Its groups without those that others say more specially.
 * @throws NotTold where a refinement may belong to one group or another
 */
function rowsOf(expression: ResolvedExpression, content: SnomedContent): EclSubjectRow[] {
  const groups = knownOf(expression, content).groups.map((group) => leanGroup(group, content))
  if (groups.some((each) => each.isDoubtful))
    throw new NotTold('a refinement may belong to one group of its concept or another')
  const takesIn = (a: Group, b: Group) => groupSubsumes(a, b, content) === 'yes'
  const lean = withoutGeneral(groups, takesIn)
  let number = 0
  return lean.flatMap((group) => {
    const own = group.isAlone ? 0 : ++number
    return group.attributes.map(({ type, value }) => ({ type, group: own, value: subjectValue(value, content) }))
  })
}

/** A group without attributes that others of it say more specially. */
function leanGroup(group: Group, content: SnomedContent): Group {
  const takesIn = (a: ResolvedAttribute, b: ResolvedAttribute) => matchAttribute(a, b, content) === 'yes'
  return { ...group, attributes: withoutGeneral(group.attributes, takesIn) }
}

function subjectValue(value: ResolvedValue, content: SnomedContent): EclSubjectRow['value'] {
  if ('concept' in value) return value.concept
  return 'concrete' in value ? value.concrete : nestedSubject(content)(value.nested)
}
