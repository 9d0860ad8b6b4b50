/** What a filter says of an expression counts where it excludes, too: nothing may be taken for no. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { intersection, takesAway } from '../../../../src/terminology/code-system/selection.ts'
import { eclSet } from '../../../../src/terminology/vocabularies/snomed/ecl/ecl.ts'
import { withExpressions } from '../../../../src/terminology/vocabularies/snomed/expression/with-expressions.ts'
import { snomedProvider } from '../../../../src/terminology/vocabularies/snomed/provider/provider.ts'
import { naiveContent } from '../../../support/snomed/naive-content.ts'
import { small, smallRelease, withIds } from '../../../support/snomed/small-release.ts'
import { releaseResource } from './engine.ts'

const content = naiveContent(smallRelease())
const provider = withExpressions(
  snomedProvider(releaseResource(content), content, undefined),
  content,
  (constraint, subject, use) => eclSet(content, constraint)[use](subject),
)
const expression = withIds('{disorder}:{site}={leftwing}')

const filtered = (property: string, op: string, value: string) =>
  provider.filter?.(property, op, withIds(value), (reason) => new Error(reason))
const has = (property: string, op: string, value: string) => filtered(property, op, value)?.has(expression)

const takes = (property: string, op: string, value: string) => {
  const selection = filtered(property, op, value)
  return selection && takesAway(selection, expression)
}

describe('filters of SNOMED CT, asked of an expression', () => {
  for (const [op, value, is] of [
    ['=', '{leftwing}', true],
    ['=', '{wing}', false],
    ['in', '{leg},{leftwing}', true],
    ['not-in', '{leg},{leftwing}', false],
    ['not-in', '{leg}', true],
    ['is-a', '{wing}', true],
    ['descendent-of', '{leftwing}', false],
    ['exists', 'true', true],
    ['exists', 'false', false],
  ] as const)
    it(`site ${op} ${value}: ${is}`, () => assert.equal(has(small('site'), op, value), is))

  it('what is stated of concepts alone is an error', () => {
    for (const [property, op, value] of [
      ['sufficientlyDefined', '=', 'true'],
      ['moduleId', '=', '900000000000207008'],
      ['effectiveTime', '=', '20250901'],
      ['parent', '=', '{disorder}'],
    ] as const)
      assert.throws(() => has(property, op, value), { status: 422, message: /cannot be told/ }, property)
    assert.equal(has('expressions', '=', 'false'), false)
    assert.equal(has('inactive', '=', 'true'), false)
  })

  it('a reference set has no expression, and is an error where it is taken away', () => {
    for (const property of ['concept', 'code']) {
      const selection = filtered(property, 'in', '{flock}')
      assert.equal(selection?.has(expression), false)
      assert.equal(selection && takesAway(selection, expression), undefined)
      assert.throws(() => filtered(property, 'not-in', '{flock}')?.has(expression), {
        status: 422,
        message: /cannot be told/,
      })
      // What means the same as a member is one.
      const same = withIds('{disorder}:{{site}={wing},{morphology}={inflammation}}')
      assert.equal(selection?.has(same), true)
      assert.equal(selection && takesAway(selection, same), true)
      assert.equal(filtered(property, 'not-in', '{flock}')?.has(same), false)
    }
  })

  it('concepts that are named are those that an expression means the same as', () => {
    const same = withIds('{disorder}:{{site}={wing},{morphology}={inflammation}}')
    for (const [op, value, is, other] of [
      ['=', '{wingitis}', true, false],
      ['in', '{wingitis},{leg}', true, false],
      ['not-in', '{wingitis},{leg}', false, true],
    ] as const) {
      assert.equal(has('concept', op, value), other, op)
      assert.equal(filtered('concept', op, value)?.has(same), is, op)
    }
    assert.equal(has('concept', 'child-of', '{disorder}'), false)
    assert.equal(takes('concept', 'child-of', '{disorder}'), false)
    assert.equal(has('concept', 'child-of', '{wingdisorder}'), false)
    assert.equal(takes('concept', 'child-of', '{wingdisorder}'), undefined)
    assert.equal(takes('concept', 'child-of', '{inflamed}'), false)
    assert.throws(() => has('concept', 'descendent-leaf', '{disorder}'), { status: 422 })
    assert.equal(has('concept', 'descendent-leaf', '{inflamed}'), false)
  })

  it('children are those of the release where they are included, and an error where they are taken away', () => {
    for (const ecl of ['<! {wingdisorder}', '<<! {wingdisorder}']) {
      assert.equal(has('constraint', '=', ecl), false, ecl)
      assert.equal(takes('constraint', '=', ecl), undefined, ecl)
    }
    assert.equal(takes('constraint', '=', '<! {inflamed}'), false)
    for (const ecl of [
      '<< {disorder} MINUS <! {wingdisorder}',
      '<< {disorder} . {site}',
      '<< {disorder} : R {dueto} = *',
      '<< {disorder} : [0..0] R {dueto} = *',
      '!!< (<< {disorder} MINUS << {inflamed})',
    ])
      assert.throws(() => has('constraint', '=', ecl), { status: 422, message: /cannot be told/ }, ecl)
  })

  it('one of several filters that says no decides where the set is taken away', () => {
    const both = (value: string) =>
      intersection(
        [filtered('concept', 'in', '{flock}'), filtered('concept', 'is-a', value)].flatMap((each) => each ?? []),
      )
    assert.equal(takesAway(both('{disorder}'), expression), undefined)
    assert.equal(takesAway(both('{inflamed}'), expression), false)
    assert.equal(both('{disorder}').has(expression), false)
  })

  it('a concept that nobody knows is an error, never an empty set', () => {
    for (const op of ['=', 'in', 'not-in', 'is-a', 'is-not-a'])
      assert.throws(() => has('concept', op, '404684003'), /404684003/, op)
  })
})
