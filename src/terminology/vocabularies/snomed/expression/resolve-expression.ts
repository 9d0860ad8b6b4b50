import type { SnomedContent } from '../content.ts'
import {
  type ConceptReference,
  type Expression,
  type ExpressionAttribute,
  ExpressionError,
  type ExpressionValue,
  type SubExpression,
} from './expression.ts'

/** An expression over the concepts of a release, by ordinal. */
export interface ResolvedExpression {
  focus: readonly number[]
  /** Attributes of no group; each stands for itself. */
  ungrouped: readonly ResolvedAttribute[]
  groups: readonly (readonly ResolvedAttribute[])[]
}

/** An attribute with its value. */
export interface ResolvedAttribute {
  type: number
  value: ResolvedValue
}

/** A concept, a concrete value as the release writes it, or an expression in brackets. */
export type ResolvedValue = { concept: number } | { concrete: string } | { nested: ResolvedExpression }

/** Concepts of which every attribute is one: |Concept model attribute| and, for unapproved ones, |Linkage concept|. */
const ATTRIBUTES = ['410662002', '106237007'] as const

/**
 * Looks up everything that an expression names.
 * @throws ExpressionError for a concept that is not there or is inactive, an attribute that is none, and a term that is none of its concept
 */
export function resolveExpression(expression: Expression, content: SnomedContent): ResolvedExpression {
  const above = ATTRIBUTES.map((id) => content.ordinalOf(id)).filter((each) => each >= 0)
  const conceptOf = ({ id, term, at }: ConceptReference): number => {
    const concept = content.ordinalOf(id)
    if (concept < 0) throw new ExpressionError(`Concept ${id} not found`, at)
    if (!content.isActive(concept)) throw new ExpressionError(`Concept ${id} is inactive`, at)
    if (term !== undefined) checkTerm(concept, term, at)
    return concept
  }
  const checkTerm = (concept: number, term: string, at: number) => {
    const known = content.descriptions(concept).filter((each) => each.isActive)
    const wanted = normalised(term)
    if (known.some((each) => normalised(each.term) === wanted)) return
    const list = known.slice(0, MOST_TERMS).map((each) => `"${each.term}"`)
    const text = `Term "${term}" doesn't match a defined term at position ${at} (valid terms would be from this list: ${list.join(', ')})`
    throw new ExpressionError(text, at)
  }
  const attribute = ({ name, value }: ExpressionAttribute): ResolvedAttribute => {
    const type = conceptOf(name)
    if (!above.some((each) => each !== type && content.hierarchy.subsumes(each, type))) {
      const text = `Concept ${name.id} is not valid in this context (must be a descendent of one of ${ATTRIBUTES.join(',')})`
      throw new ExpressionError(text, name.at)
    }
    return { type, value: resolvedValue(value) }
  }
  const resolvedValue = (value: ExpressionValue): ResolvedValue => {
    if ('concept' in value) return { concept: conceptOf(value.concept) }
    return 'concrete' in value ? { concrete: value.concrete } : { nested: resolved(value.nested) }
  }
  const resolved = ({ focus, ungrouped, groups }: SubExpression): ResolvedExpression => ({
    focus: [...new Set(focus.map(conceptOf))],
    ungrouped: ungrouped.map(attribute),
    groups: groups.map((group) => group.map(attribute)),
  })
  return resolved(expression)
}

/** Terms that a message lists at most. */
const MOST_TERMS = 10

const normalised = (term: string) => term.trim().replace(/\s+/g, ' ').toLowerCase()

/** An expression by the identifiers of its concepts. */
export function printResolved({ focus, ungrouped, groups }: ResolvedExpression, content: SnomedContent): string {
  const attribute = ({ type, value }: ResolvedAttribute): string => {
    if ('nested' in value) return `${content.idOf(type)}=(${printResolved(value.nested, content)})`
    return `${content.idOf(type)}=${'concept' in value ? content.idOf(value.concept) : value.concrete}`
  }
  const parts = [...ungrouped.map(attribute), ...groups.map((group) => `{${group.map(attribute).join(',')}}`)]
  const foci = focus.map((each) => content.idOf(each)).join('+')
  return parts.length === 0 ? foci : `${foci}:${parts.join(',')}`
}
