import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { matchesWildcard } from '../../src/fhir/canonical.ts'

describe('wildcards in canonicals', () => {
  it('fit what the regular expression of the same meaning fits', () => {
    const text = fc.array(fc.constantFrom('a', 'b', '.'), { maxLength: 8 }).map((each) => each.join(''))
    const pattern = fc.array(fc.constantFrom('a', 'b', '.', '*'), { maxLength: 8 }).map((each) => each.join(''))
    fc.assert(
      fc.property(pattern, text, (wildcard, url) => {
        const source = wildcard.replaceAll('.', '\\.').replaceAll('*', '.*')
        assert.equal(matchesWildcard(wildcard, url), new RegExp(`^${source}$`).test(url))
      }),
      { numRuns: 5000 },
    )
  })

  it('end soon, however many there are', () => {
    assert.equal(matchesWildcard(`${'*a'.repeat(200)}*b`, 'a'.repeat(5000)), false)
  })
})
