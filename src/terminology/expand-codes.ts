/** The codes of a value set as rules and searches use them. */
import { statusOf } from '../fhir/artefact.ts'
import { formatCanonical } from '../fhir/canonical.ts'
import { badRequest, unprocessable } from '../fhir/error.ts'
import { escapeValue, splitEscaped, unescapeValue } from '../fhir/search/value.ts'
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
  return (await expandCodes(terminology, { url })).map(
    ({ system, code }) => `${escapeValue(system ?? '')}|${escapeValue(code)}`,
  )
}

/**
 * A code and those above or below it as token search values, `system|code`.
 * @throws FhirError 400 for a token without system and code, else as `Terminology.expand`
 */
export async function subsumedTokens(
  terminology: Pick<Terminology, 'expand'>,
  token: string,
  direction: 'above' | 'below',
): Promise<string[]> {
  const [system = '', code = '', ...more] = splitEscaped(token, '|').map(unescapeValue)
  if (system === '' || code === '' || more.length > 0)
    throw badRequest(`:${direction} needs a code with its system, as in http://loinc.org|1234-5.`)
  const op = direction === 'below' ? 'is-a' : 'generalizes'
  const filter = [{ property: 'concept', op, value: code } as const]
  const valueSet: ValueSet = { resourceType: 'ValueSet', status: 'active', compose: { include: [{ system, filter }] } }
  const codes = await expandCodes(terminology, { valueSet })
  return codes.map((each) => `${escapeValue(each.system ?? '')}|${escapeValue(each.code)}`)
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
