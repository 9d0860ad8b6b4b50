/** Search entries of a resource as documents: those of a version, and of one that has very many in further ones. */
import { createHash } from 'node:crypto'
import { type SearchIndex, searchIndex } from '../../../fhir/search/index-values.ts'
import { searchableTypes, searchParameters } from '../../../fhir/search/parse-search.ts'
import { foldText } from '../../../fhir/search/value.ts'
import type { Resource } from '../../../fhir/types.ts'
import type { EntryLists, MoreDocument, PairEntry, SearchableDocument } from '../documents.ts'

/** To be raised when the form of entries changes and the table of parameters does not. */
const form = 1

/** Characters of a value by which the database looks it up and sorts; the whole is compared beside it. */
const keyCharacters = 200

/** Characters of one value that count: a text of a million more is found by its beginning. */
const valueCharacters = 1_000_000

/** Characters of the entries of one document: at three bytes for each it stays far below what a document may have. */
const documentCharacters = 1_500_000

/** Characters of a word that are looked up. */
export const wordCharacters = 300

/** The beginning of a text, never with half a character at its end. */
export function cut(text: string, characters = keyCharacters): string {
  if (text.length <= characters) return text
  const last = text.charCodeAt(characters - 1)
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? characters - 1 : characters)
}

/** By what a value of a parameter is looked up, and whether that is all of it. */
export function keyOf(parameter: string, value: string): { key: string; isWhole: boolean } {
  return { key: `${parameter}=${cut(value)}`, isWhole: value.length < keyCharacters - 1 }
}

/** Name of what entries are made by: another one makes other entries. */
export const indexName = (): string => {
  const table = searchableTypes.map((type) =>
    [...searchParameters(type).values()].map(({ parts, joins: _joins, ...rest }) => [
      rest,
      parts?.map(({ name }) => name),
    ]),
  )
  return createHash('sha256')
    .update(JSON.stringify([form, table]))
    .digest('hex')
}

/** The entries of one version. */
export interface Entries {
  /** For its own document. */
  own: Pick<SearchableDocument, 'has' | 'names' | 'lo' | 'hi'> & EntryLists
  /** For further ones. */
  more: EntryLists[]
}

/** The entries of a resource. */
export function entriesOf(resource: Resource): Entries {
  const index = searchIndex(resource)
  const has = new Set<string>()
  const lo: Record<string, string | number> = {}
  const hi: Record<string, string | number> = {}
  const note = (name: string, low: string | number, high: string | number) => {
    has.add(name)
    const [least, most] = [lo[name], hi[name]]
    if (least === undefined || isBefore(low, least)) lo[name] = low
    if (most === undefined || isBefore(most, high)) hi[name] = high
  }
  for (const { parameter, value } of index.texts) note(parameter, cut(value), cut(value))
  for (const { parameter, low, high } of index.ranges) note(parameter, low, high)
  const [first = {}, ...more] = parted(index, resource.resourceType)
  return { own: { has: [...has], names: index.canonicals, lo, hi, ...first }, more }
}

/** The order of the database: numbers as they are, texts by their bytes. */
const isBefore = (a: string | number, b: string | number): boolean =>
  typeof a === 'string' && typeof b === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0 : a < b

/** All entries, as many to a list as go into one document. */
function parted(index: SearchIndex, type: string): EntryLists[] {
  const lists: EntryLists[] = [{}]
  let characters = 0
  const add = <Name extends keyof EntryLists>(
    name: Name,
    size: number,
    entry: NonNullable<EntryLists[Name]>[number],
  ) => {
    characters += size + 60
    if (characters > documentCharacters && Object.keys(lists.at(-1) ?? {}).length > 0) {
      lists.push({})
      characters = size + 60
    }
    const list: EntryLists = lists.at(-1) ?? {}
    const entries: unknown[] = list[name] ?? []
    entries.push(entry)
    Object.assign(list, { [name]: entries })
  }
  for (const each of index.texts) {
    const text = textOf(each)
    const { key } = keyOf(each.parameter, each.value)
    add('ix', key.length + text.v.length + text.q.length + text.x.length, { k: key, ...text })
  }
  for (const { parameter, low, high, system, code } of index.ranges)
    add('rx', system.length + code.length, { p: parameter, lo: low, hi: high, s: system, c: code })
  for (const pair of pairsOf(index, type)) add('cx', JSON.stringify(pair).length, pair)
  for (const word of wordsOf('n', index.narrative)) addWord(word)
  for (const word of wordsOf('c', index.content)) addWord(word)
  return lists

  function addWord(word: string): void {
    add('words', Math.min(word.length, wordCharacters), cut(word, wordCharacters))
    if (word.length >= wordCharacters - 1) add('long', word.length, word)
  }
}

type Text = SearchIndex['texts'][number]

const textOf = ({ value, qualifier, extra }: Pick<Text, 'value' | 'qualifier' | 'extra'>) => ({
  v: cut(value, valueCharacters),
  q: cut(qualifier, valueCharacters),
  x: cut(extra, valueCharacters),
})

/** For each composite parameter the pairs of values that stand at one position. */
function* pairsOf(index: SearchIndex, type: string): Generator<PairEntry> {
  for (const { name, parts } of searchParameters(type).values()) {
    const [left, right] = parts ?? []
    if (!left || !right) continue
    const at = new Map<number, PairEntry['r'][]>()
    const note = (position: number, r: PairEntry['r']) => at.set(position, [...(at.get(position) ?? []), r])
    for (const each of index.texts) if (each.parameter === right.name) note(each.position, textOf(each))
    for (const { parameter, position, low, high, system, code } of index.ranges)
      if (parameter === right.name) note(position, { lo: low, hi: high, s: system, c: code })
    for (const l of index.texts)
      if (l.parameter === left.name) for (const r of at.get(l.position) ?? []) yield { p: name, l: textOf(l), r }
  }
}

/** The words of a text, each once, with the letter of where they stand. */
function wordsOf(place: 'n' | 'c', text: string): string[] {
  // Split at single characters: a pattern that takes words at once has no stack for one of millions of characters.
  const words = new Set(foldText(text).split(/[^\p{L}\p{N}]/u))
  words.delete('')
  return [...words].map((word) => `${place}:${word}`)
}

/** Documents of entries that find no place with their version. */
export const moreDocuments = (seq: number, type: string, more: readonly EntryLists[]): MoreDocument[] =>
  more.map((lists, part) => ({ _id: `${seq}/${part}`, seq, type, ...lists }))
