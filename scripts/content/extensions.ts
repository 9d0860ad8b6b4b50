import type { StructureDefinition } from '../../src/fhir/types.ts'
import { canonical, published } from './metadata.ts'

/** What tells one simple extension from another. */
interface SimpleExtension {
  id: string
  name: string
  title: string
  definition: string
  /** Paths of the elements that may carry it. */
  on: string[]
  /** Type of its value. */
  type: string
  date: string
}

function simpleExtension({ id, name, title, definition, on, type, date }: SimpleExtension): StructureDefinition {
  const url = canonical('StructureDefinition', id)
  return {
    resourceType: 'StructureDefinition',
    id,
    url,
    ...published(date),
    name,
    title,
    description: definition,
    fhirVersion: '4.0.1',
    kind: 'complex-type',
    abstract: false,
    context: on.map((expression) => ({ type: 'element', expression })),
    type: 'Extension',
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/Extension',
    derivation: 'constraint',
    differential: {
      element: [
        { id: 'Extension', path: 'Extension', short: title, definition, min: 0, max: '1' },
        { id: 'Extension.extension', path: 'Extension.extension', max: '0' },
        { id: 'Extension.url', path: 'Extension.url', fixedUri: url },
        { id: 'Extension.value[x]', path: 'Extension.value[x]', min: 1, type: [{ code: type }] },
      ],
    },
  }
}

/** Extensions that the maps of the folder `igs/` write, and those that maps are stored with; the others are WHO's and HL7's. */
export const extensions: StructureDefinition[] = [
  simpleExtension({
    id: 'event-validity',
    name: 'EventValidity',
    title: 'Validity of a certified event',
    definition: 'First and last day on which a certified vaccination or recovery counts, as its issuer says.',
    on: ['Immunization', 'Condition'],
    type: 'Period',
    date: '2026-11-25',
  }),
  simpleExtension({
    id: 'fml-position',
    name: 'FmlPosition',
    title: 'Place in the mapping language',
    definition:
      'Line and column, counted from one and with a colon between them, at which a group or a rule begins in the text that the map was read from.',
    on: ['StructureMap.group', 'StructureMap.group.rule'],
    type: 'string',
    date: '2026-11-25',
  }),
  simpleExtension({
    id: 'fml-expression',
    name: 'FmlExpression',
    title: 'The parameter is FHIRPath',
    definition:
      'The text of the parameter is a FHIRPath expression that is evaluated, in a transform other than evaluate: R4 has no form for that.',
    on: ['StructureMap.group.rule.target.parameter'],
    type: 'boolean',
    date: '2026-11-25',
  }),
]
