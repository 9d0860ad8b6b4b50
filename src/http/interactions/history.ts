import { badRequest, notFound } from '../../fhir/error.ts'
import { instantParameter } from '../../fhir/search/parse-search.ts'
import type { Bundle, BundleEntry } from '../../fhir/types.ts'
import type { HistoryQuery, StoredVersion } from '../../storage/storage.ts'
import { isProtectedType } from '../audit/audit-event.ts'
import type { HttpContext, Interaction } from '../context.ts'
import { servedTypes, supportedTypes } from '../describe/stored-types.ts'
import type { FhirReply, FhirRequest } from '../message/exchange.ts'
import { pageLinks, pageSize, single } from '../message/paging.ts'
import { type Selection, select, selection } from '../message/summary.ts'
import { refusePending } from './pending.ts'
import { longPage } from './search.ts'

/** `GET [base]/_history`: everything that happened, newest first. */
export const systemHistory: Interaction = (context, request) => history(context, request, {})

/** `GET [base]/[type]/_history`. */
export const typeHistory: Interaction = (context, request, { type }) => history(context, request, { type })

/** `GET [base]/[type]/[id]/_history`; a deleted resource keeps its history. */
export const instanceHistory: Interaction = async (context, request, { type, id }) => {
  if (!(await context.storage.read(type, id))) {
    await refusePending(context, type, { ids: [id] })
    throw notFound(`There never was a ${type} with the id ${id}.`)
  }
  return history(context, request, { type, id })
}

const usedParameters = new Set(['_count', '_since', '_at', '_sort', '_summary', '_elements'])

async function history(
  context: HttpContext,
  request: FhirRequest,
  scope: Pick<HistoryQuery, 'type' | 'id'>,
): Promise<FhirReply> {
  const sort = single(request.query, '_sort')
  if (sort !== undefined && sort !== '-_lastUpdated' && sort !== '_lastUpdated') {
    throw badRequest('History is sorted by _lastUpdated or -_lastUpdated only.', 'not-supported')
  }
  const query: HistoryQuery = { ...scope, count: pageSize(request.query), oldestFirst: sort === '_lastUpdated' }
  // What is not public is not in the history of everything either.
  if (scope.type === undefined) {
    const served = servedTypes(context)
    query.without = supportedTypes.filter((type) => isProtectedType(type) || !served.includes(type))
  }
  for (const name of ['since', 'at'] as const) {
    // A plus sign of a time zone that was not encoded arrives as a space.
    const text = single(request.query, `_${name}`)?.replace(/ (\d\d:\d\d)$/, '+$1')
    if (text === undefined || text === '') continue
    instantParameter(`_${name}`, text)
    query[name] = text
  }
  const cursor = single(request.query, '_cursor')
  if (cursor !== undefined) query.cursor = cursor
  if (query.count > longPage) await request.requester.enter(context.gate)
  const page = await request.requester.budget().runAsync(() => context.storage.history(query))
  const base = context.settings.baseUrl
  const used = request.query.filter(([name]) => usedParameters.has(name))
  const selected = selection(request.query)
  const bundle: Bundle = { resourceType: 'Bundle', type: 'history' }
  if (page.total !== undefined) bundle.total = page.total
  bundle.link = pageLinks([base, ...request.path].join('/'), used, { cursor, next: page.next, previous: page.previous })
  bundle.entry = page.matches.map((version) => historyEntry(version, base, selected))
  return { status: 200, headers: { 'Cache-Control': 'no-cache' }, resource: bundle }
}

function historyEntry(version: StoredVersion, base: string, selected: Selection): BundleEntry {
  const address = `${version.type}/${version.id}`
  const status = version.method === 'DELETE' ? '204' : version.versionId === '1' ? '201' : '200'
  const entry: BundleEntry = {
    fullUrl: `${base}/${address}`,
    request: { method: version.method, url: version.method === 'POST' ? version.type : address },
    response: { status, etag: `W/"${version.versionId}"`, lastModified: version.lastUpdated },
  }
  if (version.resource) entry.resource = select(version.resource, selected)
  return entry
}
