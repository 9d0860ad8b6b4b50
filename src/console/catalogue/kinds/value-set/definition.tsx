/** How a value set is made, in plain words. */

import { language } from '../../../app/session.ts'
import { fill, shownDate } from '../../../languages/fill.ts'
import { texts } from '../../../languages/languages.ts'
import { Filled } from '../../page/filled.tsx'
import { Canonical, Canonicals } from '../../page/links.tsx'
import type { PartProps } from '../../page/part-props.ts'
import { type Clause, composeOf, type Filter } from '../../readers/value-set.ts'
import { Codes } from './codes.tsx'

/** The part. */
export function Definition({ resource }: PartProps) {
  const { valueSet, tabs } = texts().catalogue
  const compose = composeOf(resource)
  const isEmpty = compose.includes.length === 0
  return (
    <section aria-label={tabs.definition}>
      <h2>{valueSet.included}</h2>
      {isEmpty ? <p>{valueSet.nothing}</p> : <Clauses clauses={compose.includes} />}
      {compose.excludes.length > 0 && (
        <>
          <h2>{valueSet.excluded}</h2>
          <Clauses clauses={compose.excludes} />
        </>
      )}
      {compose.inactive !== undefined && <p>{compose.inactive ? valueSet.inactiveYes : valueSet.inactiveNo}</p>}
      {compose.lockedDate && <p>{fill(valueSet.locked, { date: shownDate(compose.lockedDate, language.value) })}</p>}
    </section>
  )
}

const mostClauses = 200

function Clauses({ clauses }: { clauses: Clause[] }) {
  return (
    <>
      {clauses.slice(0, mostClauses).map((each) => (
        <ClauseCard clause={each} />
      ))}
      {clauses.length > mostClauses && <p>{fill(texts().catalogue.page.more, { n: clauses.length - mostClauses })}</p>}
    </>
  )
}

function ClauseCard({ clause }: { clause: Clause }) {
  const { valueSet } = texts().catalogue
  const { system, version, concepts, filters, valueSets } = clause
  const named = <Canonical canonical={version ? `${system}|${version}` : system} />
  const sets = <Canonicals canonicals={valueSets} />
  const imported = valueSets.length > 1 ? valueSet.importedSeveral : valueSet.imported
  const head =
    concepts.length > 0 ? valueSet.listed : filters.length > 0 ? valueSet.filtered : system ? valueSet.all : imported
  return (
    <div class="card">
      <p class="clause-head">
        <Filled text={head} values={{ system: named, sets }} />
      </p>
      {filters.length > 0 && (
        <ul>
          {filters.map((each) => (
            <li>
              <FilterWords filter={each} />
            </li>
          ))}
        </ul>
      )}
      {concepts.length > 0 && <Codes codes={concepts} system={system} />}
      {system && valueSets.length > 0 && (
        <p>
          <Filled text={valueSet.alsoIn} values={{ sets }} />
        </p>
      )}
    </div>
  )
}

function FilterWords({ filter: { property, op, value } }: { filter: Filter }) {
  const { valueSet } = texts().catalogue
  const isEcl = op === '=' && (property === 'constraint' || property === 'expression')
  const known = Object.entries(valueSet.ops).find(([name]) => name === op)?.[1]
  const shown = (text: string) => <code class="address">{text.slice(0, 4_000) || '–'}</code>
  return (
    <Filled
      text={isEcl ? valueSet.ecl : (known ?? valueSet.opOther)}
      values={{ property: shown(property), op: shown(op), value: shown(value) }}
    />
  )
}
