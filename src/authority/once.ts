/** Names that count once: `jti` of assertions (RFC 7519, 4.1.7), nonces of signed requests (RFC 9421, 2.3). */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sha256Base64url } from '../base/crypto/sha256.ts'
import { FhirError, issue } from '../fhir/error.ts'
import type { Storage } from '../storage/storage.ts'

/** Remembers names until they no longer matter. */
export interface Once {
  /**
   * Whether a name is used for the first time; from then on it is used, here and on every server over the same store, also after a
   * crash.
   * @param of whose name it is
   * @param until seconds since 1970 at which nobody can use it any more
   * @throws FhirError 429 when too many are remembered, 5xx when the store cannot remember it
   */
  use(of: string, name: string, until: number): Promise<boolean>
}

/** What is remembered where. */
interface OnceOptions {
  records: Pick<Storage['records'], 'all' | 'replace' | 'change'>
  /** Of the records. */
  kind: string
  now(): Date
  /** Most names that are remembered at a time. */
  most?: number
}

/** Seconds between two clearings. */
const CLEARING_SECONDS = 60
/** Records that are read, and forgotten, in one step. */
const AT_A_TIME = 500
/** For so long a name is kept beyond its time: the clock of another server over the same store, by which it still counts, may be late. */
const SKEW_SECONDS = 7200

/**
 * Remembers names as records, each until its time and a while longer, and never more than `most` of those that count. What is kept beyond
 * its time is bounded by that, too, and holds up nobody: it is looked through beside requests.
 */
export function createOnce({ records, kind, now, most = 50_000 }: OnceOptions): Once {
  const seconds = () => now().getTime() / 1000
  let remembered = 0
  let clearedAt: number | undefined
  let clearing: Promise<void> | undefined
  const forget = async (old: { key: string; value: string }[]) => {
    const together = await records.change(old.map(({ key, value }) => ({ kind, key, from: value, to: undefined })))
    // Another server may have cleared one of them already: the others are not left because of it.
    if (!together) for (const { key, value } of old) await records.replace(kind, key, value, undefined)
  }
  const clear = async () => {
    const at = seconds()
    const before = remembered
    let counted = 0
    let after: string | undefined
    do {
      const page = await records.all(kind, { after, most: AT_A_TIME })
      const old = page.filter(({ value }) => !(Number(value) + SKEW_SECONDS >= at))
      if (old.length > 0) await forget(old)
      counted += page.filter(({ value }) => Number(value) >= at).length
      after = page.length < AT_A_TIME ? undefined : page.at(-1)?.key
      await nextTurn()
    } while (after !== undefined)
    // What was used meanwhile may have been counted, too: rather once too often.
    remembered = counted + remembered - before
    clearedAt = at
  }
  const clearInTime = async () => {
    const isDue = clearedAt === undefined || Math.abs(seconds() - clearedAt) > CLEARING_SECONDS
    if (!isDue) return
    clearing ??= clear().finally(() => {
      clearing = undefined
    })
    // Who cannot be answered without it waits. What fails beside a request is tried again by the next.
    if (clearedAt === undefined || remembered >= most) await clearing
    else clearing.catch(() => undefined)
  }
  return {
    async use(of, name, until) {
      await clearInTime()
      if (remembered >= most) throw tooMany()
      // Names may be long and say something: their hash is enough.
      const isFirst = await records.replace(kind, sha256Base64url(JSON.stringify([of, name])), undefined, String(until))
      if (isFirst) remembered += 1
      return isFirst
    },
  }
}

const tooMany = () =>
  new FhirError(429, issue('throttled', 'Too many proofs are under way that count once; ask again later.'), {
    'Retry-After': String(CLEARING_SECONDS),
  })
