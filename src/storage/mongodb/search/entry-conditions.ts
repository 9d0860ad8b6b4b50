/**
 * Conditions over one search entry. A condition is a list of alternatives, each of which asks of one entry all that stands in it: so
 * that it can be handed to `$elemMatch`, which knows neither "or" nor "not" of several members.
 */
import { badRequest } from '../../../fhir/error.ts'
import type { ParameterCondition, SearchPrefix } from '../../../fhir/search/condition.ts'
import type { SearchMatch } from '../../../fhir/search/match.ts'
import { cut, keyOf } from './entries.ts'

/** What is asked of one member: an operator of the query language with its value. */
type Test = Record<string, unknown>

/** What is asked of one entry: of each member that is named. */
export type Alternative = Record<string, Test>

type Prefix = SearchPrefix | undefined
type Modifier = ParameterCondition['modifier']

/** Bytes of a pattern that the database takes, and some to spare. */
const longestPattern = 30_000

const is = (value: string | number): Test => ({ $eq: value })

/** Everything that begins so. */
const beginning = (text: string): Test => ({ $gte: text, $lt: `${text}\u{10ffff}` })

/** Everything of one parameter. */
const ofParameter = (name: string): Test => ({ $gte: `${name}=`, $lt: `${name}>` })

/** Alternatives over a text entry of a parameter; `ne` is met by an entry that is another. */
export function textAlternatives(
  name: string,
  match: SearchMatch,
  { modifier, prefix }: { modifier: Modifier; prefix: Prefix },
): Alternative[] {
  const plain = valueAlternatives(match, modifier)
  const met = prefix === 'ne' ? negated(plain) : plain
  return met.flatMap((each) => keyed(name, each))
}

/** Alternatives over members of an entry, without the parameter that it is of. */
export function valueAlternatives(match: SearchMatch, modifier: Modifier): Alternative[] {
  switch (match.kind) {
    case 'string':
      return stringAlternatives(match, modifier)
    case 'token': {
      const code = match.code === undefined ? {} : { v: is(match.code) }
      return [match.system === undefined ? code : { ...code, q: is(match.system) }]
    }
    case 'uri':
      return uriAlternatives(match, modifier)
    case 'part':
      return [{ v: partTest(match) }]
    case 'reference':
      if (modifier === 'above' || modifier === 'below')
        return uriAlternatives({ url: match.value, version: match.version }, modifier)
      if (match.bareId) return [{ x: is(match.value) }, { v: is(match.value) }]
      return [named(match.value, match.version)]
    default:
      return []
  }
}

/** A url, and one version of it where one is named. */
const named = (url: string, version: string): Alternative =>
  version === '' ? { v: is(url) } : { v: is(url), q: is(version) }

/** What none of the alternatives is met by. */
function negated(alternatives: readonly Alternative[]): Alternative[] {
  return alternatives.reduce<Alternative[]>(
    (all, each) =>
      all.flatMap((one) => Object.entries(each).map(([member, test]) => both(one, { [member]: opposite(test) }))),
    [{}],
  )
}

function opposite(test: Test): Test {
  return '$eq' in test ? { $ne: test.$eq } : { $not: test }
}

function both(one: Alternative, more: Alternative): Alternative {
  for (const member of Object.keys(more)) if (member in one) throw new Error('Two tests of one member.')
  return { ...one, ...more }
}

/** With what the database looks up: the parameter, and as much of the value as is known. */
function keyed(name: string, alternative: Alternative): Alternative[] {
  const { v, ...others } = alternative
  if (typeof v?.$eq === 'string') {
    const { key, isWhole } = keyOf(name, v.$eq)
    return [isWhole ? { k: is(key), ...others } : { k: is(key), v, ...others }]
  }
  if (Array.isArray(v?.$in)) {
    const keys = v.$in.map((value) => keyOf(name, String(value)))
    const k = { $in: keys.map(({ key }) => key) }
    return [keys.every(({ isWhole }) => isWhole) ? { k, ...others } : { k, v, ...others }]
  }
  if (typeof v?.$gte === 'string' && typeof v.$lt === 'string') {
    const { key, isWhole } = keyOf(name, v.$gte)
    return [isWhole ? { k: beginning(key), ...others } : { k: is(`${name}=${cut(v.$gte)}`), v, ...others }]
  }
  return [{ k: ofParameter(name), ...alternative }]
}

function stringAlternatives(match: { folded: string; exact: string }, modifier: Modifier): Alternative[] {
  if (modifier === 'exact') return [{ v: is(match.folded), q: is(match.exact) }]
  if (modifier === 'contains') return [{ v: containing(match.folded) }]
  // :text of a token looks at its display
  if (modifier === 'text') return [{ x: containing(match.folded) }]
  return [{ v: beginning(match.folded) }]
}

function partTest({ how, text }: Extract<SearchMatch, { kind: 'part' }>): Test {
  if (how === 'equals') return is(text)
  if (how === 'starts') return beginning(text)
  if (how === 'ends' && text !== '') return { $regex: `${literal(text)}(?![\\s\\S])` }
  return containing(text)
}

const containing = (text: string): Test => ({ $regex: literal(text) })

/** A pattern that is met by the text alone. @throws FhirError 400 when it is longer than the database takes */
function literal(text: string): string {
  const pattern = text.replace(/[!-/:-@[-`{-~]/g, '\\$&')
  if (Buffer.byteLength(pattern) <= longestPattern) return pattern
  throw badRequest(
    'The search looks for a part of a text that is too long: name its beginning, or less of it.',
    'too-long',
  )
}

function uriAlternatives(match: { url: string; version: string }, modifier: Modifier): Alternative[] {
  const { url, version } = match
  if (modifier === 'contains') return [{ v: containing(url) }]
  if (version !== '' && modifier === 'below') {
    const versions = [is(version), beginning(`${version}.`), beginning(`${version}-`)]
    return versions.map((q) => ({ v: is(url), q }))
  }
  if (version !== '' && modifier === 'above') {
    const above = [...version.matchAll(/[.-]|$/g)].slice(0, 100).map(({ index }) => version.slice(0, index))
    return [{ v: is(url), q: { $in: above.filter((each) => each !== '') } }]
  }
  if (modifier === 'below') return [{ v: is(url) }, { v: beginning(url.endsWith('/') ? url : `${url}/`) }]
  if (modifier === 'above') {
    const above = [...url.matchAll(/(?<=[^/:])\/|$/g)].map(({ index }) => url.slice(0, index))
    return [{ v: { $in: above.slice(0, 100).flatMap((each) => [each, `${each}/`]) } }]
  }
  return [named(url, version)]
}

type RangeMatch = Extract<SearchMatch, { kind: 'range' }>

/**
 * Prefixes as https://hl7.org/fhir/R4/search.html#prefix defines them over ranges.
 * @param members names of the lower and the upper end
 * @param now milliseconds, for the prefix `ap`
 */
export function rangeAlternatives(
  match: RangeMatch,
  prefix: Prefix,
  { low: lo, high: hi }: { low: string; high: string },
  now: number,
): Alternative[] {
  const { low, high } = match
  const all = (...tests: [string, Test][]): Alternative => {
    const made: Alternative = {}
    // The two ends may be one member.
    for (const [member, test] of tests) made[member] = { ...made[member], ...test }
    return made
  }
  const within = all([lo, { $gte: low }], [hi, { $lte: high }])
  const above = all([hi, { $gt: high }])
  const below = all([lo, { $lt: low }])
  const comparisons: Record<NonNullable<Prefix>, () => Alternative[]> = {
    eq: () => [within],
    ne: () => [below, above],
    gt: () => [above],
    lt: () => [below],
    ge: () => [above, within],
    le: () => [below, within],
    sa: () => [all([lo, { $gt: high }])],
    eb: () => [all([hi, { $lt: low }])],
    po: () => [all([hi, { $gte: low }], [lo, { $lte: high }])],
    ap: () => {
      const width = 0.1 * Math.abs(low - (match.of === 'time' ? now : 0))
      return [all([hi, { $gte: low - width }], [lo, { $lte: high + width }])]
    },
  }
  const unit: Alternative = {}
  if (match.system !== undefined) unit.s = is(match.system)
  if (match.code !== undefined) unit.c = is(match.code)
  return comparisons[prefix ?? 'eq']().map((each) => ({ ...each, ...unit }))
}
