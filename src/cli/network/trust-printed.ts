import { leftOutText } from '../../trust/status.ts'
import type { TrustListStatus } from '../../trust/trust.ts'
import { NOT_READ_YET } from '../../trust/upkeep/read-source.ts'
import { table } from '../table.ts'

/** Said at the start, too: a server that trusts nobody looks well otherwise. */
export const noTrustLists = 'No trust list is configured: every credential is ISSUER_NOT_TRUSTED.'

/** The lists as a table. */
export function printedLists(lists: TrustListStatus[], withWarnings: boolean): string {
  if (lists.length === 0) return noTrustLists
  const rows = lists.map((list) => [
    list.name,
    list.kind,
    String(list.keys),
    list.expired > 0 ? String(list.expired) : '',
    list.leftOut ? String(list.leftOut.length) : '',
    list.created ?? '',
    stateOf(list),
    list.location,
  ])
  const heading = ['LIST', 'KIND', 'KEYS', 'EXPIRED', 'LEFT OUT', 'CREATED', 'STATE', 'LOCATION']
  const remarks = lists.flatMap((list) => [
    ...(withWarnings ? list.warnings.map((warning) => `${list.name}: ${warning}`) : []),
    ...leftOutLines(list, withWarnings),
  ])
  const shown = table([heading, ...rows])
  return remarks.length > 0 ? `${shown}\n\n${[...new Set(remarks)].join('\n')}` : shown
}

/** Why a list failed, and that its withdrawals are lost when nothing else stands in for them. */
export function failureOf({ usable, failure, kind, required }: TrustListStatus): string {
  const isLost = !usable && !required && kind !== 'distrusted'
  const hint =
    failure === NOT_READ_YET ? ' (a server that starts asks for it, and so does `vidimus trust refresh`)' : ''
  return `${failure}${hint}${isLost ? '; what it withdraws is not known' : ''}`
}

function stateOf(list: TrustListStatus): string {
  const { usable, failure, keys, leftOut, withdraws, required, revokes } = list
  if (!usable) return `not usable: ${failureOf(list)}`
  const state = failure
    ? `${list.from === 'first copy' ? 'first copy' : 'old copy'}: ${failure}`
    : keys === 0 && leftOut
      ? 'no key counts'
      : 'in use'
  const parts = [state, required ? 'required' : '', withdraws === undefined ? '' : `withdraws ${withdraws}`]
  return [...parts, revokes ? revokesText(revokes) : ''].filter(Boolean).join(', ')
}

function revokesText({
  hashes,
  batches,
  cards,
  participants,
  expires,
}: NonNullable<TrustListStatus['revokes']>): string {
  if (participants.length === 0) return cards > 0 ? `revokes ${cards} cards` : 'revokes nothing'
  const until = expires === undefined ? '' : ` until ${expires}`
  return `revokes ${hashes} hashes in ${batches} batches of ${participants.join(' ')}${until}`
}

/** So many entries of one reason are named; `status` names all. */
const NAMED_ENTRIES = 3

/** Entries that do not count, by reason. */
function leftOutLines({ name, leftOut = [] }: TrustListStatus, everyOne: boolean): string[] {
  if (everyOne) return leftOut.map((each) => `${name}: ${leftOutText(each)}`)
  const byReason = Map.groupBy(leftOut, ({ reason }) => reason)
  return [...byReason].map(([reason, entries]) => {
    const named = entries.slice(0, NAMED_ENTRIES).map(({ entry }) => entry)
    const more = entries.length - named.length
    return `${name}: left out ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}: ${reason}`
  })
}
