/** `$trust-status` and `$verify-trust` as the view shows them: what is not understood is never shown as good. */
import type { Parameters } from 'fhir/r4.js'
import { flagIn, named, numberIn, textIn, textsIn } from '../api/parameters.ts'

/** States of a list; `unknown` for a word that this console does not know. */
export type ListState = 'ok' | 'stale' | 'failed' | 'absent' | 'unknown'

/** A list. */
export interface TrustList {
  name: string
  kind: string
  state: ListState
  keys: number
  expired: number
  leftOut: number
  withdraws: number
  revokes: number
  waiting: number
  /** When it was last known to be good: confirmed by its server, or read. */
  confirmed: string | undefined
  created: string | undefined
  /** To those who have a token. */
  location: string | undefined
  failure: string | undefined
  warnings: string[]
}

/** A key. */
export interface ListedKey {
  keyId: string
  thumbprint: string
  participant: string
  issuer: string | undefined
  domain: string
  usage: string
  status: string
  validFrom: string | undefined
  validTo: string | undefined
  expired: boolean
  lists: string[]
  leftOut: string | undefined
}

/** All of it. */
export interface TrustState {
  at: string
  lists: TrustList[]
  participants: { code: string; keys: number; expired: number; domains: string[]; usages: string[] }[]
  /** Keys that end within 30 days. */
  ending: number
  total: number
  keys: ListedKey[]
}

const states: readonly string[] = ['ok', 'stale', 'failed', 'absent'] satisfies ListState[]
const isState = (word: string | undefined): word is ListState => word !== undefined && states.includes(word)

/** Reads an answer of `$trust-status`. */
export function readTrust(answer: Parameters): TrustState {
  return {
    at: textIn(answer, 'at') ?? '',
    lists: named(answer, 'list').map((list) => {
      const state = textIn(list, 'state')
      const isUsable = flagIn(list, 'usable') === true
      return {
        name: textIn(list, 'name') ?? '',
        kind: textIn(list, 'kind') ?? '',
        // A list that does not count is not good, whatever word it has.
        state: !isState(state) ? 'unknown' : state === 'ok' && !isUsable ? 'failed' : state,
        keys: numberIn(list, 'keys') ?? 0,
        expired: numberIn(list, 'expired') ?? 0,
        leftOut: numberIn(list, 'leftOut') ?? 0,
        withdraws: numberIn(list, 'withdraws') ?? 0,
        revokes: numberIn(list, 'revokes') ?? 0,
        waiting: numberIn(list, 'waiting') ?? 0,
        confirmed: textIn(list, 'checkedAt') ?? textIn(list, 'readAt'),
        created: textIn(list, 'created'),
        location: textIn(list, 'location'),
        failure: textIn(list, 'failure'),
        warnings: textsIn(list, 'warning'),
      }
    }),
    participants: named(answer, 'participant').map((each) => ({
      code: textIn(each, 'code') ?? '',
      keys: numberIn(each, 'keys') ?? 0,
      expired: numberIn(each, 'expired') ?? 0,
      domains: textsIn(each, 'domain'),
      usages: textsIn(each, 'usage'),
    })),
    ending: numberIn(answer, 'ending') ?? 0,
    total: numberIn(answer, 'total') ?? 0,
    keys: named(answer, 'key').map((key) => ({
      keyId: textIn(key, 'keyId') ?? '',
      thumbprint: textIn(key, 'thumbprint') ?? '',
      participant: textIn(key, 'participant') ?? '',
      issuer: textIn(key, 'issuer'),
      domain: textIn(key, 'domain') ?? '',
      usage: textIn(key, 'usage') ?? '',
      status: textIn(key, 'status') ?? '',
      validFrom: textIn(key, 'validFrom'),
      validTo: textIn(key, 'validTo'),
      expired: flagIn(key, 'expired') !== false,
      lists: textsIn(key, 'list'),
      leftOut: textIn(key, 'leftOut'),
    })),
  }
}

/** Why a key is trusted, or not. */
export interface KeyVerdict {
  isTrusted: boolean
  steps: { name: string; outcome: string; detail: string }[]
}

/** Reads an answer of `$verify-trust`: trusted only where it says so and no step failed. */
export function readVerdict(answer: Parameters): KeyVerdict {
  const steps = named(answer, 'step').map((step) => ({
    name: textIn(step, 'name') ?? '',
    outcome: textIn(step, 'outcome') ?? '',
    detail: textIn(step, 'detail') ?? '',
  }))
  const isWhole = steps.length > 0 && steps.every(({ outcome }) => outcome === 'pass' || outcome === 'skipped')
  return { isTrusted: flagIn(answer, 'result') === true && isWhole, steps }
}
