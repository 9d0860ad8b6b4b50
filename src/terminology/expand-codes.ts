/** The codes of a value set as rules and searches use them. */
import { statusOf } from '../fhir/artefact.ts'
import { formatCanonical } from '../fhir/canonical.ts'
import { unprocessable } from '../fhir/error.ts'
import type { Resource, ValueSet } from '../fhir/types.ts'
import type { Terminology } from './terminology.ts'

/** The codes of a value set, flat. @throws FhirError as `Terminology.expand` */
export async function expandCodes(
  terminology: Pick<Terminology, 'expand'>,
  given: { url: string } | { valueSet: ValueSet },
) {
  const parameter =
    'url' in given ? { name: 'url', valueUri: given.url } : { name: 'valueSet', resource: given.valueSet }
  const expanded = await terminology.expand({
    resourceType: 'Parameters',
    parameter: [parameter, { name: 'excludeNested', valueBoolean: true }],
  })
  return (expanded.expansion?.contains ?? []).flatMap(({ system, code, display }) =>
    code ? [{ code, ...(system ? { system } : {}), ...(display ? { display } : {}) }] : [],
  )
}

/** The codes of a value set as token search values, `system|code`. @throws FhirError as `Terminology.expand` */
export async function searchTokens(terminology: Pick<Terminology, 'expand'>, url: string): Promise<string[]> {
  return (await expandCodes(terminology, { url })).map(({ system, code }) => `${system ?? ''}|${code}`)
}

/**
 * EU rules name value sets by a bare id: the codes of the ValueSet that is stored under it.
 * @throws FhirError 422 when it is not active: a rule must not go by a draft
 */
export async function euValueSet(terminology: Pick<Terminology, 'expand'>, stored: Resource | undefined) {
  if (stored?.resourceType !== 'ValueSet') return undefined
  if (statusOf(stored) !== 'active') throw unprocessable(`ValueSet/${stored.id} is not active`, 'business-rule')
  const codes = (await expandCodes(terminology, { valueSet: stored })).map(({ code }) => code)
  return { canonical: formatCanonical(stored.url, stored.version), codes }
}
