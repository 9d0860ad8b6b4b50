import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { inSteps } from './in-steps.ts'
import type { TrustedKey } from './trusted-key.ts'

/**
 * The same thumbprint, key id, participant, issuer, domain and usage from several lists are one key, for which all of them vouch; what
 * any entry of its thumbprint takes away is taken from it.
 */
export function* mergeLists(listed: TrustedKey[]): Generator<void, TrustedKey[]> {
  const merged = new Map<string, TrustedKey>()
  const restrictions = yield* collectRestrictions(listed)
  yield* inSteps(listed, (entry) => {
    const key = { ...entry, ...restrictions.get(restrictionsName(entry)) }
    const identity = [key.thumbprint, key.keyId, key.participant, key.issuer, key.domain, key.usage].join('|')
    const known = merged.get(identity)
    if (known) merged.set(identity, { ...known, ...namesOfBoth(known, key) })
    else merged.set(identity, key)
  })
  return [...merged.values()]
}

/** Who vouches for a key that two entries have. */
function namesOfBoth(a: TrustedKey, b: TrustedKey) {
  const gateways = [...new Set([...(a.sourceGateways ?? []), ...(b.sourceGateways ?? [])])]
  return { lists: [...new Set([...a.lists, ...b.lists])], ...(gateways.length > 0 ? { sourceGateways: gateways } : {}) }
}

type Restrictions = Pick<TrustedKey, 'validFrom' | 'validTo' | 'algorithm' | 'revocationVersion' | 'revocationList'>

/** Two card issuers may share a key, not a revocation list. */
const restrictionsName = ({ thumbprint, issuer = '' }: TrustedKey): string => `${thumbprint}|${issuer}`

/**
 * By thumbprint, what any entry takes away: the latest start, the earliest end, every other algorithm (two that differ leave none), the
 * newest revocation list. A list can always withdraw a key for itself, and another one does not give it back.
 */
function* collectRestrictions(listed: TrustedKey[]): Generator<void, Map<string, Restrictions>> {
  const collected = new Map<string, Restrictions>()
  yield* inSteps(listed, (key) => {
    const name = restrictionsName(key)
    const known = collected.get(name) ?? {}
    const validFrom = stricter(known.validFrom, key.validFrom, (a, b) => a > b)
    const validTo = stricter(known.validTo, key.validTo, (a, b) => a < b)
    const algorithm = both(known.algorithm, key.algorithm)
    const revocationVersion = stricter(known.revocationVersion, key.revocationVersion, (a, b) => a > b)
    const revocationList = stricter(known.revocationList, key.revocationList, (a, b) => counter(a) >= counter(b))
    collected.set(name, {
      ...(validFrom ? { validFrom } : {}),
      ...(validTo ? { validTo } : {}),
      ...(algorithm === undefined ? {} : { algorithm }),
      ...(revocationVersion === undefined ? {} : { revocationVersion }),
      ...(revocationList === undefined ? {} : { revocationList }),
    })
  })
  return collected
}

/** An algorithm that is another than one of two is neither. */
const both = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || b === undefined || a === b ? (a ?? b) : `${a} and ${b}`

/** The one of two values that is there, or that is the stricter one. */
function stricter<Value>(
  a: Value | undefined,
  b: Value | undefined,
  isStricter: (a: Value, b: Value) => boolean,
): Value | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return isStricter(a, b) ? a : b
}

/** Lists of one issuer are told apart by their counter (SMART Health Cards, `ctr`). */
const counter = (list: Json): number => (isJsonObject(list) && typeof list.ctr === 'number' ? list.ctr : 0)
