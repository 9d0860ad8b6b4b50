/** A level is claimed when it is complete, and with one thing less it is not. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { searchParameters } from '../../../src/fhir/search/parse-search.ts'
import { completeLevels, lacking, levels } from '../../../src/http/describe/crmi-levels.ts'
import { operations } from '../../../src/operations/index.ts'

const namesOf = (type: string) => new Set(searchParameters(type).keys())
const whole = (): { name: string; system: true; type: string[]; instance: string[] }[] =>
  levels.flatMap(({ operations: ofTypes, systemOperations }) =>
    [...ofTypes, ...systemOperations].map((name) => {
      const types = ['ActivityDefinition', 'Library', 'Measure', 'PlanDefinition', 'Questionnaire']
      return { name, system: true as const, type: types, instance: types }
    }),
  )

describe('the levels of this server', () => {
  // Shareable is what it always is; the others hold as long as nobody takes an operation away.
  for (const level of levels) it(`${level.name} is complete`, () => assert.deepEqual(lacking(level, operations), []))
})

describe('a level', () => {
  it('is claimed with all below it', () => {
    assert.deepEqual(
      completeLevels(whole()),
      levels.map(({ canonical }) => canonical),
    )
    assert.deepEqual(completeLevels([]), [levels[0]?.canonical])
  })
  for (const [index, { name, operations: ofTypes, systemOperations, searches }] of levels.entries()) {
    for (const operation of [...ofTypes, ...systemOperations])
      it(`${name} is not claimed without $${operation}`, () => {
        assert.equal(completeLevels(whole().filter((each) => each.name !== operation)).length, index)
        if (!ofTypes.includes(operation)) return
        const partly = whole().map((each) => (each.name === operation ? { ...each, instance: ['Library'] } : each))
        assert.equal(completeLevels(partly).length, index, 'of one type alone')
      })
    for (const [types, parameters] of searches)
      for (const parameter of parameters)
        it(`${name} is not claimed without a search for ${parameter}`, () => {
          for (const type of types) {
            const without = (each: string) =>
              each === type ? new Set([...namesOf(each)].filter((known) => known !== parameter)) : namesOf(each)
            assert.equal(completeLevels(whole(), without).length, index, type)
          }
        })
  }
})
