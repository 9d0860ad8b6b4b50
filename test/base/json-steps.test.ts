import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { parseJson, stringifyJson } from '../../src/base/json.ts'
import { jsonSize } from '../../src/base/json-size.ts'
import { stringifySteps } from '../../src/base/json-steps.ts'

/** The text, and how often others could have had a turn. */
function inSteps(value: unknown, most = Number.POSITIVE_INFINITY) {
  const steps = stringifySteps(value, most)
  for (let turns = 0; ; turns++) {
    const step = steps.next()
    if (step.done) return { text: step.value, turns }
  }
}

describe('JSON in steps', () => {
  it('is the same text', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
        assert.equal(inSteps(value).text, JSON.stringify(value))
      }),
      { numRuns: 1000 },
    )
  })

  it('keeps exact decimals wherever they stand', () => {
    const text = '{"a":1.50,"b":[1.0,2.00],"c":[{"d":1e-22},{"d":[{"e":3.10}]}],"f":12345678901234567890}'
    assert.equal(inSteps(parseJson(text)).text, text)
  })

  it('leaves out what JSON does not have', () => {
    const value = { a: undefined, b: [{ c: undefined }, { d: 1 }], e: {} }
    assert.equal(inSteps(value).text, JSON.stringify(value))
  })

  it('lets others have a turn, and is the same text, where there is much', () => {
    const item = (index: number) => ({
      system: 'http://example.org',
      code: `c${index}`,
      display: 'x'.repeat(index % 90),
    })
    const many = Array.from({ length: 20_000 }, (_, index) => item(index))
    const uneven = [...many.slice(0, 10), { inside: many }, ...many.slice(0, 10), { inside: { deep: many } }]
    for (const value of [{ expansion: { contains: many } }, { entry: uneven }, [uneven]]) {
      const { text, turns } = inSteps(value)
      assert.equal(text, stringifyJson(value))
      assert.ok(turns > 10, `${turns} turns`)
    }
  })

  it('ends as soon as there is too much', () => {
    const many = Array.from({ length: 100_000 }, (_, index) => ({ index }))
    assert.equal(inSteps(many, 200_000).text, undefined)
    assert.ok(inSteps(many, 200_000).turns < 8)
    assert.equal(inSteps(many.slice(0, 10), 200_000).text, JSON.stringify(many.slice(0, 10)))
  })
})

describe('size of JSON', () => {
  it('is about the length of the text', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '1') })
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme-ascii' }), text, (value, more) => {
        const written = JSON.stringify([value, more]).length
        const size = jsonSize([value, more])
        assert.ok(size >= written / 4 - 10 && size <= written * 8 + 10, `${size} for ${written}`)
      }),
    )
  })

  it('is not counted beyond what matters', () => {
    const inner = {
      get dear(): string {
        throw new Error('looked at')
      },
    }
    assert.ok(jsonSize(['x'.repeat(100), inner], 50) > 50)
  })
})
