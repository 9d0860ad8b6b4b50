import { formatCanonical } from '../../fhir/canonical.ts'
import type { CodeSystem, CodeSystemConcept } from '../../fhir/types.ts'
import type { CodeSystemProvider, ConceptProperty, Designation, Ref } from './code-system.ts'
import { headOf, propertiesOf, requireParts, standardProperty } from './concept-index.ts'

/**
 * A code system with supplements applied (https://hl7.org/fhir/R4/codesystem.html#supplements): their designations,
 * properties and extensions are added to its concepts; an extension that both have is the supplement's.
 */
export function withSupplements(base: CodeSystemProvider, supplements: CodeSystem[]): CodeSystemProvider {
  if (supplements.length === 0) return base
  const added = new Map<Ref, { concept: CodeSystemConcept; source: string }[]>()
  const properties = new Map(base.head.properties)
  const used = new Set<string>()
  for (const supplement of supplements) {
    // Refuses a supplement that says something else than its words.
    headOf(supplement)
    const source = formatCanonical(supplement.url, supplement.version)
    for (const { code, uri, type } of supplement.property ?? []) properties.set(code, { ...(uri && { uri }), type })
    for (const concept of everyConcept(supplement.concept)) {
      requireParts(concept, supplement)
      const ref = base.locate(concept.code)
      if (ref === undefined) continue
      for (const property of concept.property ?? []) used.add(property.code)
      added.set(ref, [...(added.get(ref) ?? []), { concept, source }])
    }
  }
  const of = (ref: Ref) => added.get(ref) ?? []
  const head = {
    ...base.head,
    properties,
    supplements: supplements.map((each) => formatCanonical(each.url, each.version)),
  }
  const { filter, lookUp } = base
  return {
    ...base,
    head,
    // What the system evaluates itself knows nothing of values that a supplement adds.
    ...(filter && {
      filter: (property, op, value, fail) =>
        used.has(property) || used.has(standardProperty(head, property))
          ? undefined
          : filter(property, op, value, fail),
    }),
    ...(lookUp && {
      lookUp: (ref, asked, languages) => [
        ...lookUp(ref, asked, languages),
        ...of(ref)
          .flatMap(({ concept }) => propertiesOf(concept))
          .filter(({ code }) => asked.includes('*') || asked.includes(code)),
      ],
    }),
    designations: (ref): Designation[] => [
      ...base.designations(ref),
      ...of(ref).flatMap(({ concept, source }) => (concept.designation ?? []).map((each) => ({ ...each, source }))),
    ],
    properties: (ref): ConceptProperty[] => [
      ...base.properties(ref),
      ...of(ref).flatMap(({ concept }) => propertiesOf(concept)),
    ],
    extensions: (ref) => {
      const extra = of(ref).flatMap(({ concept }) => concept.extension ?? [])
      const replaced = new Set(extra.map((each) => each.url))
      return [...base.extensions(ref).filter((each) => !replaced.has(each.url)), ...extra]
    },
    hasProperty: (code) => properties.has(code) || used.has(code) || base.hasProperty(code),
  }
}

function* everyConcept(concepts: CodeSystemConcept[] = []): Generator<CodeSystemConcept> {
  for (const concept of concepts) {
    yield concept
    yield* everyConcept(concept.concept)
  }
}
