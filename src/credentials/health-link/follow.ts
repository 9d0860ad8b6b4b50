import { readFiles } from './files.ts'
import {
  ended,
  type Followed,
  type Following,
  isNotFollowed,
  type LinkQuestion,
  type LinkTools,
  unavailable,
  unusable,
} from './followed.ts'
import { type HealthLink, hasLapsed, isListSearch } from './health-link.ts'
import { readListSearch } from './list-search.ts'
import { readManifest } from './manifest.ts'

export type { Followed, LinkedFile, LinkQuestion } from './followed.ts'

/** Who receives the files, when the question does not say. */
const RECIPIENT = 'vidimus'

/**
 * Follows a health link: the list of its files, by a manifest (SMART Health Links 1.0), a search on List (IHE ITI VHL) or alone (flag U);
 * then every file, opened with the key of the link. A link whose life has ended, or that lacks what it needs, is not asked for at all.
 */
export async function followLink(link: HealthLink, question: LinkQuestion, tools: LinkTools): Promise<Followed> {
  const { clock, passcode, recipient = RECIPIENT, client = '' } = question
  if (hasLapsed(link, clock)) return ended('it has expired')
  if (link.version !== undefined) return unavailable('it is of a later version')
  const isDirect = link.flags.includes('U')
  const needsPasscode = link.flags.includes('P')
  if (isDirect && needsPasscode) return unusable('its flags contradict each other')
  if (needsPasscode && !passcode) return unavailable('a passcode is needed')
  const following: Following = {
    request: tools.request,
    sign: tools.sign,
    isListed: tools.isListed,
    link,
    recipient,
    client,
    ...(passcode === undefined || isDirect ? {} : { passcode }),
  }
  const announced = isDirect ? [directFile(following)] : await filesBehind(following)
  return isNotFollowed(announced) ? announced : readFiles(following, announced)
}

const filesBehind = (following: Following) =>
  isListSearch(following.link) ? readListSearch(following) : readManifest(following)

/** The one file of a link with flag U: its address with the recipient in the query. */
function directFile({ link, recipient }: Following) {
  const [address = ''] = link.url.split('#')
  const query = `recipient=${encodeURIComponent(recipient.toWellFormed())}`
  return { location: `${address}${address.includes('?') ? '&' : '?'}${query}` }
}
