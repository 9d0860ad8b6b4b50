import { Skipped } from '../../../bench/support/harness/sections.ts'

/** A section of tests that has not what it needs. */
export async function bench() {
  throw new Skipped('the corpora are absent')
}
