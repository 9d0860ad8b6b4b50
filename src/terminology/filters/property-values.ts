import type { CodeSystemProvider, ConceptProperty, Ref } from '../code-system.ts'
import { standardProperty } from '../concept-index.ts'
import type { FilterCall } from './filter-operator.ts'

const STANDARD = new Set(['inactive', 'notSelectable', 'abstract', 'status', 'deprecationDate', 'synonym', 'comment'])

/** Reads the values of a filter's property from a concept, as text; none when the concept lacks it. */
export function propertyReader(call: FilterCall): (ref: Ref) => string[] {
  const { provider, property } = call
  const built = builtIn(provider, property)
  if (built) return built
  const declared = provider.hasProperty(property) ? property : standardProperty(provider.head, property)
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
