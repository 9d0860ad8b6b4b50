/** The one sentence of a verdict: which it is, and what the server says to it. */
import { openThings, saidKey } from './open-data.ts'
import type { FailureStatus, Verdict } from './verdict.ts'

/** Names of sentences; each has a short title and a sentence in every language. */
type ReasonName =
  | FailureStatus
  | 'accepted'
  | 'acceptedOfAll'
  | 'ruleFalse'
  | 'otherPerson'
  | 'notUnderstood'
  | 'ruleOpen'
  | 'productUnlisted'
  | 'noRule'
  | 'personOpen'
  | 'linkNotFollowed'
  | 'obstacle'

/** A sentence, and the server's own words that say more. */
export interface VerdictReason {
  name: ReasonName
  /** In the language that was asked for; of rules, else of issues. */
  words: string[]
  /** They are the server's own, which are English. */
  areServers?: true
}

/** Formats of which the content lies elsewhere. */
export const isLink = ({ format }: Pick<Verdict, 'format'>): boolean =>
  format !== undefined && /(?:^|-)link$/.test(format)

/** Why the verdict is what it is. */
export function reasonOf(verdict: Verdict): VerdictReason {
  const { decision, doubts, rules, identity, status, evaluations, linked } = verdict
  const decisive = rules.filter(({ isInformative }) => !isInformative)
  const messages = (result: boolean | null) =>
    unique(decisive.flatMap((rule) => (rule.result === result ? [rule.message ?? rule.title] : [])))
  if (doubts.length > 0 && decision === 'undetermined') return { name: 'notUnderstood', words: [] }
  if (decision === 'accepted') return { name: evaluations.length > 1 ? 'acceptedOfAll' : 'accepted', words: [] }
  if (decision === 'rejected') {
    if (identity === 'differs') return { name: 'otherPerson', words: messages(false) }
    return { name: 'ruleFalse', words: messages(false) }
  }
  if (decision === 'unverified') {
    const name = status === undefined || status === 'VERIFIED' ? 'notUnderstood' : status
    // The check that failed says the rest.
    return { name, words: [] }
  }
  const open = messages(null)
  if (isLink(verdict) && linked.length === 0) return { name: 'linkNotFollowed', words: [] }
  if (open.length > 0) {
    const isUnlisted = open.every((message) => openThings(message)?.some((thing) => 'unlisted' in thing))
    return { name: isUnlisted ? 'productUnlisted' : 'ruleOpen', words: oncePerKey(open) }
  }
  const person = issues(verdict).filter((text) => text.startsWith('identity: '))
  if (person.length > 0)
    return ofServer(
      'personOpen',
      person.map((text) => text.slice('identity: '.length)),
    )
  if (decisive.length === 0 && evaluations.length === 0) return ofServer('noRule', issues(verdict))
  return ofServer('obstacle', issues(verdict))
}

const ofServer = (name: ReasonName, words: string[]): VerdictReason => ({ name, words, areServers: true })

const oncePerKey = (messages: string[]): string[] =>
  messages.filter((each, at) => messages.findIndex((other) => saidKey(other) === saidKey(each)) === at)

const issues = (verdict: Verdict) =>
  unique(verdict.issues.flatMap(({ severity, text }) => (severity === 'information' ? [] : [text])))

const unique = (texts: string[]) => [...new Set(texts)].filter(Boolean)
