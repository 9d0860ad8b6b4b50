import type {
  EclAcceptability,
  EclCardinality,
  EclComparison,
  EclConceptFilter,
  EclConceptValue,
  EclDescriptionFilter,
  EclDialectFilter,
  EclExpression,
  EclFocus,
  EclMemberFilter,
  EclRefinement,
  EclSearchTerm,
  EclSubExpression,
} from './syntax.ts'

/** An expression in the brief syntax, which is the normative one (ECL 2.2, 5.1): reading it gives the same expression. */
export function printEcl(expression: EclExpression): string {
  switch (expression.kind) {
    case 'refined':
      return `${sub(expression.focus)} : ${refinement(expression.refinement)}`
    case 'dotted':
      return [expression.focus, ...expression.attributes].map(sub).join(' . ')
    case 'sub':
      return sub(expression)
    default:
      return expression.operands.map(sub).join(` ${expression.kind.toUpperCase()} `)
  }
}

function sub(expression: EclSubExpression): string {
  const { operator, memberOf, focus, memberFilters, filters, history } = expression
  const fields = memberOf && memberOf.fields.length > 0 ? ` [${memberOf.fields.join(', ')}]` : ''
  const parts = [
    ...(operator === undefined ? [] : [operator]),
    ...(memberOf ? [`^${fields}`] : []),
    printFocus(focus),
    ...memberFilters.map((block) => braces('M', block.map(memberFilter))),
    ...filters.map((block) =>
      block.kind === 'C' ? braces('C', block.filters.map(filter)) : braces('D', block.filters.map(filter)),
    ),
  ]
  if (history)
    parts.push(
      'profile' in history ? `{{ + HISTORY-${history.profile} }}` : `{{ + HISTORY (${printEcl(history.refsets)}) }}`,
    )
  return parts.join(' ')
}

const braces = (letter: string, filters: string[]) => `{{ ${letter} ${filters.join(', ')} }}`

function printFocus(focus: EclFocus): string {
  switch (focus.kind) {
    case 'any':
      return '*'
    case 'nested':
      return `(${printEcl(focus.expression)})`
    case 'concept':
      return focus.id + term(focus.term)
    case 'alternate':
      return `${focus.scheme}#${alternateCode(focus.code)}${term(focus.term)}`
  }
}

const alternateCode = (code: string) => (/^[a-zA-Z0-9._-]+$/.test(code) ? code : `"${code}"`)

const term = (text: string | undefined) => (text === undefined ? '' : ` |${text}|`)

function refinement(part: EclRefinement): string {
  switch (part.kind) {
    case 'group':
      return `${times(part.cardinality)}{ ${refinement(part.refinement)} }`
    case 'attribute':
      return `${times(part.cardinality)}${part.isReversed ? 'R ' : ''}${sub(part.name)} ${comparison(part.comparison)}`
    default: {
      const operands = part.operands.map((each) =>
        each.kind === 'and' || each.kind === 'or' ? `(${refinement(each)})` : refinement(each),
      )
      return operands.join(part.kind === 'and' ? ', ' : ' OR ')
    }
  }
}

const times = (cardinality: EclCardinality | undefined) =>
  cardinality ? `[${cardinality.min}..${cardinality.max === Number.POSITIVE_INFINITY ? '*' : cardinality.max}] ` : ''

function comparison(value: EclComparison): string {
  switch (value.kind) {
    case 'expression':
      return `${value.operator} ${sub(value.value)}`
    case 'number':
      return `${value.operator} #${value.value}`
    case 'boolean':
      return `${value.operator} ${value.value}`
    case 'text':
      return `${value.operator} ${comparedTexts(value.terms)}`
  }
}

const texts = (terms: EclSearchTerm[]) =>
  several(terms.map(({ kind, text }) => `${kind === 'plain' ? '' : `${kind}:`}"${text}"`))

/** Brackets keep a text from being read as an alternate identifier. */
function comparedTexts(terms: EclSearchTerm[]): string {
  const [first, ...others] = terms
  const isLikeIdentifier = first?.kind === 'plain' && others.length === 0 && /^[a-zA-Z][a-zA-Z0-9-]*#./.test(first.text)
  return isLikeIdentifier ? `(${texts(terms)})` : texts(terms)
}

const several = (values: string[]) => (values.length === 1 ? (values[0] ?? '') : `(${values.join(' ')})`)

const days = (times: string[]) => several(times.map((each) => `"${each}"`))

function conceptValue(value: EclConceptValue): string {
  return value.kind === 'sub' ? sub(value) : several(value.concepts.map(printFocus))
}

function memberFilter(each: EclMemberFilter): string {
  if (each.field !== 'member') return filter(each)
  const { comparison: value } = each
  return `${each.name} ${value.kind === 'time' ? `${value.operator} ${days(value.times)}` : comparison(value)}`
}

function filter(each: EclConceptFilter | EclDescriptionFilter): string {
  return `${each.field} ${each.operator} ${filterValue(each)}`
}

function filterValue(each: EclConceptFilter | EclDescriptionFilter): string {
  switch (each.field) {
    case 'term':
      return texts(each.terms)
    case 'language':
      return several(each.codes)
    case 'type':
    case 'definitionStatus':
      return several(each.tokens)
    case 'id':
      return several(each.ids)
    case 'effectiveTime':
      return days(each.times)
    case 'active':
      return each.value === '*' ? '"*"' : String(each.value)
    case 'dialect':
    case 'dialectId':
      return dialects(each)
    default:
      return conceptValue(each.value)
  }
}

function dialects({ dialects: list, acceptability }: EclDialectFilter): string {
  const printed = list.map(({ dialect, acceptability: own }) => {
    const name = typeof dialect === 'string' ? dialect : dialect.kind === 'sub' ? sub(dialect) : printFocus(dialect)
    return name + acceptable(own)
  })
  const [first] = list
  // Brackets keep the acceptability of the one dialect apart from that of the whole list.
  const isBare =
    list.length === 1 &&
    first &&
    !first.acceptability &&
    (typeof first.dialect === 'string' || first.dialect.kind === 'sub')
  return `${isBare ? printed[0] : `(${printed.join(' ')})`}${acceptable(acceptability)}`
}

function acceptable(list: EclAcceptability | undefined): string {
  return list ? ` (${list.map((each) => (typeof each === 'string' ? each : printFocus(each))).join(' ')})` : ''
}
