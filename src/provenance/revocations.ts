/** Keys of this server that count no more: marked in the store, so that every process and every restart knows. */

import { jwkThumbprint } from '../base/crypto/jwk-thumbprint.ts'
import { isJsonObject } from '../base/json.ts'
import type { Storage } from '../storage/storage.ts'
import type { SigningKeys } from './keys.ts'
import { type KeyRevocation, type RevocationReason, revocationOf, revocationReasons } from './signature/own-keys.ts'
import type { SigningKey } from './signing-key.ts'

const kind = 'signing-key-revoked'

/** What was withdrawn of this server's keys. */
export interface KeyRevocations {
  /** As it was last read. */
  known(): readonly KeyRevocation[]
  /** What was marked by a moment already. A mark that was made worse since is the later one, which was not there then. */
  knownAt(moment: Date): readonly KeyRevocation[]
  /** Reads the marks again; another process may have made one. */
  refresh(): Promise<void>
  /**
   * Marks a key; what stands there is made worse, never better: a compromised key stays one.
   * @throws Error when the mark cannot be stored
   */
  revoke(key: Pick<SigningKey, 'publicKey'>, at: Date, reason: RevocationReason): Promise<KeyRevocation>
}

/**
 * The marks of a store.
 * @throws Error for a mark that cannot be read: nobody knows then which key counts
 */
export async function openKeyRevocations(
  { records }: Pick<Storage, 'records'>,
  now: () => Date,
): Promise<KeyRevocations> {
  let known: readonly Mark[] = []
  const refresh = async () => {
    known = (await records.all(kind)).map(({ key, value }) => readMark(key, value))
  }
  await refresh()
  return {
    known: () => known,
    knownAt: (moment) =>
      known.flatMap(({ earlier, ...newest }) =>
        [newest, ...earlier].filter(({ noted }) => Date.parse(noted) <= moment.getTime()).slice(0, 1),
      ),
    refresh,
    async revoke({ publicKey }, at, reason) {
      const thumbprint = jwkThumbprint(publicKey)
      if (thumbprint === undefined) throw new Error('the key has no form as a JWK')
      const before = await records.get(kind, thumbprint)
      const known = before === undefined ? undefined : readMark(thumbprint, before)
      const mark = worse(known, { thumbprint, at: at.toISOString(), reason })
      const { earlier = [], ...last } = known ?? {}
      const replaced = [...(known ? [last] : []), ...earlier]
      const text = JSON.stringify({ at: mark.at, reason: mark.reason, noted: now().toISOString(), earlier: replaced })
      if (!(await records.replace(kind, thumbprint, before, text)))
        throw new Error('another process marked the key at the same time; try again')
      await refresh()
      return mark
    },
  }
}

/** A mark, when it was made, and those that it took the place of, the newest first. */
interface Mark extends KeyRevocation {
  noted: string
  earlier: (KeyRevocation & { noted: string })[]
}

function worse(before: KeyRevocation | undefined, given: KeyRevocation): KeyRevocation {
  if (!before) return given
  const isCompromised = [before, given].some(({ reason }) => reason === 'keyCompromise')
  const [at = given.at] = [before.at, given.at].sort()
  return { thumbprint: given.thumbprint, at, reason: isCompromised ? 'keyCompromise' : given.reason }
}

function readMark(thumbprint: string, text: string): Mark {
  const json: unknown = JSON.parse(text)
  const earlier = isJsonObject(json) && Array.isArray(json.earlier) ? json.earlier : []
  return { ...readOne(thumbprint, json), earlier: earlier.map((each) => readOne(thumbprint, each)) }
}

function readOne(thumbprint: string, mark: unknown): KeyRevocation & { noted: string } {
  const { at, reason: given, noted = at } = isJsonObject(mark) ? mark : {}
  const reason = revocationReasons.find((each) => each === given)
  const isDate = (text: unknown): text is string => typeof text === 'string' && !Number.isNaN(Date.parse(text))
  if (!isDate(at) || !isDate(noted) || reason === undefined)
    throw new Error(`the mark of the withdrawn key ${thumbprint} is damaged`)
  return { thumbprint, at, reason, noted }
}

/** The keys, of which those that were withdrawn sign no more and are shown as `revoked`. */
export function withRevocations(keys: SigningKeys, revocations: Pick<KeyRevocations, 'known'>): SigningKeys {
  const marked = (key: SigningKey): SigningKey => {
    if (revocations.known().length === 0) return key
    const revoked = revocationOf(key, revocations.known())
    return revoked ? { ...key, state: 'revoked', revoked } : key
  }
  return {
    current: () => {
      const key = keys.current()
      return key && marked(key).state === 'current' ? key : undefined
    },
    all: () => keys.all().map(marked),
    warnings: (now) => [
      ...keys.warnings(now),
      ...keys
        .all()
        .map(marked)
        .filter(({ state }) => state === 'revoked')
        .map(({ keyId, revoked }) => `The signing key ${keyId} is withdrawn (${revoked?.reason}): it signs nothing.`),
    ],
  }
}
