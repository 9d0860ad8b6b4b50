import type { SnomedContent, SnomedMember } from '../content.ts'
import type { ResolvedAttribute, ResolvedExpression } from './resolve-expression.ts'

/** Reference sets of the machine readable concept model (MRCM), and what their members say. */
const DOMAINS = '723561005'
const RANGES = '723562003'
const MANDATORY = '723597001'
/** Content that rules are about: all, and all that is post-coordinated. */
const ABOUT_EXPRESSIONS: readonly string[] = ['723596005', '723595009']

/** Whether a concept meets an expression constraint (ECL). @throws Error for a constraint that cannot be read */
export type Meets = (constraint: string, concept: number) => boolean

/**
 * What the concept model of a release has against an expression: attributes outside of their domain, and values outside of their range.
 * Nothing where the release has no rule for an attribute. Attributes of nested expressions are judged by the concepts that they refine.
 */
export function conceptModelRemarks(expression: ResolvedExpression, content: SnomedContent, meets: Meets): string[] {
  const domains = rulesOf(DOMAINS, content)
  const ranges = rulesOf(RANGES, content)
  const isWithin = (domain: string, focus: readonly number[]) => {
    const above = content.ordinalOf(domain)
    return above >= 0 && focus.some((each) => content.hierarchy.subsumes(above, each))
  }
  const remarks = new Set<string>()
  const judge = ({ type, value }: ResolvedAttribute, focus: readonly number[]) => {
    const id = content.idOf(type)
    const allowed = domains(type).map(({ domainId }) => domainId ?? '')
    if (allowed.length > 0 && !allowed.some((each) => isWithin(each, focus)))
      remarks.add(`The attribute ${id} is only for what is below ${[...new Set(allowed)].join(' or ')}`)
    const constraints = ranges(type).flatMap(({ rangeConstraint }) => rangeConstraint ?? [])
    const concepts = 'concept' in value ? [value.concept] : 'nested' in value ? value.nested.focus : []
    for (const each of concepts)
      if (constraints.length > 0 && !constraints.some((constraint) => meets(constraint, each)))
        remarks.add(`The attribute ${id} does not take the value ${content.idOf(each)}`)
    if ('nested' in value) walk(value.nested)
  }
  const walk = ({ focus, ungrouped, groups }: ResolvedExpression) => {
    for (const each of [...ungrouped, ...groups.flat()]) judge(each, focus)
  }
  walk(expression)
  return [...remarks]
}

/** Active, mandatory rules about expressions that a reference set has for an attribute, by the names of its columns. */
function rulesOf(refset: string, content: SnomedContent) {
  const rules = content.refset(content.ordinalOf(refset))
  const named = ({ values }: SnomedMember): Record<string, string> =>
    Object.fromEntries((rules?.fields ?? []).map((field, at) => [field, values[at] ?? '']))
  return (attribute: number): Record<string, string>[] =>
    (rules?.of(attribute) ?? [])
      .filter((each) => each.isActive)
      .map(named)
      .filter((each) => each.ruleStrengthId === MANDATORY && ABOUT_EXPRESSIONS.includes(each.contentTypeId ?? ''))
}
