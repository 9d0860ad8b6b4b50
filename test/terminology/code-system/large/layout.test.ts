import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CodeSystem } from '../../../../src/fhir/types.ts'
import { largeCodeSystem } from '../../../../src/terminology/code-system/large/large-code-system.ts'
import { indexFileOf } from './support.ts'

const head: CodeSystem = {
  resourceType: 'CodeSystem',
  url: 'http://example.org/',
  status: 'active',
  content: 'complete',
}
const resource: CodeSystem = {
  ...head,
  concept: [
    { code: 'a', display: 'A', concept: [{ code: 'b', property: [{ code: 'kind', valueCode: 'x' }] }] },
    { code: 'c', display: 'ü', property: [{ code: 'parent', valueCode: 'a' }] },
  ],
}
const { bytes, counts } = indexFileOf(resource)

/** A file as it was written before: without what flags tell of extensions, and of the layout before. */
function firstLayout(file: Uint8Array): Uint8Array {
  const copy = file.slice()
  const footer = new Uint32Array(copy.buffer, copy.length - 16, 4)
  const start = copy.length - 16 - (footer[2] ?? 0)
  const text = new TextDecoder().decode(copy.subarray(start, start + (footer[3] ?? 0)))
  const [offset, length]: [number, number] = JSON.parse(text).sections.flags
  for (let at = offset; at < offset + length; at++) copy[at] = (copy[at] ?? 0) & 7
  footer[1] = 1
  return copy
}

describe('an index file', () => {
  it('is opened wherever it lies in memory', () => {
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    const provider = largeCodeSystem(head, shifted.subarray(3))
    assert.equal(provider.all.size(), 3)
    assert.equal(provider.display(provider.locate('c') ?? -1), 'ü')
  })

  it('knows its size', () => assert.equal(counts.bytes, bytes.length))

  it('is refused wherever it is cut', () => {
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => largeCodeSystem(head, bytes.slice(0, length)), /index file|section|table/, String(length))
    }
  })

  it('of another layout or byte order is refused with the reason', () => {
    const changed = (at: number, value: number) => {
      const copy = bytes.slice()
      copy[bytes.length - 16 + at] = value
      return () => largeCodeSystem(head, copy)
    }
    assert.throws(changed(4, 99), /layout 99/)
    assert.throws(changed(0, 0), /byte order/)
    assert.throws(changed(11, 200), /no directory/)
    assert.throws(changed(12, 1), /directory of the index file cannot be read/)
  })

  it('of the first layout, which tells nothing of extensions, gives the same answers', () => {
    const url = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status'
    const extension = [{ url, valueCode: 'deprecated' }]
    const concept = [
      { code: 'a', display: 'A', extension, concept: [{ code: 'b', display: 'the word "extension":' }] },
      { code: 'c', definition: '"extension":' },
      { code: 'd', extension },
      { code: 'e', designation: [{ value: 'E', extension }] },
      { code: 'f', extension: [] },
    ]
    const now = indexFileOf({ ...head, concept }).bytes
    const then = firstLayout(now)
    const [today, before] = [now, then].map((each) => largeCodeSystem(head, each))
    for (let ref = 0; ref < 6; ref++) {
      assert.deepEqual(before?.extensions(ref), today?.extensions(ref), String(ref))
      assert.equal(before?.status(ref), today?.status(ref))
      assert.equal(before?.isInactive(ref), today?.isInactive(ref))
    }
    assert.deepEqual(today?.extensions(0), extension)
    assert.deepEqual(before?.extensions(0), extension)
    assert.deepEqual(today?.extensions(1), [])
  })

  it('with wrong bytes never makes a question run forever', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const copy = bytes.slice()
        copy[at] = value
        let provider: ReturnType<typeof largeCodeSystem>
        try {
          provider = largeCodeSystem(head, copy)
        } catch (error) {
          assert.ok(error instanceof Error)
          return
        }
        for (const code of ['a', 'b', 'zz']) provider.locate(code)
        for (let ref = 0; ref < 3; ref++) for (let other = 0; other < 3; other++) provider.subsumes(ref, other)
      }),
      { numRuns: 500, seed: 20260501 },
    )
  })
})
