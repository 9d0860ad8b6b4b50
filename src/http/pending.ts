import { parseCanonical } from '../fhir/canonical.ts'
import { notReady } from '../fhir/not-ready.ts'
import { unescapeValue } from '../fhir/search-value.ts'
import type { SearchCondition } from '../storage/storage.ts'
import type { Facade } from './facade.ts'

/** @throws FhirError 503 when what is not here may still come */
export async function refusePending(
  facade: Facade,
  type: string,
  wanted: { urls?: string[]; ids?: string[] },
): Promise<void> {
  if (await facade.hooks.isPending?.(type, wanted)) throw notReady('Content of this server')
}

/**
 * A search that finds nothing while content is being loaded: said only when none of what it asks for is to come.
 * @throws FhirError 503
 */
export async function refusePendingSearch(facade: Facade, type: string, conditions: SearchCondition[]): Promise<void> {
  const named = (parameter: string) => conditions.find((each) => each.parameter === parameter && !each.modifier)
  const [url, id] = [named('url'), named('_id')]
  const values = ({ values: given }: SearchCondition) => given.map(({ value }) => value)
  await refusePending(facade, type, {
    ...(url && { urls: values(url).map((each) => parseCanonical(unescapeValue(each)).url) }),
    ...(id && { ids: values(id) }),
  })
}
