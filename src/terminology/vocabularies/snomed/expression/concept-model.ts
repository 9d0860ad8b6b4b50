import type { SnomedContent, SnomedMember } from '../content.ts'
import type { ResolvedAttribute, ResolvedExpression, ResolvedValue } from './resolve-expression.ts'

/** Reference sets of the machine readable concept model (MRCM), and what their members say. */
const DOMAINS = '723560006'
const ATTRIBUTES = '723561005'
const RANGES = '723562003'
const MANDATORY = '723597001'
/** Content that rules are about: all, and all that is post-coordinated. */
const ABOUT_EXPRESSIONS: readonly string[] = ['723596005', '723595009']

/** Whether a concept meets an expression constraint (ECL); undefined for a constraint that cannot be evaluated. */
export type Meets = (constraint: string, concept: number) => boolean | undefined

/**
 * What the concept model of a release has against an expression: attributes outside of their domain, in a group where they are to stand
 * in none, or more often than they may, and values outside of their range. Nothing where the release has no rule for an attribute.
 * Attributes of nested expressions are judged by the concepts that they refine. What is obligatory is not looked for: the concepts of an
 * expression have it.
 */
export function conceptModelRemarks(expression: ResolvedExpression, content: SnomedContent, meets: Meets): string[] {
  const rules = readRules(content)
  const remarks = new Set<string>()
  const walk = (part: ResolvedExpression) => {
    const attributes = [...part.ungrouped, ...part.groups.flat()]
    for (const type of new Set(attributes.map((each) => each.type)))
      for (const each of useRemarks(type, part, { content, rules, meets })) remarks.add(each)
    for (const each of attributes) {
      for (const remark of rangeRemarks(each, { content, rules, meets })) remarks.add(remark)
      if ('nested' in each.value) walk(each.value.nested)
    }
  }
  walk(expression)
  return [...remarks]
}

type Rule = Readonly<Record<string, string>>

/** Rules that hold for a concept, by the names of their columns. */
type Rules = Record<'domains' | 'attributes' | 'ranges', (concept: number) => Rule[]>

interface Model {
  content: SnomedContent
  rules: Rules
  meets: Meets
}

function readRules(content: SnomedContent): Rules {
  const of = (refset: string, isMeant: (rule: Rule) => boolean) => {
    const found = content.refset(content.ordinalOf(refset))
    const named = ({ values }: SnomedMember): Rule =>
      Object.fromEntries((found?.fields ?? []).map((field, at) => [field, values[at] ?? '']))
    return (concept: number) =>
      (found?.of(concept) ?? [])
        .filter((each) => each.isActive)
        .map(named)
        .filter(isMeant)
  }
  const isAboutExpressions = (rule: Rule) =>
    rule.ruleStrengthId === MANDATORY && ABOUT_EXPRESSIONS.includes(rule.contentTypeId ?? '')
  return {
    domains: of(DOMAINS, () => true),
    attributes: of(ATTRIBUTES, isAboutExpressions),
    ranges: of(RANGES, isAboutExpressions),
  }
}

/** About an attribute of an expression, whatever its values. */
function useRemarks(type: number, { focus, ungrouped, groups }: ResolvedExpression, model: Model): string[] {
  const { content, rules } = model
  const id = content.idOf(type)
  const all = rules.attributes(type)
  if (all.length === 0) return []
  const domains = all.map((rule) => ({ rule, found: isWithin(rule.domainId ?? '', focus, model) }))
  if (domains.every(({ found }) => found === false))
    return [
      `The attribute ${id} is only for what is within ${[...new Set(all.map(({ domainId }) => domainId))].join(' or ')}`,
    ]
  const applying = domains.filter(({ found }) => found === true).map(({ rule }) => rule)
  if (applying.length === 0)
    return [`Whether the attribute ${id} is allowed was not checked: its domain is not understood`]
  const timesIn = (attributes: readonly ResolvedAttribute[]) => attributes.filter((each) => each.type === type).length
  const times = timesIn([...ungrouped, ...groups.flat()])
  const inGroup = Math.max(0, ...groups.map(timesIn))
  const isTooOften = (column: string, count: number) => applying.every((rule) => count > mostOf(rule[column]))
  return [
    ...(isTooOften('attributeCardinality', times)
      ? [`The attribute ${id} stands ${times} times, more often than it may`]
      : []),
    ...(inGroup > 0 && applying.every(({ grouped }) => grouped === '0')
      ? [`The attribute ${id} stands in no group`]
      : []),
    ...(isTooOften('attributeInGroupCardinality', inGroup) && applying.every(({ grouped }) => grouped !== '0')
      ? [`The attribute ${id} stands ${inGroup} times in one group, more often than it may`]
      : []),
  ]
}

/** The upper bound of a cardinality, `0..1`; without one there is no bound. */
function mostOf(cardinality = ''): number {
  const most = /^\d+\.\.(\d+)$/.exec(cardinality)?.[1]
  return most === undefined ? Number.POSITIVE_INFINITY : Number(most)
}

/** Whether one of some concepts is within a domain: by its constraint, or below it where it has none. */
function isWithin(domain: string, focus: readonly number[], { content, rules, meets }: Model): boolean | undefined {
  const concept = content.ordinalOf(domain)
  if (concept < 0) return false
  const constraints = rules.domains(concept).flatMap(({ domainConstraint }) => domainConstraint || [])
  if (constraints.length === 0) return focus.some((each) => content.hierarchy.subsumes(concept, each))
  return anyOf(constraints.flatMap((constraint) => focus.map((each) => meets(constraint, each))))
}

/** About the value of an attribute. */
function rangeRemarks({ type, value }: ResolvedAttribute, { content, rules, meets }: Model): string[] {
  const constraints = rules.ranges(type).flatMap(({ rangeConstraint }) => rangeConstraint || [])
  if (constraints.length === 0) return []
  const id = content.idOf(type)
  return valuesOf(value).flatMap((each) => {
    const found = anyOf(constraints.map((constraint) => meetsRange(constraint, each, meets)))
    const shown = typeof each === 'number' ? content.idOf(each) : each
    if (found === undefined)
      return [`The value ${shown} of the attribute ${id} was not checked: its range is not understood`]
    return found ? [] : [`The attribute ${id} does not take the value ${shown}`]
  })
}

const valuesOf = (value: ResolvedValue): readonly (number | string)[] =>
  'concept' in value ? [value.concept] : 'nested' in value ? value.nested.focus : [value.concrete]

/** Ranges of concrete values are written `dec(>#0..)`, `int(#1 #2)`, `str("a" "b")`, `bool(true)`. */
function meetsRange(constraint: string, value: number | string, meets: Meets): boolean | undefined {
  const [, kind, inner = ''] = /^\s*(dec|int|str|bool)\s*\((.*)\)\s*$/s.exec(constraint) ?? []
  if (typeof value === 'number') return kind === undefined ? meets(constraint, value) : false
  if (kind === undefined) return false
  if (kind === 'str') return value.startsWith('"') && (inner.trim() === '' || inner.includes(value))
  if (kind === 'bool') return /^(?:true|false)$/.test(value) && (inner.trim() === '' || inner.includes(value))
  if (!value.startsWith('#') || (kind === 'int' && value.includes('.'))) return false
  return anyOf(
    inner
      .trim()
      .split(/\s+/)
      .map((each) => isInRange(each, Number(value.slice(1)))),
  )
}

/** Of one number, or of a range with bounds that may be left out or open: `>#0..`, `#1..<#5`. */
function isInRange(range: string, value: number): boolean | undefined {
  if (range === '') return true
  const bounds = /^(?:(>?)#(-?\d+(?:\.\d+)?))?(\.\.)?(?:(<?)#(-?\d+(?:\.\d+)?))?$/.exec(range)
  if (!bounds) return undefined
  const [, isAbove, low, dots, isBelow, high] = bounds
  if (!dots) return low !== undefined && high === undefined ? value === Number(low) : undefined
  if (low !== undefined && (isAbove ? value <= Number(low) : value < Number(low))) return false
  return high === undefined || (isBelow ? value < Number(high) : value <= Number(high))
}

/** Whether one is true; undefined where that cannot be told. */
const anyOf = (found: readonly (boolean | undefined)[]): boolean | undefined =>
  found.includes(true) ? true : found.includes(undefined) ? undefined : false
