import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it, test } from 'node:test'
import fc from 'fast-check'
import { parseJson } from '../../src/fhir/json.ts'
import type { Resource } from '../../src/fhir/types.ts'
import { contentId, resourceContent } from '../../src/provenance/content.ts'
import { valueSet } from './published.ts'

test('content is the resource without what differs from server to server', () => {
  const meta = { versionId: '7', lastUpdated: '2026-01-01T00:00:00Z', profile: ['http://p'] }
  const text = { status: 'generated' as const, div: '<div xmlns="http://www.w3.org/1999/xhtml">Ü</div>' }
  const { bytes, hash, id } = resourceContent(valueSet('a', { meta, text }))
  assert.equal(
    bytes.toString(),
    '{"id":"a","meta":{"profile":["http://p"]},"resourceType":"ValueSet","status":"active","text":{"div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">Ü</div>","status":"generated"},"url":"http://example.org/ValueSet/a","version":"1"}',
  )
  const digest = createHash('sha256').update(bytes).digest()
  assert.equal(hash, digest.toString('hex'))
  assert.equal(id, digest.subarray(0, 16).toString('base64url'))
  assert.equal(contentId(hash), id)
  assert.equal(id.length, 22)
})

test('of a meta that had nothing else nothing is left', () => {
  const { bytes } = resourceContent(valueSet('a', { meta: { versionId: '1', lastUpdated: '2026-01-01T00:00:00Z' } }))
  assert.ok(!bytes.includes('meta'))
})

test('the order of members, and how a decimal was written, make no difference', () => {
  const one = parseJson('{"resourceType":"Basic","extension":[{"url":"u","valueDecimal":1.10}],"id":"a"}')
  const two = parseJson('{"id":"a","extension":[{"valueDecimal":1.1,"url":"u"}],"resourceType":"Basic"}')
  assert.equal(resourceContent(one as unknown as Resource).hash, resourceContent(two as unknown as Resource).hash)
})

describe('what no reader could hold against a hash is refused', () => {
  const cases: Record<string, string> = {
    'an integer beyond 2^53-1': '9007199254740993',
    'an integer below -(2^53-1)': '-9007199254740992',
    'a decimal that is such an integer': '12345678901234567890.0',
    'an exponent': '1e300',
  }
  for (const [name, number] of Object.entries(cases))
    it(name, () => {
      const text = `{"resourceType":"Basic","extension":[{"url":"u","valueDecimal":${number}}]}`
      assert.throws(() => resourceContent(parseJson(text) as unknown as Resource), { status: 422 })
    })
  it('a lone surrogate', () => {
    assert.throws(() => resourceContent(valueSet('a', { title: 'a\ud800' })), { status: 422 })
  })
  it('a depth that cannot be written', () => {
    let deep: unknown = 1
    for (let level = 0; level < 100_000; level++) deep = [deep]
    assert.throws(() => resourceContent({ ...valueSet('a'), deep } as Resource), { status: 422 })
  })
  it('and the largest integer is not', () => {
    const text = '{"resourceType":"Basic","extension":[{"url":"u","valueInteger":9007199254740991}]}'
    assert.match(resourceContent(parseJson(text) as unknown as Resource).bytes.toString(), /9007199254740991/)
  })
})

test('content read again is the same content', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const resource = { resourceType: 'Basic', code: {}, value } as unknown as Resource
      let content: ReturnType<typeof resourceContent>
      try {
        content = resourceContent(resource)
      } catch {
        return
      }
      assert.equal(resourceContent(JSON.parse(content.bytes.toString())).hash, content.hash)
    }),
  )
})
