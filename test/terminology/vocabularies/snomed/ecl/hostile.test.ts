import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkEcl } from '../../../../../src/terminology/vocabularies/snomed/ecl/check-ecl.ts'
import { eclMembers, eclSet } from '../../../../../src/terminology/vocabularies/snomed/ecl/ecl.ts'
import { EclCost } from '../../../../../src/terminology/vocabularies/snomed/ecl/evaluate/plan.ts'
import { EclError } from '../../../../../src/terminology/vocabularies/snomed/ecl/syntax/ecl-error.ts'
import { parseEcl } from '../../../../../src/terminology/vocabularies/snomed/ecl/syntax/parse.ts'
import { printEcl } from '../../../../../src/terminology/vocabularies/snomed/ecl/syntax/print.ts'
import { eclExpressions } from '../../../../support/snomed/ecl-arbitrary.ts'
import { naiveContent } from '../../../../support/snomed/naive-content.ts'
import { small, smallRelease, withIds } from '../../../../support/snomed/small-release.ts'

const content = naiveContent(smallRelease())
const wing = small('wing')

/** The one error of a text. */
function faultOf(text: string): EclError {
  try {
    eclMembers(content, text)
  } catch (error) {
    if (error instanceof EclError) return error
    throw error
  }
  return assert.fail('it was answered')
}

describe('hostile expressions', () => {
  const deep: Record<string, string> = {
    brackets: `${'('.repeat(10_000)}${wing}${')'.repeat(10_000)}`,
    'brackets that are never closed': '('.repeat(10_000),
    'operators within brackets': `${'<<('.repeat(10_000)}${wing}${')'.repeat(10_000)}`,
    refinements: `${`(${wing} : ${wing} = `.repeat(1000)}*${')'.repeat(1000)}`,
    'brackets in a refinement': `${wing} : ${'('.repeat(5000)}${wing} = *${')'.repeat(5000)}`,
    filters: `${wing} ${'{{ C moduleId = * '.repeat(1000)}`,
    histories: `* ${'{{ + HISTORY (* '.repeat(1000)}`,
    'names of attributes': `* : ${'('.repeat(1000)}${wing}${')'.repeat(1000)} = *`,
  }
  for (const [what, text] of Object.entries(deep)) {
    it(`${what} within each other are refused with a place`, () => {
      const { kind, message } = faultOf(text)
      assert.equal(kind, 'syntax')
      assert.match(message, /within more than 256 others/)
    })
  }

  it('is refused when it is 1 MB', () => {
    for (const text of [`${wing} OR `.repeat(80_000) + wing, ' '.repeat(1_000_000), '"'.repeat(1_000_000)])
      assert.match(faultOf(text).message, /at most 200000 are read/)
  })

  it('is read when it is long and flat', () => {
    const text = Array.from({ length: 10_000 }, () => wing).join(' OR ')
    assert.equal(eclMembers(content, text).length, 1)
    const dots = `${wing}${` . ${wing}`.repeat(5000)}`
    assert.equal(printEcl(parseEcl(dots)), dots)
  })

  it('takes no time that grows with the square of its length', () => {
    // Each of them begins something over and over that ends nowhere.
    for (const part of ['{{ D term = "', '|a', '/*', `${wing} : (`, '{{ C moduleId = (', '"A#', '* {{ D dialectId = ('])
      assert.equal(faultOf(part.repeat(Math.floor(190_000 / part.length))).kind, 'syntax')
  })

  it('stops when an evaluation takes more than it may', () => {
    const set = eclSet(content, withIds('* {{ term = wild:"*a*" }}'), 1000)
    const steps = set.members()
    assert.throws(
      () => {
        while (!steps.next().done);
      },
      { kind: 'too-costly' },
    )
    // One concept costs what one concept costs.
    assert.equal(set.has(content.ordinalOf(small('salve'))), true)
  })

  describe('that ask for little by each part and for all of it again and again', () => {
    const within = (before: string, after: string, levels = 200) =>
      `${before.repeat(levels)}${wing}${after.repeat(levels)}`
    const answered: Record<string, string> = {
      'values within values': within(`${wing} : ${small('site')} = (`, ')'),
      'values of anything within values': within(`* : ${small('site')} = (`, ')'),
      'reversed attributes within each other': within('* : R * = (', ')'),
      'what is above within what is above': within('>> (', ')'),
      'refinements joined within brackets': `* : ${'('.repeat(200)}${small('site')} = *${`, ${small('site')} = *)`.repeat(200)}`,
    }
    for (const [what, text] of Object.entries(answered))
      it(`${what}: each part is evaluated once`, () => {
        const set = eclSet(content, text, 20_000_000)
        set.has(content.ordinalOf(wing))
        const steps = set.members()
        while (!steps.next().done);
      })

    it('filters and dots one behind the other are refused when there are more than a stack holds', () => {
      for (const text of [`*${' {{ C active = 1 }}'.repeat(5000)}`, `*${' . *'.repeat(5000)}`])
        assert.match(faultOf(text).message, /more than 256 (?:filters|dots) follow each other/)
    })

    it('a list of texts costs what it has, and others have a turn between two concepts', () => {
      const terms = Array.from({ length: 10_000 }, (_, i) => `"z${i}"`).join(' ')
      const wilds = Array.from({ length: 10_000 }, (_, i) => `wild:"*z${i}*"`).join(' ')
      for (const list of [terms, wilds]) {
        const steps = eclSet(content, `* {{ term = (${list}) }}`).members()
        let turns = 0
        while (!steps.next().done) turns++
        assert.ok(turns >= content.count / 2, `${turns} turns`)
        const limited = eclSet(content, `* {{ term = (${list}) }}`, 100_000).members()
        assert.throws(
          () => {
            while (!limited.next().done);
          },
          { kind: 'too-costly' },
        )
      }
    })

    it('lists are remembered up to a limit', () => {
      const cost = new EclCost('*', 1)
      let forgotten = 0
      const forget = () => forgotten++
      const [large, last] = [new Int32Array(7_999_999), new Int32Array(1)]
      cost.keep(large, forget)
      cost.keep(last, forget)
      assert.throws(() => cost.keep(new Int32Array(1), forget), { kind: 'too-costly' })
      assert.equal(cost.keptBytes, 32_000_000)
      cost.forgetAllBut(last)
      assert.equal(forgotten, 1)
      assert.equal(cost.keptBytes, 4)
      cost.keep(large, forget)
    })

    it('work about one concept has its own limit, and what it took counts', () => {
      const cost = new EclCost('*', 10_000_000)
      assert.throws(() => cost.atOnce(() => cost.spend(5_000_000)), { kind: 'too-costly' })
      cost.spend(5_000_000)
      assert.throws(() => cost.spend(1), { kind: 'too-costly' })
    })
  })

  it('has one error with a place, or is read: whatever the text', () => {
    const pieces = fc.constantFrom(
      '<',
      '<<',
      '>!',
      '!!>',
      '^',
      '*',
      '(',
      ')',
      '{',
      '}',
      '{{',
      '}}',
      '[',
      ']',
      '..',
      ':',
      ',',
      '.',
      '=',
      '!=',
      '#1',
      '"a"',
      '"',
      '|',
      '|t|',
      '/*',
      '*/',
      ' AND ',
      ' OR ',
      ' MINUS ',
      'R ',
      'C ',
      'D ',
      'M ',
      '+ HISTORY',
      'term',
      'active',
      ' ',
      '\n',
      wing,
      small('site'),
      'Codex#W-1',
      '\\',
      'ü',
      '😀',
    )
    const text = fc.oneof(
      fc.array(pieces, { maxLength: 25 }).map((each) => each.join('')),
      fc.string({ unit: 'binary', maxLength: 40 }),
    )
    fc.assert(
      fc.property(text, (each) => {
        try {
          printEcl(parseEcl(each))
        } catch (error) {
          assert.ok(error instanceof EclError, String(error))
          assert.ok(error.line >= 1 && error.column >= 1 && error.at <= each.length)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('is refused or still an expression when a character is lost', () => {
    fc.assert(
      fc.property(eclExpressions, fc.nat(), (expression, place) => {
        const text = printEcl(expression)
        const at = place % text.length
        const { remarks } = checkEcl(text.slice(0, at) + text.slice(at + 1), content)
        for (const { line, column } of remarks) assert.ok(line === 1 && column >= 1 && column <= text.length + 1)
      }),
      { numRuns: 300 },
    )
  })
})
