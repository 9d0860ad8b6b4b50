import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { eclMembers, eclSet } from '../../../../../src/terminology/vocabularies/snomed/ecl/ecl.ts'
import { EclError } from '../../../../../src/terminology/vocabularies/snomed/ecl/syntax/ecl-error.ts'
import { parseEcl } from '../../../../../src/terminology/vocabularies/snomed/ecl/syntax/parse.ts'
import { printEcl } from '../../../../../src/terminology/vocabularies/snomed/ecl/syntax/print.ts'
import { eclExpressions } from '../../../../support/snomed/ecl-arbitrary.ts'
import { naiveContent } from '../../../../support/snomed/naive-content.ts'
import { naiveEcl } from '../../../../support/snomed/naive-ecl.ts'
import { keyOf, smallRelease } from '../../../../support/snomed/small-release.ts'

const rows = smallRelease()
const content = naiveContent(rows)
const naive = naiveEcl(rows)

/** All of them in a soak. */
const numRuns = process.env.ECL_EXPRESSIONS ? Number(process.env.ECL_EXPRESSIONS) : 300

const withoutPlaces = (tree: unknown): unknown =>
  JSON.parse(
    JSON.stringify(tree, (key, value) => (key === 'at' ? undefined : value === Number.POSITIVE_INFINITY ? '*' : value)),
  )

/** The concepts of which each is said to be a member; undefined where one of them takes too many steps to tell. */
function membersOneByOne(text: string): number[] | undefined {
  const set = eclSet(content, text)
  try {
    return Array.from({ length: content.count }, (_, each) => each).filter((each) => set.has(each))
  } catch (error) {
    if (error instanceof EclError && error.kind === 'too-costly') return undefined
    throw error
  }
}

describe('generated expressions', () => {
  it('have the members that the words of the specification give them', () => {
    fc.assert(
      fc.property(eclExpressions, (expression) => {
        const text = printEcl(expression)
        const wanted = [...naive(expression)].map(keyOf).sort()
        const found = [...eclMembers(content, text)].map((each) => keyOf(content.idOf(each))).sort()
        assert.deepEqual(found, wanted, text)
      }),
      { numRuns },
    )
  })

  it('have the same members one by one, or say that it takes too much', () => {
    let refused = 0
    fc.assert(
      fc.property(eclExpressions, (expression) => {
        const text = printEcl(expression)
        const wanted = naive(expression)
        const found = membersOneByOne(text)
        if (found === undefined) {
          refused += 1
          return
        }
        assert.deepEqual(found.map((each) => keyOf(content.idOf(each))).sort(), [...wanted].map(keyOf).sort(), text)
      }),
      { numRuns },
    )
    assert.ok(refused <= numRuns / 500, `${refused} of ${numRuns} were refused`)
  })

  it('are read as they are printed', () => {
    fc.assert(
      fc.property(eclExpressions, (expression) => {
        const text = printEcl(expression)
        const read = parseEcl(text)
        assert.deepEqual(withoutPlaces(read), withoutPlaces(expression), text)
        assert.equal(printEcl(read), text)
      }),
      { numRuns },
    )
  })
})
