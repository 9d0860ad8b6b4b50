/** How a tree asks the server: members of one system, by $expand, a page at a time (docs: OperationDefinition ValueSet-expand). */
import { ask, type Reply } from '../../api/client.ts'
import { type Expansion, expansionOf } from '../readers/value-set.ts'

/** One version of one code system, and what of it is wanted. */
export interface SystemAsked {
  url: string
  version: string
  /** Codes that are no longer in use, too. */
  withInactive: boolean
}

/** What of a system. `roots`: what has nothing above it · `below`: what stands right below a code · `all`: everything, as a list */
export type Portion =
  | { kind: 'roots' }
  | { kind: 'below'; code: string }
  | { kind: 'all' }
  | { kind: 'found'; text: string }
  | { kind: 'one'; code: string }

function filterOf(portion: Portion): object[] {
  if (portion.kind === 'roots') return [{ property: 'parent', op: 'exists', value: 'false' }]
  if (portion.kind === 'below') return [{ property: 'concept', op: 'child-of', value: portion.code }]
  if (portion.kind === 'one') return [{ property: 'concept', op: '=', value: portion.code }]
  return []
}

/** The Parameters of a question. */
function expandBody(system: SystemAsked, portion: Portion, page: { offset: number; count: number }): object {
  const filter = filterOf(portion)
  const include = {
    system: system.url,
    ...(system.version && { version: system.version }),
    ...(filter.length > 0 && { filter }),
  }
  return {
    resourceType: 'Parameters',
    parameter: [
      { name: 'valueSet', resource: { resourceType: 'ValueSet', status: 'active', compose: { include: [include] } } },
      { name: 'offset', valueInteger: page.offset },
      { name: 'count', valueInteger: page.count },
      { name: 'property', valueString: 'childCount' },
      ...(portion.kind === 'found' ? [{ name: 'filter', valueString: portion.text }] : []),
      ...(system.withInactive ? [] : [{ name: 'activeOnly', valueBoolean: true }]),
    ],
  }
}

/** Asks for a page. */
export async function askPage(
  system: SystemAsked,
  portion: Portion,
  page: { offset: number; count: number },
  signal: AbortSignal,
): Promise<Reply<Expansion>> {
  const body = expandBody(system, portion, page)
  const reply = await ask('/ValueSet/$expand', { method: 'POST', body, signal, patience: 60_000 })
  if (reply.fault) return reply
  const expansion = expansionOf(reply.value)
  // Members of another system are no part of this tree.
  if (!expansion || expansion.members.length > page.count) return { fault: { kind: 'broken' } }
  return { value: expansion, headers: reply.headers }
}
