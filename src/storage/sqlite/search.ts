/** Search conditions as SQL over the index tables. */
import { notFound } from '../../fhir/error.ts'
import { type SearchMatch, searchMatch } from '../../fhir/search/match.ts'
import { type SearchCondition, type SearchParameter, searchParameters } from '../../fhir/search/parse-search.ts'
import type { SearchQuery } from '../storage.ts'

/** SQL text with its values, in order. */
export interface Sql {
  text: string
  values: (string | number)[]
}

/** What the translation needs to know beside the query. */
export interface SearchEnvironment {
  /** Number of an indexed parameter; undefined when no resource has a value for it. */
  parameterNumber(type: string, name: string): number | undefined
  /** Milliseconds, for the prefix `ap`. */
  now: number
}

type Prefix = SearchCondition['values'][number]['prefix']

const sql = (text: string, ...values: (string | number)[]): Sql => ({ text, values })
const never = sql('0')

/** Joins as a balanced tree: SQLite takes 1000 levels of AND and OR, a chain of values would have one level each. */
function join(parts: Sql[], separator: ' AND ' | ' OR '): Sql {
  const [first] = parts
  if (!first) return separator === ' AND ' ? sql('1') : never
  if (parts.length === 1) return first
  const middle = Math.ceil(parts.length / 2)
  const left = join(parts.slice(0, middle), separator)
  const right = join(parts.slice(middle), separator)
  return { text: `(${left.text})${separator}(${right.text})`, values: [...left.values, ...right.values] }
}

/**
 * All conditions of a query over a row `s` of `searchable`.
 * @throws FhirError 400 for a value that cannot be read, 404 for a parameter the type does not have.
 */
export function conditionsSql(query: SearchQuery, environment: SearchEnvironment): Sql {
  const ranked = [...query.conditions, ...(query.everywhere?.(query.type) ?? [])].map((each) => ({
    each,
    rank: selectivity(query.type, each),
  }))
  const driver = ranked.reduce<(typeof ranked)[number] | undefined>(
    (best, next) => (next.rank < (best?.rank ?? 3) ? next : best),
    undefined,
  )
  // SQLite would walk the product of two IN lists; the unary plus leaves it one list to walk and the rest to test
  const parts = ranked.map((one) => {
    const made = conditionSql(query.type, one.each, environment)
    return one === driver ? made : { ...made, text: made.text.replaceAll('s.seq IN', '+s.seq IN') }
  })
  return join([sql('1'), ...parts], ' AND ')
}

/** How few resources a condition is likely to leave: 0 few, 2 many, 3 not fit to lead. */
function selectivity(type: string, { parameter, modifier }: SearchCondition): number {
  const kind = parameterOf(type, parameter).type
  if (parameter.startsWith('_') || modifier === 'missing' || modifier === 'not') return 3
  if (kind === 'uri' || kind === 'reference') return modifier === undefined ? 0 : 2
  if (kind === 'string' || kind === 'token') return parameter === 'status' || modifier !== undefined ? 2 : 1
  return 3
}

/** The value by which a row `s` is sorted; null when it has none. */
export function sortSql(type: string, sort: SearchQuery['sort'][number], environment: SearchEnvironment): Sql {
  const parameter = parameterOf(type, sort.parameter)
  if (parameter.name === '_id') return sql('s.id')
  if (parameter.name === '_lastUpdated') return sql('s.updated')
  const pid = environment.parameterNumber(type, parameter.name)
  if (pid === undefined) return sql('NULL')
  const range = isRange(parameter)
  const column = range ? (sort.descending ? 'max(high)' : 'min(low)') : sort.descending ? 'max(value)' : 'min(value)'
  return sql(`SELECT ${column} FROM ${range ? 'range_index' : 'text_index'} i WHERE i.seq = s.seq AND i.pid = ?`, pid)
}

function parameterOf(type: string, name: string): SearchParameter {
  const parameter = searchParameters(type).get(name)
  if (!parameter) throw notFound(`${type} has no search parameter ${name}.`)
  return parameter
}

function isRange(parameter: SearchParameter): boolean {
  return parameter.type === 'date' || parameter.type === 'number' || parameter.type === 'quantity'
}

function conditionSql(type: string, condition: SearchCondition, environment: SearchEnvironment): Sql {
  const parameter = parameterOf(type, condition.parameter)
  const matches = condition.values.map((each) => ({
    prefix: each.prefix,
    match: searchMatch(parameter, condition, each),
  }))
  if (matches.length === 0) return never
  const special = specialSql(parameter, condition, matches, environment)
  if (special) return special
  if (parameter.parts)
    return join(
      matches.map(({ match }) => compositeSql(type, match, environment)),
      ' OR ',
    )
  const pid = environment.parameterNumber(type, parameter.name)
  const table = isRange(parameter) ? 'range_index' : 'text_index'
  const first = matches[0]?.match
  if (first?.kind === 'missing') {
    // Row by row: a list of all that have a value would be made of every code of every code system.
    const present =
      pid === undefined ? never : sql(`EXISTS (SELECT 1 FROM ${table} i WHERE i.seq = s.seq AND i.pid = ?)`, pid)
    return first.missing ? sql(`NOT (${present.text})`, ...present.values) : present
  }
  const rows = join(rowConditions(matches, condition.modifier, environment.now), ' OR ')
  const matching =
    pid === undefined
      ? never
      : sql(`s.seq IN (SELECT seq FROM ${table} WHERE pid = ? AND (${rows.text}))`, pid, ...rows.values)
  return condition.modifier === 'not' ? sql(`NOT (${matching.text})`, ...matching.values) : matching
}

interface Matched {
  prefix: Prefix
  match: SearchMatch
}

/** From this many values on, codes are given as lists: an expanded value set has thousands. */
const listedCodes = 20

function rowConditions(matches: Matched[], modifier: SearchCondition['modifier'], now: number): Sql[] {
  const codes = new Map<string | undefined, string[]>()
  const others: Matched[] = []
  for (const each of matches) {
    const { match } = each
    if (matches.length < listedCodes || match.kind !== 'token' || match.code === undefined) others.push(each)
    else append(codes, match.system, match.code)
  }
  const lists = [...codes].map(([system, list]) => {
    const listed = sql('value IN (SELECT value FROM json_each(?))', JSON.stringify(list))
    return system === undefined ? listed : join([listed, sql('qualifier = ?', system)], ' AND ')
  })
  return [...lists, ...others.map(({ match, prefix }) => rowSql(match, modifier, prefix, now))]
}

function append(lists: Map<string | undefined, string[]>, key: string | undefined, code: string): void {
  const list = lists.get(key)
  if (list) list.push(code)
  else lists.set(key, [code])
}

/** Parameters that are not in the index tables: `_id`, `_lastUpdated`, `_text`, `_content`. */
function specialSql(
  parameter: SearchParameter,
  condition: SearchCondition,
  matches: Matched[],
  environment: SearchEnvironment,
): Sql | undefined {
  const first = matches[0]?.match
  const special = ['_id', '_lastUpdated', '_text', '_content'].includes(parameter.name)
  if (!special) return undefined
  if (first?.kind === 'missing') return first.missing ? never : sql('1')
  const parts = matches.map(({ match, prefix }) => {
    if (match.kind === 'token') return match.system ? never : sql('s.id = ?', match.code ?? '')
    if (match.kind === 'range')
      return rangeSql(match, prefix, { low: 's.updated', high: 's.updated', now: environment.now })
    if (match.kind !== 'words') return never
    const column = parameter.name === '_text' ? 'narrative' : 'content'
    const words = match.words.map((each) => `"${each}"*`).join(' AND ')
    return sql('s.seq IN (SELECT rowid FROM fulltext WHERE fulltext MATCH ?)', `${column} : (${words})`)
  })
  const any = join(parts, ' OR ')
  return condition.modifier === 'not' ? sql(`NOT (${any.text})`, ...any.values) : any
}

function compositeSql(type: string, match: SearchMatch, environment: SearchEnvironment): Sql {
  if (match.kind !== 'composite') return match.kind === 'missing' ? sql(match.missing ? '0' : '1') : never
  const [left, right] = match.parts.map((part) => {
    const pid = environment.parameterNumber(type, part.parameter.name)
    if (pid === undefined) return undefined
    const row = rowSql(part.match, undefined, part.prefix, environment.now)
    const table = isRange(part.parameter) ? 'range_index' : 'text_index'
    return sql(`SELECT seq, position FROM ${table} WHERE pid = ? AND (${row.text})`, pid, ...row.values)
  })
  if (!left || !right) return never
  const text = `s.seq IN (SELECT a.seq FROM (${left.text}) a JOIN (${right.text}) b ON a.seq = b.seq AND a.position = b.position)`
  return sql(text, ...left.values, ...right.values)
}

/** Condition over one index row. */
function rowSql(match: SearchMatch, modifier: SearchCondition['modifier'], prefix: Prefix, now: number): Sql {
  switch (match.kind) {
    case 'string':
      return stringSql(match, modifier)
    case 'token': {
      const parts = [sql('1')]
      if (match.code !== undefined) parts.push(sql('value = ?', match.code))
      if (match.system !== undefined) parts.push(sql('qualifier = ?', match.system))
      return join(parts, ' AND ')
    }
    case 'uri':
      return uriSql(match, modifier)
    case 'reference': {
      if (match.bareId) return sql('extra = ? OR value = ?', match.value, match.value)
      const version = match.version === '' ? sql('1') : sql('qualifier = ?', match.version)
      return join([sql('value = ?', match.value), version], ' AND ')
    }
    case 'range':
      return rangeSql(match, prefix, { low: 'low', high: 'high', now })
    default:
      return never
  }
}

function stringSql(match: { folded: string; exact: string }, modifier: SearchCondition['modifier']): Sql {
  if (modifier === 'exact') return sql('value = ? AND qualifier = ?', match.folded, match.exact)
  if (modifier === 'contains') return sql('instr(value, ?) > 0', match.folded)
  // :text of a token looks at its display
  if (modifier === 'text') return sql('instr(extra, ?) > 0', match.folded)
  return startsWith(match.folded)
}

function startsWith(prefix: string): Sql {
  return sql('value >= ? AND value < ?', prefix, `${prefix}\u{10ffff}`)
}

function uriSql(match: { url: string; version: string }, modifier: SearchCondition['modifier']): Sql {
  if (modifier === 'contains') return sql('instr(value, ?) > 0', match.url)
  if (modifier === 'below') {
    const folder = match.url.endsWith('/') ? match.url : `${match.url}/`
    return join([sql('value = ?', match.url), startsWith(folder)], ' OR ')
  }
  if (modifier === 'above') {
    const above = [...match.url.matchAll(/(?<=[^/:])\/|$/g)].map(({ index }) => match.url.slice(0, index))
    const candidates = above.slice(0, 100).flatMap((each) => [each, `${each}/`])
    return sql(`value IN (${candidates.map(() => '?').join(', ')})`, ...candidates)
  }
  const version = match.version === '' ? sql('1') : sql('qualifier = ?', match.version)
  return join([sql('value = ?', match.url), version], ' AND ')
}

interface RangeColumns {
  low: string
  high: string
  now: number
}

type RangeMatch = Extract<SearchMatch, { kind: 'range' }>

/** Prefixes as https://hl7.org/fhir/R4/search.html#prefix defines them over ranges. */
function rangeSql(match: RangeMatch, prefix: Prefix, { low, high, now }: RangeColumns): Sql {
  const within = sql(`${low} >= ? AND ${high} <= ?`, match.low, match.high)
  const comparisons: Record<NonNullable<Prefix>, () => Sql> = {
    eq: () => within,
    ne: () => sql(`NOT (${within.text})`, ...within.values),
    gt: () => sql(`${high} > ?`, match.high),
    lt: () => sql(`${low} < ?`, match.low),
    ge: () => join([sql(`${high} > ?`, match.high), within], ' OR '),
    le: () => join([sql(`${low} < ?`, match.low), within], ' OR '),
    sa: () => sql(`${low} > ?`, match.high),
    eb: () => sql(`${high} < ?`, match.low),
    ap: () => {
      const width = 0.1 * Math.abs(match.low - (match.of === 'time' ? now : 0))
      return sql(`${high} >= ? AND ${low} <= ?`, match.low - width, match.high + width)
    },
  }
  const parts = [comparisons[prefix ?? 'eq']()]
  if (match.system !== undefined) parts.push(sql('system = ?', match.system))
  if (match.code !== undefined) parts.push(sql('code = ?', match.code))
  return join(parts, ' AND ')
}
