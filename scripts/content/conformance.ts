import type { CodeSystem, CodeSystemConcept, ConceptMap, ValueSet } from '../../src/fhir/types.ts'
import { canonical, computerName, published } from './metadata.ts'

/** What an artefact is called. */
export interface Named {
  id: string
  title: string
  description: string
}

type Include = NonNullable<NonNullable<ValueSet['compose']>['include']>

/** A ValueSet of ours. */
export const valueSet = ({ id, title, description }: Named, include: Include): ValueSet => ({
  resourceType: 'ValueSet',
  id,
  url: canonical('ValueSet', id),
  ...published,
  name: computerName(id),
  title,
  description,
  immutable: false,
  compose: { inactive: true, include },
})

/** A ConceptMap of ours; `source` is the id of the ValueSet whose codes it maps, where there is one. */
export const conceptMap = (
  { id, title, description, source }: Named & { source?: string },
  group: NonNullable<ConceptMap['group']>,
): ConceptMap => ({
  resourceType: 'ConceptMap',
  id,
  url: canonical('ConceptMap', id),
  ...published,
  name: computerName(id),
  title,
  description,
  ...(source === undefined ? {} : { sourceCanonical: canonical('ValueSet', source) }),
  group,
})

/** A whole CodeSystem of ours, with the ValueSet of the same id over it. */
export const codeSystem = ({ id, title, description }: Named, concept: CodeSystemConcept[]): CodeSystem => ({
  resourceType: 'CodeSystem',
  id,
  url: canonical('CodeSystem', id),
  ...published,
  name: computerName(id),
  title,
  description,
  caseSensitive: true,
  valueSet: canonical('ValueSet', id),
  content: 'complete',
  count: concept.length,
  concept,
})
