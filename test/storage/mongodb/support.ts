/** What tests of the MongoDB store share. */
import { test } from 'node:test'

/** Says that a file of tests is skipped, and why. */
export function skippedHere(reason: string): void {
  test('tests of the MongoDB store', { skip: reason }, () => {})
}
