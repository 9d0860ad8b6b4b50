import type { X509Certificate } from 'node:crypto'
import { sameParticipant } from '../../base/participant-codes.ts'
import { inSteps } from './in-steps.ts'
import { listedKeyServes, type ServesIssuer } from './issuer-binding.ts'
import { mergeLists } from './merge-lists.ts'
import { collectObjections, type Distrust, type Objections, type Suspension, worseStatus } from './objections.ts'
import { certificatePrints, type KeyQuery, type KeySource, type TrustedKey } from './trusted-key.ts'
import { wrappedKeyIds } from './wrapped-keys.ts'

/** Trusted keys of all lists, found by key id without scanning; immutable, replaced as a whole. */
export interface KeyIndex extends KeySource {
  readonly keys: readonly TrustedKey[]
  /** Keys that lists name and that do not count, in the order of the lists. */
  readonly leftOut: readonly { key: TrustedKey; reason: string }[]
  /** Key ids that stand for more keys than is usual, with how many. */
  readonly crowded: ReadonlyMap<string, number>
  /** Whether the list of that name is so old now that its keys do not count. */
  isTooOld(list: string): boolean
  /** What its age says of a list now. */
  standingRemark(list: string): string | undefined
}

/** What decides, beside the lists themselves, which of their keys count. */
export interface IndexRules {
  /** Keys that lists name and leave out: what is said against them holds for the same key elsewhere. */
  leftOut?: readonly TrustedKey[]
  distrust?: readonly Distrust[]
  suspended?: readonly Suspension[]
  /** A key counts only if it stands in every one of these, too. */
  required?: readonly { name: string; keys: readonly TrustedKey[] }[]
  /** Why no key counts at all. */
  unavailable?: string | undefined
  /** Default: as configured lists do. */
  serves?: ServesIssuer
  /** How the lists stand, by name; those that are not named are as good as their last reading. */
  standings?: ReadonlyMap<string, ListStanding>
  /** The clock of this machine, by which lists grow old. */
  now?(): Date
  gap?: string | undefined
}

/** How one list stands. */
export interface ListStanding {
  /** When it was last known to be the newest; undefined: nobody knows. */
  since?: Date | undefined
  /** Beyond this age its keys are remarked upon, and beyond that they do not count. */
  warnAfterSeconds?: number | undefined
  rejectAfterSeconds?: number | undefined
  /** Whether every key depends on it: it withdraws keys, or is required. */
  concernsAll?: boolean
  /** Thumbprints in a newer list that waits to be accepted. */
  newer?: ReadonlySet<string>
}

/** More keys under one id than this are remarked upon. */
const USUAL_KEYS_PER_ID = 8

/**
 * Index over the keys of several lists in configured order. The same thumbprint, participant, domain and usage from two lists
 * is one key with two names in `lists`; the worst status and the narrowest period that any list gives it hold.
 */
export function createKeyIndex(lists: TrustedKey[][], rules: IndexRules = {}): KeyIndex {
  const steps = indexInSteps(lists, rules)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** For so long a server may be held by making an index, at a time. */
const SLICE_MILLISECONDS = 10

/** Like {@link createKeyIndex}, in slices between which requests are answered: ten thousands of keys take longer than one may wait. */
export async function createKeyIndexInSlices(lists: TrustedKey[][], rules: IndexRules = {}): Promise<KeyIndex> {
  let started = performance.now()
  const steps = indexInSteps(lists, rules)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    if (performance.now() - started < SLICE_MILLISECONDS) continue
    await new Promise<void>((done) => setImmediate(done))
    started = performance.now()
  }
}

function* indexInSteps(lists: TrustedKey[][], rules: IndexRules): Generator<void, KeyIndex> {
  const { leftOut = [], distrust = [], suspended = [], serves = listedKeyServes, unavailable, gap } = rules
  const listed = lists.flat()
  const objections = yield* collectObjections({ entries: [...listed, ...leftOut], distrust, suspended })
  const judged = yield* judge(yield* mergeLists(listed), objections, rules)
  const names = new Map<TrustedKey, KeyNames>()
  yield* inSteps(judged.keys, (key) => names.set(key, namesOf(key)))
  const byKeyId = yield* groupByName(names)
  const ages = agesOf(rules)
  return {
    ...judged,
    crowded: crowdedIds(byKeyId),
    gap,
    get unavailable() {
      return unavailable ?? ages.reasonForNone()
    },
    isTooOld: ages.isTooOld,
    standingRemark: ages.remarkOn,
    remarksOn: ages.remarksOn,
    find(query) {
      if (ages.mayReject && ages.reasonForNone() !== undefined) return []
      const found = query.keyId === undefined ? judged.keys : (byKeyId.get(query.keyId) ?? [])
      return found.filter(
        (key) =>
          answersTo(names.get(key), query) &&
          serves(key, query) &&
          fitsFilter(key, query) &&
          !(ages.mayReject && key.lists.every(ages.isTooOld)),
      )
    },
    objectionTo: (certificate) => objectionTo(certificate, objections),
  }
}

/** A clock may be so much behind that of another machine. */
const CLOCK_TOLERANCE_SECONDS = 3600
const DAY_SECONDS = 86_400

/** What the age of lists says of their keys, at the time of the question. */
function agesOf({ standings = new Map(), now = () => new Date() }: IndexRules) {
  const secondsSince = (since: Date) => (now().getTime() - since.getTime()) / 1000
  const isTooOld = (name: string): boolean => {
    const { since, rejectAfterSeconds } = standings.get(name) ?? {}
    if (rejectAfterSeconds === undefined) return false
    const age = since === undefined ? Number.POSITIVE_INFINITY : secondsSince(since)
    // By a clock that was set back no age can be told.
    return age > rejectAfterSeconds || age < -CLOCK_TOLERANCE_SECONDS
  }
  const remarkOn = (name: string): string | undefined => {
    const { since, warnAfterSeconds } = standings.get(name) ?? {}
    if (warnAfterSeconds === undefined) return undefined
    if (since === undefined) return `it is not known of when the trust list ${name} is`
    const seconds = secondsSince(since)
    const days = Math.floor(Math.abs(seconds) / DAY_SECONDS)
    if (seconds < -CLOCK_TOLERANCE_SECONDS)
      return `the clock of this server is ${days} days behind the trust list ${name}`
    return seconds > warnAfterSeconds ? `trust list is ${days} days old: ${name}` : undefined
  }
  const needed = [...standings].filter(([, { concernsAll }]) => concernsAll).map(([name]) => name)
  const isLacking = (name: string, { thumbprint }: TrustedKey) => standings.get(name)?.newer?.has(thumbprint) === false
  const remarksOfLists = (key: TrustedKey): string[] => {
    const remarks: string[] = []
    for (const name of key.lists) {
      const old = remarkOn(name)
      // One list that is as it should be vouches for the key.
      if (old === undefined && !isLacking(name, key)) return []
      remarks.push(old ?? `a newer list of ${name}, which waits to be accepted, lacks the key`)
    }
    return remarks
  }
  return {
    mayReject: [...standings.values()].some(({ rejectAfterSeconds }) => rejectAfterSeconds !== undefined),
    isTooOld,
    remarkOn,
    reasonForNone: (): string | undefined => {
      const old = needed.find(isTooOld)
      return old === undefined ? undefined : `${old}, on which every key depends, is too old`
    },
    remarksOn: (key: TrustedKey): string[] => {
      const own = remarksOfLists(key)
      if (needed.length === 0 && own.length < 2) return own
      const all = needed.map(remarkOn).filter((each) => each !== undefined)
      return [...new Set([...all, ...own])]
    },
  }
}

function objectionTo(certificate: X509Certificate, objections: Objections) {
  const objection = objections.to({ ...certificatePrints(certificate), certificate, chain: [] })
  return objection && (objection.status ?? 'revoked')
}

/** Takes out what does not count and gives the others the worst status that is said of them. */
function* judge(keys: TrustedKey[], objections: Objections, { required = [], unavailable }: IndexRules) {
  const judged: { keys: TrustedKey[]; leftOut: { key: TrustedKey; reason: string }[] } = { keys: [], leftOut: [] }
  const standing = required.map(({ name, keys: own }) => ({ name, has: standsAmong(own) }))
  yield* inSteps(keys, (key) => {
    const objection = objections.to(key)
    const missing = standing.find(({ has }) => !has(key))
    if (unavailable !== undefined) judged.leftOut.push({ key, reason: unavailable })
    else if (objection && objection.status === undefined) judged.leftOut.push({ key, reason: objection.reason })
    else if (missing)
      judged.leftOut.push({
        key,
        reason: `does not stand in the required list ${missing.name} for its participant and usage`,
      })
    else judged.keys.push(objection?.status ? { ...key, status: worseStatus(key.status, objection.status) } : key)
  })
  return judged
}

/**
 * Whether a key stands in a required list, for the same participant, issuer and usage: its certificate does; where one of the two
 * has no certificate, the public key.
 */
function standsAmong(required: readonly TrustedKey[]): (key: TrustedKey) => boolean {
  const byKey = Map.groupBy(required, (key) => key.publicKeyThumbprint)
  return (key) =>
    (byKey.get(key.publicKeyThumbprint) ?? []).some(
      (own) => (!own.certificate || !key.certificate || own.thumbprint === key.thumbprint) && standsFor(own, key),
    )
}

/** Whether an entry of a required list is meant for what a key is listed for elsewhere; what it does not name, it leaves open. */
function standsFor(own: TrustedKey, key: TrustedKey): boolean {
  if (own.usage !== '' && own.usage !== (key.usage || (key.certificate?.ca ? 'SCA' : 'DSC'))) return false
  if (own.issuer !== undefined && key.issuer !== undefined && own.issuer !== key.issuer) return false
  return own.participant === '' || key.participant === '' || sameParticipant(own.participant, key.participant)
}

/** The names of one key; a wrapped raw key has others in each framework that it serves. */
interface KeyNames {
  all: readonly string[]
  byFramework?: ReadonlyMap<string, string[]>
}

function namesOf(key: TrustedKey): KeyNames {
  const byFramework = wrappedKeyIds(key)
  if (!byFramework) return { all: [key.keyId, ...key.otherKeyIds] }
  // Listed under its published id, too; a credential finds it by its framework's alone.
  return { all: [key.keyId, ...[...byFramework.values()].flat()], byFramework }
}

/** Keys by every name they have. */
function* groupByName(names: Map<TrustedKey, KeyNames>): Generator<void, Map<string, TrustedKey[]>> {
  const groups = new Map<string, TrustedKey[]>()
  yield* inSteps(names, ([key, { all }]) => {
    for (const name of new Set(all)) {
      const group = groups.get(name)
      if (group) group.push(key)
      else groups.set(name, [key])
    }
  })
  return groups
}

/** A wrapped raw key serves its own framework alone, under that framework's key ids. */
function answersTo(names: KeyNames | undefined, { framework, keyId }: KeyQuery): boolean {
  if (framework === undefined || !names?.byFramework) return true
  const own = names.byFramework.get(framework.name)
  return own !== undefined && (keyId === undefined || own.includes(keyId))
}

function crowdedIds(byKeyId: Map<string, TrustedKey[]>): Map<string, number> {
  const crowded = new Map<string, number>()
  for (const [id, keys] of byKeyId) {
    if (keys.length <= USUAL_KEYS_PER_ID) continue
    const count = new Set(keys.map(({ publicKeyThumbprint }) => publicKeyThumbprint)).size
    if (count > USUAL_KEYS_PER_ID) crowded.set(id, count)
  }
  return crowded
}

/** Domain and usage of a query. */
function fitsFilter(key: TrustedKey, query: KeyQuery): boolean {
  if (query.domain && !query.domain.includes(key.domain)) return false
  return !query.usage || query.usage.includes(key.usage)
}
