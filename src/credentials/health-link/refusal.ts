import { isJsonObject } from '../../base/json.ts'
import type { NetworkReply } from '../../network/network-request.ts'
import { ended, type Following, jsonOf, type NotFollowed, retryText, unavailable } from './followed.ts'
import { isListSearch } from './health-link.ts'

/** Why the sharer gives nothing, by the status of his answer, which means other things to the two kinds of link. */
export function refusal(reply: NetworkReply, { link, passcode }: Following): NotFollowed {
  const known = isListSearch(link) ? ofFolder(reply) : ofManifest(reply, passcode)
  if (known) return known
  const { status } = reply
  const what = status === 429 ? 'was asked too often' : `answered with the status ${status}`
  return unavailable(`the sharer ${what}${retryText(reply)}`)
}

/** IHE ITI VHL. */
function ofFolder({ status }: NetworkReply): NotFollowed | undefined {
  if (status === 401) return unavailable('the sharer does not trust this server, or does not know its key')
  if (status === 403 || status === 410) return ended('the sharer says that it has expired or was revoked')
  if (status === 404) return unavailable('the sharer knows no such folder, or not any more')
  if (status === 422) return unavailable('the passcode is wrong, or one is needed')
  return undefined
}

/** SMART Health Links 1.0. */
function ofManifest(reply: NetworkReply, passcode: string | undefined): NotFollowed | undefined {
  const { status } = reply
  if (status === 401 && passcode === undefined) return unavailable('a passcode is needed')
  if (status === 401) return unavailable(`the passcode is wrong${attemptsLeft(reply)}`)
  if (status === 404) return unavailable('the sharer knows no such link, or not any more')
  if (status === 410) return ended('the sharer says that it has ended')
  return undefined
}

function attemptsLeft(reply: NetworkReply): string {
  const told = jsonOf(reply)
  const left = isJsonObject(told) ? told.remainingAttempts : undefined
  if (typeof left !== 'number' || !Number.isInteger(left) || left < 0 || left > 1_000_000) return ''
  return left === 0 ? '; no attempt is left' : `; ${left} more ${left === 1 ? 'attempt is' : 'attempts are'} left`
}
