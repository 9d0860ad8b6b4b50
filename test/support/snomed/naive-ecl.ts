/**
 * Expression constraints by the words of the specification (ECL 2.2, chapter 6), over the rows of a release: sets of identifiers, every
 * concept tried, nothing clever. It shares the syntax tree with what it measures, and nothing else.
 */
import type {
  EclAttribute,
  EclCardinality,
  EclComparison,
  EclConceptFilter,
  EclConceptValue,
  EclDescriptionFilter,
  EclDialectFilter,
  EclExpression,
  EclMemberFilter,
  EclOperator,
  EclOrder,
  EclRefinement,
  EclSearchTerm,
  EclSubExpression,
} from '../../../src/terminology/vocabularies/snomed/ecl/syntax/syntax.ts'
import {
  type Rf2Concept,
  type Rf2Description,
  type Rf2Member,
  type Rf2Relationship,
  type Rf2Rows,
  sct,
} from './rf2-rows.ts'

type Ids = Set<string>

/** Evaluates expressions over a release. */
export function naiveEcl(rows: Rf2Rows): (expression: EclExpression) => Ids {
  return (expression) => evaluate(releaseOf(rows), expression)
}

interface Release {
  rows: Rf2Rows
  concepts: Map<string, Rf2Concept>
  /** Active inferred relationships between active concepts. */
  relationships: Rf2Relationship[]
  descriptions: Map<string, Rf2Description[]>
  members: Map<string, { fields: string[]; rows: Rf2Member[] }>
  /** Members of language reference sets by description. */
  dialects: Map<string, Rf2Member[]>
  above: Map<string, Ids>
}

const releases = new WeakMap<Rf2Rows, Release>()

function releaseOf(rows: Rf2Rows): Release {
  const known = releases.get(rows)
  if (known) return known
  const concepts = new Map(rows.concepts.map((each) => [each.id, each]))
  const active = (id: string) => concepts.get(id)?.active === true
  const relationships = rows.relationships.filter(
    (each) =>
      each.active &&
      each.characteristicTypeId === sct.inferred &&
      active(each.sourceId) &&
      concepts.has(each.typeId) &&
      (each.value !== '' || active(each.destinationId)),
  )
  const release: Release = {
    rows,
    concepts,
    relationships,
    descriptions: Map.groupBy(rows.descriptions, (each) => each.conceptId),
    members: new Map(),
    dialects: new Map(),
    above: new Map(),
  }
  for (const { fields, rows: all } of rows.refsets) {
    const isLanguage = fields.join() === 'acceptabilityId'
    for (const each of all) {
      if (isLanguage) {
        release.dialects.set(each.referencedComponentId, [
          ...(release.dialects.get(each.referencedComponentId) ?? []),
          each,
        ])
        continue
      }
      const refset = release.members.get(each.refsetId) ?? { fields, rows: [] }
      refset.rows.push(each)
      release.members.set(each.refsetId, refset)
    }
  }
  for (const id of concepts.keys()) release.above.set(id, ancestors(release, id))
  releases.set(rows, release)
  return release
}

const parents = ({ relationships }: Release, id: string): string[] =>
  relationships.filter((each) => each.typeId === sct.isA && each.sourceId === id).map((each) => each.destinationId)

function ancestors(release: Release, id: string): Ids {
  const found: Ids = new Set()
  const visit = (each: string) => {
    for (const parent of parents(release, each)) {
      if (found.has(parent)) continue
      found.add(parent)
      visit(parent)
    }
  }
  visit(id)
  return found
}

const isActive = (release: Release, id: string) => release.concepts.get(id)?.active === true

const select = (release: Release, test: (id: string) => boolean): Ids =>
  new Set([...release.concepts.keys()].filter(test))

const without = (all: Ids, test: (id: string) => boolean): Ids => new Set([...all].filter((id) => !test(id)))

function evaluate(release: Release, expression: EclExpression): Ids {
  switch (expression.kind) {
    case 'sub':
      return sub(release, expression)
    case 'refined': {
      const focus = sub(release, expression.focus)
      return select(
        release,
        (id) => focus.has(id) && isActive(release, id) && satisfies(release, id, [expression.refinement]),
      )
    }
    case 'dotted':
      return expression.attributes.reduce(
        (focus, attribute) => {
          const types = sub(release, attribute)
          const values = attributesOf(release).filter(
            (row) => focus.has(row.sourceId) && isOfType(attribute, types, row),
          )
          return new Set(values.map((row) => row.destinationId).filter((id) => id !== ''))
        },
        sub(release, expression.focus),
      )
    default: {
      const [first = new Set<string>(), ...others] = expression.operands.map((each) => sub(release, each))
      if (expression.kind === 'and') return others.reduce((all, each) => without(all, (id) => !each.has(id)), first)
      if (expression.kind === 'or') return new Set([first, ...others].flatMap((each) => [...each]))
      return others.reduce((all, each) => without(all, (id) => each.has(id)), first)
    }
  }
}

const attributesOf = ({ relationships }: Release) => relationships.filter((each) => each.typeId !== sct.isA)

const isStar = (expression: EclSubExpression): boolean =>
  expression.focus.kind === 'any' &&
  expression.operator === undefined &&
  expression.memberOf === undefined &&
  expression.filters.length + expression.memberFilters.length === 0 &&
  expression.history === undefined

const isOfType = (name: EclSubExpression, types: Ids, row: Rf2Relationship) => isStar(name) || types.has(row.typeId)

function sub(release: Release, expression: EclSubExpression): Ids {
  let found = focusOf(release, expression)
  if (expression.memberOf) found = members(release, expression, found)
  const { operator } = expression
  if (operator !== undefined) found = related(release, operator, found)
  for (const block of expression.filters) {
    const base = found
    found = select(release, (id) => {
      if (!base.has(id)) return false
      if (block.kind === 'C') return block.filters.every((filter) => conceptPasses(release, filter, id))
      return describes(release, block.filters, id)
    })
  }
  return expression.history ? new Set([...found, ...replacedBy(release, found, expression.history)]) : found
}

function focusOf(release: Release, expression: EclSubExpression): Ids {
  const { focus } = expression
  switch (focus.kind) {
    case 'concept':
      return select(release, (id) => id === focus.id)
    case 'alternate': {
      const named = release.rows.identifiers.find((each) => {
        const names = release.descriptions.get(each.identifierSchemeId) ?? []
        const isScheme = names.some((name) => name.term.toLowerCase().split(/\W+/).includes(focus.scheme.toLowerCase()))
        return each.active && isScheme && each.alternateIdentifier === focus.code
      })
      return select(release, (id) => id === named?.referencedComponentId)
    }
    case 'nested':
      return evaluate(release, focus.expression)
    case 'any': {
      const says =
        expression.operator === undefined &&
        expression.memberOf === undefined &&
        expression.filters.some(({ kind, filters }) => kind === 'C' && filters.some(({ field }) => field === 'active'))
      return select(release, (id) => says || stands(release, id))
    }
  }
}

/** Whether a concept is active and has a place in the hierarchy. */
const stands = (release: Release, id: string) =>
  isActive(release, id) &&
  (id === sct.root ||
    release.relationships.some(
      (each) => each.typeId === sct.isA && (each.sourceId === id || each.destinationId === id),
    ))

function related(release: Release, operator: EclOperator, set: Ids): Ids {
  const isAbove = (a: string, b: string) => release.above.get(b)?.has(a) === true
  const isParent = (a: string, b: string) => parents(release, b).includes(a)
  const some = (test: (each: string) => boolean) => [...set].some(test)
  const tests: Record<EclOperator, (id: string) => boolean> = {
    '<': (id) => some((each) => isAbove(each, id)),
    '<<': (id) => set.has(id) || some((each) => isAbove(each, id)),
    '>': (id) => some((each) => isAbove(id, each)),
    '>>': (id) => set.has(id) || some((each) => isAbove(id, each)),
    '<!': (id) => some((each) => isParent(each, id)),
    '<<!': (id) => set.has(id) || some((each) => isParent(each, id)),
    '>!': (id) => some((each) => isParent(id, each)),
    '>>!': (id) => set.has(id) || some((each) => isParent(id, each)),
    '!!>': (id) => set.has(id) && !some((each) => isAbove(each, id)),
    '!!<': (id) => set.has(id) && !some((each) => isAbove(id, each)),
  }
  const isSetOnly = operator.startsWith('!!')
  return select(release, (id) => tests[operator](id) && (isSetOnly || isActive(release, id)))
}

function members(release: Release, expression: EclSubExpression, refsets: Ids): Ids {
  const [field = 'referencedComponentId'] = expression.memberOf?.fields ?? []
  const filters = expression.memberFilters.flat()
  const found: Ids = new Set()
  for (const [id, { fields, rows }] of release.members) {
    if (!release.concepts.has(id) || !(expression.focus.kind === 'any' || refsets.has(id))) continue
    for (const row of rows) {
      const isWanted = filters.some((each) => each.field === 'active') || row.active
      const value = fieldOf(row, fields, field)
      if (isWanted && value !== undefined && filters.every((each) => memberPasses(release, each, { row, fields })))
        found.add(value)
    }
  }
  return select(release, (id) => found.has(id))
}

const fieldOf = (row: Rf2Member, fields: string[], name: string): string | undefined =>
  name === 'referencedComponentId' ? row.referencedComponentId : row.values[fields.indexOf(name)]

function memberPasses(
  release: Release,
  filter: EclMemberFilter,
  { row, fields }: { row: Rf2Member; fields: string[] },
): boolean {
  if (filter.field !== 'member') return componentPasses(release, filter, row)
  const value = fieldOf(row, fields, filter.name)
  if (value === undefined) return false
  const { comparison } = filter
  switch (comparison.kind) {
    case 'time':
      return /^(\d{8})?$/.test(value) && timePasses(comparison, value)
    case 'number':
      return /^[+-]?\d+(\.\d+)?$/.test(value) && ordered(comparison.operator, Number(value) - Number(comparison.value))
    case 'boolean': {
      const truth = { '1': true, true: true, '0': false, false: false }[value.toLowerCase()]
      return truth !== undefined && (truth === comparison.value) === (comparison.operator === '=')
    }
    case 'text':
      return comparison.terms.some((term) => finds(term, value)) === (comparison.operator === '=')
    case 'expression':
      return inValue(release, comparison.value, value) === (comparison.operator === '=')
  }
}

/** Whether an identifier is among the concepts of a value; `*` is whatever there is. */
function inValue(release: Release, value: EclConceptValue, id: string): boolean {
  if (value.kind === 'list') return value.concepts.some((each) => each.id === id)
  if (isStar(value)) return true
  const isOne = value.focus.kind === 'concept' && isStar({ ...value, focus: { kind: 'any' } })
  return isOne && value.focus.kind === 'concept' ? value.focus.id === id : sub(release, value).has(id)
}

const ordered = (operator: EclOrder, difference: number): boolean =>
  ({
    '=': difference === 0,
    '!=': difference !== 0,
    '<': difference < 0,
    '<=': difference <= 0,
    '>': difference > 0,
    '>=': difference >= 0,
  })[operator]

function timePasses({ operator, times }: { operator: EclOrder; times: string[] }, value: string): boolean {
  if (operator === '=') return times.includes(value)
  if (operator === '!=') return !times.includes(value)
  return times.some((time) => time !== '' && value !== '' && ordered(operator, Number(value) - Number(time)))
}

function componentPasses(
  release: Release,
  filter: Extract<EclConceptFilter, { field: 'active' | 'moduleId' | 'effectiveTime' }>,
  component: { active: boolean; moduleId: string; effectiveTime: string },
): boolean {
  switch (filter.field) {
    case 'active':
      return (filter.value === '*' || component.active === filter.value) === (filter.operator === '=')
    case 'effectiveTime':
      return timePasses(filter, component.effectiveTime)
    case 'moduleId':
      return inValue(release, filter.value, component.moduleId) === (filter.operator === '=')
  }
}

function conceptPasses(release: Release, filter: EclConceptFilter, id: string): boolean {
  const concept = release.concepts.get(id)
  if (!concept) return false
  switch (filter.field) {
    case 'definitionStatus': {
      const status = concept.definitionStatusId === sct.defined ? 'defined' : 'primitive'
      return filter.tokens.includes(status) === (filter.operator === '=')
    }
    case 'definitionStatusId':
      return inValue(release, filter.value, concept.definitionStatusId) === (filter.operator === '=')
    default:
      return componentPasses(release, filter, concept)
  }
}

function describes(release: Release, filters: readonly EclDescriptionFilter[], id: string): boolean {
  const saysActive = filters.some((each) => each.field === 'active')
  return (release.descriptions.get(id) ?? []).some(
    (each) => (saysActive || each.active) && filters.every((filter) => descriptionPasses(release, filter, each)),
  )
}

const types = { fsn: sct.fsn, syn: sct.synonym, def: sct.textDefinition }

function descriptionPasses(release: Release, filter: EclDescriptionFilter, description: Rf2Description): boolean {
  const is = 'operator' in filter && filter.operator === '='
  switch (filter.field) {
    case 'term':
      return filter.terms.some((term) => finds(term, description.term)) === is
    case 'language':
      return filter.codes.includes(description.languageCode.toLowerCase()) === is
    case 'type':
      return filter.tokens.some((each) => types[each] === description.typeId) === is
    case 'typeId':
      return inValue(release, filter.value, description.typeId) === is
    case 'id':
      return filter.ids.includes(description.id) === is
    case 'dialect':
    case 'dialectId':
      return isOfDialect(release, filter, description) === is
    default:
      return componentPasses(release, filter, description)
  }
}

const aliases: Record<string, string> = { 'en-us': sct.usEnglish, 'en-gb': sct.gbEnglish }

function isOfDialect(release: Release, filter: EclDialectFilter, description: Rf2Description): boolean {
  const rows = (release.dialects.get(description.id) ?? []).filter((each) => each.active)
  return filter.dialects.some(({ dialect, acceptability }) => {
    const wanted = (acceptability ?? filter.acceptability)?.map((each) =>
      typeof each === 'object' ? each.id : each === 'prefer' ? sct.preferred : sct.acceptable,
    )
    return rows.some((row) => {
      if (wanted && !wanted.includes(row.values[0] ?? '')) return false
      if (typeof dialect === 'string') return aliases[dialect] === row.refsetId
      return dialect.kind === 'concept' ? dialect.id === row.refsetId : inValue(release, dialect, row.refsetId)
    })
  })
}

/** Whether a text is found in a term: words in any order, or the whole with wildcards. */
function finds({ kind, text }: EclSearchTerm, term: string): boolean {
  const lower = (each: string) => each.toLowerCase().normalize('NFC')
  if (kind === 'wild') {
    const source = [...text.matchAll(/\\(.)|\*|[^\\*]/gsu)].map(([all, escaped]) => {
      if (all === '*') return '.*'
      return [...lower(escaped ?? all)].map(letterPattern).join('')
    })
    return new RegExp(`^${source.join('')}$`, 'su').test(lower(term))
  }
  const wanted = lower(text.replace(/\\(.)/g, '$1')).match(/[\p{L}\p{N}]+/gu)
  const has = lower(term).match(/[\p{L}\p{N}]+/gu) ?? []
  if (!wanted) return lower(term).includes(lower(text.replace(/\\(.)/g, '$1')).trim())
  return wanted.every((word) => {
    const pattern = new RegExp(`^${[...word].map(letterPattern).join('')}`, 'u')
    return has.some((each) => pattern.test(each))
  })
}

/** A letter without a mark stands for those with one; the small release has no other languages than these. */
function letterPattern(letter: string): string {
  if (letter === 'u') return '[uü]'
  return letter.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
}

/** Historical associations (6.11). */
const historical = {
  MIN: ['900000000000527005'],
  MOD: ['900000000000527005', '900000000000526001', '900000000000528000', '1186924009'],
}

function replacedBy(release: Release, set: Ids, history: NonNullable<EclSubExpression['history']>): Ids {
  const below = [...release.concepts.keys()].filter((id) => release.above.get(id)?.has('900000000000522004'))
  const isMax =
    'profile' in history ? history.profile === 'MAX' : history.refsets.kind === 'sub' && isStar(history.refsets)
  const refsets = isMax
    ? new Set(below)
    : 'profile' in history
      ? new Set(history.profile === 'MIN' ? historical.MIN : historical.MOD)
      : evaluate(release, history.refsets)
  const found: Ids = new Set()
  for (const [id, { fields, rows }] of release.members) {
    if (!refsets.has(id) || !fields.includes('targetComponentId')) continue
    for (const row of rows)
      if (row.active && set.has(fieldOf(row, fields, 'targetComponentId') ?? '')) found.add(row.referencedComponentId)
  }
  return select(release, (id) => found.has(id))
}

/** Whether the definition of a concept satisfies all of some refinements. */
function satisfies(release: Release, id: string, refinements: readonly EclRefinement[]): boolean {
  const rows = attributesOf(release).filter((each) => each.sourceId === id)
  return refinements.every((each) => refined(release, each, { id, rows }))
}

interface Subject {
  id: string
  rows: Rf2Relationship[]
}

function refined(release: Release, part: EclRefinement, subject: Subject): boolean {
  switch (part.kind) {
    case 'and':
      return part.operands.every((each) => refined(release, each, subject))
    case 'or':
      return part.operands.some((each) => refined(release, each, subject))
    case 'attribute':
      return isWithin(part.cardinality, countOf(release, part, subject))
    case 'group': {
      const groups = [
        ...subject.rows.filter((row) => row.relationshipGroup === 0).map((row) => [row]),
        ...Map.groupBy(
          subject.rows.filter((row) => row.relationshipGroup !== 0),
          (row) => row.relationshipGroup,
        ).values(),
      ]
      const satisfied = groups.filter((rows) => refined(release, part.refinement, { id: subject.id, rows }))
      return isWithin(part.cardinality, satisfied.length)
    }
  }
}

const isWithin = (cardinality: EclCardinality | undefined, count: number): boolean =>
  count >= (cardinality?.min ?? 1) && count <= (cardinality?.max ?? Number.POSITIVE_INFINITY)

function countOf(release: Release, { isReversed, name, comparison }: EclAttribute, { id, rows }: Subject): number {
  const names = sub(release, name)
  if (!isReversed) {
    const value = valueTest(release, comparison)
    return rows.filter((row) => isOfType(name, names, row) && value(row)).length
  }
  if (comparison.kind !== 'expression') throw new Error('a reversed attribute has concepts for its value')
  const sources = sub(release, comparison.value)
  const found = attributesOf(release).filter(
    (row) =>
      row.destinationId === id &&
      isOfType(name, names, row) &&
      (isStar(comparison.value) || sources.has(row.sourceId)) === (comparison.operator === '='),
  )
  return new Set(found.map((row) => row.sourceId)).size
}

function valueTest(release: Release, comparison: EclComparison): (row: Rf2Relationship) => boolean {
  const { operator } = comparison
  switch (comparison.kind) {
    case 'expression': {
      if (isStar(comparison.value)) return () => operator === '='
      const values = sub(release, comparison.value)
      return (row) => row.value === '' && values.has(row.destinationId) === (operator === '=')
    }
    case 'number':
      return (row) =>
        row.value.startsWith('#') && ordered(operator, Number(row.value.slice(1)) - Number(comparison.value))
    case 'boolean':
      return (row) =>
        (row.value === 'true' || row.value === 'false') &&
        (row.value === String(comparison.value)) === (operator === '=')
    case 'text':
      return (row) => {
        if (!row.value.startsWith('"')) return false
        const value = row.value.slice(1, -1).replace(/\\(.)/g, '$1')
        const is = comparison.terms.some((term) =>
          term.kind === 'plain' ? term.text.replace(/\\(.)/g, '$1') === value : finds(term, value),
        )
        return is === (operator === '=')
      }
  }
}
