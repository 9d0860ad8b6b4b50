/** What a history lets go: the oldest entries, and contents that none names any more. */
import { makeTurns } from '../turns.ts'
import { contentsOf, type HistoryEntry, readEntry } from './entry.ts'
import { gapsOf } from './gaps.ts'
import type { HistoryFiles } from './history-files.ts'

/** How much is kept. */
export interface HistoryLimits {
  /** An entry that was replaced longer ago goes. */
  days: number
  /** Most bytes on the disk. */
  bytes: number
}

const DAY_MILLISECONDS = 86_400_000
/** Takes away what is too old or too much, the oldest first; the newest entry stays. Rejects when the disk does not let it. */
export async function pruneHistory(files: HistoryFiles, limits: HistoryLimits, now: Date): Promise<void> {
  const turn = makeTurns()
  const numbers = await files.numbers()
  const contents = new Map((await files.sizes('contents')).map((each) => [each.name, each]))
  const entries = new Map((await files.sizes('entries')).map((each) => [Number.parseInt(each.name, 10), each]))
  const ends: string[] = []
  const lastUser = new Map<string, number>()
  for (const number of numbers) {
    await turn()
    const entry = readable(await files.entry(number), number)
    // One that is damaged is of no use, nor is what it alone names.
    ends.push(entry?.at ?? ends.at(-1) ?? '')
    for (const hash of entry ? contentsOf(entry) : []) lastUser.set(`${hash}.gz`, number)
  }
  let total = [...contents.values(), ...entries.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  const freed = Map.groupBy(lastUser, ([, number]) => number)
  const gone = new Set<number>()
  const oldest = new Date(now.getTime() - limits.days * DAY_MILLISECONDS).toISOString()
  for (const [place, number] of numbers.slice(0, -1).entries()) {
    // It held until the next one.
    const until = ends[place + 1] ?? ''
    if (until >= oldest && total <= limits.bytes) break
    const entry = entries.get(number)
    // The entry goes first: what it names may go once nobody finds it any more.
    if (entry) await files.remove('entries', entry.name)
    gone.add(number)
    total -= entry?.bytes ?? 0
    for (const [name] of freed.get(number) ?? []) {
      total -= contents.get(name)?.bytes ?? 0
      await files.remove('contents', name)
      contents.delete(name)
    }
  }
  const first = ends[numbers.findIndex((number) => !gone.has(number))] ?? ''
  for (const [name, { until }] of await gapsOf(files))
    if (until !== undefined && until < first) await files.removeGap(name)
  for (const { name } of contents.values()) if (!lastUser.has(name)) await files.remove('contents', name)
}

function readable(bytes: Uint8Array, number: number): HistoryEntry | undefined {
  try {
    return readEntry(bytes, number)
  } catch {
    return undefined // it was told when it was asked for
  }
}
