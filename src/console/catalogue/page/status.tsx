import { fill } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { statuses } from '../list/query.ts'

/** The state of an artefact in words; one that is not known says so. */
export function Status({ status, isExperimental = false }: { status: string; isExperimental?: boolean }) {
  const { catalogue } = texts()
  const known = statuses.find((each) => each === status)
  return (
    <>
      <span class={`tag status-${known ?? 'other'}`}>
        {known ? catalogue.statuses[known] : fill(catalogue.statusOther, { status: status.slice(0, 40) || '–' })}
      </span>{' '}
      {isExperimental && <span class="tag">{catalogue.experimental}</span>}
    </>
  )
}
