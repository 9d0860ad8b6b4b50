/** Whether a resource that is in no store meets the conditions of a search: the same reading of values, over the same index. */
import type { Resource } from '../types.ts'
import { type SearchIndex, searchIndex } from './index-values.ts'
import { type SearchCondition, type SearchMatch, type SearchPrefix, searchMatch } from './match.ts'
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

/** Whether all conditions are met. @throws FhirError 400 for a value that cannot be read */
export function meetsConditions(candidate: Candidate, conditions: SearchCondition[]): boolean {
  if (conditions.length === 0) return true
  const index = searchIndex(candidate.resource)
  const known = searchParameters(candidate.resource.resourceType)
  return conditions.every((condition) => {
    const parameter = known.get(condition.parameter)
    return parameter !== undefined && meets(parameter, condition, { candidate, index })
  })
}

interface Indexed {
  candidate: Candidate
  index: SearchIndex
}

function meets(parameter: SearchParameter, condition: SearchCondition, indexed: Indexed): boolean {
  const entries = entriesOf(parameter, indexed)
  const found = condition.values.some((value) => {
    const match = searchMatch(parameter, condition, value)
    if (match.kind === 'missing') return match.missing === (entries.texts.length + entries.ranges.length === 0)
    if (match.kind === 'words') return hasWords(match.words, parameter, indexed)
    if (match.kind === 'composite') return meetsComposite(match, indexed)
    return (
      entries.texts.some((each) => textMeets(each, match, condition.modifier)) ||
      entries.ranges.some((each) => rangeMeets(each, match, { prefix: value.prefix, now: indexed.candidate.now }))
    )
  })
  return condition.modifier === 'not' ? !found : found
}

interface Entries {
  texts: Text[]
  ranges: Range[]
}

function entriesOf({ name }: SearchParameter, { candidate, index }: Indexed): Entries {
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

function textMeets(entry: Text, match: SearchMatch, modifier: SearchCondition['modifier']): boolean {
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
    case 'uri':
      return uriMeets(entry, match, modifier)
    case 'reference':
      if (match.bareId) return extra === match.value || value === match.value
      return value === match.value && (match.version === '' || qualifier === match.version)
    default:
      return false
  }
}

function uriMeets(
  { value, qualifier }: Text,
  { url, version }: Extract<SearchMatch, { kind: 'uri' }>,
  modifier: SearchCondition['modifier'],
): boolean {
  if (modifier === 'contains') return value.includes(url)
  if (modifier === 'below') return value === url || value.startsWith(url.endsWith('/') ? url : `${url}/`)
  if (modifier === 'above') return value === url || url.startsWith(value.endsWith('/') ? value : `${value}/`)
  return value === url && (version === '' || qualifier === version)
}

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
  }
  return comparisons[prefix]
}
