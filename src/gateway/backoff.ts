/** First wait after a failure, and the longest, in milliseconds. */
const FIRST = 60_000
const LONGEST = 3_600_000

/**
 * How long to wait after so many failures in a row: a minute, doubled up to an hour, a tenth more or less at random, so that many servers
 * do not come back at one moment.
 * @param failures 1 or more
 * @param random 0 to 1
 * @returns milliseconds
 */
export function backoffMilliseconds(failures: number, random: number): number {
  const whole = Math.min(FIRST * 2 ** Math.min(failures - 1, 10), LONGEST)
  return Math.round(whole * (0.9 + 0.2 * random))
}
