/** Identifiers of other schemes that concepts have (file Identifier). */
import { emptyTable, enter, hashOf } from '../../../code-system/large/code-table.ts'
import type { SectionWriter } from '../../../code-system/large/layout.ts'
import { writeStrings } from '../../../code-system/large/string-table.ts'
import { BETWEEN } from '../names.ts'
import type { IdentifierState } from '../release-rows.ts'
import type { Common } from './descriptions.ts'
import { checkId, Fault } from './states.ts'

/** Collects identifiers. */
export function identifierPart({ isFull, conceptRow }: Pick<Common, 'isFull' | 'conceptRow'>) {
  const states = new Map<string, { time: number; concept: number; isActive: boolean }>()
  return {
    take: (row: IdentifierState): void => {
      checkId(row.scheme, 'identifierSchemeId')
      checkId(row.component, 'referencedComponentId')
      const key = Buffer.from(`${row.scheme}${BETWEEN}${row.identifier}`).toString()
      const known = states.get(key)
      if (known && (!isFull || known.time === row.effectiveTime))
        throw new Fault(`the identifier '${row.identifier.slice(0, 40)}' of its scheme was there before`)
      if (known && known.time > row.effectiveTime) return
      const state = { time: row.effectiveTime, concept: conceptRow(row.component), isActive: row.isActive }
      states.set(key, state)
    },
    write: (writer: SectionWriter, ordinalOf: Int32Array): void => {
      const active = [...states].filter(([, { isActive, concept }]) => isActive && concept >= 0)
      const table = emptyTable(active.length)
      active.forEach(([key], number) => {
        enter(table, hashOf(key), number)
      })
      writeStrings(
        writer,
        'snomed.identifiers',
        active.map(([key]) => key),
      )
      writer.put('snomed.identifiers.table', table)
      writer.put(
        'snomed.identifiers.concept',
        Int32Array.from(active, ([, { concept }]) => ordinalOf[concept] ?? -1),
      )
    },
  }
}
