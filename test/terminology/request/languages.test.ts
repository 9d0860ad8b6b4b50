import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CodeSystem } from '../../../src/fhir/types.ts'
import { parseLanguages, servesAny } from '../../../src/terminology/request/languages.ts'
import { answer, parameters, terminologyOver } from '../support.ts'

const system = 'http://example.org/CodeSystem/fruit'

/** One concept; a designation reads like its language: `text de`. */
function terminologyIn(languages: string[], language: string | undefined = 'en') {
  const fruit: CodeSystem = {
    resourceType: 'CodeSystem',
    url: system,
    version: '1',
    status: 'active',
    content: 'complete',
    caseSensitive: true,
    ...(language && { language }),
    concept: [
      {
        code: 'a',
        display: 'display',
        designation: languages.map((each) => ({ language: each, value: `text ${each}` })),
      },
    ],
  }
  return terminologyOver([fruit])
}

const valueSet = { resourceType: 'ValueSet', status: 'active', compose: { include: [{ system }] } }

async function shown(languages: string[], displayLanguage: string) {
  const terminology = terminologyIn(languages)
  const [expansion, validation, look] = await Promise.all([
    terminology.expand(parameters({ valueSet, displayLanguage })),
    terminology.validateCode(parameters({ valueSet, system, code: 'a', displayLanguage })),
    terminology.lookup(parameters({ system, code: 'a', displayLanguage })),
  ])
  const all = [expansion.expansion?.contains?.[0]?.display, answer(validation, 'display'), answer(look, 'display')]
  assert.deepEqual(new Set(all).size, 1, `one text wherever it is shown: ${all}`)
  return all[0]
}

/** Designations, what is wished, what is shown. */
const lookups: [languages: string, wish: string, text: string][] = [
  ['de', 'de-AT', 'text de'],
  ['de fr', 'de-AT-1996', 'text de'],
  ['de de-AT', 'de-AT', 'text de-AT'],
  ['de-AT de', 'de', 'text de'],
  ['de-AT', 'de', 'text de-AT'],
  ['de-AT', 'de-CH', 'display'],
  ['zh zh-Hant', 'zh-Hant-TW', 'text zh-Hant'],
  ['zh', 'zh-Hant-CN-x-private1-private2', 'text zh'],
  ['DE', 'de-at', 'text DE'],
  ['de', 'deu', 'display'],
  ['d', 'de', 'display'],
  ['fr de', 'it, de-AT;q=0.4, fr-CH;q=0.8', 'text fr'],
  ['fr', 'de-AT, en', 'display'],
  ['de', 'de-AT, *;q=0', 'text de'],
  ['de', 'de;q=0, en', 'display'],
  ['de-AT de', 'de-CH, de-AT;q=0', 'text de'],
]

describe('a language that is wished (IHTSDO/snowstorm#704)', () => {
  for (const [languages, wish, text] of lookups)
    it(`${languages} for ${wish}: ${text}`, async () => assert.equal(await shown(languages.split(' '), wish), text))

  it('counts in the header as in the parameter', async () => {
    const terminology = terminologyIn(['de'])
    const reply = await terminology.expand(parameters({ valueSet }), { acceptLanguage: 'de-AT' })
    assert.equal(reply.expansion?.contains?.[0]?.display, 'text de')
  })

  it('a display is judged by the same look-up', async () => {
    const terminology = terminologyIn(['de', 'fr'])
    const judge = async (display: string, displayLanguage: string) =>
      answer(
        await terminology.validateCode(parameters({ valueSet, system, code: 'a', display, displayLanguage })),
        'result',
      )
    assert.equal(await judge('text de', 'de-AT'), true)
    assert.equal(await judge('text de', 'de'), true)
    assert.equal(await judge('text fr', 'de-AT'), false)
    assert.equal(await judge('nothing of the kind', 'de-AT'), false)
    assert.equal(await judge('text fr', 'de-AT, fr-CH;q=0.1'), true)
    assert.equal(await judge('text fr', 'de-AT, fr;q=0'), false)
  })

  it('what is asked for as designation is that language and its regions alone', async () => {
    const terminology = terminologyIn(['de', 'fr'])
    const named = async (designation: string) =>
      (
        await terminology.expand(parameters({ valueSet, includeDesignations: true, designation }))
      ).expansion?.contains?.[0]?.designation?.map((each) => each.value)
    assert.deepEqual(await named('urn:ietf:bcp:47|de'), ['text de'])
    assert.equal(await named('urn:ietf:bcp:47|de-AT'), undefined)
  })
})

/** RFC 4647 §3.4 as it is written there: the range gets shorter until a tag is equal. */
function lookedUp(tags: string[], range: string): string | undefined {
  for (let subtags = range.toLowerCase().split('-'); subtags.length > 0; ) {
    const found = tags.find((each) => each.toLowerCase() === subtags.join('-'))
    if (found !== undefined) return found
    subtags = subtags.slice(0, -1)
    if (subtags.at(-1)?.length === 1) subtags = subtags.slice(0, -1)
  }
  return undefined
}

/** RFC 4647 §3.3.1: every tag that the range begins. */
const filtered = (tags: string[], range: string) =>
  tags.filter((each) => `${each.toLowerCase()}-`.startsWith(`${range.toLowerCase()}-`))

/** The very tag, else a more specific one, else what the look-up finds. */
const best = (tags: string[], range: string) =>
  tags.find((each) => each.toLowerCase() === range.toLowerCase()) ?? filtered(tags, range)[0] ?? lookedUp(tags, range)

describe('any language', () => {
  const subtag = fc.constantFrom('Latn', 'AT', 'CH', '1996', 'x', 'a', 'u', 'co')
  const tag = fc
    .tuple(fc.constantFrom('de', 'DE', 'fr', 'zh'), fc.array(subtag, { maxLength: 3 }))
    .map(([language, rest]) => [language, ...rest].join('-'))
  const tags = fc.uniqueArray(tag, { maxLength: 5, selector: (each) => each.toLowerCase() })

  it('is found by look-up; only where that would give up a subtag is a more specific text better', async () => {
    const property = fc.asyncProperty(tags, tag, async (languages, range) => {
      const text = String(await shown(languages, range))
      const expected = best(languages, range)
      assert.equal(text, expected === undefined ? 'display' : `text ${expected}`)
      assert.equal(
        languages.some((each) => servesAny(parseLanguages(range), each)),
        expected !== undefined,
        'what is shown may also be sent',
      )
    })
    await fc.assert(property, { numRuns: 500, seed: 704 })
  })

  it('of several ranges the first in weight that any text serves', async () => {
    const ranges = fc.uniqueArray(fc.tuple(tag, fc.integer({ min: 1, max: 1000 })), {
      minLength: 1,
      maxLength: 4,
      selector: ([, weight]) => weight,
    })
    const property = fc.asyncProperty(tags, ranges, async (languages, given) => {
      const wish = given.map(([range, weight]) => `${range};q=${(weight / 1000).toFixed(3)}`).join(', ')
      const served = given
        .toSorted(([, a], [, b]) => b - a)
        .map(([range]) => best(languages, range))
        .find((each) => each !== undefined)
      assert.equal(await shown(languages, wish), served === undefined ? 'display' : `text ${served}`)
    })
    await fc.assert(property, { numRuns: 300, seed: 4647 })
  })
})
