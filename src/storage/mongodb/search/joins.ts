/**
 * Conditions that join another type: what is joined is found first, then what refers to it or is referred to by it. Each answers with
 * numbers of versions, a bounded list of them.
 */
import { badRequest, notFound } from '../../../fhir/error.ts'
import type { ChainCondition, ReverseCondition, SearchCondition } from '../../../fhir/search/condition.ts'
import type { TextEntry } from '../documents.ts'
import { keyOf } from './entries.ts'
import { inState, parameterOf, type SearchPlace, type Where } from './place.ts'

/** Resources that are joined at once. */
const perQuestion = 2000
/** Most resources that one condition leads through, and to: a filter of the database has an end. */
const mostJoined = 200_000

/** Addresses under which references name a resource: without the base, and with it. */
const addressesOf = (type: string, base: string | undefined): string[] => [
  `${type}/`,
  ...(base === undefined ? [] : [`${base}/${type}/`]),
]

/** @throws FhirError 404 for a parameter that refers to nothing */
function linkOf(type: string, name: string): string {
  const parameter = parameterOf(type, name)
  if (parameter.type !== 'reference' && parameter.type !== 'uri') throw notFound(`${type}.${name} is no reference.`)
  return name
}

/** What of a type the conditions leave. */
type Joined = (type: string, meeting: SearchCondition[]) => Promise<Where>

/** A reference by which others are looked up. */
interface Reference {
  value: string
  /** Undefined: any; else one of these. */
  qualifiers?: string[]
}

/** Numbers of versions of the type at hand that refer to one of the joined type which meets the conditions. */
export async function chainNumbers(condition: ChainCondition, place: SearchPlace, whereOf: Joined): Promise<number[]> {
  const { refersTo, by, meeting, base } = condition
  const name = linkOf(place.type, by)
  const joined = await whereOf(refersTo, meeting)
  const addresses = addressesOf(refersTo, base)
  const numbers = new Set<number>()
  const { collections, asking } = place
  const found = collections.searchable.find(joined, { ...asking, projection: { id: 1, names: 1 } })
  let count = 0
  let references: Reference[] = []
  const look = async () => {
    for (const each of await referring(name, references, place)) add(numbers, each)
    references = []
  }
  for await (const { id, names } of found) {
    if (++count > mostJoined) throw tooMany()
    for (const address of addresses) references.push({ value: address + id })
    // A canonical without version means any version.
    for (const { url, version } of names) references.push({ value: url, qualifiers: ['', version] })
    if (references.length >= perQuestion) await look()
  }
  if (references.length > 0) await look()
  return [...numbers]
}

/** Numbers of those that have one of the references under a parameter. */
async function referring(name: string, references: readonly Reference[], place: SearchPlace): Promise<number[]> {
  const { collections, asking, type, snapshot } = place
  const byQualifiers = new Map<string, { values: string[]; qualifiers: string[] | undefined }>()
  for (const { value, qualifiers } of references) {
    const shape = JSON.stringify(qualifiers ?? null)
    const list = byQualifiers.get(shape) ?? { values: [], qualifiers }
    list.values.push(value)
    byQualifiers.set(shape, list)
  }
  const alternatives = [...byQualifiers.values()].map(({ values, qualifiers }) => {
    const keys = values.map((value) => keyOf(name, value))
    const v = keys.every(({ isWhole }) => isWhole) ? {} : { v: { $in: values } }
    const q = qualifiers ? { q: { $in: qualifiers } } : {}
    return { ix: { $elemMatch: { k: { $in: keys.map(({ key }) => key) }, ...v, ...q } } }
  })
  const where: Where = { $and: [inState(place), { $or: alternatives }] }
  const further = { $and: [{ type, seq: { $lte: snapshot } }, { $or: alternatives }] }
  const found = await collections.searchable.find(where, { ...asking, projection: { _id: 1 } }).toArray()
  const more =
    place.more && !(type in place.more)
      ? []
      : await collections.more.find(further, { ...asking, projection: { seq: 1 } }).toArray()
  return [...found.map(({ _id }) => _id), ...more.map(({ seq }) => seq)]
}

/** Numbers of versions of the type at hand to which one of the joined type refers that meets the conditions. */
export async function reverseNumbers(
  condition: ReverseCondition,
  place: SearchPlace,
  whereOf: Joined,
): Promise<number[]> {
  const { referredBy, by, meeting, base } = condition
  const name = linkOf(referredBy, by)
  const { collections, asking } = place
  const joined = await whereOf(referredBy, meeting)
  const numbers = new Set<number>()
  const found = collections.searchable.find(joined, { ...asking, projection: { _id: 1 } })
  const addresses = addressesOf(place.type, base)
  let count = 0
  let list: number[] = []
  const look = async () => {
    const references = await referencesOf(name, list, place)
    for (const some of chunks(references))
      for (const each of await referredTo(some, addresses, place)) add(numbers, each)
    list = []
  }
  for await (const { _id } of found) {
    if (++count > mostJoined) throw tooMany()
    list.push(_id)
    if (list.length >= perQuestion) await look()
  }
  if (list.length > 0) await look()
  return [...numbers]
}

/** What versions refer to under a parameter. */
async function referencesOf(name: string, numbers: readonly number[], { collections, asking }: SearchPlace) {
  const isOfParameter = { $and: [{ $gte: ['$$each.k', `${name}=`] }, { $lt: ['$$each.k', `${name}>`] }] }
  const projection = { ix: { $filter: { input: { $ifNull: ['$ix', []] }, as: 'each', cond: isOfParameter } } }
  const read = async (collection: 'searchable' | 'more', match: object) =>
    collections[collection]
      .aggregate<{ ix: TextEntry[] }>([{ $match: match }, { $project: projection }], asking)
      .toArray()
  const found = [
    ...(await read('searchable', { _id: { $in: numbers } })),
    ...(await read('more', { seq: { $in: numbers } })),
  ]
  const references = new Map<string, { value: string; version: string }>()
  for (const { ix } of found)
    for (const { v, q } of ix) references.set(JSON.stringify([v, q]), { value: v, version: q })
  if (references.size > mostJoined) throw tooMany()
  return [...references.values()]
}

/** Numbers of those of the type at hand that the references name, by address or by canonical. */
async function referredTo(
  references: readonly { value: string; version: string }[],
  addresses: readonly string[],
  place: SearchPlace,
): Promise<number[]> {
  const ids = references.flatMap(({ value }) =>
    addresses.flatMap((address) => (value.startsWith(address) ? [value.slice(address.length)] : [])),
  )
  const bare = references.filter(({ version }) => version === '').map(({ value }) => value)
  const versioned = references.filter(({ version }) => version !== '')
  const filters: Where[] = []
  if (ids.length > 0) filters.push({ id: { $in: ids } })
  if (bare.length > 0) filters.push({ 'names.url': { $in: bare } })
  for (const { value: url, version } of versioned) filters.push({ names: { $elemMatch: { url, version } } })
  if (filters.length === 0) return []
  const found = await place.collections.searchable
    .find({ $and: [inState(place), { $or: filters }] }, { ...place.asking, projection: { _id: 1 } })
    .toArray()
  return found.map(({ _id }) => _id)
}

function add(numbers: Set<number>, number: number): void {
  numbers.add(number)
  if (numbers.size > mostJoined) throw tooMany()
}

const tooMany = () =>
  badRequest(
    `The search leads through more than ${mostJoined} resources of another type: narrow what it joins.`,
    'too-costly',
  )

function* chunks<T>(list: readonly T[]): Generator<T[]> {
  for (let at = 0; at < list.length; at += perQuestion) yield list.slice(at, at + perQuestion)
}
