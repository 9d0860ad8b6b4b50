/** `_filter` as conditions of a search (https://hl7.org/fhir/R4/search_filter.html#ops). */
import { FhirError } from '../error.ts'
import { joinableTypes, type LinkOptions, linkParameter, mostLinks, mostSteps } from './chain.ts'
import { type LinkCondition, type ParameterCondition, prefixes, type SearchCondition } from './condition.ts'
import {
  type FilterNode,
  type FilterOperator,
  type FilterStep,
  type FilterTest,
  filterError,
  readFilter,
} from './filter-syntax.ts'
import { needsTerminology, searchMatch } from './match.ts'
import {
  isSearchableType,
  type SearchParameter,
  type SearchParameterType,
  searchParameters,
} from './search-parameters.ts'
import { escapeValue } from './value.ts'

/** How a comparison becomes a condition over one type of parameter. */
type Meaning = Pick<ParameterCondition, 'modifier'> & { prefix?: ParameterCondition['values'][number]['prefix'] }

const present: Meaning = { modifier: 'missing' }
const parts = {
  co: { modifier: 'contains' },
  sw: { modifier: 'starts' },
  ew: { modifier: 'ends' },
  pr: present,
} as const
const comparisons: Partial<Record<FilterOperator, Meaning>> = {
  ...Object.fromEntries([...prefixes, 'po' as const].map((prefix) => [prefix, { prefix }])),
  pr: present,
}

/** Which comparison means what, by the type of the parameter; what is not here is refused. */
const meanings: Record<SearchParameterType, Partial<Record<FilterOperator, Meaning>>> = {
  string: { ...parts, eq: { modifier: 'equals' }, ne: { modifier: 'equals', prefix: 'ne' } },
  token: {
    ...parts,
    eq: {},
    ne: { prefix: 'ne' },
    in: { modifier: 'in' },
    ni: { modifier: 'not-in' },
    // the value subsumes what is there: what is there is below it
    ss: { modifier: 'below' },
    sb: { modifier: 'above' },
  },
  uri: { ...parts, eq: {}, ne: { prefix: 'ne' }, re: {} },
  reference: { ...parts, eq: {}, ne: { prefix: 'ne' }, re: {} },
  date: comparisons,
  number: comparisons,
  quantity: comparisons,
  composite: { eq: {} },
}

/** Of parameters that are in no index of values. */
const ofSpecial: Record<string, Partial<Record<FilterOperator, Meaning>>> = {
  _id: { eq: {}, ne: { modifier: 'not' }, pr: present },
  _text: { eq: {}, co: {}, pr: present },
  _content: { eq: {}, co: {}, pr: present },
}

/**
 * A filter as the condition that it is.
 * @throws FhirError 400 with the column of what is not understood
 */
export function parseFilter(type: string, text: string, options: LinkOptions = {}): SearchCondition {
  return new FilterBuilder(options).build(type, readFilter(text))
}

class FilterBuilder {
  readonly #options: LinkOptions
  #links = 0

  constructor(options: LinkOptions) {
    this.#options = options
  }

  build(type: string, node: FilterNode): SearchCondition {
    if (node.kind === 'not') return { not: this.build(type, node.part) }
    if (node.kind === 'test') return this.#path(type, node.path, node)
    const made = node.parts.map((each) => this.build(type, each))
    return node.kind === 'and' ? { all: made } : { any: made }
  }

  #path(type: string, [step, ...rest]: FilterStep[], test: FilterTest): SearchCondition {
    if (!step) throw filterError(test.operatorAt, 'a parameter is wanted before the comparison.')
    if (rest.length >= mostSteps) throw filterError(step.at, `more than ${mostSteps} steps.`, 'too-costly')
    const { has } = step
    if (has) {
      if (!isSearchableType(has.type) || !linkParameter(has.type, has.by))
        throw filterError(step.at, `${has.by} is no reference of ${has.type}, or that is no type held here.`)
      const plain: FilterStep = step.filter
        ? { at: step.at, name: step.name, filter: step.filter }
        : { at: step.at, name: step.name }
      return this.#link(step.at, {
        referredBy: has.type,
        by: has.by,
        meeting: [this.#path(has.type, [plain, ...rest], test)],
      })
    }
    const parameter = searchParameters(type).get(step.name)
    if (!parameter) throw new UnknownParameter(step, type)
    const [next] = rest
    if (!next) return condition(parameter, test, this.#options)
    const link = linkParameter(type, step.name)
    if (!link) throw filterError(step.at, `${step.name} is no reference of ${type}.`)
    return this.#chain(link, [step, next, ...rest.slice(1)], test)
  }

  /** Paths name no types: every type is meant that has what follows. */
  #chain(
    link: SearchParameter,
    [step, next, ...further]: [FilterStep, FilterStep, ...FilterStep[]],
    test: FilterTest,
  ): SearchCondition {
    const found: SearchCondition[] = []
    let unknown: UnknownParameter | undefined
    for (const refersTo of joinableTypes(link, next.has ? '_has' : next.name, this.#options)) {
      try {
        const met = this.#path(refersTo, [next, ...further], test)
        const meeting = step.filter ? [this.build(refersTo, step.filter), met] : [met]
        found.push(this.#link(step.at, { refersTo, by: step.name, meeting }))
      } catch (error) {
        if (!(error instanceof UnknownParameter)) throw error
        unknown = error
      }
    }
    const [only] = found
    if (!only) throw unknown ?? new UnknownParameter(next, 'what it refers to')
    return found.length === 1 ? only : { any: found }
  }

  #link(at: number, link: LinkCondition): LinkCondition {
    if (++this.#links > mostLinks) throw filterError(at, `more than ${mostLinks} joins of types.`, 'too-costly')
    const { base } = this.#options
    return base === undefined ? link : { ...link, base }
  }
}

class UnknownParameter extends FhirError {
  constructor({ at, name }: FilterStep, type: string) {
    super(400, filterError(at, `${name.slice(0, 60)} is no search parameter of ${type}.`).issues)
  }
}

function condition(parameter: SearchParameter, test: FilterTest, { base }: LinkOptions): SearchCondition {
  const { operator, value, operatorAt, valueAt } = test
  const table = ofSpecial[parameter.name] ?? meanings[parameter.type]
  const meaning = table[operator]
  if (!meaning) {
    const known = Object.keys(table).join(' ')
    throw filterError(
      operatorAt,
      `${operator} does not apply to ${parameter.name} (${parameter.type}); ${known} do.`,
      'not-supported',
    )
  }
  const { prefix, modifier } = meaning
  const made: ParameterCondition = { parameter: parameter.name, values: [] }
  if (modifier) made.modifier = modifier
  if (operator === 'pr') {
    if (value !== 'true' && value !== 'false') throw filterError(valueAt, 'true or false is wanted after pr.')
    made.values.push({ value: value === 'true' ? 'false' : 'true' })
    return made
  }
  const written = isLiteral(parameter) ? escapeValue(value) : value
  made.values.push(prefix ? { prefix, value: written } : { value: written })
  if (base !== undefined && parameter.type === 'reference' && !modifier && !prefix)
    made.values.push(...otherForm(value, base))
  if (needsTerminology(parameter, made)) return made
  try {
    for (const each of made.values) searchMatch(parameter, made, each)
  } catch (error) {
    if (error instanceof FhirError) throw filterError(valueAt, error.message)
    throw error
  }
  return made
}

/** Whether bars, commas and dollars are part of the value: those of tokens, quantities and composites divide it. */
const isLiteral = ({ type }: SearchParameter): boolean => type === 'string' || type === 'uri' || type === 'reference'

function otherForm(value: string, base: string): { value: string }[] {
  if (value.startsWith(`${base}/`)) return [{ value: escapeValue(value.slice(base.length + 1)) }]
  return /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.test(value) ? [{ value: escapeValue(`${base}/${value}`) }] : []
}
