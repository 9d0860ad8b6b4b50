/**
 * Knows of a store that nobody has written since it was closed whole, so that not every start reads all of it again. What says so lies
 * beside the store, and is about this very file: its number, its size, and the time of its last change, which no program can set.
 */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'

const noteOf = (file: string) => `${file}-whole`

/** What tells this file of now from any other; undefined while there may be more of it in its log. */
function markOf(file: string): string | undefined {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false })
  const log =
    statSync(`${file}-wal`, { throwIfNoEntry: false }) ?? statSync(`${file}-journal`, { throwIfNoEntry: false })
  if (!stat || log) return undefined
  return JSON.stringify([stat.dev, stat.ino, stat.size, stat.ctimeNs].map(String))
}

/** Whether it is as it was closed. Anything else than that, also a note that cannot be read, is no. */
export function isKnownWhole(file: string): boolean {
  const mark = markOf(file)
  if (mark === undefined) return false
  try {
    return readFileSync(noteOf(file), 'utf8') === mark
  } catch {
    return false
  }
}

/** Notes it, once it was closed by the last who had it open: before, its log is there. */
export function noteWhole(file: string): void {
  const mark = markOf(file)
  try {
    if (mark === undefined) rmSync(noteOf(file), { force: true })
    else writeFileSync(noteOf(file), mark)
  } catch {
    // Without the note the next start reads all of it, as after a fault.
  }
}
