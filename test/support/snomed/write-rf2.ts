import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Rf2Relationship, Rf2Rows } from './rf2-rows.ts'
import { sct } from './rf2-rows.ts'

/** Writes rows as the files of a snapshot below a folder, as a release lies. */
export function writeRf2(rows: Rf2Rows, folder: string): void {
  const date = /\/version\/(\d{8})$/.exec(rows.version)?.[1] ?? ''
  const write = (path: string, columns: string, lines: (string | number | boolean)[][]) => {
    const target = join(folder, 'Snapshot', `${path}_INT_${date}.txt`)
    mkdirSync(join(target, '..'), { recursive: true })
    const cell = (each: string | number | boolean) => (typeof each === 'boolean' ? (each ? '1' : '0') : String(each))
    const text = [columns.split(' '), ...lines.map((line) => line.map(cell))].map((line) => line.join('\t'))
    writeFileSync(target, `${text.join('\r\n')}\r\n`)
  }
  const component = (each: { id: string; effectiveTime: string; active: boolean; moduleId: string }) => [
    each.id,
    each.effectiveTime,
    each.active,
    each.moduleId,
  ]
  write(
    'Terminology/sct2_Concept_Snapshot',
    'id effectiveTime active moduleId definitionStatusId',
    rows.concepts.map((each) => [...component(each), each.definitionStatusId]),
  )
  for (const isDefinition of [false, true]) {
    write(
      `Terminology/sct2_${isDefinition ? 'TextDefinition' : 'Description'}_Snapshot-en`,
      'id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId',
      rows.descriptions
        .filter((each) => (each.typeId === sct.textDefinition) === isDefinition)
        .map((each) => [
          ...component(each),
          each.conceptId,
          each.languageCode,
          each.typeId,
          each.term,
          each.caseSignificanceId,
        ]),
    )
  }
  writeRelationships(rows.relationships, write)
  write(
    'Terminology/sct2_Identifier_Snapshot',
    'alternateIdentifier effectiveTime active moduleId identifierSchemeId referencedComponentId',
    rows.identifiers.map((each) => [
      each.alternateIdentifier,
      each.effectiveTime,
      each.active,
      each.moduleId,
      each.identifierSchemeId,
      each.referencedComponentId,
    ]),
  )
  rows.refsets.forEach(({ fields, rows: members }, number) => {
    const kinds = fields.map((field) =>
      field.endsWith('Id') ? 'c' : /^map(?:Group|Priority)$/.test(field) ? 'i' : 's',
    )
    write(
      `Refset/der2_${kinds.join('')}Refset_${fields.join() === 'acceptabilityId' ? 'Language' : `Kind${number}`}Snapshot-en`,
      ['id effectiveTime active moduleId refsetId referencedComponentId', ...fields].join(' '),
      members.map((each) => [...component(each), each.refsetId, each.referencedComponentId, ...each.values]),
    )
  })
}

function writeRelationships(
  relationships: readonly Rf2Relationship[],
  write: (path: string, columns: string, lines: (string | number | boolean)[][]) => void,
): void {
  const line = (each: Rf2Relationship, value: string) => [
    each.id,
    each.effectiveTime,
    each.active,
    each.moduleId,
    each.sourceId,
    value,
    each.relationshipGroup,
    each.typeId,
    each.characteristicTypeId,
    sct.some,
  ]
  const columns = (value: string) =>
    `id effectiveTime active moduleId sourceId ${value} relationshipGroup typeId characteristicTypeId modifierId`
  const isConcrete = ({ value }: Rf2Relationship) => value !== ''
  write(
    'Terminology/sct2_Relationship_Snapshot',
    columns('destinationId'),
    relationships.filter((each) => !isConcrete(each)).map((each) => line(each, each.destinationId)),
  )
  write(
    'Terminology/sct2_RelationshipConcreteValues_Snapshot',
    columns('value'),
    relationships.filter(isConcrete).map((each) => line(each, each.value)),
  )
}
