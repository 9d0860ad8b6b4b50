/** A history that a backup has brought back: what counted since the backup was made is not in it. */
import { closedName, type Gap, gapsOf, writeGap } from './gaps.ts'
import type { HistoryFiles } from './history-files.ts'

/**
 * Closes a history that was brought back, before it takes its place: of what was between the backup and now, nothing is told. A change
 * that was being written when the backup was made is told of no more, and an entry that was on its way into it is not missed.
 * @param time when the backup was made, and now; FHIR instants
 */
export async function closeRestored(
  files: HistoryFiles,
  { taken, now }: { taken: string; now: string },
): Promise<void> {
  const begun: string[] = []
  for (const [name, { since, until }] of await gapsOf(files)) {
    if (until !== undefined) continue
    begun.push(since)
    await files.removeGap(name)
  }
  const since = [taken, ...begun].sort()[0] ?? taken
  // By a clock that was set back since, all the same.
  const gap: Gap = { since, until: [now, taken].sort()[1] ?? now }
  await files.putGap(closedName(gap), writeGap(gap))
  const newest = (await files.numbers()).at(-1)
  if (newest !== undefined && (await files.head()) !== undefined) await files.setHead(newest)
}
