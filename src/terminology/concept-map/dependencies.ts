import { allParameters, firstParameter, parameterValue } from '../../fhir/operation.ts'
import type { CodeableConcept, Parameter, Parameters } from '../../fhir/types.ts'
import type { Dependency } from './concept-map.ts'

/** What a request says of other elements: `dependency`, with the part names of R4 (`element`, `concept`) or R5 (`attribute`, `value`). */
export function dependenciesOf(parameters: Parameters): Dependency[] {
  if (!firstParameter(parameters, 'dependency')) return NONE
  return allParameters(parameters, 'dependency').map(({ part = [] }) => ({
    element: String(parameterValue(part.find(({ name }) => name === 'element' || name === 'attribute')) ?? ''),
    values: valuesOf(part.find(({ name }) => name === 'concept' || name === 'value')),
  }))
}

const NONE: Dependency[] = []

/** Every coding of a concept; of one that has none its text: a target may depend on either (ConceptMap.group.element.target.dependsOn.value). */
function valuesOf(part: Parameter | undefined): Dependency['values'] {
  if (!part) return []
  const { valueCodeableConcept: concept, valueCoding: coding } = part
  if (concept) return conceptValues(concept)
  if (coding) return coding.code ? [{ system: coding.system, code: coding.code }] : []
  const value = parameterValue(part)
  return value === undefined ? [] : [{ code: String(value) }]
}

function conceptValues({ coding = [], text }: CodeableConcept): Dependency['values'] {
  const values = coding.flatMap(({ system, code }) => (code ? { system, code } : []))
  return values.length === 0 && text ? [{ code: text }] : values
}
