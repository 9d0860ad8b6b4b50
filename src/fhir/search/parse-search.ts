/** Parsing of search requests (https://hl7.org/fhir/R4/search.html). What the parameters are stands in search-parameters.ts. */
import { isResource } from '../elements.ts'
import { badRequest } from '../error.ts'
import { type SearchCondition, type SearchModifier, searchMatch, splitPrefix } from './match.ts'
import { type SearchParameter, type SearchParameterType, searchParameters } from './search-parameters.ts'
import { dateRange, splitEscaped } from './value.ts'

export { referencesOf } from './index-values.ts'
export type { SearchCondition, SearchModifier } from './match.ts'
export {
  type SearchParameter,
  type SearchParameterType,
  searchableTypes,
  searchParameters,
} from './search-parameters.ts'
export { escapeValue } from './value.ts'

/** `parameter:in=ValueSet`: the caller expands the value set and adds a token condition of its codes. */
interface MembershipCondition {
  parameter: string
  negated: boolean
  /** Canonical of the value set. */
  valueSet: string
}

/** `_include=Source:parameter:Target`; parameter `*` means all references of the source. */
export interface IncludeDirective {
  source: string
  parameter: string
  target?: string
  iterate: boolean
}

/** A search request, understood. */
export interface ParsedSearch {
  type: string
  conditions: SearchCondition[]
  memberships: MembershipCondition[]
  sort: { parameter: string; descending: boolean }[]
  /** Page size within the bounds; 0 asks for the total alone. */
  count: number
  cursor?: string
  total: 'none' | 'accurate'
  include: IncludeDirective[]
  revinclude: IncludeDirective[]
  summary?: 'true' | 'false' | 'text' | 'data' | 'count'
  elements: string[]
  /** Parameters as sent that nothing here understands: 400 when handling=strict, else left out of the self link. */
  unknown: string[]
  /** Parameters that took part, as sent: what the self link shows. */
  used: [name: string, value: string][]
}

/** Bounds of a search; `ignored` are parameters that others read (`_format`, an authority's token). */
export interface SearchOptions {
  defaultCount?: number
  maximumCount?: number
  /** Name under which page links carry the cursor. */
  cursorParameter?: string
  ignored?: string[]
}

const modifiers: Record<SearchParameterType, SearchModifier[]> = {
  string: ['exact', 'contains', 'missing'],
  token: ['missing', 'not', 'text'],
  uri: ['missing', 'above', 'below', 'contains', 'exact'],
  reference: ['missing'],
  date: ['missing'],
  number: ['missing'],
  quantity: ['missing'],
  composite: ['missing'],
}
const ordered: SearchParameterType[] = ['date', 'number', 'quantity']

/** Modifiers that a parameter of that type takes, for the CapabilityStatement and for checks. */
export function searchModifiers(type: SearchParameterType): readonly SearchModifier[] {
  return modifiers[type]
}

/**
 * Understands the pairs of a query string or form body.
 * @throws FhirError 400 for a value, modifier or prefix that a known parameter does not take, naming it.
 */
export function parseSearch(
  type: string,
  pairs: Iterable<[string, string]>,
  options: SearchOptions = {},
): ParsedSearch {
  const search: ParsedSearch = {
    type,
    conditions: [],
    memberships: [],
    sort: [],
    count: options.defaultCount ?? 50,
    total: 'none',
    include: [],
    revinclude: [],
    elements: [],
    unknown: [],
    used: [],
  }
  const ignored = new Set(['_format', '_pretty', ...(options.ignored ?? [])])
  for (const [name, value] of pairs) {
    if (ignored.has(name) || value === '') continue
    refuseUnsupported(name, value)
    if (name === (options.cursorParameter ?? '_cursor')) search.cursor = value
    else if (readControl(search, [name, value], options) || readCondition(search, name, value)) {
      search.used.push([name, value])
    } else search.unknown.push(name)
  }
  return search
}

/** Parameters of the standard that choose among resources in ways this server does not have. */
const unsupported = new Set(['_filter', '_query', '_list', '_type', '_containedType'])

/**
 * What would narrow the search and cannot be done here is no parameter to be passed over: everything would match. So are chains
 * (https://hl7.org/fhir/R4/search.html#chaining) and their reverse (`_has`).
 * @throws FhirError 400
 */
function refuseUnsupported(name: string, value: string): void {
  const [base = ''] = splitModifier(name)
  const isChain = name.includes('.') && !name.startsWith('_')
  const isContained = base === '_contained' && value !== 'false'
  if (!isChain && !isContained && base !== '_has' && !unsupported.has(base)) return
  const what = isChain ? 'A chained parameter' : `The search parameter ${base}`
  const text = `${what} is not supported by this server; search for what is referred to first, and then by its reference.`
  throw badRequest({ text, expression: `http.${base.slice(0, 60)}` }, 'not-supported')
}

type Control = (search: ParsedSearch, value: string, options: SearchOptions) => void

const controls: Record<string, Control> = {
  _count: (search, value, options) => {
    if (!/^\d{1,9}$/.test(value)) throw invalid('_count', value, 'a number from 0')
    search.count = Math.min(Number(value), options.maximumCount ?? 500)
  },
  _total: (search, value) => {
    if (!['none', 'estimate', 'accurate'].includes(value)) throw invalid('_total', value, 'none, estimate or accurate')
    search.total = value === 'none' ? 'none' : 'accurate'
  },
  _summary: (search, value) => {
    const known = (['true', 'false', 'text', 'data', 'count'] as const).find((each) => each === value)
    if (!known) throw invalid('_summary', value, 'true, false, text, data or count')
    search.summary = known
    if (known === 'count') Object.assign(search, { count: 0, total: 'accurate' })
  },
  _elements: (search, value) => {
    search.elements.push(
      ...value
        .split(',')
        .map((each) => each.trim())
        .filter((each) => each !== ''),
    )
  },
}

function readControl(search: ParsedSearch, [name, value]: [string, string], options: SearchOptions): boolean {
  if (name === '_sort') return readSort(search, value)
  if (/^_(rev)?include(:iterate|:recurse)?$/.test(name)) return readInclude(search, name, value)
  const control = Object.hasOwn(controls, name) ? controls[name] : undefined
  control?.(search, value, options)
  return control !== undefined
}

function readSort(search: ParsedSearch, value: string): boolean {
  const known = searchParameters(search.type)
  const keys = value.split(',').map((each) => each.trim())
  const made = keys.map((key) => ({ parameter: key.replace(/^-/, ''), descending: key.startsWith('-') }))
  const sortable = ({ parameter }: { parameter: string }) => {
    const type = known.get(parameter)?.type
    return type !== undefined && type !== 'composite' && parameter !== '_text' && parameter !== '_content'
  }
  if (made.length > 8 || !made.every(sortable)) return false
  search.sort.push(...made)
  return true
}

function readInclude(search: ParsedSearch, name: string, value: string): boolean {
  const [source = '', parameter, target] = value.split(':')
  for (const type of [source, target])
    if (type !== undefined && !isResource(type)) throw invalid(name, value, 'Type:parameter, or Type:parameter:Type')
  if (parameter === undefined) return false
  const known = searchParameters(source).get(parameter)
  if (parameter !== '*' && known?.type !== 'reference' && known?.type !== 'uri') return false
  const directive: IncludeDirective = { source, parameter, iterate: name.includes(':') }
  if (target !== undefined) directive.target = target
  ;(name.startsWith('_rev') ? search.revinclude : search.include).push(directive)
  return true
}

function readCondition(search: ParsedSearch, name: string, value: string): boolean {
  const [base = '', modifier] = splitModifier(name)
  const parameter = searchParameters(search.type).get(base)
  if (!parameter) return false
  if (parameter.type === 'token' && (modifier === 'in' || modifier === 'not-in')) {
    search.memberships.push({ parameter: base, negated: modifier === 'not-in', valueSet: value })
    return true
  }
  search.conditions.push(parseCondition(parameter, modifier, value))
  return true
}

function splitModifier(name: string): [string, string | undefined] {
  const colon = name.indexOf(':')
  return colon < 0 ? [name, undefined] : [name.slice(0, colon), name.slice(colon + 1)]
}

/** A thousand canonicals. */
const longestCondition = 200_000

function parseCondition(parameter: SearchParameter, modifier: string | undefined, text: string): SearchCondition {
  const isType = parameter.type === 'reference' && modifier !== undefined && /^[A-Z]/.test(modifier)
  const known = modifiers[parameter.type].find((each) => each === modifier)
  if (modifier !== undefined && !known && !isType) {
    const accepted = modifiers[parameter.type].map((each) => `:${each}`).join(' ')
    throw badRequest(
      {
        text: `Search parameter ${parameter.name} does not take the modifier :${modifier}; it takes ${accepted}.`,
        expression: `http.${parameter.name}`,
      },
      'not-supported',
    )
  }
  if (text.length > longestCondition) throw invalid(parameter.name, text, `shorter than ${longestCondition} characters`)
  const condition: SearchCondition = { parameter: parameter.name, values: [] }
  if (known) condition.modifier = known
  for (const part of splitEscaped(text, ',')) {
    if (part === '') continue
    const value = isType && !part.includes('/') ? `${modifier}/${part}` : part
    condition.values.push(prefixed(parameter, known, value))
  }
  if (condition.values.length > 1000) throw invalid(parameter.name, `${condition.values.length} values`, 'at most 1000')
  // whoever evaluates it reads the values in the same way: a bad one is found here, where the request is answered
  for (const each of condition.values) searchMatch(parameter, condition, each)
  return condition
}

function prefixed(parameter: SearchParameter, modifier: SearchModifier | undefined, value: string) {
  return modifier === 'missing' || !ordered.includes(parameter.type) ? { value } : splitPrefix(value)
}

function invalid(name: string, value: string, accepted: string) {
  const shown = value.length > 60 ? `${value.slice(0, 60)}…` : value
  return badRequest({ text: `Search parameter ${name}: "${shown}" is not ${accepted}.`, expression: `http.${name}` })
}

/** Range of a history's `_since` or `_at`. @throws FhirError 400. */
export function instantParameter(name: string, value: string): { low: number; high: number } {
  const range = dateRange(value)
  if (!range) throw invalid(name, value, 'a date or instant such as 2024-05-01 or 2024-05-01T12:00:00Z')
  return range
}
