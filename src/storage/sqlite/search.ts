/** Search conditions as SQL over the index tables. */
import { notFound } from '../../fhir/error.ts'
import type {
  ChainCondition,
  ParameterCondition,
  ReverseCondition,
  SearchCondition,
} from '../../fhir/search/condition.ts'
import { indexedName, type SearchMatch, searchMatch } from '../../fhir/search/match.ts'
import { type SearchParameter, searchParameters } from '../../fhir/search/parse-search.ts'
import type { SearchQuery } from '../storage.ts'
import { join, type Matched, never, rangeSql, rowConditions, rowSql, type Sql, sql } from './index-rows.ts'

/** What the translation needs to know beside the query. */
export interface SearchEnvironment {
  /** Number of an indexed parameter; undefined when no resource has a value for it. */
  parameterNumber(type: string, name: string): number | undefined
  /** Milliseconds, for the prefix `ap`. */
  now: number
  /** The state that is searched: the number of its last write. */
  snapshot: number
}

/** Where a condition stands. */
interface Place extends SearchEnvironment {
  type: string
  everywhere: SearchQuery['everywhere']
  /** How the row is named in lists that SQLite may walk (`s.seq`), or shall only test (`+s.seq`). */
  row: 's.seq' | '+s.seq'
}

/**
 * All conditions over a row `s` of `searchable`, which must be of the type and of the state.
 * @throws FhirError 400 for a value that cannot be read, 404 for a parameter the type does not have.
 */
export function conditionsSql(
  { type, conditions, everywhere }: Pick<SearchQuery, 'type' | 'conditions' | 'everywhere'>,
  environment: SearchEnvironment,
): Sql {
  const ranked = [...conditions, ...(everywhere?.(type) ?? [])].map((each) => ({ each, rank: selectivity(type, each) }))
  const driver = ranked.reduce<(typeof ranked)[number] | undefined>(
    (best, next) => (next.rank < (best?.rank ?? 3) ? next : best),
    undefined,
  )
  // SQLite would walk the product of two IN lists; the unary plus leaves it one list to walk and the rest to test
  const parts = ranked.map((one) =>
    treeSql(one.each, { ...environment, type, everywhere, row: one === driver ? 's.seq' : '+s.seq' }),
  )
  return join([sql('1'), ...parts], ' AND ')
}

/** How few resources a condition is likely to leave: 0 few, 2 many, 3 not fit to lead. */
function selectivity(type: string, condition: SearchCondition): number {
  if ('meeting' in condition) return 1
  if (!('parameter' in condition)) return 3
  const { parameter, modifier, values } = condition
  const kind = parameterOf(type, parameter).type
  if (parameter.startsWith('_') || modifier === 'missing' || modifier === 'not') return 3
  if (values.some(({ prefix }) => prefix === 'ne')) return 3
  if (kind === 'uri' || kind === 'reference') return modifier === undefined ? 0 : 2
  if (kind === 'string' || kind === 'token') return parameter === 'status' || modifier !== undefined ? 2 : 1
  return 3
}

function treeSql(condition: SearchCondition, place: Place): Sql {
  const inner: Place = { ...place, row: '+s.seq' }
  if ('parameter' in condition) return conditionSql(condition, place)
  if ('all' in condition)
    return join(
      condition.all.map((each) => treeSql(each, inner)),
      ' AND ',
    )
  if ('any' in condition)
    return join(
      condition.any.map((each) => treeSql(each, inner)),
      ' OR ',
    )
  if ('not' in condition) {
    const made = treeSql(condition.not, inner)
    return sql(`NOT (${made.text})`, ...made.values)
  }
  return 'refersTo' in condition ? chainSql(condition, place) : reverseSql(condition, place)
}

/** Rows of a type in the state that meet conditions, and what holds for every type that takes part; to be joined. */
function joinedSql(type: string, conditions: SearchCondition[], place: Place): Sql {
  const { everywhere } = place
  const met = conditionsSql({ type, conditions, ...(everywhere ? { everywhere } : {}) }, place)
  const text = `s.type = ? AND s.seq <= ? AND s.until > ? AND (${met.text})`
  return sql(text, type, place.snapshot, place.snapshot, ...met.values)
}

/** Addresses under which references name a resource: without the base, and with it. */
const addressesOf = (type: string, base: string | undefined): string[] => [
  `${type}/`,
  ...(base === undefined ? [] : [`${base}/${type}/`]),
]

/**
 * Rows that refer to a joined one: the joined ones are found first, once, then what refers to them by address or canonical. CROSS JOIN
 * holds SQLite to that order (https://www.sqlite.org/optoverview.html#crossjoin): left to itself it walks all references for each of all
 * canonicals.
 */
function chainSql({ refersTo, by, meeting, base }: ChainCondition, place: Place): Sql {
  const pid = place.parameterNumber(place.type, linkOf(place.type, by))
  if (pid === undefined) return never
  const joined = joinedSql(refersTo, meeting, place)
  const addresses = addressesOf(refersTo, base)
  const byAddress = addresses.map(
    () => 'SELECT r.seq FROM joined CROSS JOIN text_index r ON r.pid = ? AND r.value = ? || joined.id',
  )
  const canonicals = 'FROM joined CROSS JOIN canonical_index c ON c.seq = joined.seq'
  const byCanonical = `SELECT r.seq FROM (SELECT c.url AS url, c.version AS version ${canonicals}
    UNION SELECT c.url, '' ${canonicals}) n
    CROSS JOIN text_index r ON r.pid = ? AND r.value = n.url AND r.qualifier = n.version`
  const text = `${place.row} IN (WITH joined (seq, id) AS MATERIALIZED
    (SELECT s.seq, s.id FROM searchable s WHERE ${joined.text}) ${[...byAddress, byCanonical].join(' UNION ALL ')})`
  return sql(text, ...joined.values, ...addresses.flatMap((each) => [pid, each]), pid)
}

/** Rows that a joined one refers to: the references of the joined ones are found first, once, then what they name. */
function reverseSql({ referredBy, by, meeting, base }: ReverseCondition, place: Place): Sql {
  const pid = place.parameterNumber(referredBy, linkOf(referredBy, by))
  if (pid === undefined) return never
  const joined = joinedSql(referredBy, meeting, place)
  const addresses = addressesOf(place.type, base)
  const byAddress = addresses.map(
    () => `SELECT x.seq FROM joined CROSS JOIN searchable x ON x.type = ? AND x.id = substr(joined.value, ?)
      WHERE substr(joined.value, 1, ?) = ?`,
  )
  const byCanonical = `SELECT c.seq FROM joined CROSS JOIN canonical_index c ON c.type = ? AND c.url = joined.value
    AND (joined.qualifier = '' OR joined.qualifier = c.version)`
  const text = `${place.row} IN (WITH joined (value, qualifier) AS MATERIALIZED
    (SELECT DISTINCT r.value, r.qualifier FROM searchable s JOIN text_index r ON r.seq = s.seq AND r.pid = ? WHERE ${joined.text})
    ${[...byAddress, byCanonical].join(' UNION ALL ')})`
  const ofAddresses = addresses.flatMap((each) => [place.type, each.length + 1, each.length, each])
  return sql(text, pid, ...joined.values, ...ofAddresses, place.type)
}

/** @throws FhirError 404 for a parameter that refers to nothing */
function linkOf(type: string, name: string): string {
  const parameter = parameterOf(type, name)
  if (parameter.type !== 'reference' && parameter.type !== 'uri') throw notFound(`${type}.${name} is no reference.`)
  return name
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

function conditionSql(condition: ParameterCondition, place: Place): Sql {
  const { type, row } = place
  const parameter = parameterOf(type, condition.parameter)
  const matches = condition.values.map((each) => ({
    prefix: each.prefix,
    match: searchMatch(parameter, condition, each),
  }))
  if (matches.length === 0) return never
  const special = specialSql(parameter, condition, matches, place)
  if (special) return special
  if (parameter.parts)
    return join(
      matches.map(({ match }) => compositeSql(match, place)),
      ' OR ',
    )
  const pid = place.parameterNumber(type, indexedName(condition))
  const table = isRange(parameter) ? 'range_index' : 'text_index'
  const first = matches[0]?.match
  if (first?.kind === 'missing') {
    // Row by row: a list of all that have a value would be made of every code of every code system.
    const present =
      pid === undefined ? never : sql(`EXISTS (SELECT 1 FROM ${table} i WHERE i.seq = s.seq AND i.pid = ?)`, pid)
    return first.missing ? sql(`NOT (${present.text})`, ...present.values) : present
  }
  const rows = join(rowConditions(matches, condition.modifier, place.now), ' OR ')
  const matching =
    pid === undefined
      ? never
      : sql(`${row} IN (SELECT seq FROM ${table} WHERE pid = ? AND (${rows.text}))`, pid, ...rows.values)
  return condition.modifier === 'not' ? sql(`NOT (${matching.text})`, ...matching.values) : matching
}

/** Parameters that are not in the index tables: `_id`, `_lastUpdated`, `_text`, `_content`. */
function specialSql(
  parameter: SearchParameter,
  condition: ParameterCondition,
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
    return sql('+s.seq IN (SELECT rowid FROM fulltext WHERE fulltext MATCH ?)', `${column} : (${words})`)
  })
  const any = join(parts, ' OR ')
  return condition.modifier === 'not' ? sql(`NOT (${any.text})`, ...any.values) : any
}

function compositeSql(match: SearchMatch, place: Place): Sql {
  if (match.kind !== 'composite') return match.kind === 'missing' ? sql(match.missing ? '0' : '1') : never
  const [left, right] = match.parts.map((part) => {
    const pid = place.parameterNumber(place.type, part.parameter.name)
    if (pid === undefined) return undefined
    const row = rowSql(part.match, undefined, part.prefix, place.now)
    const table = isRange(part.parameter) ? 'range_index' : 'text_index'
    return sql(`SELECT seq, position FROM ${table} WHERE pid = ? AND (${row.text})`, pid, ...row.values)
  })
  if (!left || !right) return never
  const text = `${place.row} IN (SELECT a.seq FROM (${left.text}) a JOIN (${right.text}) b ON a.seq = b.seq AND a.position = b.position)`
  return sql(text, ...left.values, ...right.values)
}
