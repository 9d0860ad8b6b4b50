import type { Difference } from '../../publish/folder/compare.ts'
import { describe, type Outcome, type Plan } from '../../publish/folder/publish-folder.ts'
import { oneLine, table } from '../table.ts'

const states = ['new', 'changed', 'refused', 'unchanged', 'only on server'] as const

/**
 * The difference as a table, why something is refused, and what was remarked.
 * @param skipped files of the folder that are no content
 */
export function planLines({ differences, remarks }: Plan, skipped: readonly string[]): string[] {
  const sorted = states.flatMap((state) => differences.filter((each) => each.state === state))
  const rows = sorted.map((each) => [
    each.state,
    each.type,
    oneLine(each.name),
    each.file ?? '',
    whose(each),
    changes(each),
  ])
  const counts = states.map((state) => [differences.filter((each) => each.state === state).length, state] as const)
  const summary = counts.filter(([count]) => count > 0).map(([count, state]) => `${count} ${state}`)
  const refused = sorted.flatMap(({ state, file, name, reasons = [] }) =>
    state === 'refused' ? reasons.map((reason) => `refused  ${file ?? name}: ${oneLine(reason)}`) : [],
  )
  const warned = remarks.map(({ file, issue }) => `warning  ${file}: ${oneLine(describe(issue))}`)
  return [
    ...(rows.length > 0 ? [table([['STATE', 'TYPE', 'ARTEFACT', 'FILE', 'OWN', 'MEMBERS'], ...rows])] : []),
    `${summary.join(', ') || 'nothing to publish'}`,
    ...(skipped.length > 0 ? [`left out, for they are no content: ${listed(skipped)}`] : []),
    ...warned,
    ...refused,
    ...(refused.length > 0 ? ['Nothing is published while anything is refused.'] : []),
  ]
}

const mostNames = 10
const listed = (names: readonly string[]): string =>
  names.length > mostNames
    ? `${names.slice(0, mostNames).join(', ')} and ${names.length - mostNames} more`
    : names.join(', ')

const prefixed = (place: string | undefined): string => (place === undefined ? '' : `  ${place}`)
const whose = ({ isOwn }: Difference): string => (isOwn === undefined ? '' : isOwn ? 'yes' : 'no')
const changes = ({ members = [] }: Difference): string =>
  members.length > 6 ? `${members.slice(0, 6).join(', ')} and ${members.length - 6} more` : members.join(', ')

/** How it ended. */
export function outcomeLines(outcome: Outcome): string[] {
  switch (outcome.state) {
    case 'published':
      return [`published: ${outcome.entries} artefacts, ${outcome.signed} of them signed`]
    case 'nothing to do':
      return ['nothing to do: the server has all of it']
    case 'refused':
      return [
        `refused by the server (${outcome.status}); nothing was published`,
        ...outcome.refusals.map(
          ({ file, name, issue }) => `refused${prefixed(file ?? name)}: ${oneLine(describe(issue))}`,
        ),
      ]
    case 'published unanswered':
      return [`published: ${outcome.why}, and the server has all of it`]
    case 'not published':
      return [`not published: ${outcome.why}, and the server has none of it. Run it again.`]
    default:
      return [
        `it is not known whether it was published: ${outcome.why}. Run it again: what is there already is not written twice.`,
      ]
  }
}

/** The same for programs. */
export function publicationJson({ differences, remarks }: Plan, outcome: Outcome | undefined): object {
  return {
    differences: differences.map(({ resource: _resource, replaces: _replaces, ...each }) => each),
    remarks,
    ...(outcome === undefined ? {} : { outcome }),
  }
}
