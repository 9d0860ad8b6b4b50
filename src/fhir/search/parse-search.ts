/** Parsing of search requests (https://hl7.org/fhir/R4/search.html). What the parameters are stands in search-parameters.ts. */
import { isResource } from '../elements.ts'
import { badRequest } from '../error.ts'
import { linkedCondition } from './chain.ts'
import type { SearchCondition } from './condition.ts'
import { parseFilter } from './filter.ts'
import { invalidValue as invalid, parseCondition, splitModifier } from './parse-condition.ts'
import { searchParameters } from './search-parameters.ts'
import { dateRange } from './value.ts'

export type { SearchCondition } from './condition.ts'
export { referencesOf } from './index-values.ts'
export { searchModifiers } from './parse-condition.ts'
export {
  type SearchParameter,
  searchableTypes,
  searchParameters,
} from './search-parameters.ts'
export { escapeValue } from './value.ts'

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
  /** Address of the FHIR base: references with and without it are the same. */
  base?: string
  /** Types that a chain joins only when it names them: what they say is not for everybody. */
  onlyNamed?: readonly string[]
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
    else if (readControl(search, [name, value], options) || readCondition(search, [name, value], options)) {
      search.used.push([name, value])
    } else search.unknown.push(name)
  }
  return search
}

/** Parameters of the standard that choose among resources in ways this server does not have. */
const unsupported = new Set(['_query', '_list', '_type', '_containedType'])

/**
 * What would narrow the search and cannot be done here is no parameter to be passed over: everything would match.
 * @throws FhirError 400
 */
function refuseUnsupported(name: string, value: string): void {
  const [base = ''] = splitModifier(name)
  const isContained = base === '_contained' && value !== 'false'
  if (!isContained && !unsupported.has(base)) return
  const text = `The search parameter ${base} is not supported by this server; search for what is referred to first, and then by its reference.`
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

function readCondition(search: ParsedSearch, [name, value]: [string, string], options: SearchOptions): boolean {
  const { type } = search
  const [base = ''] = splitModifier(name)
  if (name === '_filter') search.conditions.push(parseFilter(type, value, options))
  else if (base === '_has' || isChain(name)) search.conditions.push(linkedCondition(type, name, value, options))
  else {
    const parameter = searchParameters(type).get(base)
    if (!parameter) return false
    search.conditions.push(parseCondition(parameter, name, value, options))
  }
  return true
}

/** Whether a name has a dot that is not one of a parameter of the base. */
const isChain = (name: string): boolean => name.includes('.')

/** Range of a history's `_since` or `_at`. @throws FhirError 400. */
export function instantParameter(name: string, value: string): { low: number; high: number } {
  const range = dateRange(value)
  if (!range) throw invalid(name, value, 'a date or instant such as 2024-05-01 or 2024-05-01T12:00:00Z')
  return range
}
