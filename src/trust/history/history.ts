/** Trust lists as they stood: kept whenever they change, so that an answer can be given again as it was. */
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { keep } from '../../base/keep.ts'
import { errorText, isMissing } from '../../base/system-error.ts'
import type { Standing } from '../standing.ts'
import { contentsOf, type HistoryEntry, readEntry, writeEntry } from './entry.ts'
import { closedName, gapsOf, openChanges, writeGap } from './gaps.ts'
import type { HistoryFiles } from './history-files.ts'
import { keepStanding, readStanding } from './keep-standing.ts'
import { type HistoryLimits, pruneHistory } from './prune.ts'

/** It is not known how the trust lists stood: no answer is made of others. */
export class UnknownPast extends Error {
  /** `before`: the history begins later, or has a gap. `damaged`: it is here and cannot be read. `changing`: just now it is written. */
  readonly kind: 'before' | 'damaged' | 'changing'

  constructor(kind: UnknownPast['kind'], message: string) {
    super(message)
    this.name = 'UnknownPast'
    this.kind = kind
  }
}

/** Trust lists at a moment. */
export interface PastStanding {
  /** Number of the entry: equal for moments of which the same holds. */
  number: number
  circumstances: Readonly<Record<string, string>>
  /** @throws UnknownPast when a part of it is lost */
  standing(): Promise<Standing>
}

/** A history of trust lists. */
export interface TrustHistory {
  /** Keeps the contents of what is about to count; what it returns is called when it does. Neither rejects: what is lost is told. */
  remember(standing: Standing): Promise<() => Promise<void>>
  /** @throws UnknownPast */
  at(moment: Date): Promise<PastStanding>
  /** Every entry, the oldest first. @throws UnknownPast for one that cannot be read */
  entries(): AsyncGenerator<HistoryEntry & { bytes: number }>
  /** Says, where there is a history, that from now on none is kept. */
  end(): Promise<void>
  /** Why what counts now is not kept; undefined when it is. */
  fault(): string | undefined
}

/** What a history is given. */
export interface HistoryOptions {
  files: HistoryFiles
  now(): Date
  limits: HistoryLimits
  /** What decides beside the lists. */
  circumstances: Readonly<Record<string, string>>
}

/** Entries and standings that are remembered. */
const MOST_ENTRIES = 200
const MOST_STANDINGS = 3
/** Records after which what is too old is looked for. */
const PRUNED_AFTER = 50

/** Opens the history of a folder. */
export function openTrustHistory(options: HistoryOptions): TrustHistory {
  const { files, now, limits, circumstances } = options
  const read = historyReader(files)
  const writer = historyWriter(options)
  let records = 0
  return {
    fault: writer.fault,
    entries: read.all,
    at: read.at,
    async remember(standing) {
      const lost = (error: unknown) => writer.lose(errorText(error))
      const change = writer.begin()
      const kept = await keepStanding(standing, { files, mostBytes: limits.bytes / 10 }).catch(lost)
      const body = { circumstances: { ...circumstances }, ...(kept ? { standing: kept } : {}) }
      // Before it counts: whoever is killed in between has not answered by lists that nobody knows of.
      await (kept ? writer.announce(change, { body, at: now() }) : writer.loseFrom(now()))
      return async () => {
        if (!kept) return
        await writer.add(change, { body, at: now() })
        if (records++ % PRUNED_AFTER === 0) await pruneHistory(files, limits, now()).catch(lost)
      }
    },
    async end() {
      const last = (await files.numbers()).at(-1)
      const isEnded = (number: number) => read.entry(number).then(({ entry }) => !entry.standing, isUnknown)
      if (last === undefined || (await isEnded(last))) return
      await writer.add(writer.begin(), { body: { circumstances: { ...circumstances } }, at: now() })
    },
  }
}

/** An entry and the hash of its file. */
interface ReadEntry {
  entry: HistoryEntry
  hash: string
}

function historyReader(files: HistoryFiles) {
  const entries = keep<number, Promise<ReadEntry>>(MOST_ENTRIES)
  const standings = keep<number, Promise<Standing>>(MOST_STANDINGS)
  let listed: { stamp: string; numbers: number[] } | undefined
  const entryAt = (number: number): Promise<ReadEntry> =>
    entries.of(number, async () => {
      try {
        const bytes = await files.entry(number)
        return { entry: readEntry(bytes, number), hash: sha256Hex(bytes) }
      } catch (error) {
        throw damaged(`its entry ${number} ${lackOf(error)}`)
      }
    })
  const numbersNow = async () => {
    const stamp = await files.stamp()
    if (listed?.stamp !== stamp) listed = { stamp, numbers: await files.numbers() }
    return listed.numbers
  }
  /** Place of the last entry that begins at a moment or before; -1: there is none. */
  const lastUntil = async (numbers: number[], moment: string): Promise<number> => {
    const begins = async (place: number) => (await entryAt(numbers[place] ?? 0)).entry.at <= moment
    let low = -1
    let high = numbers.length - 1
    try {
      while (low < high) {
        const middle = Math.ceil((low + high) / 2)
        if (await begins(middle)) low = middle
        else high = middle - 1
      }
      return low
    } catch (error) {
      if (!(error instanceof UnknownPast)) throw error
      // One that is damaged says nothing of the others.
      for (let place = numbers.length - 1; place >= 0; place--) if (await begins(place).catch(isUnknown)) return place
      throw error
    }
  }
  return {
    entry: entryAt,
    async at(moment: Date): Promise<PastStanding> {
      const instant = moment.toISOString()
      // Before the entries are: a change that begins now concerns no moment that is over, one that has ended is found in them.
      await refuseUnknown(instant, files)
      const numbers = await numbersNow()
      const place = await lastUntil(numbers, instant)
      const number = numbers[place]
      if (number === undefined) throw before(await beginning(numbers, entryAt))
      const { entry, hash } = await entryAt(number)
      await refuseGap({ entry, hash, next: numbers[place + 1], instant }, { files, entryAt })
      const { standing } = entry
      if (!standing) throw new UnknownPast('before', 'no history of the trust lists was kept at that moment')
      return {
        number,
        circumstances: entry.circumstances,
        standing: () =>
          standings.of(number, () =>
            readStanding(standing, files).catch((error: unknown) => {
              throw damaged(`what its entry ${number} names ${lackOf(error)}`)
            }),
          ),
      }
    },
    async *all() {
      const sizes = new Map((await files.sizes('contents')).map(({ name, bytes }) => [name, bytes]))
      const own = new Map((await files.sizes('entries')).map(({ name, bytes }) => [Number.parseInt(name, 10), bytes]))
      for (const number of await files.numbers()) {
        const { entry } = await entryAt(number)
        let bytes = own.get(number) ?? 0
        for (const each of new Set(contentsOf(entry))) {
          bytes += sizes.get(`${each}.gz`) ?? 0
          // Counted where it first stands.
          sizes.delete(`${each}.gz`)
        }
        yield { ...entry, bytes }
      }
    },
  }
}

function isUnknown(error: unknown): false {
  if (error instanceof UnknownPast) return false
  throw error
}

/** In words for everybody: what a file is called is for the operator. */
const lackOf = (error: unknown) => (isMissing(error) ? 'is not there' : 'cannot be read')

const damaged = (what: string) =>
  new UnknownPast('damaged', `the history of the trust lists is damaged (${what}): restore it from a backup`)

const before = (since: string | undefined) =>
  new UnknownPast(
    'before',
    since === undefined
      ? 'no history of the trust lists is kept here'
      : `the history of the trust lists begins at ${since}`,
  )

async function beginning([first]: number[], entryAt: (number: number) => Promise<ReadEntry>) {
  return first === undefined ? undefined : (await entryAt(first)).entry.at
}

/** It must be known of the moment what counted, or that nothing has changed since. */
async function refuseUnknown(instant: string, files: HistoryFiles): Promise<void> {
  const gaps = await gapsOf(files).catch((error: unknown) => {
    throw damaged(`a gap of it ${lackOf(error)}`)
  })
  for (const { since, until } of gaps.values()) {
    if (instant < since || (until !== undefined && instant > until)) continue
    if (until === undefined)
      throw new UnknownPast(
        'changing',
        `the trust lists have been changing since ${since}, and that is not written yet`,
      )
    throw new UnknownPast('before', `it is not known for certain which trust lists counted from ${since} to ${until}`)
  }
}

/** Nothing may have been between an entry and the next one, or now: then another standing could have held. */
async function refuseGap(
  { entry, hash, next, instant }: ReadEntry & { next: number | undefined; instant: string },
  { files, entryAt }: { files: HistoryFiles; entryAt(number: number): Promise<ReadEntry> },
): Promise<void> {
  if (next === undefined) {
    const head = await files.head()
    if (head === undefined) throw new UnknownPast('before', `the trust lists from ${entry.at} on were not kept`)
    if (head > entry.number) throw damaged(`its entry ${head} is not there`)
    return
  }
  const following = await entryAt(next)
  if (next !== entry.number + 1) throw damaged(`its entry ${entry.number + 1} is not there`)
  if (following.entry.previous !== hash) throw damaged(`its entry ${entry.number} is not what was written`)
  const { unknownSince } = following.entry
  if (unknownSince !== undefined && instant >= unknownSince)
    throw new UnknownPast('before', `the trust lists from ${unknownSince} to ${following.entry.at} were not kept`)
}

/** What an entry is made of, and from when on it counts. */
interface Addition {
  body: Pick<HistoryEntry, 'circumstances' | 'standing'>
  at: Date
}

/** The newest entry that is there. */
interface Newest {
  number: number
  hash: string
  /** SHA-256 in hex of the text of its body. */
  body: string
  /** Undefined: it is damaged, which is told to who asks for its time; what comes after it is kept all the same. */
  entry: HistoryEntry | undefined
}

async function newestOf(files: HistoryFiles): Promise<Newest | undefined> {
  const number = (await files.numbers()).at(-1)
  if (number === undefined) return undefined
  const bytes = await files.entry(number)
  let entry: HistoryEntry | undefined
  try {
    entry = readEntry(bytes, number)
  } catch {
    entry = undefined
  }
  const text = bytes.toString('utf8').trim()
  const body = bodyHash(`{${text.slice(text.indexOf('"circumstances":'))}`)
  return { number, hash: sha256Hex(bytes), body, entry }
}

const bodyHash = (text: string) => sha256Hex(Buffer.from(text))

function historyWriter({ files }: Pick<HistoryOptions, 'files'>) {
  const changes = openChanges(files)
  let last: { number: number; body: string } | undefined
  let added = 0
  let lostSince: string | undefined
  let fault: string | undefined
  let turn: Promise<void> = Promise.resolve()
  const lose = (text: string) => {
    fault = text
  }
  const loseFrom = async (at: Date) => {
    lostSince ??= at.toISOString()
    last = undefined
    // Without it nobody takes what was kept before for what counts since. It needs no room on a full disk.
    try {
      await files.removeHead()
      return true
    } catch (error) {
      lose(`${fault}; ${errorText(error)}`)
      return false
    }
  }
  const append = async (change: number, { body, at }: Addition) => {
    // What began before what counts now.
    if (change < added) return
    const text = JSON.stringify(body)
    for (;;) {
      const newest = await newestOf(files)
      const head = await files.head()
      const began = newest?.entry?.at ?? ''
      const broken = await changes.brokenOff(change, newest && { at: began, body: newest.body })
      if (at.toISOString() < began) {
        // By a clock that was set back a moment comes twice.
        const gap = { since: at.toISOString(), until: began }
        await files.putGap(closedName(gap), writeGap(gap))
      }
      const isSame = last && last.number === newest?.number && last.body === text && head !== undefined
      if (isSame && broken === undefined) break
      const isLost = newest !== undefined && (head === undefined || head > newest.number)
      const unknown = [isLost ? (lostSince ?? began) : lostSince, broken].flatMap((each) => each ?? []).sort()[0]
      const entry: HistoryEntry = {
        number: Math.max(newest?.number ?? 0, head ?? 0) + 1,
        ...(newest ? { previous: newest.hash } : {}),
        // A clock that was set back must not turn the order around.
        at: [at.toISOString(), began].sort().at(-1) ?? '',
        ...(unknown ? { unknownSince: unknown } : {}),
        ...body,
      }
      if (!(await files.addEntry(entry.number, writeEntry(entry)))) continue
      await files.setHead(entry.number)
      last = { number: entry.number, body: text }
      break
    }
    added = change
    lostSince = undefined
    fault = undefined
    await changes.written(change)
  }
  return {
    fault: () => fault,
    lose,
    loseFrom,
    begin: changes.begin,
    async announce(change: number, { body, at }: Addition): Promise<void> {
      const text = JSON.stringify(body)
      if (last?.body === text) return
      await changes.mark(change, at, bodyHash(text)).catch(async (error: unknown) => {
        lose(errorText(error))
        await loseFrom(at)
      })
    },
    add(change: number, addition: Addition): Promise<void> {
      turn = turn.then(() =>
        append(change, addition).catch(async (error: unknown) => {
          lose(errorText(error))
          // The missing head says now what the mark has said.
          if (await loseFrom(addition.at)) await changes.written(change).catch((more: unknown) => lose(errorText(more)))
        }),
      )
      return turn
    },
  }
}
