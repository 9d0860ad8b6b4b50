import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkEcl } from '../../../../../src/terminology/vocabularies/snomed/ecl/check-ecl.ts'
import { naiveContent } from '../../../../support/snomed/naive-content.ts'
import { small, smallRelease, withIds } from '../../../../support/snomed/small-release.ts'

const content = naiveContent(smallRelease())
const remarks = (ecl: string) => checkEcl(withIds(ecl), content).remarks

describe('what authors are told of an expression', () => {
  it('the brief syntax of the long one', () => {
    const { brief, remarks: none } = checkEcl(withIds('descendantOrSelfOf {wing} {{ type = synonym }}'), content)
    assert.equal(brief, withIds('<< {wing} {{ D type = syn }}'))
    assert.deepEqual(none, [])
  })

  it('terms that are none of the concept, by any of its descriptions', () => {
    assert.deepEqual(remarks('{wing} |wing  STRUCTURE| OR {wingitis} |Pteritis of the gryph (sic)|'), [
      {
        severity: 'warning',
        text: `term mismatch: 'Pteritis of the gryph (sic)' is no term of ${small('wingitis')} |Inflammation of wing (gryph)|`,
        line: 1,
        column: 34,
      },
    ])
    assert.deepEqual(remarks('{tornwing} |broken sail|'), [])
  })

  it('every unknown concept, and those that are near to it', () => {
    const wrong = `1${small('wing')}`
    const found = remarks(`<< ${wrong} OR\n 404684003 |Beak structure|`)
    assert.deepEqual(
      found.map(({ line, column }) => [line, column]),
      [
        [1, 4],
        [2, 2],
      ],
    )
    assert.match(
      found[0]?.text ?? '',
      new RegExp(`unknown concept ${wrong}; .*${small('wing')} \\|Wing structure \\(gryph\\)\\|`),
    )
    assert.match(found[1]?.text ?? '', new RegExp(`${small('beak')} \\|Beak structure`))
  })

  it('inactive concepts, wherever they stand', () => {
    const ecl = '* : {dueto} = (^ {flock} {{ M referencedComponentId = {oldwingitis} }} {{ C moduleId = {gone} }})'
    const texts = remarks(ecl).map(({ text }) => text)
    assert.deepEqual(texts, [
      `${small('oldwingitis')} |Wing inflammation (old) (gryph)| is inactive`,
      `${small('gone')} |Nothing known (gryph)| is inactive`,
    ])
  })

  it('fields and dialects that are not there', () => {
    assert.match(remarks('* {{ dialect = xx }}')[0]?.text ?? '', /unknown dialect 'xx'/)
  })

  it('the syntax alone without a release', () => {
    assert.deepEqual(checkEcl('<< 404684003', undefined), { brief: '<< 404684003', remarks: [] })
    assert.equal(checkEcl('<< 404684003 )', undefined).remarks[0]?.severity, 'error')
  })
})
