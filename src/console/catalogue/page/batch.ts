/** Several searches in one request. */
import { ask, type Reply } from '../../api/client.ts'
import type { Fault } from '../../api/reply.ts'
import { type BundlePage, bundleOf } from '../readers/artefact.ts'
import { Reading } from '../readers/reading.ts'

/** What came of each search; undefined for a type that this server does not offer (`ROUTES_OFF`). */
export type Pages = (BundlePage | undefined)[]

/** Asks them all. One that fails fails the whole: half an answer would be taken for a whole one. @param searches without a slash before them */
export async function searchAll(searches: readonly string[], signal: AbortSignal): Promise<Reply<Pages>> {
  const entry = searches.map((url) => ({ request: { method: 'GET', url } }))
  const reply = await ask('/', { method: 'POST', body: { resourceType: 'Bundle', type: 'batch', entry }, signal })
  if (reply.fault) return reply
  const entries = new Reading(reply.value).children('entry')
  if (entries.length !== searches.length) return { fault: { kind: 'broken' } }
  const pages: Pages = []
  for (const each of entries) {
    const status = each.child('response').text('status').slice(0, 3)
    const page = status === '200' ? bundleOf(each.child('resource').value) : undefined
    if (!page && status !== '404' && status !== '403') return { fault: faultOf(status) }
    pages.push(page)
  }
  return { value: pages, headers: reply.headers }
}

const faultOf = (status: string): Fault => ({ kind: status === '503' || status === '429' ? 'busy' : 'broken' })
