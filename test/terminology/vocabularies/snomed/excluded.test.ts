/** What a filter says of an expression counts where it excludes, too: nothing may be taken for no. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
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
  (constraint, subject) => eclSet(content, constraint).matches(subject),
)
const expression = withIds('{disorder}:{site}={leftwing}')

const has = (property: string, op: string, value: string) =>
  provider.filter?.(property, op, withIds(value), (reason) => new Error(reason))?.has(expression)

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

  it('a concept that nobody knows is an error, never an empty set', () => {
    for (const op of ['=', 'in', 'not-in', 'is-a', 'is-not-a'])
      assert.throws(() => has('concept', op, '404684003'), /404684003/, op)
  })
})
