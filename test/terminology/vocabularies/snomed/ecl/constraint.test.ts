import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError } from '../../../../../src/fhir/error.ts'
import { eclConstraint } from '../../../../../src/terminology/vocabularies/snomed/ecl/constraint.ts'
import { naiveContent } from '../../../../support/snomed/naive-content.ts'
import { small, smallRelease, withIds } from '../../../../support/snomed/small-release.ts'

const content = naiveContent(smallRelease())
const select = (ecl: string) => eclConstraint(content)(withIds(ecl))

describe('the filter constraint', () => {
  it('tests one concept and lists nothing', () => {
    let listed = 0
    const watched = {
      ...content,
      hierarchy: {
        ...content.hierarchy,
        descendants: (concept: number) => {
          listed++
          return content.hierarchy.descendants(concept)
        },
      },
    }
    const selection = eclConstraint(watched)(withIds('<< {disorder} : {site} = << {wing}'))
    assert.equal(selection.has(content.ordinalOf(small('tornwing'))), true)
    assert.equal(selection.has(content.ordinalOf(small('skinburn'))), false)
    assert.equal(selection.has('an expression'), false)
    assert.equal(listed, 0)
  })

  it('counts in steps, then knows its list', () => {
    const selection = select('<< (<< {body} OR << {disorder})')
    const isListed = () => selection.list !== undefined
    assert.ok(!isListed(), 'nothing is listed before it is counted')
    for (const tests of selection.counting?.() ?? []) assert.ok(tests > 0)
    assert.equal(selection.list?.length, selection.size())
    for (let i = 0; i < selection.size(); i++) assert.ok(selection.has(selection.at(i)))
    assert.equal(selection.has(content.ordinalOf(small('product'))), false)
  })

  it('keeps what was found within a bound of bytes, whatever one of them takes', () => {
    let listed = 0
    const large = new Int32Array(1_500_000).map((_, ordinal) => ordinal)
    const watched = {
      ...content,
      hierarchy: {
        ...content.hierarchy,
        descendants: () => {
          listed++
          return large
        },
      },
    }
    const constraint = eclConstraint(watched)
    const ask = (n: number) => constraint(withIds(`< {disorder} /* ${n} */`)).size()
    const asked = (numbers: readonly number[]) => {
      listed = 0
      for (const n of numbers) assert.equal(ask(n), large.length)
      return listed
    }
    // 6 MB each, of 40.
    assert.equal(asked([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), 10)
    assert.equal(asked([9, 8, 7, 6, 5, 4]), 0, 'those of the last 40 MB are there')
    assert.equal(asked([0, 1]), 2, 'the others are not')
  })

  it('asks no reference set about one concept that would have to be looked through for it', () => {
    const sets = (size: number) => ({
      ...content,
      refset: (concept: number) => {
        const found = content.refset(concept)
        return found && { ...found, size, finds: () => false }
      },
    })
    const ecl = withIds('^ [targetComponentId] *')
    const one = content.ordinalOf(small('wing'))
    const is = (size: number) => eclConstraint(sets(size))(ecl).has(one)
    assert.equal(is(100), eclConstraint(content)(ecl).has(one))
    assert.throws(
      () => is(100_000),
      (error) => error instanceof FhirError && error.status === 422 && error.issues[0]?.code === 'too-costly',
    )
  })

  it('names the expression, line and column of what is wrong', () => {
    for (const [ecl, text] of [
      [
        '<< abc',
        "Invalid ECL expression: '<< abc': (Syntax error at line 1, column 4: expected a concept, '*' or '(', found \"abc\")",
      ],
      [
        '< 99999999',
        "Invalid ECL expression: '< 99999999': (unknown concept 99999999; its check digit does not fit at line 1, column 3)",
      ],
    ] as const) {
      assert.throws(
        () => select(ecl),
        (error) => {
          assert.ok(error instanceof FhirError)
          assert.equal(error.status, 422)
          const [issue] = error.issues
          assert.equal(issue?.details?.text, text)
          assert.equal(issue?.extension?.[0]?.valueString, 'INVALID_ECL')
          assert.equal(issue?.details?.coding?.[0]?.code, 'vs-invalid')
          return true
        },
      )
    }
  })

  it('does not repeat a long expression in its message', () => {
    assert.throws(
      () => select(`${'('.repeat(10_000)}*`),
      (error) => error instanceof FhirError && JSON.stringify(error.issues).length < 1000,
    )
  })
})
