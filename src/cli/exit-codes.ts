/**
 * Exit status of `vidimus`: 0 done (for `evaluate`: accepted) · 1 a negative answer (rejected, some list not valid) ·
 * 2 wrong use or unreadable input · 3 verified but undetermined · 4 unverified.
 */
export const exitCodes = { done: 0, negative: 1, wrongUse: 2, undetermined: 3, unverified: 4 } as const

/** What a command reports back: its exit status. */
export interface CommandResult {
  exitCode: number
}
