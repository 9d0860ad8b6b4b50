/** Logical models as tests write them down. */
import type { StructureDefinition } from '../../../src/fhir/types.ts'

export interface MadeModel {
  name: string
  id?: string
  version?: string
  status?: StructureDefinition['status']
  base?: string
  place?: string
  elements: { path: string; types: string[]; max?: string; contentReference?: string }[]
}

/** A StructureDefinition with a differential. */
export function madeModel(made: MadeModel): StructureDefinition {
  const { name, id = name, version = '1.0.0', status = 'active', base, place = 'http://example.org', elements } = made
  const url = `${place}/StructureDefinition/${id}`
  return {
    resourceType: 'StructureDefinition',
    url,
    version,
    name,
    status,
    kind: 'logical',
    abstract: false,
    type: url,
    baseDefinition: base ?? 'http://hl7.org/fhir/StructureDefinition/Base',
    derivation: 'specialization',
    differential: {
      element: [
        { id: name, path: name, min: 0, max: '*' },
        ...elements.map(({ path, types, max = '1', contentReference }) => ({
          id: path,
          path,
          min: 0,
          max,
          ...(contentReference === undefined ? {} : { contentReference }),
          type: types.map((code) => ({ code })),
        })),
      ],
    },
  }
}
