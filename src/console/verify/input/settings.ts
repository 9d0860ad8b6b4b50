/** What is set for the Verify view: held in memory, gone with the page. */
import { signal } from '@preact/signals'
import type { AskingSettings } from './question.ts'

/** How the desk works. */
export interface DeskSettings {
  /** Milliseconds without a key that end a code of a scanner that types no line end. */
  silence: number
  /** Seconds after which a verdict makes room for the next code by itself; 0: it does not. */
  pause: number
}

/** Silences that can be chosen, in milliseconds. */
export const silences = [100, 200, 400, 800] as const
/** Pauses that can be chosen, in seconds. */
export const pauses = [0, 3, 5, 10, 20] as const

/** What every question says beside its credential. */
export const asking = signal<AskingSettings>({ jurisdiction: '', uses: [], trustDomains: [], clock: '' })
/** How the desk works. */
export const working = signal<DeskSettings>({ silence: 200, pause: 0 })
