/** Whether a resource that is in no store meets the conditions of a search: the same reading of values, over the same index. */
import type { Resource } from '../types.ts'
import type { ParameterCondition, SearchCondition, SearchPrefix } from './condition.ts'
import { type SearchIndex, searchIndex } from './index-values.ts'
import { indexedName, type SearchMatch, searchMatch } from './match.ts'
import { type SearchParameter, searchParameters } from './search-parameters.ts'
import { foldText } from './value.ts'

/** A resource and what a search may ask of it beside its content. */
export interface Candidate {
  resource: Resource
  id: string
  /** FHIR instant. */
  lastUpdated: string
  /** Milliseconds since 1970, for `ap`. */
  now: number
}

type Text = SearchIndex['texts'][number]
type Range = SearchIndex['ranges'][number]

/**
 * Whether all conditions are met. Nothing is known of what the resource refers to, or what refers to it: a condition that joins another
 * type is met by nothing.
 * @throws FhirError 400 for a value that cannot be read
 */
export function meetsConditions(candidate: Candidate, conditions: SearchCondition[]): boolean {
  if (conditions.length === 0) return true
  const index = searchIndex(candidate.resource)
  const known = searchParameters(candidate.resource.resourceType)
  const isMet = (condition: SearchCondition): boolean => {
    if ('all' in condition) return condition.all.every(isMet)
    if ('any' in condition) return condition.any.some(isMet)
    if ('not' in condition) return !isMet(condition.not)
    if (!('parameter' in condition)) return false
    const parameter = known.get(condition.parameter)
    return parameter !== undefined && meets(parameter, condition, { candidate, index })
  }
  return conditions.every(isMet)
}

interface Indexed {
  candidate: Candidate
  index: SearchIndex
}

function meets(parameter: SearchParameter, condition: ParameterCondition, indexed: Indexed): boolean {
  const entries = entriesOf({ name: indexedName(condition) }, indexed)
  const found = condition.values.some((value) => {
    const match = searchMatch(parameter, condition, value)
    if (match.kind === 'missing') return match.missing === (entries.texts.length + entries.ranges.length === 0)
    if (match.kind === 'words') return hasWords(match.words, parameter, indexed)
    if (match.kind === 'composite') return meetsComposite(match, indexed)
    // the index has one entry for each value: `ne` is met by one that is another
    const unequal = value.prefix === 'ne'
    return (
      entries.texts.some((each) => textMeets(each, match, condition.modifier) !== unequal) ||
      entries.ranges.some((each) => rangeMeets(each, match, { prefix: value.prefix, now: indexed.candidate.now }))
    )
  })
  return condition.modifier === 'not' ? !found : found
}

interface Entries {
  texts: Text[]
  ranges: Range[]
}

function entriesOf({ name }: Pick<SearchParameter, 'name'>, { candidate, index }: Indexed): Entries {
  const own = { parameter: name, position: 0 }
  if (name === '_id') return { texts: [{ ...own, value: candidate.id, qualifier: '', extra: '' }], ranges: [] }
  if (name === '_lastUpdated') {
    const time = Date.parse(candidate.lastUpdated)
    return { texts: [], ranges: [{ ...own, low: time, high: time, system: '', code: '' }] }
  }
  return {
    texts: index.texts.filter(({ parameter }) => parameter === name),
    ranges: index.ranges.filter(({ parameter }) => parameter === name),
  }
}

function hasWords(words: string[], { name }: SearchParameter, { index }: Indexed): boolean {
  const text = foldText(name === '_text' ? index.narrative : index.content)
  const there = text.match(/[\p{L}\p{N}]+/gu) ?? []
  return words.every((word) => there.some((each) => each.startsWith(word)))
}

function meetsComposite(match: Extract<SearchMatch, { kind: 'composite' }>, indexed: Indexed): boolean {
  const { now } = indexed.candidate
  const [left, right] = match.parts.map(({ parameter, match: part, prefix }) => {
    const { texts, ranges } = entriesOf(parameter, indexed)
    const met = [
      ...texts.filter((each) => textMeets(each, part, undefined)),
      ...ranges.filter((each) => rangeMeets(each, part, { prefix, now })),
    ]
    return new Set(met.map(({ position }) => position))
  })
  return left !== undefined && right !== undefined && [...left].some((position) => right.has(position))
}

function textMeets(entry: Text, match: SearchMatch, modifier: ParameterCondition['modifier']): boolean {
  const { value, qualifier, extra } = entry
  switch (match.kind) {
    case 'string':
      if (modifier === 'exact') return value === match.folded && qualifier === match.exact
      if (modifier === 'contains') return value.includes(match.folded)
      return modifier === 'text' ? extra.includes(match.folded) : value.startsWith(match.folded)
    case 'token':
      return (
        (match.code === undefined || value === match.code) && (match.system === undefined || qualifier === match.system)
      )
    case 'part':
      return partMeets(value, match)
    case 'uri':
      return uriMeets(entry, match, modifier)
    case 'reference':
      if (modifier === 'below' || modifier === 'above')
        return uriMeets(entry, { kind: 'uri', url: match.value, version: match.version }, modifier)
      if (match.bareId) return extra === match.value || value === match.value
      return value === match.value && (match.version === '' || qualifier === match.version)
    default:
      return false
  }
}

function partMeets(value: string, { how, text }: Extract<SearchMatch, { kind: 'part' }>): boolean {
  if (how === 'equals') return value === text
  if (how === 'starts') return value.startsWith(text)
  return how === 'ends' ? value.endsWith(text) : value.includes(text)
}

function uriMeets(
  { value, qualifier }: Text,
  { url, version }: Extract<SearchMatch, { kind: 'uri' }>,
  modifier: ParameterCondition['modifier'],
): boolean {
  if (modifier === 'contains') return value.includes(url)
  if (modifier === 'below' && version !== '')
    return value === url && (qualifier === version || isBelowVersion(qualifier, version))
  if (modifier === 'above' && version !== '')
    return value === url && (qualifier === version || isBelowVersion(version, qualifier))
  if (modifier === 'below') return value === url || value.startsWith(url.endsWith('/') ? url : `${url}/`)
  if (modifier === 'above') return value === url || url.startsWith(value.endsWith('/') ? value : `${value}/`)
  return value === url && (version === '' || qualifier === version)
}

/** Whether a version is one of those that another stands for: `1.0.2` and `1.0-ballot` of `1.0`. */
const isBelowVersion = (version: string, above: string): boolean =>
  above !== '' && version.startsWith(above) && /^[.-]/.test(version.slice(above.length))

/** Prefixes as https://hl7.org/fhir/R4/search.html#prefix defines them over ranges. */
function rangeMeets(
  { low, high, system, code }: Range,
  match: SearchMatch,
  { prefix = 'eq', now }: { prefix: SearchPrefix | undefined; now: number },
): boolean {
  if (match.kind !== 'range') return false
  if (match.system !== undefined && system !== match.system) return false
  if (match.code !== undefined && code !== match.code) return false
  const within = low >= match.low && high <= match.high
  const width = 0.1 * Math.abs(match.low - (match.of === 'time' ? now : 0))
  const comparisons: Record<SearchPrefix, boolean> = {
    eq: within,
    ne: !within,
    gt: high > match.high,
    lt: low < match.low,
    ge: high > match.high || within,
    le: low < match.low || within,
    sa: low > match.high,
    eb: high < match.low,
    ap: high >= match.low - width && low <= match.high + width,
    po: high >= match.low && low <= match.high,
  }
  return comparisons[prefix]
}
