import type { CodeSystemHead, CodeSystemProvider, ConceptProperty, Ref } from '../../code-system/code-system.ts'
import { standardProperty } from '../../code-system/concept-index.ts'
import type { FilterCall } from './filter-operator.ts'

const STANDARD = new Set(['inactive', 'notSelectable', 'abstract', 'status', 'deprecationDate', 'synonym', 'comment'])

/**
 * Whether the values of a property are codes of the system that case does not tell apart: the codes of its concepts, of
 * parents and children, and properties declared to be codes (https://hl7.org/fhir/R4/codesystem-definitions.html#CodeSystem.property.type).
 */
export function isFolded({ caseSensitive, properties }: CodeSystemHead, property: string): boolean {
  if (caseSensitive) return false
  return CODES.has(property) || properties.get(property)?.type === 'code'
}

const CODES = new Set(['concept', 'code', 'parent', 'child'])

/**
 * Values in the form in which a filter compares them: as they stand, without regard to case where they are codes of a
 * system that has none.
 */
export function comparableValue({ provider, property }: FilterCall): (value: string) => string {
  return isFolded(provider.head, declaredProperty(provider, property))
    ? (value) => value.toLowerCase()
    : (value) => value
}

const declaredProperty = (provider: CodeSystemProvider, property: string) =>
  provider.hasProperty(property) ? property : standardProperty(provider.head, property)

/** Reads the values of a filter's property from a concept, as text; none when the concept lacks it. */
export function propertyReader(call: FilterCall): (ref: Ref) => string[] {
  const { provider, property } = call
  const built = builtIn(provider, property)
  if (built) return built
  const declared = declaredProperty(provider, property)
  if (!provider.hasProperty(declared) && !STANDARD.has(property)) {
    throw call.fail(`the code system has no property '${property}'`)
  }
  return (ref) =>
    provider
      .properties(ref)
      .filter((each) => each.code === declared)
      .map(propertyText)
}

/** A property value as filters compare it: the code of a Coding, anything else as text. */
export function propertyText({ value }: ConceptProperty): string {
  return typeof value === 'object' ? (value.code ?? '') : String(value)
}

function builtIn(provider: CodeSystemProvider, property: string): ((ref: Ref) => string[]) | undefined {
  const codes = (refs: Ref[]) => refs.map((each) => provider.code(each))
  const present = (text: string | undefined) => (text === undefined ? [] : [text])
  switch (property) {
    case 'concept':
    case 'code':
      return (ref) => [provider.code(ref)]
    case 'display':
      return (ref) => present(provider.display(ref))
    case 'definition':
      return (ref) => present(provider.definition(ref))
    case 'designation':
      return (ref) => provider.designations(ref).map((each) => each.value)
    case 'parent':
      return (ref) => codes(provider.parents(ref))
    case 'child':
      return (ref) => codes(provider.children(ref))
    case 'status':
      return (ref) => present(provider.status(ref))
    case 'inactive':
      return (ref) => [String(provider.isInactive(ref))]
  }
  return undefined
}
