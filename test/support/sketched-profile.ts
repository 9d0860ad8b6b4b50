import type { StructureDefinition } from '../../src/fhir/types.ts'

/** A StructureDefinition in short: its canonical, its base and the elements of its differential. */
export interface Sketch {
  url: string
  type: string
  /** Default: the type itself. */
  base?: string
  context?: { type: string; expression: string }[]
  elements: Record<string, unknown>[]
}

/** The StructureDefinition of a sketch; ids of elements are their paths with the names of slices. */
export function sketched({ url, type, base, context, elements }: Sketch): StructureDefinition {
  const element = elements.map((each) => ({ ...each, path: String(each.id).replace(/:[^.]*/g, '') }))
  return {
    resourceType: 'StructureDefinition',
    url,
    name: 'Sketch',
    status: 'active',
    kind: /^[A-Z]/.test(type) && type !== 'Extension' ? 'resource' : 'complex-type',
    abstract: false,
    type,
    baseDefinition: base ?? `http://hl7.org/fhir/StructureDefinition/${type}`,
    derivation: 'constraint',
    ...(context ? { context } : {}),
    differential: { element },
  } as StructureDefinition
}
