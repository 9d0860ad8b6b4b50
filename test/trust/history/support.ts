import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTrustHistory, type TrustHistory } from '../../../src/trust/history/history.ts'
import { type HistoryFiles, historyFiles } from '../../../src/trust/history/history-files.ts'
import type { HistoryLimits } from '../../../src/trust/history/prune.ts'
import type { Standing } from '../../../src/trust/standing.ts'

/** A clock that a test sets. */
export class Clock {
  milliseconds = Date.UTC(2026, 5, 1)
  now = () => new Date(this.milliseconds)
  at = (minutes: number) => new Date(Date.UTC(2026, 5, 1) + minutes * 60_000)
  set(minutes: number): void {
    this.milliseconds = this.at(minutes).getTime()
  }
}

/** A standing that differs from others by a name. */
export const standing = (gap: string): Standing => ({ lists: [], names: [], rules: { gap }, revocations: undefined })

/** A folder for one test, and histories over it. */
export function historyFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'vidimus-history-'))
  const clock = new Clock()
  const limits: HistoryLimits = { days: 400, bytes: 10_000_000 }
  const open = (change: Partial<HistoryFiles> = {}): TrustHistory =>
    openTrustHistory({
      files: { ...historyFiles(folder), ...change },
      now: clock.now,
      limits,
      circumstances: { software: 'test' },
    })
  const tell = async (history: TrustHistory, minutes: number, gap: string) => {
    clock.set(minutes)
    await (await history.remember(standing(gap)))()
  }
  /** What counted at a minute, or why that is not known. */
  const counted = async (history: TrustHistory, minutes: number) => {
    try {
      return (await (await history.at(clock.at(minutes))).standing()).rules.gap
    } catch (error) {
      return error instanceof Error ? `! ${error.message}` : error
    }
  }
  return { folder, clock, limits, open, tell, counted, end: () => rmSync(folder, { recursive: true }) }
}
