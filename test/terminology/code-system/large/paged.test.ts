import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { CodeSystem } from '../../../../src/fhir/types.ts'
import type { CodeSystemProvider } from '../../../../src/terminology/code-system/code-system.ts'
import { headOf } from '../../../../src/terminology/code-system/concept-index.ts'
import { createIndexBuilder } from '../../../../src/terminology/code-system/large/index-builder.ts'
import { largeCodeSystem } from '../../../../src/terminology/code-system/large/large-code-system.ts'
import type { IndexBytes } from '../../../../src/terminology/code-system/large/paged-bytes.ts'
import { openCodeSystem } from '../../../../src/terminology/vocabularies/open.ts'
import { indexFileOf, memoryFile, memorySpool } from './support.ts'

const head: CodeSystem = {
  resourceType: 'CodeSystem',
  url: 'http://example.org/',
  status: 'active',
  content: 'complete',
  hierarchyMeaning: 'is-a',
  property: [{ code: 'parent', type: 'code' }],
}

/** Concepts with up to three parents among those before; texts of all lengths, plain and not. */
function concepts(count: number, isCircular = false): CodeSystem {
  const concept = Array.from({ length: count }, (_, i) => {
    const ups = i === 0 ? [] : [...new Set([i >> 1, i >> 2, (i * 7) % i])]
    if (isCircular && i === 1) ups.push(count - 1)
    return {
      code: `c${i}`,
      display: i % 5 === 0 ? `größe ${'x'.repeat(i % 700)}` : `size ${i}`,
      definition: 'y'.repeat((i * 131) % 9000),
      property: ups.map((up) => ({ code: 'parent', valueCode: `c${up}` })),
    }
  })
  return { ...head, concept }
}

/** A file by position, which counts what is read of it. */
function byPosition(bytes: Uint8Array): IndexBytes & { most(): number } {
  let most = 0
  return {
    length: bytes.length,
    most: () => most,
    read: (position, length) => {
      assert.ok(position >= 0 && position + length <= bytes.length, 'beyond the file')
      most = Math.max(most, length)
      return bytes.slice(position, position + length)
    },
    fill(position, into, at, length) {
      into.set(this.read(position, length), at)
      return length
    },
  }
}

const said = (provider: CodeSystemProvider, count: number) =>
  Array.from({ length: count }, (_, ref) => [
    provider.code(ref),
    provider.display(ref),
    provider.definition(ref),
    provider.parents(ref),
    provider.children(ref),
    provider.descendants(ref).size(),
    provider.locate(provider.code(ref)),
  ])

describe('an index file that is read by position', () => {
  it('says what it says in memory, in any order', () => {
    const { bytes } = indexFileOf(concepts(900))
    const file = byPosition(bytes)
    const [paged, whole] = [largeCodeSystem(head, file), largeCodeSystem(head, bytes)]
    assert.deepEqual(said(paged, 900), said(whole, 900))
    for (let i = 0; i < 900; i++) assert.equal(paged.definition((i * 577) % 900), whole.definition((i * 577) % 900))
    assert.ok(file.most() < bytes.length / 4, 'never the whole of it')
  })

  it('of a kind that is not known is refused', () => {
    const builder = createIndexBuilder(headOf(head), memorySpool())
    builder.add({ code: 'a', parents: [] })
    const file = memoryFile()
    builder.finish(file, undefined, { kind: 'x', write: () => null })
    assert.throws(() => largeCodeSystem(head, file.bytes()), /kind x/)
    assert.throws(() => openCodeSystem(head, file.bytes()), /kind x, which this version of the software does not know/)
  })
})

describe('runs of what lies below', () => {
  for (const isCircular of [false, true]) {
    it(`say what climbing says${isCircular ? ', where there is a circle too' : ''}`, () => {
      const { bytes } = indexFileOf(concepts(400, isCircular))
      const names = Buffer.from(bytes).lastIndexOf('"further.start"')
      assert.equal(names >= 0, !isCircular)
      const without = Buffer.from(bytes)
      if (names >= 0) without.write('"further.stark"', names)
      const [runs, climbing] = [largeCodeSystem(head, bytes), largeCodeSystem(head, without)]
      for (let a = 0; a < 400; a++) {
        assert.equal(runs.descendants(a).size(), climbing.descendants(a).size(), `below ${a}`)
        for (let b = 0; b < 400; b++) {
          const isBelow = climbing.subsumes(a, b)
          assert.equal(runs.subsumes(a, b), isBelow, `${a} above ${b}`)
          assert.equal(runs.descendants(a).has(b), isBelow)
        }
      }
    })
  }
})
