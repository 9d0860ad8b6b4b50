import type { ConceptReference, Expression, ExpressionAttribute, SubExpression } from './expression.ts'

/** What is written beside an identifier; undefined for nothing. */
type Terms = (reference: ConceptReference) => string | undefined

/** An expression without white space; with terms between bars where there are some. */
export function printExpression(expression: Expression, terms: Terms = () => undefined): string {
  return `${expression.definition === '<<<' ? '<<<' : ''}${printed(expression, terms)}`
}

function printed({ focus, ungrouped, groups }: SubExpression, terms: Terms): string {
  const concept = (reference: ConceptReference) => {
    const term = terms(reference)
    return term === undefined ? reference.id : `${reference.id}|${term}|`
  }
  const attribute = ({ name, value }: ExpressionAttribute) => {
    if ('concept' in value) return `${concept(name)}=${concept(value.concept)}`
    return `${concept(name)}=${'concrete' in value ? value.concrete : `(${printed(value.nested, terms)})`}`
  }
  const refinements = [...ungrouped.map(attribute), ...groups.map((group) => `{${group.map(attribute).join(',')}}`)]
  const foci = focus.map(concept).join('+')
  return refinements.length === 0 ? foci : `${foci}:${refinements.join(',')}`
}
