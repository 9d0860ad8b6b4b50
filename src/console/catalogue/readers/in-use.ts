/** Which of the versions of one address is used where the address is named without a version. */
import { compareVersions } from '../../../fhir/canonical.ts'
import type { Reading } from './reading.ts'

const mirrored = 'http://vidimus.org/fhir/CodeSystem/mirrored'

/**
 * The highest version that is active, of the server's own (docs/lifecycle.md, docs/mirror.md).
 * @param isWhole all versions are there
 * @returns undefined where there is none, or where it cannot be told from these alone
 */
export function inUse(versions: readonly Reading[], isWhole: boolean): Reading | undefined {
  if (!isWhole) return undefined
  const own = versions.filter((each) => !isCopy(each) && each.text('status') === 'active')
  const [first, second] = [...own].sort((a, b) => compareVersions(b.text('version'), a.text('version')))
  // Copies of what others publish count where configuration says so, which nobody tells here.
  if (!first || (second && compareVersions(first.text('version'), second.text('version')) === 0)) return undefined
  return first
}

const isCopy = (each: Reading) =>
  each
    .child('meta')
    .children('tag')
    .some((tag) => tag.text('system') === mirrored)
