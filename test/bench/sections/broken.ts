/** A section of tests that cannot be measured when the environment says so. */
export async function bench() {
  if (process.env.TEST_BENCH_BREAK === 'throw') throw new Error('nothing to measure')
  if (process.env.TEST_BENCH_BREAK === 'end') process.exit(3)
  const value = process.env.TEST_BENCH_BREAK === 'nan' ? Number.NaN : 1
  return [{ name: 'one', value, unit: 'MB', better: 'lower', noise: 0 }]
}
