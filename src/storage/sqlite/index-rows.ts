/** Conditions over one row of an index table as SQL, and how SQL is put together. */
import type { ParameterCondition, SearchPrefix } from '../../fhir/search/condition.ts'
import type { SearchMatch } from '../../fhir/search/match.ts'

/** SQL text with its values, in order. */
export interface Sql {
  text: string
  values: (string | number)[]
}

type Prefix = SearchPrefix | undefined

/** SQL with its values. */
export const sql = (text: string, ...values: (string | number)[]): Sql => ({ text, values })
/** No row. */
export const never = sql('0')

/** Joins as a balanced tree: SQLite takes 1000 levels of AND and OR, a chain of values would have one level each. */
export function join(parts: Sql[], separator: ' AND ' | ' OR '): Sql {
  const [first] = parts
  if (!first) return separator === ' AND ' ? sql('1') : never
  if (parts.length === 1) return first
  const middle = Math.ceil(parts.length / 2)
  const left = join(parts.slice(0, middle), separator)
  const right = join(parts.slice(middle), separator)
  return { text: `(${left.text})${separator}(${right.text})`, values: [...left.values, ...right.values] }
}

/** What a value of a condition asks of a row. */
export interface Matched {
  prefix: Prefix
  match: SearchMatch
}

/** From this many values on, codes are given as lists: an expanded value set has thousands. */
const listedCodes = 20

/** Conditions over a row, any of which is enough. @param now milliseconds, for the prefix `ap` */
export function rowConditions(matches: Matched[], modifier: ParameterCondition['modifier'], now: number): Sql[] {
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

/** Condition over one index row; `ne` before what is no range is met by a row that is another. */
export function rowSql(match: SearchMatch, modifier: ParameterCondition['modifier'], prefix: Prefix, now: number): Sql {
  const made = plainRowSql(match, modifier, prefix, now)
  return prefix === 'ne' && match.kind !== 'range' ? sql(`NOT (${made.text})`, ...made.values) : made
}

function plainRowSql(match: SearchMatch, modifier: ParameterCondition['modifier'], prefix: Prefix, now: number): Sql {
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
    case 'part':
      return partSql(match)
    case 'reference': {
      if (modifier === 'above' || modifier === 'below')
        return uriSql({ url: match.value, version: match.version }, modifier)
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

function stringSql(match: { folded: string; exact: string }, modifier: ParameterCondition['modifier']): Sql {
  if (modifier === 'exact') return sql('value = ? AND qualifier = ?', match.folded, match.exact)
  if (modifier === 'contains') return sql('instr(value, ?) > 0', match.folded)
  // :text of a token looks at its display
  if (modifier === 'text') return sql('instr(extra, ?) > 0', match.folded)
  return startsWith(match.folded)
}

function partSql({ how, text }: Extract<SearchMatch, { kind: 'part' }>): Sql {
  if (how === 'equals') return sql('value = ?', text)
  if (how === 'starts') return startsWith(text)
  if (how === 'ends' && text !== '') return sql('substr(value, -length(?)) = ?', text, text)
  return sql('instr(value, ?) > 0', text)
}

function startsWith(prefix: string): Sql {
  return within('value', prefix)
}

function uriSql(match: { url: string; version: string }, modifier: ParameterCondition['modifier']): Sql {
  if (modifier === 'contains') return sql('instr(value, ?) > 0', match.url)
  if (match.version !== '' && (modifier === 'below' || modifier === 'above')) return versionSql(match, modifier)
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

/** Versions of one canonical: those that a version stands for (`1.0.2` and `1.0-ballot` of `1.0`), or those that stand for it. */
function versionSql({ url, version }: { url: string; version: string }, modifier: 'above' | 'below'): Sql {
  if (modifier === 'below') {
    const versions = join(
      [sql('qualifier = ?', version), ...['.', '-'].map((each) => within('qualifier', version + each))],
      ' OR ',
    )
    return join([sql('value = ?', url), versions], ' AND ')
  }
  const above = [...version.matchAll(/[.-]|$/g)].slice(0, 100).map(({ index }) => version.slice(0, index))
  return sql(`value = ? AND qualifier <> '' AND qualifier IN (${above.map(() => '?').join(', ')})`, url, ...above)
}

const within = (column: string, prefix: string): Sql =>
  sql(`${column} >= ? AND ${column} < ?`, prefix, `${prefix}\u{10ffff}`)

interface RangeColumns {
  low: string
  high: string
  now: number
}

type RangeMatch = Extract<SearchMatch, { kind: 'range' }>

/** Prefixes as https://hl7.org/fhir/R4/search.html#prefix defines them over ranges. */
export function rangeSql(match: RangeMatch, prefix: Prefix, { low, high, now }: RangeColumns): Sql {
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
    po: () => sql(`${high} >= ? AND ${low} <= ?`, match.low, match.high),
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
