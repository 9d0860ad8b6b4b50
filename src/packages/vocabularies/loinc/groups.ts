/** Groups of terms that may stand for each other, and the groups above them. */
import type { SourceConcept } from '../../large-code-system/source-concept.ts'
import { readTable } from '../table.ts'
import { requireCode } from './codes.ts'
import type { LoincFiles } from './loinc-files.ts'
import type { Property } from './properties.ts'

/**
 * The groups of a release; none where it has no tables of them.
 * @throws FhirError 422 for an identifier that is none, with the line
 */
export function* groupConcepts({ files, names }: LoincFiles): Generator<SourceConcept> {
  if (names.parentGroups !== undefined) {
    const name = names.parentGroups
    const form = { separator: ',', required: ['ParentGroupId', 'ParentGroup', 'Status'] } as const
    for (const { line, of } of readTable({ name, chunks: files.chunks(name) }, form)) {
      const code = requireCode(of.ParentGroupId, 'LG', { name, line })
      yield { line, code, display: of.ParentGroup, parents: [], concept: { code, property: statusOf(of.Status) } }
    }
  }
  if (names.groups === undefined) return
  const name = names.groups
  const form = {
    separator: ',',
    required: ['ParentGroupId', 'GroupId', 'Group', 'Status'],
    optional: ['Archetype', 'VersionFirstReleased'],
  } as const
  const table = readTable<(typeof form)['required' | 'optional'][number]>({ name, chunks: files.chunks(name) }, form)
  for (const { line, of } of table) {
    const code = requireCode(of.GroupId, 'LG', { name, line })
    const property = [
      ...statusOf(of.Status),
      ...text('Archetype', of.Archetype),
      ...text('VersionFirstReleased', of.VersionFirstReleased),
    ]
    const parents = of.ParentGroupId === '' ? [] : [of.ParentGroupId]
    yield { line, code, display: of.Group, parents, concept: { code, property } }
  }
}

const text = (code: string, valueString: string): Property[] => (valueString === '' ? [] : [{ code, valueString }])

/** The status of what is not a term; what is active needs none. */
export const statusOf = (status: string): Property[] =>
  status === '' || status.toUpperCase() === 'ACTIVE' ? [] : text('STATUS', status.toUpperCase())
