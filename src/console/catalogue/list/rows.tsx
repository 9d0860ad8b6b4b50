/** Rows of a list of artefacts: a table that becomes cards on narrow screens. */
import { language } from '../../app/session.ts'
import { shownDate } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { pageOf } from '../page/addresses.ts'
import { Status } from '../page/status.tsx'
import { headOf } from '../readers/artefact.ts'
import type { Reading } from '../readers/reading.ts'

/** A table of artefacts, each with the way to its page. */
export function Rows({ rows }: { rows: Reading[] }) {
  const { list, page } = texts().catalogue
  return (
    <table class="artefacts">
      <thead>
        <tr>
          <th scope="col">{list.name}</th>
          <th scope="col">{page.version}</th>
          <th scope="col">{page.status}</th>
          <th scope="col">{list.publisherAndDate}</th>
          <th scope="col">{page.jurisdictions}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((each) => (
          <ArtefactRow key={each.text('id')} row={each} />
        ))}
      </tbody>
    </table>
  )
}

function ArtefactRow({ row }: { row: Reading }) {
  const head = headOf(row, language.value)
  const { page } = texts().catalogue
  return (
    <tr>
      <th scope="row">
        <a href={pageOf({ type: head.type, id: head.id })} dir="auto">
          {clip(head.title) || page.unnamed}
        </a>
        {head.url && <code class="under">{clip(head.url)}</code>}
      </th>
      <td>
        <bdi>{clip(head.version)}</bdi>
      </td>
      <td>
        <Status status={head.status} isExperimental={head.isExperimental} />
      </td>
      <td>
        <span dir="auto">{clip(head.publisher)}</span>
        {head.date && <span class="under">{shownDate(head.date, language.value)}</span>}
      </td>
      <td dir="auto">{clip(head.jurisdictions.join(', '))}</td>
    </tr>
  )
}

/** A row is for finding: the page has the whole. */
const clip = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}…` : text)
