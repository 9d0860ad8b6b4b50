import type { StructureDefinition } from '../../src/fhir/types.ts'
import { canonical, published } from './metadata.ts'

const url = canonical('StructureDefinition', 'event-validity')
const definition = 'First and last day on which a certified vaccination or recovery counts, as its issuer says.'

/** Extensions that the maps of the folder `igs/` write; the others are WHO's. */
export const extensions: StructureDefinition[] = [
  {
    resourceType: 'StructureDefinition',
    id: 'event-validity',
    url,
    ...published('2026-11-25'),
    name: 'EventValidity',
    title: 'Validity of a certified event',
    description: definition,
    fhirVersion: '4.0.1',
    kind: 'complex-type',
    abstract: false,
    context: [
      { type: 'element', expression: 'Immunization' },
      { type: 'element', expression: 'Condition' },
    ],
    type: 'Extension',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Extension',
    derivation: 'constraint',
    differential: {
      element: [
        { id: 'Extension', path: 'Extension', short: 'Validity of a certified event', definition, min: 0, max: '1' },
        { id: 'Extension.extension', path: 'Extension.extension', max: '0' },
        { id: 'Extension.url', path: 'Extension.url', fixedUri: url },
        { id: 'Extension.value[x]', path: 'Extension.value[x]', min: 1, type: [{ code: 'Period' }] },
      ],
    },
  },
]
