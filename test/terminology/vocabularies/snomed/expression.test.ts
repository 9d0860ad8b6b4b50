/** Post-coordinated expressions: their grammar, what they name, and which takes in which. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  type Expression,
  type ExpressionAttribute,
  ExpressionError,
  type SubExpression,
} from '../../../../src/terminology/vocabularies/snomed/expression/expression.ts'
import { expressionsOf } from '../../../../src/terminology/vocabularies/snomed/expression/expressions.ts'
import { parseExpression } from '../../../../src/terminology/vocabularies/snomed/expression/parse-expression.ts'
import { printExpression } from '../../../../src/terminology/vocabularies/snomed/expression/print-expression.ts'
import { naiveContent } from '../../../support/snomed/naive-content.ts'
import { small, smallRelease, withIds } from '../../../support/snomed/small-release.ts'
import cases from './cases/expressions.json' with { type: 'json' }

const content = naiveContent(smallRelease())
const expressions = expressionsOf(content)

describe('the grammar of expressions', () => {
  for (const { text, says } of cases.printed)
    it(`reads ${text}`, () => {
      const read = parseExpression(withIds(text))
      assert.equal(printExpression(read), withIds(says))
      assert.equal(printExpression(parseExpression(printExpression(read))), withIds(says))
    })
  for (const { text, says, ...where } of cases.notUnderstood)
    it(`says where ${text || 'nothing'} is not understood`, () => {
      const at = where.after === undefined ? where.at : withIds(where.after).length
      assert.throws(
        () => parseExpression(withIds(text)),
        (error) => error instanceof ExpressionError && error.at === at && error.message.includes(says),
      )
    })
  it('ends where expressions are nested too deep, or are too long', () => {
    const nested = (depth: number) => withIds(`${'{wing}:{site}=('.repeat(depth)}{wing}${')'.repeat(depth)}`)
    assert.ok(parseExpression(nested(20)))
    assert.throws(() => parseExpression(nested(21)), /nested deeper than 20/)
    assert.throws(() => parseExpression(nested(1_000)), /longer than 4000/)
  })
  it('values within values are compared once for each pair, however deep they are', () => {
    const nested = (depth: number) => withIds(`${'{wingdisorder}:{site}=('.repeat(depth)}{wing}${')'.repeat(depth)}`)
    const [a, b] = [expressions.read(nested(20)), expressions.read(nested(20).replace(/\)$/, ' )'))]
    assert.ok(a && b)
    assert.equal(expressions.subsumes(a, b), 'yes')
    assert.ok(expressions.subject(a).rows.length > 0)
  })
  it('has a form for every expression', () => {
    fc.assert(
      fc.property(anExpression, (expression) => {
        const text = printExpression(expression, ({ term }) => term)
        assert.deepEqual(withoutPositions(parseExpression(text)), withoutPositions(expression))
      }),
    )
  })
  it('takes any text, or says why not', () => {
    const pieces = fc.constantFrom(
      small('wing'),
      '{',
      '}',
      '(',
      ')',
      ':',
      '=',
      ',',
      '+',
      '|',
      '#1',
      '"x"',
      ' ',
      '<<<',
      'true',
      '\u{1F9FE}',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces).map((parts) => parts.join('')),
        ),
        (text) => {
          try {
            parseExpression(text)
          } catch (error) {
            assert.ok(error instanceof ExpressionError && error.at >= 0 && error.at <= text.length)
          }
        },
      ),
    )
  })
})

describe('an expression over a release', () => {
  for (const { text, says } of cases.notHolding)
    it(`does not hold: ${text}`, () => {
      assert.equal(expressions.read(withIds(text)), undefined)
      const fault = expressions.fault(withIds(text)) ?? ''
      assert.ok(fault.startsWith('Not a valid expression: ') && fault.includes(says), fault)
    })
  for (const { general, special, is, back } of cases.subsumed)
    it(`${general} ∋ ${special}: ${is}, ${back}`, () => {
      assert.equal(expressions.subsumes(meant(general), meant(special)), is)
      assert.equal(expressions.subsumes(meant(special), meant(general)), back)
    })
  it('is no plain code, and nothing of it is said of one', () => {
    for (const text of [small('wing'), 'wing', '', '123456789:'.slice(0, 9)]) {
      assert.equal(expressions.read(text), undefined)
      assert.equal(expressions.fault(text), undefined)
    }
  })
  it('has the terms of its concepts as display', () => {
    const read = meant(' {wing}|WING  structure| : {laterality} = {left}')
    assert.ok(typeof read !== 'number')
    const term = (concept: number) => `t${content.idOf(concept)}`
    assert.equal(
      expressions.display(read, term),
      withIds('{wing}|t{wing}|:{laterality}|t{laterality}|={left}|t{left}|'),
    )
  })
  it('has the attributes of its concepts and its own', () => {
    const read = meant('{wingitis}:{severity}={mild}')
    assert.ok(typeof read !== 'number')
    const shown = expressions
      .attributes(read)
      .map(({ type, value }) => [type, 'concept' in value ? value.concept : value])
    const wanted = [
      ['severity', 'mild'],
      ['site', 'wing'],
      ['morphology', 'inflammation'],
    ].map((pair) => pair.map((key) => content.ordinalOf(small(key))))
    assert.deepEqual(shown.sort(), wanted.sort())
  })
  it('between concepts alone, says no more than the hierarchy, and never less', () => {
    for (let a = 0; a < content.count; a++)
      for (let b = 0; b < content.count; b++) {
        if (!content.isActive(a) || !content.isActive(b)) continue
        const found = expressions.subsumes(a, b)
        if (content.hierarchy.subsumes(a, b)) assert.equal(found, 'yes', `${content.idOf(a)} ${content.idOf(b)}`)
        else if (found === 'yes') assert.ok(content.isDefined(a), 'only what is defined takes in what is not below it')
      }
  })
})

/** A code of the small release, or an expression. */
function meant(text: string) {
  const code = withIds(text)
  const concept = content.ordinalOf(code)
  return concept >= 0 ? concept : (expressions.read(code) ?? assert.fail(expressions.fault(code)))
}

const reference = fc.record(
  {
    id: fc.constantFrom(small('wing'), small('site'), small('left')),
    at: fc.constant(0),
    term: fc.stringMatching(/^[a-z]{1,5}$/),
  },
  { requiredKeys: ['id', 'at'] },
)
const { sub } = fc.letrec<{ sub: SubExpression; attribute: ExpressionAttribute }>((tie) => ({
  sub: fc.record({
    focus: fc.array(reference, { minLength: 1, maxLength: 3 }),
    ungrouped: fc.array(tie('attribute'), { maxLength: 2 }),
    groups: fc.array(fc.array(tie('attribute'), { minLength: 1, maxLength: 3 }), { maxLength: 2 }),
  }),
  attribute: fc.record({
    name: reference,
    value: fc.oneof(
      { maxDepth: 3 },
      fc.record({ concept: reference }),
      fc.record({ concrete: fc.constantFrom('#1', '#-0.5', '"a \\"b\\""', 'true', 'false') }),
      fc.record({ nested: tie('sub') }),
    ),
  }),
}))
const anExpression: fc.Arbitrary<Expression> = fc
  .tuple(fc.constantFrom('===' as const, '<<<' as const), sub)
  .map(([definition, expression]) => ({ definition, ...expression }))

const withoutPositions = (expression: Expression): unknown =>
  JSON.parse(JSON.stringify(expression, (key, value) => (key === 'at' ? undefined : value)))
