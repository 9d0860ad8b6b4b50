import { formatCanonical } from '../../fhir/canonical.ts'
import { badRequest, type FhirError } from '../../fhir/error.ts'
import type { Extension, ValueSet } from '../../fhir/types.ts'
import type { Steps } from '../../workers/budget.ts'
import type { CodeSystemHead } from '../code-system/code-system.ts'
import { EXTENSION } from '../code-system/extensions.ts'
import { systemNames } from '../request/aliases.ts'
import { type ExpansionParameter, echoedParameters } from '../request/expansion-parameters.ts'
import type { Languages } from '../request/languages.ts'
import { txError } from '../request/messages.ts'
import {
  booleanParameter,
  countParameter,
  type Request,
  resourceParameter,
  textParameter,
  textParameters,
} from '../request/request.ts'
import { compileRequested, queryOf } from '../request/requested-set.ts'
import { artefactWarnings, warningOfBase } from '../request/resource-status.ts'
import type { Work } from '../request/work.ts'
import { type CompiledSet, contentOf } from '../value-set/clause.ts'
import { findEnumerated, requireMembers } from '../value-set/clause-members.ts'
import { isLeftOut, type LeftOut, type ListingOptions, leftOut, list } from '../value-set/listing.ts'
import { canNest, nest } from '../value-set/nesting.ts'
import type { Entry, Listing, ValueSetQuery } from '../value-set/query.ts'
import { type Contains, containsEntry, type EntryOptions } from './contains-entry.ts'

/** `$expand` (https://hl7.org/fhir/R4/valueset-operation-expand.html). */
export function* expandValueSet(request: Request): Work<ValueSet> {
  const { set, languages, decisive } = yield* compileRequested(request)
  const query = queryOf(request, set.canonical)
  const page = pageOf(request)
  const options = listingOptions(request)
  yield* findEnumerated(contentOf(set).clauses, query)
  const heads = yield* usedSystems(set, query, options.without)
  const listing = yield* list(set, query, {
    ...options,
    ...(page.count === undefined && { most: page.limit + (page.offset ?? 0) }),
  })
  if (listing === 'tooMany') throw tooManyCodes(request, set, page)
  const { from, to } = pageBounds(listing, page)
  if (to - from > page.limit) throw tooManyCodes(request, set, page)
  const shown = entryOptions(request, languages, heads, set)
  const isNested = isNestable(request, page) && canNest(set, query, options.without)
  const contains = yield* showEntries({ listing, from, to }, shown, { isNested, query })
  return {
    ...rootOf(set.definition, booleanParameter(request.parameters, 'includeDefinition') === true),
    expansion: expansionOf({
      request,
      set,
      languages,
      page,
      listing,
      contains,
      heads,
      decisive,
      declared: shown.declared,
    }),
  }
}

/** A set that came with the request is named as it names itself, one that was looked up with its version. */
function tooManyCodes({ parameters }: Request, { canonical, definition }: CompiledSet, { limit }: Page): FhirError {
  const isBrought = resourceParameter(parameters, 'valueSet', 'ValueSet') !== undefined
  return txError('VALUESET_TOO_COSTLY', [isBrought ? (definition.url ?? '??') : canonical, `>${limit}`])
}

interface Page {
  offset: number | undefined
  count: number | undefined
  /** Most codes one reply may carry. */
  limit: number
}

function pageOf({ parameters, call, around }: Request): Page {
  const own = Math.min(around.limits.expansionCodes, countParameter(parameters, 'limit') ?? Number.POSITIVE_INFINITY)
  return {
    offset: countParameter(parameters, 'offset'),
    count: countParameter(parameters, 'count'),
    limit: call.expansionCodes === undefined ? own : Math.min(own, call.expansionCodes),
  }
}

function pageBounds(listing: Listing, page: Page) {
  const from = Math.min(page.offset ?? 0, listing.size)
  const to = page.count === undefined ? listing.size : Math.min(from + page.count, listing.size)
  return { from, to }
}

/** Characters of a text that somebody types. */
const longestFilter = 1000

function listingOptions({ parameters }: Request): ListingOptions {
  const text = textParameter(parameters, 'filter')?.trim()
  if ((text?.length ?? 0) > longestFilter)
    throw badRequest(`filter is longer than ${longestFilter} characters`, 'too-costly')
  return {
    activeOnly: booleanParameter(parameters, 'activeOnly') === true,
    ...(text && { text }),
    without: leftOut(textParameters(parameters, 'exclude-system')),
  }
}

/** A page is flat: its entries may stand below others that are not on it. */
function isNestable({ parameters }: Request, page: Page): boolean {
  if (booleanParameter(parameters, 'excludeNested') === true) return false
  return page.count === undefined && page.offset === undefined
}

/** A shown entry costs as much as so many clauses. */
const costPerEntry = 20

function* showEntries(
  part: { listing: Listing; from: number; to: number },
  options: EntryOptions,
  { isNested, query }: { isNested: boolean; query: ValueSetQuery },
): Steps<Contains[]> {
  const show = (entry: Entry) => containsEntry(entry, options)
  if (isNested) return yield* nest(part.listing, show, () => query.pass(costPerEntry))
  const contains: Contains[] = []
  for (let index = part.from; index < part.to; index++) {
    const entry = part.listing.at(index)
    if (query.pass(typeof entry?.ref === 'string' ? costPerEntry * 20 : costPerEntry)) yield
    if (entry) contains.push(show(entry))
  }
  return contains
}

function entryOptions(
  { parameters }: Request,
  languages: Languages | undefined,
  heads: CodeSystemHead[],
  set: CompiledSet,
): EntryOptions {
  const versions = new Map<string, number>()
  for (const url of namedVersions(set, heads)) versions.set(url, (versions.get(url) ?? 0) + 1)
  return {
    languages,
    includeDesignations: booleanParameter(parameters, 'includeDesignations') === true,
    designations: textParameters(parameters, 'designation'),
    properties: textParameters(parameters, 'property'),
    withVersion: ({ provider: { head } }) => head.versionNeeded === true || (versions.get(head.url) ?? 0) > 1,
    declared: new Map(),
  }
}

/** The url of a system once per version that the set names or uses. */
function namedVersions(set: CompiledSet, heads: CodeSystemHead[]): string[] {
  const named = new Set<string>()
  for (const clause of contentOf(set).clauses)
    if (clause.system && clause.version) named.add(`${clause.version}|${clause.system}`)
  const urls = [...named].map((each) => each.slice(each.indexOf('|') + 1))
  const used = heads.map((each) => each.url)
  return urls.length > used.length ? urls : used
}

/** Heads of every version of every system that the set takes codes from, each once. */
function* usedSystems(set: CompiledSet, query: ValueSetQuery, without: LeftOut): Steps<CodeSystemHead[]> {
  const heads = new Map<string, CodeSystemHead>()
  for (const clause of contentOf(set).clauses) {
    if (!clause.system || isLeftOut(without, clause.identity, clause.version)) continue
    const { provider, resolution } = requireMembers(clause, query)
    if (query.pass(100)) yield
    if (resolution.isUnknown || isLeftOut(without, clause.identity, provider.head.version)) continue
    heads.set(formatCanonical(provider.head.url, provider.head.version), provider.head)
  }
  return [...heads.values()]
}

/** What an expansion keeps of its definition: what identifies it and says what it is good for, not what explains it. */
const ROOT = [
  'language',
  'url',
  'identifier',
  'version',
  'name',
  'title',
  'experimental',
  'date',
  'publisher',
  'contact',
  'useContext',
  'jurisdiction',
  'immutable',
  'copyright',
] as const

/** Root elements of the reply: {@link ROOT}, or the definition whole. A status that the definition lacks is not known. */
function rootOf(definition: ValueSet, whole: boolean): ValueSet {
  const status = definition.status ?? 'unknown'
  if (whole) {
    const { text, meta, expansion, ...rest } = definition
    return { ...rest, status }
  }
  const root: ValueSet = { resourceType: 'ValueSet', status }
  for (const name of ROOT) if (definition[name] !== undefined) Object.assign(root, { [name]: definition[name] })
  return root
}

interface Parts {
  request: Request
  set: CompiledSet
  languages: Languages | undefined
  page: Page
  listing: Listing
  contains: Contains[]
  heads: CodeSystemHead[]
  decisive: ReadonlyMap<string, string>
  declared: Map<string, string | undefined>
}

function expansionOf(parts: Parts): NonNullable<ValueSet['expansion']> {
  const { request, set, page, listing, contains, declared, heads } = parts
  const isWithoutExpressions = booleanParameter(request.parameters, 'excludePostCoordinated') === true
  const open = openSystems(set, isWithoutExpressions)
  const entirely = openSystems(set, false)
  const isEndless = heads.some((each) => each.unbounded?.basedOn && entirely.get(each.url) === 'whole')
  const extension = [...unclosed(heads, open), ...[...declared].map(([code, uri]) => propertyDeclaration(code, uri))]
  return {
    ...(extension.length > 0 && { extension }),
    identifier: `urn:uuid:${request.around.uuid()}`,
    timestamp: request.around.now().toISOString(),
    ...(!isEndless && { total: listing.size }),
    ...((page.offset !== undefined || page.count !== undefined) && { offset: page.offset ?? 0 }),
    parameter: [...echoedParameters(request.parameters, parts), ...usedArtefacts(parts)],
    ...(contains.length > 0 && { contains }),
  }
}

function propertyDeclaration(code: string, uri: string | undefined): Extension {
  const extension: Extension[] = [{ url: 'code', valueCode: code }]
  if (uri) extension.push({ url: 'uri', valueUri: uri })
  return { url: EXTENSION.expansionProperty, extension }
}

/**
 * Systems of which the set takes more than it enumerates: all of it, or what a filter finds; `listed` where it takes no expressions of a
 * grammar, only what can be listed.
 */
function openSystems(set: CompiledSet, isWithoutExpressions: boolean): Map<string, Opening> {
  const open = new Map<string, Opening>()
  for (const { system, concepts, filters } of contentOf(set).clauses) {
    if (!system || concepts) continue
    const refuses = filters.some(({ property, value }) => property === 'expressions' && value === 'false')
    const opening = isWithoutExpressions || refuses ? 'listed' : filters.length > 0 ? 'filtered' : 'whole'
    const known = open.get(system)
    if (known === undefined || OPENINGS.indexOf(opening) > OPENINGS.indexOf(known)) open.set(system, opening)
  }
  return open
}

const OPENINGS = ['listed', 'filtered', 'whole'] as const
type Opening = (typeof OPENINGS)[number]

function unclosed(heads: CodeSystemHead[], open: Map<string, Opening>): Extension[] {
  const reasons: string[] = []
  let isUnclosed = false
  for (const { url, unbounded, content } of heads) {
    const opening = systemNames(url)
      .map((name) => open.get(name))
      .find((each) => each !== undefined)
    if (opening === undefined) continue
    const grammar = `The code System '${url}' has a grammar and so has infinite members`
    if (unbounded?.basedOn) reasons.push(`${grammar}. This extension is based on ${unbounded.basedOn}`)
    else if (unbounded && opening === 'whole') reasons.push(grammar)
    else if (unbounded && opening === 'filtered') isUnclosed = true
    else if (content === 'fragment') reasons.push(`This extension is based on a fragment of the code system ${url}`)
  }
  if (reasons.length === 0 && !isUnclosed) return []
  return [
    { url: EXTENSION.unclosed, valueBoolean: true },
    ...reasons.map((valueString) => ({ url: EXTENSION.unclosedReason, valueString })),
  ]
}

function usedArtefacts({ set, heads }: Parts): ExpansionParameter[] {
  const parameters: ExpansionParameter[] = []
  const use = (name: string, valueUri: string) => {
    if (!parameters.some((each) => each.name === name && each.valueUri === valueUri))
      parameters.push({ name, valueUri })
  }
  for (const head of heads) use('used-codesystem', formatCanonical(head.url, head.version))
  for (const imported of contentOf(set).imports) {
    if (!imported.contained && imported.definition.url) use('used-valueset', imported.canonical)
  }
  for (const head of heads) for (const supplement of head.supplements) use('used-supplement', supplement)
  for (const head of heads) {
    if (head.content === 'fragment') use('used-fragment', formatCanonical(head.url, head.version))
  }
  for (const { warning, canonical } of artefactWarnings(set, heads)) use(`warning-${warning}`, canonical)
  const open = openSystems(set, false)
  for (const { url, unbounded } of heads) {
    const base = open.get(url) === 'whole' ? unbounded?.definition : undefined
    const warning = base && warningOfBase(base, set)
    if (warning) use(`warning-${warning}`, formatCanonical(base?.url, base?.version))
  }
  return parameters
}
