import type { CodeSystem } from '../../../src/fhir/types.ts'
import { headOf } from '../../../src/terminology/code-system/concept-index.ts'
import { snomedCodeSystem } from '../../../src/terminology/vocabularies/snomed/code-system.ts'
import type { ReleaseRow } from '../../../src/terminology/vocabularies/snomed/release-rows.ts'
import { createSnomedWriter } from '../../../src/terminology/vocabularies/snomed/write-content.ts'
import { memoryFile, memorySpool } from '../../terminology/code-system/large/support.ts'
import { type Rf2Rows, sct } from './rf2-rows.ts'

/** The file that a release is compiled to, with its resource. @throws Error for rows that cannot be taken */
export function compiledRelease(rows: Rf2Rows): { resource: CodeSystem; file: Uint8Array } {
  const resource = snomedCodeSystem(rows.version)
  const spools = { texts: memorySpool(), members: memorySpool() }
  const writer = createSnomedWriter({ head: headOf(resource), isFull: false, spools })
  const taken = (fault: string | undefined) => {
    if (fault !== undefined) throw new Error(fault)
  }
  for (const row of rows.concepts)
    taken(writer.concept({ ...state(row), isDefined: row.definitionStatusId === sct.defined }))
  for (const row of rows.descriptions) {
    const { conceptId, languageCode, typeId, term, caseSignificanceId } = row
    const texts = { language: languageCode, type: typeId, term, caseSignificance: caseSignificanceId }
    taken(writer.description({ ...state(row), concept: conceptId, ...texts }))
  }
  for (const row of rows.relationships) {
    if (row.characteristicTypeId !== sct.inferred) continue
    const to = row.value === '' ? { target: row.destinationId } : { value: row.value }
    taken(
      writer.relationship({
        ...state(row),
        source: row.sourceId,
        type: row.typeId,
        group: row.relationshipGroup,
        ...to,
      }),
    )
  }
  writer.end('relationships')
  for (const { fields, rows: members } of rows.refsets) {
    const isLanguage = fields.length === 1 && fields[0] === 'acceptabilityId'
    for (const row of members) {
      const { refsetId, referencedComponentId, values } = row
      const own = { ...state(row), refset: refsetId }
      taken(
        isLanguage
          ? writer.dialect({ ...own, description: referencedComponentId, acceptability: values[0] ?? '' })
          : writer.member({ ...own, component: referencedComponentId, values }, fields),
      )
    }
  }
  writer.end('dialects')
  for (const row of rows.identifiers) {
    const { identifierSchemeId, alternateIdentifier, effectiveTime, active, referencedComponentId } = row
    const own = { scheme: identifierSchemeId, identifier: alternateIdentifier, component: referencedComponentId }
    taken(writer.identifier({ ...own, effectiveTime: Number(effectiveTime), isActive: active }))
  }
  const faults = writer.check().filter(({ severity }) => severity === 'error')
  if (faults.length > 0) throw new Error(faults.map(({ text }) => text).join('\n'))
  const file = memoryFile()
  const { concepts } = writer.finish(file)
  return { resource: { ...resource, count: concepts }, file: file.bytes() }
}

const state = (row: { id: string; effectiveTime: string; active: boolean; moduleId: string }): ReleaseRow => ({
  id: row.id,
  effectiveTime: Number(row.effectiveTime),
  isActive: row.active,
  module: row.moduleId,
})
