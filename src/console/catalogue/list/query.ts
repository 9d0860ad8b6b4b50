/** What somebody looks for, as the address of the page holds it, and as the server is asked. Nothing of it is personal. */
import type { ArtefactType } from '../readers/artefact.ts'

/** Filters of the list; empty texts filter nothing. */
export interface Wanted {
  text: string
  status: string
  jurisdiction: string
  publisher: string
  source: string
  sort: SortOrder
}

/** Orders that are offered. */
export const sortOrders = ['-date', 'title', '-_lastUpdated', 'url'] as const

/** One of them. */
type SortOrder = (typeof sortOrders)[number]

/** States of artefacts (http://hl7.org/fhir/publication-status). */
export const statuses = ['active', 'draft', 'retired', 'unknown'] as const

/** Longer texts are cut: nobody types them, and servers refuse them. */
const longest = 200
const mostWords = 8

/** Reads filters from the address; what it does not know filters nothing. */
export function wantedOf(query: URLSearchParams): Wanted {
  const text = (name: string) => (query.get(name) ?? '').trim().slice(0, longest)
  const status = text('status')
  return {
    text: text('q'),
    status: statuses.some((each) => each === status) ? status : '',
    jurisdiction: text('jurisdiction'),
    publisher: text('publisher'),
    source: text('source'),
    sort: sortOrders.find((each) => each === query.get('sort')) ?? '-date',
  }
}

/** Members of an artefact that a row of the list shows. */
const shown = 'url,version,name,title,status,experimental,publisher,date,jurisdiction'

/** Which page is asked for. */
interface PageWish {
  /** Entries of a page; 0 asks for how many there are alone. */
  count: number
  /** Where it begins; the first one without it. */
  cursor?: string | undefined
}

/** The search below the FHIR base. */
export function searchOf(type: ArtefactType, wanted: Wanted, { count, cursor }: PageWish): string {
  const query = new URLSearchParams()
  if (count === 0) query.set('_summary', 'count')
  else {
    query.set('_elements', shown)
    query.set('_count', String(count))
    // Much has one date: what is shown must not depend on the order in which it was stored.
    query.set('_sort', wanted.sort === '-date' ? '-date,title' : wanted.sort)
    query.set('_total', 'accurate')
    if (cursor) query.set('_cursor', cursor)
  }
  const words = wanted.text.split(/\s+/).filter(Boolean).slice(0, mostWords)
  if (words.length > 0) query.set('_filter', words.map(wordFilter).join(' and '))
  if (wanted.status) query.set('status', wanted.status)
  if (wanted.publisher) query.set('publisher:contains', escaped(wanted.publisher))
  if (wanted.source) query.set('_source:contains', escaped(wanted.source))
  const { jurisdiction } = wanted
  // A code is one of any system; what is no code is part of the words that stand with it.
  if (/^(?:[A-Za-z]{2,3}|\d{3})$/.test(jurisdiction)) query.set('jurisdiction', jurisdiction.toUpperCase())
  else if (jurisdiction) query.set('jurisdiction:text', escaped(jurisdiction))
  return `/${type}?${query}`
}

/** A word anywhere in title, name or canonical url (https://hl7.org/fhir/R4/search_filter.html). */
function wordFilter(word: string): string {
  const text = JSON.stringify(word)
  return `(title co ${text} or name co ${text} or url co ${text})`
}

/** Commas, bars and dollars mean something in values of a search (https://hl7.org/fhir/R4/search.html#escaping). */
const escaped = (text: string) => text.replace(/[\\,|$]/g, (sign) => `\\${sign}`)

/** What the page's address has to change for other filters; undefined takes a member away. */
export function addressOf(wanted: Partial<Wanted>): Record<string, string | undefined> {
  const names: Record<keyof Wanted, string> = {
    text: 'q',
    status: 'status',
    jurisdiction: 'jurisdiction',
    publisher: 'publisher',
    source: 'source',
    sort: 'sort',
  }
  const changes: Record<string, string | undefined> = {}
  for (const [name, value] of Object.entries(wanted)) {
    if (!isName(name, names)) continue
    changes[names[name]] = value === '' || (name === 'sort' && value === '-date') ? undefined : value
  }
  return changes
}

const isName = (name: string, names: Record<keyof Wanted, string>): name is keyof Wanted => Object.hasOwn(names, name)

/** Where the page of a link begins, as the server marks it; undefined where the link leads to no page. The rest of the link is the server's idea of its address. */
export function cursorOf(link: string | undefined): string | undefined {
  return link ? (new URLSearchParams(/\?([^#]*)/.exec(link)?.[1] ?? '').get('_cursor') ?? undefined) : undefined
}
