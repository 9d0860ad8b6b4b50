import { compareVersions } from '../fhir/canonical.ts'
import type { Resource } from '../fhir/types.ts'

/** Active before draft before anything else before retired. */
function statusRank(resource: Resource): number {
  const rank = ['active', 'draft', 'unknown', 'retired'].indexOf('status' in resource ? String(resource.status) : '')
  return rank < 0 ? 2 : rank
}

/** The newest business version first, on a tie by status; what is equal keeps its order. */
export const byVersionAndStatus = (
  a: { business: string; resource: Resource },
  b: { business: string; resource: Resource },
): number => compareVersions(b.business, a.business) || statusRank(a.resource) - statusRank(b.resource)
