import { stringifyJson } from '../../base/json.ts'
import { jsonSize } from '../../base/json-size.ts'
import { FhirError, issue, operationOutcome } from '../../fhir/error.ts'
import {
  eachCondition,
  isParameterCondition,
  replaceConditions,
  type SearchModifier,
} from '../../fhir/search/condition.ts'
import { meetsConditions } from '../../fhir/search/evaluate.ts'
import { needsTerminology } from '../../fhir/search/match.ts'
import { type ParsedSearch, searchParameters } from '../../fhir/search/parse-search.ts'
import type { Bundle, BundleEntry, Issue, Resource } from '../../fhir/types.ts'
import type { SearchCondition, SearchPage, StoredVersion } from '../../storage/storage.ts'
import { respond } from '../async/respond.ts'
import type { HttpContext, Interaction } from '../context.ts'
import { generatedOperationDefinitions } from '../describe/operation-definitions.ts'
import { type ReadingSearch, readSearch } from '../describe/stored-types.ts'
import { checkPermission } from '../limits/requester.ts'
import { decodeText } from '../message/body.ts'
import { printable } from '../message/errors.ts'
import type { FhirReply, FhirRequest, QueryPair } from '../message/exchange.ts'
import { parseQuery, preferences } from '../message/head.ts'
import { checkContentType, formMediaType, unsupportedMediaType } from '../message/media-type.ts'
import { pageLinks } from '../message/paging.ts'
import { type Selection, select } from '../message/summary.ts'
import { included } from './include.ts'
import { longestEntries, mayBeKept, refusesTotal, searchKey } from './kept-searches.ts'
import { pendingIssue, refusePendingSearch } from './pending.ts'

/** Pages of more entries are built one after the other. */
export const longPage = 200

/** `GET [base]/[type]?…` and `POST [base]/[type]/_search` (https://hl7.org/fhir/R4/http.html#search). */
export const search: Interaction = (context, request, { type }) =>
  respond(context, request, (asked) => searchNow(context, asked, type))

async function searchNow(context: HttpContext, request: FhirRequest, type: string): Promise<FhirReply> {
  const { strict } = preferences(request.headers.prefer)
  const parsed = readSearch(type, [...request.query, ...formPairs(request)], readingOf(context, request, strict))
  const budget = request.requester.budget()
  if (parsed.count > longPage || parsed.include.length > 0 || parsed.revinclude.length > 0)
    await request.requester.enter(context.gate)
  const keeping = context.keptSearches.revision()
  const page = await budget.runAsync(() => findPage(context, parsed))
  const bundle: Bundle = { resourceType: 'Bundle', type: 'searchset' }
  const total = page.total ?? totalOf(parsed, page)
  if (total !== undefined) bundle.total = total
  bundle.link = pageLinks(`${context.settings.baseUrl}/${type}`, parsed.used, {
    cursor: parsed.cursor,
    next: page.next,
    previous: page.previous,
  })
  const selected = selectionOf(parsed)
  const base = context.settings.baseUrl
  const entries = page.matches.map((version) => entryOf(base, version, 'match', selected))
  for (const version of await included(context, page.matches, parsed, budget)) {
    entries.push(entryOf(base, version, 'include', selected))
  }
  const pending = await pendingIssue(context, type)
  // What hangs on the clock, or on what is being loaded, is another answer in a moment.
  if (pending || hangsOnClock(parsed)) request.momentary = true
  else if (!request.requester.principal && total === page.matches.length && mayBeKept(parsed))
    keepFound(context, parsed, { entries, revision: keeping })
  entries.push(...remarksOf(context, parsed, pending))
  if (entries.length > 0) bundle.entry = entries
  return { status: 200, headers: { 'Cache-Control': 'no-cache' }, resource: bundle }
}

/** How many there are, where the first page has all of them, and nobody says that he does not want to know. */
function totalOf({ cursor, count, used }: ParsedSearch, { matches, next }: SearchPage): number | undefined {
  const isWhole = cursor === undefined && count > 0 && next === undefined
  return isWhole && !refusesTotal(used) ? matches.length : undefined
}

/** The prefix `ap` means a share of the time until now. */
function hangsOnClock({ type, conditions }: ParsedSearch): boolean {
  let hangs = false
  eachCondition(type, conditions, (each) => {
    if (isParameterCondition(each)) hangs ||= each.values.some(({ prefix }) => prefix === 'ap')
  })
  return hangs
}

function keepFound(
  { keptSearches }: HttpContext,
  { type, conditions }: ParsedSearch,
  { entries, revision }: { entries: BundleEntry[]; revision: number },
): void {
  if (jsonSize(entries, longestEntries) > longestEntries) return
  const found = { count: entries.length, entries: entries.map((each) => stringifyJson(each)).join() }
  keptSearches.keep(searchKey(type, conditions), found, revision)
}

/** Runs the search; `_count=0` and `_summary=count` fetch nothing. */
async function findPage(context: HttpContext, parsed: ParsedSearch): Promise<SearchPage> {
  const conditions = await knownConditions(context, parsed)
  const query = { ...parsed, conditions }
  const made = parsed.type === 'OperationDefinition' ? await generatedMatches(context, conditions) : []
  const page = made.length > 0 ? await pageWith(context, query, made) : await storedPage(context, query)
  if (page.matches.length === 0 && parsed.cursor === undefined)
    await refusePendingSearch(context, parsed.type, conditions)
  return page
}

async function storedPage(
  { storage }: HttpContext,
  { type, conditions, sort, ...parsed }: ParsedSearch,
): Promise<SearchPage> {
  const countOnly = parsed.count === 0
  const page = await storage.search({
    type,
    conditions,
    sort,
    count: countOnly ? 1 : parsed.count,
    total: countOnly ? 'accurate' : parsed.total,
    ...(parsed.cursor === undefined || countOnly ? {} : { cursor: parsed.cursor }),
  })
  if (!countOnly) return page
  return page.total === undefined ? { matches: [] } : { matches: [], total: page.total }
}

/** Definitions of the server's own operations, which are in no store, as far as no stored one has taken their id. */
async function generatedMatches(context: HttpContext, conditions: SearchCondition[]): Promise<StoredVersion[]> {
  const found: StoredVersion[] = []
  for (const each of generatedOperationDefinitions(context)) {
    const { id, lastUpdated, resource } = each
    const candidate = resource && { resource, id, lastUpdated, now: context.now().getTime() }
    if (!candidate || !meetsConditions(candidate, conditions)) continue
    if (!(await context.storage.read('OperationDefinition', id))) found.push(each)
  }
  return found
}

/** Page links into the generated definitions, which come before all stored ones. */
const madeCursor = /^made-(\d{1,6})$/

async function pageWith(context: HttpContext, query: ParsedSearch, made: StoredVersion[]): Promise<SearchPage> {
  const { cursor, ...first } = query
  const from = cursor === undefined ? '0' : madeCursor.exec(cursor)?.[1]
  if (from === undefined) return storedPage(context, query)
  const stored = await storedPage(context, first)
  const total = stored.total === undefined ? {} : { total: stored.total + made.length }
  if (query.count === 0) return { matches: [], ...total }
  const matches = made.slice(Number(from), Number(from) + query.count)
  const end = Number(from) + matches.length
  // What has no room on this page begins the next one.
  const isFull = end < made.length || (matches.length > 0 && matches.length + stored.matches.length > query.count)
  if (isFull) return { matches, ...total, next: `made-${end}` }
  return { ...stored, ...total, matches: [...matches, ...stored.matches] }
}

/** How the search of a request is read. */
export const readingOf = (context: HttpContext, { requester }: FhirRequest, strict: boolean): ReadingSearch => ({
  strict,
  base: context.settings.baseUrl,
  permit: (type) => checkPermission(requester, 'search', type),
})

/** The conditions of a search, `:in`, `:not-in`, `:above` and `:below` of codes as lists of codes. */
export function knownConditions(context: HttpContext, { type, conditions }: ParsedSearch): Promise<SearchCondition[]> {
  return replaceConditions(type, conditions, async (condition, of) => {
    const parameter = searchParameters(of).get(condition.parameter)
    if (!parameter || !needsTerminology(parameter, condition)) return condition
    const { modifier } = condition
    const lists = await Promise.all(condition.values.map(({ value }) => codesOf(context, modifier, value)))
    const values = lists.flat().map((value) => ({ value }))
    if (modifier === 'not-in') return { parameter: condition.parameter, modifier: 'not', values }
    // Nothing is in an empty set, and a condition without values would let everything through.
    const none = [{ value: 'urn:vidimus:none|none' }]
    return { parameter: condition.parameter, values: values.length > 0 ? values : none }
  })
}

async function codesOf({ hooks }: HttpContext, modifier: SearchModifier | undefined, value: string): Promise<string[]> {
  const isSubsumption = modifier === 'above' || modifier === 'below'
  const codes = isSubsumption ? await hooks.subsumedTokens?.(value, modifier) : await hooks.expandTokens?.(value)
  if (codes) return codes
  throw new FhirError(400, issue('not-supported', `:${modifier} is not available on this server.`))
}

function formPairs(request: FhirRequest): QueryPair[] {
  const { body } = request
  if (!body?.bytes || body.bytes.length === 0) return []
  if (body.mediaType.essence !== formMediaType) {
    throw unsupportedMediaType(`A search is posted as a form (Content-Type: ${formMediaType}).`, [formMediaType])
  }
  checkContentType(body.mediaType)
  return parseQuery(decodeText(body.bytes))
}

function selectionOf({ summary, elements }: ParsedSearch): Selection {
  const selected: Selection = {}
  if (summary !== undefined && summary !== 'false') selected.summary = summary
  if (elements.length > 0) selected.elements = elements
  return selected
}

function entryOf(base: string, version: StoredVersion, mode: 'match' | 'include', selected: Selection): BundleEntry {
  const entry: BundleEntry = { fullUrl: `${base}/${version.type}/${version.id}`, search: { mode } }
  if (version.resource) entry.resource = select(version.resource, selected)
  return entry
}

/** What is to be said of a search beside what it found: an entry with an OperationOutcome, or none. */
export function remarksOf(context: HttpContext, { unknown }: ParsedSearch, pending?: Issue): BundleEntry[] {
  const remarks = [...ignoredParameters(unknown), ...(pending ? [pending] : [])]
  return remarks.length > 0 ? [outcomeEntry(context, remarks)] : []
}

/** Says which parameters took no part, so that nobody takes an unfiltered list for a filtered one. */
const ignoredParameters = (unknown: string[]): Issue[] =>
  unknown.slice(0, 20).map((name) => {
    const text = `The search parameter ${printable(name)} is not known here and was ignored.`
    return issue('not-supported', { severity: 'warning', text })
  })

function outcomeEntry(context: HttpContext, issues: Issue[]): BundleEntry {
  const outcome: Resource = { ...operationOutcome(issues), id: context.uuid() }
  return { fullUrl: `urn:uuid:${outcome.id}`, resource: outcome, search: { mode: 'outcome' } }
}
