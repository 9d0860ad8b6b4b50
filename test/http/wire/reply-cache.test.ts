import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cachedReply, cacheKey, createReplyCache } from '../../../src/http/wire/reply-cache.ts'

const place = { route: '/:type/:id', resourceType: 'ValueSet' }
const body = 'x'.repeat(200_000)

function reply(status = 200, headers: Record<string, string> = {}) {
  return cachedReply({ status, headers, body }, place)
}

describe('what a reply is kept under', () => {
  const refused: Record<string, [string, Record<string, string>]> = {
    'a token, which may show more': ['/ValueSet/a', { authorization: 'Bearer t' }],
    'a header of its own that may change the answer': ['/ValueSet/a', { 'x-too-costly-threshold': '5' }],
    'a long address': [`/ValueSet/a?x=${'y'.repeat(1000)}`, {}],
    'a long list of languages': ['/ValueSet/a', { 'accept-language': 'en,'.repeat(200) }],
    'a long list of formats': ['/ValueSet/a', { accept: 'text/html,'.repeat(60) }],
  }
  for (const [title, [address, headers]] of Object.entries(refused)) {
    test(`nothing: ${title}`, () => assert.equal(cacheKey(address, headers), undefined))
  }

  test('address, formats and languages tell replies apart', () => {
    const keys = [
      cacheKey('/ValueSet/a', {}),
      cacheKey('/ValueSet/b', {}),
      cacheKey('/ValueSet/a', { accept: 'application/fhir+xml' }),
      cacheKey('/ValueSet/a', { 'accept-language': 'application/fhir+xml' }),
      // By which the format of the answer is chosen where nobody asks for one.
      cacheKey('/ValueSet/a', { 'content-type': 'application/fhir+xml' }),
    ]
    assert.equal(new Set(keys).size, 5)
    assert.ok(!keys.includes(undefined))
  })
})

describe('the cache', () => {
  test('holds no more bytes than it may, and the last replies', () => {
    const cache = createReplyCache(() => 1)
    const kept = reply()
    assert.ok(kept)
    for (let index = 0; index < 1000; index++) cache.keep(`key ${index}`, kept, 1)
    const held = Array.from({ length: 1000 }, (_, index) => index).filter((index) => cache.find(`key ${index}`))
    assert.ok(held.length * 2 * body.length <= 48 * 1024 * 1024, `${held.length} replies`)
    assert.ok(held.length > 100)
    assert.equal(held.at(-1), 999)
  })

  test('small replies with long addresses fill it as well', () => {
    const cache = createReplyCache(() => 1)
    const small = cachedReply({ status: 200, headers: {}, body: '{}' }, place)
    assert.ok(small)
    for (let index = 0; index < 20_000; index++) cache.keep(`${index}${'k'.repeat(1500)}`, small, 1)
    const held = Array.from({ length: 20_000 }, (_, index) => cache.find(`${index}${'k'.repeat(1500)}`)).filter(Boolean)
    assert.ok(held.length <= 5000, `${held.length} replies`)
  })

  test('forgets everything when the store changes, and keeps nothing that was worked out before', () => {
    let revision = 1
    const cache = createReplyCache(() => revision)
    const kept = reply()
    assert.ok(kept)
    cache.keep('a', kept, 1)
    assert.equal(cache.find('a'), kept)
    revision = 2
    assert.equal(cache.find('a'), undefined)
    cache.keep('a', kept, 1)
    assert.equal(cache.find('a'), undefined)
  })

  test('takes neither errors nor what must not be stored', () => {
    assert.equal(reply(404), undefined)
    assert.equal(reply(200, { 'Cache-Control': 'no-store' }), undefined)
  })
})
