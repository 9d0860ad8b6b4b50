import { keepPerObject } from '../../base/keep.ts'
import { badRequest, type FhirError } from '../../fhir/error.ts'
import type { Extension, ValueSet } from '../../fhir/types.ts'
import type { Steps } from '../../workers/budget.ts'
import type { Ref } from '../code-system/code-system.ts'
import { EXTENSION } from '../code-system/extensions.ts'
import { echoedParameters } from '../request/expansion-parameters.ts'
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
import type { Work } from '../request/work.ts'
import { type CompiledSet, contentOf } from '../value-set/clause.ts'
import { findEnumerated } from '../value-set/clause-members.ts'
import { type ListingOptions, leftOut, list } from '../value-set/listing.ts'
import { canNest, nest } from '../value-set/nesting.ts'
import type { Entry, Listing, ValueSetQuery } from '../value-set/query.ts'
import { type Contains, containsEntry, type EntryOptions } from './contains-entry.ts'
import { findFacts, knownFacts, type SetFacts } from './set-facts.ts'

/** `$expand` (https://hl7.org/fhir/R4/valueset-operation-expand.html). */
export function* expandValueSet(request: Request): Work<ValueSet> {
  const { set, languages, decisive } = yield* compileRequested(request)
  const query = queryOf(request, set.canonical)
  const page = pageOf(request)
  const options = listingOptions(request)
  const { long } = contentOf(set)
  if (long.length > 0) yield* findEnumerated(long, query)
  const withoutExpressions = booleanParameter(request.parameters, 'excludePostCoordinated') === true
  const wish = { without: options.without, withoutExpressions }
  const facts = knownFacts(set, query, wish) ?? (yield* findFacts(set, query, wish))
  if (page.count === undefined) options.most = page.limit + (page.offset ?? 0)
  const listing = yield* list(set, query, options)
  if (listing === 'tooMany') throw tooManyCodes(request, set, page)
  const { from, to } = pageBounds(listing, page)
  if (to - from > page.limit) throw tooManyCodes(request, set, page)
  const shown = entryOptions(request, languages, facts)
  const isNested = isNestable(request, page) && canNest(set, query, options.without)
  const contains = yield* showEntries({ listing, from, to }, shown, { isNested, query })
  const expansion = expansionOf({ request, set, languages, page, listing, contains, facts, decisive, shown })
  if (booleanParameter(request.parameters, 'includeDefinition') !== true)
    return { ...rootOf(set.definition), expansion }
  const { text, meta, expansion: _, ...rest } = set.definition
  return { ...rest, status: statusOf(set.definition), expansion }
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
  approach(part)
  const contains: Contains[] = []
  for (let index = part.from; index < part.to; index++) {
    const entry = part.listing.at(index)
    if (query.pass(typeof entry?.ref === 'string' ? costPerEntry * 20 : costPerEntry)) yield
    if (entry) contains.push(show(entry))
  }
  return contains
}

/** What is fetched for more than that would be gone before it is used. */
const longestPage = 100

/** Tells the code system of a page's first entry which of its concepts will be asked for. */
function approach({ listing, from, to }: { listing: Listing; from: number; to: number }): void {
  const provider = to - from > longestPage ? undefined : listing.at(from)?.provider
  if (!provider?.approach) return
  const refs: Ref[] = []
  for (let index = from; index < to; index++) {
    const entry = listing.at(index)
    if (entry?.provider === provider) refs.push(entry.ref)
  }
  provider.approach(refs)
}

function entryOptions(
  { parameters }: Request,
  languages: Languages | undefined,
  { versions }: Pick<SetFacts, 'versions'>,
): EntryOptions {
  return {
    languages,
    includeDesignations: booleanParameter(parameters, 'includeDesignations') === true,
    designations: textParameters(parameters, 'designation'),
    properties: textParameters(parameters, 'property'),
    versions,
    declared: undefined,
  }
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

/** A status that the definition lacks is not known. */
const statusOf = ({ status }: ValueSet) => status ?? 'unknown'

/** Root elements of the reply: {@link ROOT}. */
const rootOf = keepPerObject((definition: ValueSet): ValueSet => {
  const root: ValueSet = { resourceType: 'ValueSet', status: statusOf(definition) }
  for (const name of ROOT) if (definition[name] !== undefined) Object.assign(root, { [name]: definition[name] })
  return root
})

interface Parts {
  request: Request
  set: CompiledSet
  languages: Languages | undefined
  page: Page
  listing: Listing
  contains: Contains[]
  facts: SetFacts
  decisive: ReadonlyMap<string, string>
  shown: EntryOptions
}

type Expansion = NonNullable<ValueSet['expansion']>

/** Members in the order of R4. One by one: an object that is put together of others costs more than all that is in it. */
function expansionOf(parts: Parts): Expansion {
  const { request, set, page, listing, contains, facts, languages, decisive } = parts
  const identifier = `urn:uuid:${request.around.uuid()}`
  const timestamp = request.around.now().toISOString()
  const extension = extensionsOf(facts, parts.shown)
  const expansion: Expansion = extension ? { extension, identifier, timestamp } : { identifier, timestamp }
  if (!facts.isEndless) expansion.total = listing.size
  if (page.offset !== undefined || page.count !== undefined) expansion.offset = page.offset ?? 0
  const parameter = echoedParameters(request.parameters, { set, languages, heads: facts.heads, decisive })
  for (const each of facts.used) parameter.push(each)
  expansion.parameter = parameter
  if (contains.length > 0) expansion.contains = contains
  return expansion
}

function extensionsOf({ unclosed }: SetFacts, { declared }: EntryOptions): Extension[] | undefined {
  if (unclosed.length === 0 && !declared) return undefined
  return [...unclosed, ...[...(declared ?? [])].map(([code, uri]) => propertyDeclaration(code, uri))]
}

function propertyDeclaration(code: string, uri: string | undefined): Extension {
  const extension: Extension[] = [{ url: 'code', valueCode: code }]
  if (uri) extension.push({ url: 'uri', valueUri: uri })
  return { url: EXTENSION.expansionProperty, extension }
}
