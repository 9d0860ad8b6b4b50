/**
 * What has to be done at a gateway so that its list says of this server what it should: a pure function of what is wanted, what is known of
 * earlier runs, and the list itself. The list is the truth; what is known only helps to read it.
 */
import {
  contentMembers,
  contentProblems,
  differences,
  type GatewayReference,
  type ReferenceContent,
} from '../reference.ts'

/** A reference that this server wants the gateway to list. */
export interface Wanted {
  /** Names it over all changes of its content; no two have one key. */
  key: string
  content: ReferenceContent
}

/** What is known of one reference since an earlier run. */
export interface Known {
  key: string
  /** As the list told it. */
  uuid?: string | undefined
  /** SHA-256 that the list had when it was last in order. */
  thumbprint?: string | undefined
  /** The content that the gateway refused for good, as {@link contentText}: the same is not sent again. */
  refused?: string | undefined
}

/** One request to the gateway. */
export type Action =
  | { kind: 'create'; key: string; content: ReferenceContent; reason: string }
  | { kind: 'update'; key: string; content: ReferenceContent; uuid: string; reason: string }
  | { kind: 'delete'; key: string | undefined; uuid: string; reason: string }

/** What the list says of one wanted reference now. */
export interface Standing {
  key: string
  /** `open`: an action will see to it. */
  state: 'registered' | 'open' | 'refused'
  /** Its row, when there is one. */
  uuid: string | undefined
  thumbprint: string | undefined
  /** Why it is refused, or what somebody else did to it. */
  remark?: string
  /** Its row was moved to this country by somebody who sent our uuid as his. */
  takenBy?: string
}

/** The outcome of {@link decide}. */
export interface Decision {
  /** In the order in which they are sent: nothing is taken away before what takes its place is there. */
  actions: Action[]
  /** One for each wanted reference, in their order. */
  standings: Standing[]
  /** Keys that are known, not wanted, and in the list no longer. */
  gone: string[]
}

/** What the decision rests on. */
export interface Situation {
  /** Alpha-2 of this participant. */
  country: string
  /** Public address of this server: rows of ours with an address below it are this server's. */
  base: string
  wanted: readonly Wanted[]
  known: readonly Known[]
  rows: readonly GatewayReference[]
}

/** Content as one text, to compare it with. */
export const contentText = (content: ReferenceContent): string =>
  JSON.stringify(contentMembers.map((name) => content[name]))

/** Decides. Every wanted reference gets at most one action, every row at most one. */
export function decide(situation: Situation): Decision {
  const { wanted, known, country } = situation
  const knownByKey = new Map(known.map((each) => [each.key, each]))
  const isBelow = below(situation.base)
  const book = readList(situation, isBelow)
  const rowOf = assign(situation, knownByKey, book)
  const actions: Action[] = []
  const standings = wanted.map((each) => {
    const row = rowOf.get(each.key)
    const standing = standingOf(each, row, { known: knownByKey.get(each.key), country, book })
    const action = standing.state === 'open' ? actionOf(each, row, standing) : undefined
    if (action) actions.push(action)
    return standing
  })
  const kept = new Set([...rowOf.values()].map(({ uuid }) => uuid))
  const wantedKeys = new Set(wanted.map(({ key }) => key))
  const tuples = new Set(wanted.map(({ content }) => tupleOf(content)))
  const keyOfUuid = new Map(known.flatMap(({ uuid, key }) => (uuid === undefined ? [] : [[uuid, key] as const])))
  for (const row of book.ours) {
    if (kept.has(row.uuid)) continue
    const isTwice = tuples.has(tupleOf(row))
    const reason = isTwice ? 'another row stands for the same' : 'no longer wanted'
    actions.push({ kind: 'delete', key: keyOfUuid.get(row.uuid), uuid: row.uuid, reason })
  }
  const present = new Set(book.ours.map(({ uuid }) => uuid))
  const gone = known.filter(({ key, uuid }) => !wantedKeys.has(key) && (uuid === undefined || !present.has(uuid)))
  return { actions, standings, gone: gone.map(({ key }) => key) }
}

/** The gateway's list as this server sees it. */
interface Book {
  /** Rows of this server: known by uuid, or of its participant and below its address, or of just the address of something wanted. */
  ours: GatewayReference[]
  byUuid: ReadonlyMap<string, GatewayReference>
  /** Whether an address is this server's. */
  isBelow(url: string): boolean
}

function readList({ country, wanted, known, rows }: Situation, isBelow: Book['isBelow']): Book {
  // What the gateway has from others is not changed here, whatever country stands in it.
  const own = rows.filter(({ sourceGateway }) => sourceGateway === undefined)
  const uuids = new Set(known.flatMap(({ uuid }) => (uuid === undefined ? [] : [uuid])))
  const places = new Set(wanted.map(({ content }) => placeOf(content)))
  const isOurs = (row: GatewayReference) =>
    row.country === country && (uuids.has(row.uuid) || places.has(placeOf(row)) || isBelow(row.url))
  return { ours: own.filter(isOurs), byUuid: new Map(own.map((row) => [row.uuid, row])), isBelow }
}

/** Between texts that are compared as one, and for one that is not there: neither stands in a text of a gateway. */
const SEPARATOR = '\u0000'
const ABSENT = '\u0001'

/** What a row is about, whatever its content is. */
const tupleOf = ({ type, service, domain }: Pick<GatewayReference, 'type' | 'service' | 'domain'>) =>
  [type, service, domain].join(SEPARATOR)

/**
 * Whether an address is this server's: below its own as browsers read addresses. What is below a folder of it that has a FHIR base again
 * is another server's.
 */
function below(base: string): (url: string) => boolean {
  const root = URL.parse(base)
  if (!root) return () => false
  const folder = `${root.pathname.replace(/\/+$/, '')}/`
  const read = (text: string) => {
    const url = URL.parse(text)
    if (url?.origin !== root.origin || !url.pathname.startsWith(folder)) return false
    const path = url.pathname.slice(folder.length)
    return path !== '' && !/\/(?:fhir|trusted)\//.test(path)
  }
  const known = new Map<string, boolean>()
  return (text) => {
    const answer = known.get(text) ?? read(text)
    known.set(text, answer)
    return answer
  }
}

/** The row that stands for each wanted reference, by its key: the better reason first, and each row once. */
function assign(
  { wanted }: Situation,
  known: ReadonlyMap<string, Known>,
  { ours, isBelow }: Book,
): Map<string, GatewayReference> {
  const found = new Map<string, GatewayReference>()
  const sorted = ours.toSorted(byUuid)
  const free = new Map(sorted.map((row) => [row.uuid, row]))
  const pass = (fitting: (each: Wanted) => GatewayReference | undefined) => {
    for (const each of wanted) {
      const row = found.has(each.key) ? undefined : fitting(each)
      if (row && free.delete(row.uuid)) found.set(each.key, row)
    }
  }
  const uuidOf = ({ key }: Wanted) => known.get(key)?.uuid ?? ''
  const claimed = new Set(wanted.map(uuidOf))
  const isFree = ({ uuid }: GatewayReference) => free.has(uuid)
  // In order already: that costs no request. Among several the one that is known, else the smallest uuid.
  const equal = Map.groupBy(sorted, rowText)
  pass((each) => {
    const row = free.get(uuidOf(each))
    return row && differences(row, each.content).length === 0 ? row : undefined
  })
  pass((each) => takeFirst(equal.get(rowText(each.content)), isFree))
  pass((each) => free.get(uuidOf(each)))
  const unclaimed = sorted.filter(({ uuid }) => !claimed.has(uuid))
  const atPlace = Map.groupBy(unclaimed, placeOf)
  pass(({ content }) => takeFirst(atPlace.get(placeOf(content)), isFree))
  const byTuple = Map.groupBy(
    unclaimed.filter(({ url }) => isBelow(url)),
    tupleOf,
  )
  pass(({ content }) => (isBelow(content.url) ? takeFirst(byTuple.get(tupleOf(content)), isFree) : undefined))
  return found
}

/** The first row that is free; those before it are so no more, and are dropped. */
function takeFirst(rows: GatewayReference[] | undefined, isFree: (row: GatewayReference) => boolean) {
  while (rows?.[0] && !isFree(rows[0])) rows.shift()
  return rows?.shift()
}

const placeOf = (row: Pick<GatewayReference, 'type' | 'service' | 'domain' | 'url'>) =>
  `${tupleOf(row)}${SEPARATOR}${row.url}`

const rowText = (row: GatewayReference | ReferenceContent): string =>
  contentMembers.map((name) => row[name] ?? ABSENT).join(SEPARATOR)

const byUuid = (a: GatewayReference, b: GatewayReference) => (a.uuid < b.uuid ? -1 : Number(a.uuid > b.uuid))

function standingOf(
  { key, content }: Wanted,
  row: GatewayReference | undefined,
  { known, country, book }: { known: Known | undefined; country: string; book: Book },
): Standing {
  const standing = { key, uuid: row?.uuid, thumbprint: row?.thumbprint }
  if (row && differences(row, content).length === 0) return { ...standing, state: 'registered' }
  const problems = contentProblems(content, country)
  if (problems.length > 0)
    return { ...standing, state: 'refused', remark: `the gateway would refuse it: ${problems.join('; ')}` }
  if (known?.refused !== undefined && known.refused === contentText(content)) return { ...standing, state: 'refused' }
  // Somebody sent our uuid as his: the gateway gave him the row.
  const taken = row || known?.uuid === undefined ? undefined : book.byUuid.get(known.uuid)
  if (taken && taken.country !== country)
    return {
      ...standing,
      state: 'open',
      takenBy: taken.country,
      remark: `${taken.country} overwrote the entry ${taken.uuid} of ${country} at the gateway`,
    }
  const isStrange = row && known?.thumbprint !== undefined && row.thumbprint !== known.thumbprint
  return {
    ...standing,
    state: 'open',
    ...(isStrange ? { remark: `another client of ${country} changed the entry; it is corrected` } : {}),
  }
}

function actionOf({ key, content }: Wanted, row: GatewayReference | undefined, { remark }: Standing): Action {
  if (!row) return { kind: 'create', key, content, reason: remark ?? 'not in the list' }
  const changed = differences(row, content).join(', ')
  return { kind: 'update', key, content, uuid: row.uuid, reason: `${changed} changed` }
}
