import { parseCanonical } from '../../fhir/canonical.ts'
import { issue } from '../../fhir/error.ts'
import { notReady } from '../../fhir/not-ready.ts'
import { isParameterCondition, type ParameterCondition } from '../../fhir/search/condition.ts'
import { unescapeValue } from '../../fhir/search/value.ts'
import type { Issue } from '../../fhir/types.ts'
import type { SearchCondition } from '../../storage/storage.ts'
import type { HttpContext } from '../context.ts'

/** @throws FhirError 503 when what is not here may still come */
export async function refusePending(
  context: HttpContext,
  type: string,
  wanted: { urls?: string[]; ids?: string[] },
): Promise<void> {
  if (await context.hooks.isPending?.(type, wanted)) throw notReady('Content of this server')
}

/**
 * A search by url or id that finds nothing while content is being loaded: said only when none of what it names is to come.
 * @throws FhirError 503
 */
export async function refusePendingSearch(
  context: HttpContext,
  type: string,
  conditions: SearchCondition[],
): Promise<void> {
  const named = (parameter: string) =>
    conditions.filter(isParameterCondition).find((each) => each.parameter === parameter && !each.modifier)
  const [url, id] = [named('url'), named('_id')]
  if (!url && !id) return
  const values = ({ values: given }: ParameterCondition) => given.map(({ value }) => value)
  await refusePending(context, type, {
    ...(url && { urls: values(url).map((each) => parseCanonical(unescapeValue(each)).url) }),
    ...(id && { ids: values(id) }),
  })
}

/** What is to be said of a search by anything else while content is being loaded: more may match later. */
export async function pendingIssue(context: HttpContext, type: string): Promise<Issue | undefined> {
  if (!(await context.hooks.isPending?.(type, {}))) return undefined
  const text = 'Content of this server is still being loaded: more may match later.'
  return issue('transient', { severity: 'warning', text })
}
