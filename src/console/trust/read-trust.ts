/** `$trust-status` and `$verify-trust` as the view shows them: what is not understood is never shown as good. */
import { all, number, onlyCode, onlyFlag, parametersOf, type Told, text, texts } from '../api/parameters.ts'

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

/** A reference of another participant that is mirrored here. */
export interface MirroredReference {
  gateway: string
  participant: string
  service: string
  url: string
  state: string
  artefacts: number
  failure: string | undefined
  warnings: string[]
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
  /** How many references are mirrored, and those that are told. */
  referenceCount: number
  references: MirroredReference[]
  mirroredFrom: { gateway: string; checkedAt: string; isReached: boolean; failure: string | undefined }[]
}

const states: readonly string[] = ['ok', 'stale', 'failed', 'absent'] satisfies ListState[]
const isState = (word: string | undefined): word is ListState => word !== undefined && states.includes(word)

/** Reads an answer of `$trust-status`; of what is none, nothing. */
export function readTrust(answer: unknown): TrustState {
  const told = parametersOf(answer) ?? []
  return {
    at: text(told, 'at') ?? '',
    lists: all(told, 'list').map(({ part }) => {
      const state = onlyCode(part, 'state')
      const isUsable = onlyFlag(part, 'usable') === true
      return {
        name: text(part, 'name') ?? '',
        kind: text(part, 'kind') ?? '',
        // A list that does not count is not good, whatever word it has.
        state: !isState(state) ? 'unknown' : state === 'ok' && !isUsable ? 'failed' : state,
        keys: number(part, 'keys') ?? 0,
        expired: number(part, 'expired') ?? 0,
        leftOut: number(part, 'leftOut') ?? 0,
        withdraws: number(part, 'withdraws') ?? 0,
        revokes: number(part, 'revokes') ?? 0,
        waiting: number(part, 'waiting') ?? 0,
        confirmed: text(part, 'checkedAt') ?? text(part, 'readAt'),
        created: text(part, 'created'),
        location: text(part, 'location'),
        failure: text(part, 'failure'),
        warnings: texts(part, 'warning'),
      }
    }),
    participants: all(told, 'participant').map(({ part }) => ({
      code: text(part, 'code') ?? '',
      keys: number(part, 'keys') ?? 0,
      expired: number(part, 'expired') ?? 0,
      domains: texts(part, 'domain'),
      usages: texts(part, 'usage'),
    })),
    ending: number(told, 'ending') ?? 0,
    total: number(told, 'total') ?? 0,
    keys: all(told, 'key').map(({ part }) => ({
      keyId: text(part, 'keyId') ?? '',
      thumbprint: text(part, 'thumbprint') ?? '',
      participant: text(part, 'participant') ?? '',
      issuer: text(part, 'issuer'),
      domain: text(part, 'domain') ?? '',
      usage: text(part, 'usage') ?? '',
      status: text(part, 'status') ?? '',
      validFrom: text(part, 'validFrom'),
      validTo: text(part, 'validTo'),
      expired: onlyFlag(part, 'expired') !== false,
      lists: texts(part, 'list'),
      leftOut: text(part, 'leftOut'),
    })),
    ...mirrored(told),
  }
}

function mirrored(told: Told[]): Pick<TrustState, 'referenceCount' | 'references' | 'mirroredFrom'> {
  return {
    referenceCount: number(told, 'references') ?? 0,
    references: all(told, 'reference').map(({ part }) => ({
      gateway: text(part, 'gateway') ?? '',
      participant: text(part, 'participant') ?? '',
      service: text(part, 'service') ?? '',
      url: text(part, 'url') ?? '',
      // Said twice it is none.
      state: onlyCode(part, 'state') ?? '?',
      artefacts: number(part, 'artefacts') ?? 0,
      failure: text(part, 'failure'),
      warnings: texts(part, 'warning'),
    })),
    mirroredFrom: all(told, 'mirroredFrom').map(({ part }) => ({
      gateway: text(part, 'gateway') ?? '',
      checkedAt: text(part, 'checkedAt') ?? '',
      isReached: onlyFlag(part, 'reached') === true,
      failure: text(part, 'failure'),
    })),
  }
}

/** Why a key is trusted, or not. */
export interface KeyVerdict {
  isTrusted: boolean
  steps: { name: string; outcome: string; detail: string }[]
}

/** Reads an answer of `$verify-trust`: trusted only where it says so, once, and no step failed. */
export function readKeyVerdict(answer: unknown): KeyVerdict {
  const told = parametersOf(answer) ?? []
  const steps = all(told, 'step').map(({ part }) => ({
    name: onlyCode(part, 'name') ?? '',
    outcome: onlyCode(part, 'outcome') ?? '',
    detail: text(part, 'detail') ?? '',
  }))
  const isWhole = steps.length > 0 && steps.every(({ outcome }) => outcome === 'pass' || outcome === 'skipped')
  return { isTrusted: onlyFlag(told, 'result') === true && isWhole, steps }
}
