/** The pairs of a concept map: a table, page by page. */
import { useMemo } from 'preact/hooks'
import { changeQuery, place } from '../../app/router.ts'
import { language } from '../../app/session.ts'
import { counted, fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { Field } from '../../parts/field.tsx'
import { TypedText } from '../list/filters.tsx'
import { Filled } from '../page/filled.tsx'
import { Canonical } from '../page/links.tsx'
import { LongText } from '../page/notices.tsx'
import type { PartProps } from '../page/part-props.ts'
import { ScrollBox } from '../page/scroll-box.tsx'
import { type Group, type MapRow, mapGroups, mapSides, rowsWith } from '../readers/concept-map.ts'
import { Turn } from './value-set/expansion.tsx'

const pageSize = 100

/** The part. */
export function MapPairs({ resource }: PartProps) {
  const { map, tabs, page } = texts().catalogue
  const groups = useMemo(() => mapGroups(resource), [resource.value])
  const { source, target } = mapSides(resource)
  const text = place.value.query.get('q') ?? ''
  const offset = Math.max(0, Math.trunc(Number(place.value.query.get('offset') ?? '0')) || 0)
  const fitting = useMemo(() => groups.map((group) => ({ ...group, rows: rowsWith(group.rows, text) })), [groups, text])
  const total = fitting.reduce((sum, { rows }) => sum + rows.length, 0)
  const all = groups.reduce((sum, { rows }) => sum + rows.length, 0)
  const shown = Math.max(0, Math.min(pageSize, total - offset))
  const side = (canonical: string) => (canonical ? <Canonical canonical={canonical} /> : page.notNamed)
  return (
    <section aria-label={tabs.pairs}>
      <h2>{tabs.pairs}</h2>
      {(source || target) && (
        <p>
          <Filled text={map.sides} values={{ source: side(source), target: side(target) }} />
        </p>
      )}
      <Field label={map.search}>
        {(control) => (
          <TypedText
            control={control}
            type="search"
            value={text}
            change={(q) => changeQuery({ q, offset: undefined }, { replace: true })}
          />
        )}
      </Field>
      <p class="found" role="status">
        {all === 0 ? map.none : total === 0 ? map.noneFit : counted(map.rows, total, language.value)}
      </p>
      {sliced(fitting, offset, pageSize).map((group) => (
        <GroupTable group={group} />
      ))}
      <Turn offset={offset} shown={shown} total={total} size={pageSize} />
    </section>
  )
}

/** The groups with those of their rows that stand on a page; groups without any only where they say something themselves. */
function sliced(groups: Group[], offset: number, size: number): Group[] {
  let before = 0
  return groups.flatMap((group) => {
    const from = Math.max(0, offset - before)
    const rows = group.rows.slice(from, Math.max(0, offset + size - before))
    before += group.rows.length
    return rows.length > 0 || (offset === 0 && group.unmapped) ? [{ ...group, rows }] : []
  })
}

function GroupTable({ group }: { group: Group }) {
  const { map, page } = texts().catalogue
  const side = (canonical: string) => (canonical ? <Canonical canonical={canonical} /> : page.notNamed)
  return (
    <>
      <h3 class="sides">
        <Filled text={map.sides} values={{ source: side(group.source), target: side(group.target) }} />
      </h3>
      <ScrollBox label={texts().catalogue.tabs.pairs}>
        <table class="pairs">
          <thead>
            <tr>
              <th scope="col">{map.from}</th>
              <th scope="col">{map.relation}</th>
              <th scope="col">{map.to}</th>
              <th scope="col">{map.comment}</th>
            </tr>
          </thead>
          <tbody>
            {group.rows.map((row) => (
              <Pair row={row} />
            ))}
          </tbody>
        </table>
      </ScrollBox>
      {group.unmapped && (
        <p>
          {map.unmapped} <Unmapped unmapped={group.unmapped} />
        </p>
      )}
    </>
  )
}

function Pair({ row }: { row: MapRow }) {
  const { map } = texts().catalogue
  return (
    <tr>
      <th scope="row">
        <code>{row.code.slice(0, 300)}</code> <bdi>{row.display.slice(0, 500)}</bdi>
      </th>
      <td>{row.relation || row.target ? relationWords(row.relation) : map.noTarget}</td>
      <td>
        <code>{row.target.slice(0, 300)}</code> <bdi>{row.targetDisplay.slice(0, 500)}</bdi>
        {row.dependsOn.length > 0 && (
          <span class="under" dir="auto">
            {map.depends} {row.dependsOn.slice(0, 20).join(', ')}
          </span>
        )}
        {row.products.length > 0 && (
          <span class="under" dir="auto">
            {map.products} {row.products.slice(0, 20).join(', ')}
          </span>
        )}
      </td>
      <td>{row.comment && <LongText text={row.comment} />}</td>
    </tr>
  )
}

/** What the target is to the source, in words; one that is not known says so. */
export function relationWords(relation: string): string {
  const { map } = texts().catalogue
  const known = Object.entries(map.relations).find(([name]) => name === relation)?.[1]
  return known ?? fill(map.relationOther, { relation: relation.slice(0, 60) || '–' })
}

function Unmapped({ unmapped }: { unmapped: NonNullable<Group['unmapped']> }) {
  const { map } = texts().catalogue
  const known = Object.entries(map.unmappedModes).find(([name]) => name === unmapped.mode)?.[1]
  return (
    <Filled
      text={known ?? map.unmappedOther}
      values={{
        mode: <code>{unmapped.mode.slice(0, 60)}</code>,
        code: (
          <>
            <code>{unmapped.code.slice(0, 300)}</code> <bdi>{unmapped.display.slice(0, 500)}</bdi>
          </>
        ),
        url: <Canonical canonical={unmapped.url} />,
      }}
    />
  )
}
