/** Search conditions as filters of the database over {@link SearchableDocument}. */
import type { ParameterCondition, SearchCondition } from '../../../fhir/search/condition.ts'
import { indexedName, type SearchMatch, searchMatch } from '../../../fhir/search/match.ts'
import type { SearchParameter } from '../../../fhir/search/parse-search.ts'
import { wordCharacters } from './entries.ts'
import { type Alternative, rangeAlternatives, textAlternatives, valueAlternatives } from './entry-conditions.ts'
import { chainNumbers, reverseNumbers } from './joins.ts'
import { inState, parameterOf, type SearchPlace, type Where } from './place.ts'

/** Nothing, and everything. */
const never: Where = { _id: { $in: [] } }
const always: Where = {}

const not = (where: Where): Where => ({ $nor: [where] })
const any = (parts: Where[]): Where =>
  parts.length === 0 ? never : parts.length === 1 ? (parts[0] ?? never) : { $or: parts }

/** What of a type is in the state, and meets conditions and what holds for every type that takes part. */
export async function visible(place: SearchPlace, conditions: readonly SearchCondition[]): Promise<Where> {
  const parts: Where[] = [inState(place)]
  for (const each of [...conditions, ...(place.everywhere?.(place.type) ?? [])])
    parts.push(await treeWhere(each, place))
  return { $and: parts }
}

async function treeWhere(condition: SearchCondition, place: SearchPlace): Promise<Where> {
  if ('parameter' in condition) return conditionWhere(condition, place)
  if ('not' in condition) return not(await treeWhere(condition.not, place))
  if ('all' in condition || 'any' in condition) {
    const parts: Where[] = []
    for (const each of 'all' in condition ? condition.all : condition.any) parts.push(await treeWhere(each, place))
    if ('any' in condition) return any(parts)
    return parts.length === 0 ? always : { $and: parts }
  }
  const joined = (type: string, meeting: SearchCondition[]) => visible({ ...place, type }, meeting)
  const numbers =
    'refersTo' in condition
      ? await chainNumbers(condition, place, joined)
      : await reverseNumbers(condition, place, joined)
  return { _id: { $in: numbers } }
}

const isRange = ({ type }: SearchParameter): boolean => type === 'date' || type === 'number' || type === 'quantity'

interface Matched {
  prefix: ParameterCondition['values'][number]['prefix']
  match: SearchMatch
}

async function conditionWhere(condition: ParameterCondition, place: SearchPlace): Promise<Where> {
  const parameter = parameterOf(place.type, condition.parameter)
  const matches = condition.values.map(
    (each): Matched => ({
      prefix: each.prefix,
      match: searchMatch(parameter, condition, each),
    }),
  )
  const first = matches[0]?.match
  if (!first) return never
  const found = await matchesWhere(parameter, condition, matches, place)
  return condition.modifier === 'not' && first.kind !== 'missing' ? not(found) : found
}

async function matchesWhere(
  parameter: SearchParameter,
  condition: ParameterCondition,
  matches: Matched[],
  place: SearchPlace,
): Promise<Where> {
  const { modifier } = condition
  const { name } = parameter
  const missing = matches[0]?.match
  if (missing?.kind === 'missing') {
    const isSpecial = ['_id', '_lastUpdated', '_text', '_content'].includes(name)
    if (isSpecial || parameter.parts) return missing.missing ? never : always
    return missing.missing ? { has: { $ne: name } } : { has: name }
  }
  if (name === '_id') return any(matches.map(({ match }) => idWhere(match)))
  if (name === '_lastUpdated')
    return any(matches.flatMap(({ match, prefix }) => updatedWhere(match, prefix, place.now)))
  if (name === '_text' || name === '_content')
    return any(await Promise.all(matches.map(({ match }) => wordsWhere(name, match, place))))
  if (parameter.parts)
    return entriesWhere(
      'cx',
      matches.flatMap(({ match }) => pairAlternatives(parameter, match, place.now)),
      place,
    )
  const indexed = indexedName(condition)
  if (isRange(parameter)) {
    const ends = { low: 'lo', high: 'hi' }
    const met = matches.flatMap(({ match, prefix }) =>
      match.kind === 'range' ? rangeAlternatives(match, prefix, ends, place.now) : [],
    )
    return entriesWhere(
      'rx',
      met.map((each) => ({ p: { $eq: indexed }, ...each })),
      place,
    )
  }
  const met = matches.flatMap(({ match, prefix }) => textAlternatives(indexed, match, { modifier, prefix }))
  return entriesWhere('ix', gathered(met), place)
}

const idWhere = (match: SearchMatch): Where =>
  match.kind === 'token' && !match.system ? { id: match.code ?? '' } : never

const updatedWhere = (match: SearchMatch, prefix: Matched['prefix'], now: number): Where[] =>
  match.kind === 'range' ? rangeAlternatives(match, prefix, { low: 'updated', high: 'updated' }, now) : []

/** Alternatives that differ in one equal value as one with a list of values: an expanded value set has thousands. */
function gathered(alternatives: readonly Alternative[]): Alternative[] {
  const lists = new Map<string, { first: Alternative; keys: unknown[] }>()
  const others: Alternative[] = []
  for (const each of alternatives) {
    const { k, ...rest } = each
    if (k === undefined || !('$eq' in k)) {
      others.push(each)
      continue
    }
    const shape = JSON.stringify(rest)
    const list = lists.get(shape) ?? { first: rest, keys: [] }
    list.keys.push(k.$eq)
    lists.set(shape, list)
  }
  const made = [...lists.values()].map(({ first, keys }) => ({
    k: keys.length === 1 ? { $eq: keys[0] } : { $in: keys },
    ...first,
  }))
  return [...made, ...others]
}

/** Both values of a composite parameter, at one place. */
function pairAlternatives(parameter: SearchParameter, match: SearchMatch, now: number): Alternative[] {
  if (match.kind !== 'composite') return []
  const [left, right] = match.parts.map((part, side) => {
    const at = side === 0 ? 'l' : 'r'
    const met =
      part.match.kind === 'range'
        ? rangeAlternatives(part.match, part.prefix, { low: 'lo', high: 'hi' }, now)
        : valueAlternatives(part.match, undefined)
    return met.map((each) =>
      Object.fromEntries(Object.entries(each).map(([member, test]) => [`${at}.${member}`, test])),
    )
  })
  const p = { $eq: parameter.name }
  return (left ?? []).flatMap((one) => (right ?? []).map((other) => ({ p, ...one, ...other })))
}

/** Versions that have an entry which meets one of the alternatives: with the version, or in a document of its own. */
async function entriesWhere(list: 'ix' | 'rx' | 'cx', alternatives: Alternative[], place: SearchPlace): Promise<Where> {
  if (alternatives.length === 0) return never
  const parts: Where[] = alternatives.map((each) => ({ [list]: { $elemMatch: each } }))
  return withMore(any(parts), place)
}

/** The same, or one of those whose entries of that kind are in further documents. */
async function withMore(where: Where, place: SearchPlace): Promise<Where> {
  const { collections, asking, type, snapshot } = place
  if (place.more && !(type in place.more)) return where
  const further = { $and: [{ type, seq: { $lte: snapshot } }, where] }
  const found = await collections.more.find(further, { ...asking, projection: { seq: 1 } }).toArray()
  if (found.length === 0) return where
  return { $or: [where, { _id: { $in: [...new Set(found.map(({ seq }) => seq))] } }] }
}

/** Versions that have all the words, each of which may be the beginning of one there. */
async function wordsWhere(name: '_text' | '_content', match: SearchMatch, place: SearchPlace): Promise<Where> {
  if (match.kind !== 'words') return never
  const parts: Where[] = []
  for (const each of match.words) {
    const word = `${name === '_text' ? 'n' : 'c'}:${each}`
    const list = word.length < wordCharacters - 1 ? 'words' : 'long'
    const begins = { $gte: word, $lt: `${word}\u{10ffff}` }
    parts.push(await withMore({ [list]: { $elemMatch: begins } }, place))
  }
  return { $and: parts }
}
