import { formatCanonical } from '../../fhir/canonical.ts'
import { FhirError } from '../../fhir/error.ts'
import type { ValueSet } from '../../fhir/types.ts'
import { otherIssue } from '../request/messages.ts'
import { expansionGap } from '../request/usable.ts'

type Include = NonNullable<ValueSet['compose']>['include'][number]

/** A set that is stored as an expansion alone: its entries are its definition, when they are all of them. */
export function composeOfExpansion(definition: ValueSet, canonical: string): ValueSet['compose'] {
  const gap = definition.expansion && expansionGap(definition.expansion)
  if (gap) {
    const text = `The value set '${canonical}' cannot be expanded: it has no definition, and its stored expansion ${gap}`
    throw new FhirError(422, otherIssue('incomplete', text, { type: 'vs-invalid', expression: 'ValueSet.expansion' }))
  }
  type Contains = NonNullable<NonNullable<ValueSet['expansion']>['contains']>
  const bySystem = new Map<string, Include>()
  const visit = (entries: Contains | undefined) => {
    for (const { system, version, code, display, abstract, contains } of entries ?? []) {
      if (system && code && !abstract) {
        const key = formatCanonical(system, version)
        const include = bySystem.get(key) ?? { system, ...(version && { version }), concept: [] }
        include.concept?.push({ code, ...(display && { display }) })
        bySystem.set(key, include)
      }
      visit(contains)
    }
  }
  visit(definition.expansion?.contains)
  return bySystem.size > 0 ? { include: [...bySystem.values()] } : undefined
}
