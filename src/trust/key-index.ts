import { participantOfIssuer, sameParticipant } from './participant-codes.ts'
import type { KeyQuery, KeySource, TrustedKey } from './trusted-key.ts'

/** Families whose issuer is an exact name, not a country. */
export const namedIssuerFrameworks = ['shc', 'divoc']

/** Trusted keys of all lists, found by key id without scanning; immutable, replaced as a whole. */
export interface KeyIndex extends KeySource {
  readonly keys: readonly TrustedKey[]
}

/**
 * Index over the keys of several lists in configured order. The same thumbprint, participant, domain and usage from two lists
 * is one key with two names in `lists` (trust-network.md, section 2).
 */
export function createKeyIndex(lists: TrustedKey[][]): KeyIndex {
  const keys = mergeLists(lists)
  const byKeyId = groupByKeyId(keys)
  return {
    keys,
    find(query) {
      const found = query.keyId === undefined ? keys : (byKeyId.get(query.keyId) ?? [])
      return found.filter((key) => servesIssuer(key, query) && fitsFilter(key, query))
    },
  }
}

function mergeLists(lists: TrustedKey[][]): TrustedKey[] {
  const merged = new Map<string, TrustedKey>()
  for (const key of lists.flat()) {
    const identity = [key.thumbprint, key.keyId, key.participant, key.issuer, key.domain, key.usage].join('|')
    const known = merged.get(identity)
    if (known) merged.set(identity, { ...known, lists: [...new Set([...known.lists, ...key.lists])] })
    else merged.set(identity, key)
  }
  return [...merged.values()]
}

/** Keys by every name they have. */
export function groupByKeyId(keys: TrustedKey[]): Map<string, TrustedKey[]> {
  const groups = new Map<string, TrustedKey[]>()
  for (const key of keys) {
    for (const name of new Set([key.keyId, ...key.otherKeyIds])) {
      const group = groups.get(name)
      if (group) group.push(key)
      else groups.set(name, [key])
    }
  }
  return groups
}

function servesIssuer(key: TrustedKey, query: KeyQuery): boolean {
  const { issuer, framework = '' } = query
  if (namedIssuerFrameworks.includes(framework)) return key.issuer !== undefined && key.issuer === issuer
  if (issuer === undefined) return true
  if (key.issuer !== undefined && key.issuer === issuer) return true
  // An entry that names nobody serves everybody by key id alone (credentials.md, section 3).
  if (key.issuer === undefined && key.participant === '') return true
  const participant = participantOfIssuer(issuer)
  // Free text (a ministry's name) cannot be compared: the key id alone decides, and the caller warns.
  return participant === undefined || sameParticipant(key.participant, participant)
}

/** Domain and usage of a query. */
export function fitsFilter(key: TrustedKey, query: KeyQuery): boolean {
  if (query.domain && !query.domain.includes(key.domain)) return false
  return !query.usage || query.usage.includes(key.usage)
}
