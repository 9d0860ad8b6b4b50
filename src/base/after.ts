/** Calls once, after so many milliseconds; what it returns calls it off. */
export type After = (milliseconds: number, run: () => void) => () => void

/** The clock of the process, which it does not keep from ending. */
export const afterTimeout: After = (milliseconds, run) => {
  const timeout = setTimeout(run, milliseconds).unref()
  return () => clearTimeout(timeout)
}
