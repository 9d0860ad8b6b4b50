/** What makes one version of another. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { lineDifference } from '../../../src/console/catalogue/differences/lines.ts'
import { structuralDifference } from '../../../src/console/catalogue/differences/structure.ts'

const lines = fc.array(fc.constantFrom('a', 'b', 'c', '', 'define "X":'), { maxLength: 25 })

/** Length of the longest common subsequence, by the table. */
function commonLines(a: string[], b: string[]): number {
  let row = Array<number>(b.length + 1).fill(0)
  for (const left of a) {
    const next = [0]
    b.forEach((right, index) => {
      next.push(left === right ? (row[index] ?? 0) + 1 : Math.max(row[index + 1] ?? 0, next[index] ?? 0))
    })
    row = next
  }
  return row.at(-1) ?? 0
}

describe('differences of texts', () => {
  it('give both texts back, with as many lines the same as there can be', () => {
    fc.assert(
      fc.property(lines, lines, (a, b) => {
        const runs = lineDifference(a.join('\n'), b.join('\n'))
        const [before, after] = [a.join('\n').split('\n'), b.join('\n').split('\n')]
        const of = (...kinds: string[]) => runs.filter(({ kind }) => kinds.includes(kind)).flatMap((each) => each.lines)
        assert.deepEqual(of('same', 'gone'), before)
        assert.deepEqual(of('same', 'new'), after)
        assert.equal(of('same').length, commonLines(before, after))
      }),
    )
  })

  it('number the lines of either side', () => {
    assert.deepEqual(lineDifference('a\nb\nc', 'a\nx\ny\nc'), [
      { kind: 'same', lines: ['a'], from: 1, to: 1 },
      { kind: 'gone', lines: ['b'], from: 2, to: 2 },
      { kind: 'new', lines: ['x', 'y'], from: 3, to: 2 },
      { kind: 'same', lines: ['c'], from: 3, to: 4 },
    ])
  })

  it('tell texts that have nothing in common as one block, however long they are', () => {
    const text = (sign: string) => Array.from({ length: 60_000 }, (_, index) => `${sign}${index}`).join('\n')
    assert.deepEqual(
      lineDifference(text('a'), text('b')).map(({ kind, lines: { length } }) => [kind, length]),
      [
        ['gone', 60_000],
        ['new', 60_000],
      ],
    )
  })
})

const { any } = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, 1, 'a', 'b'),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('code', 'value', 'url', 'x'), tie('any'), { maxKeys: 3 }),
  ),
}))

describe('differences of artefacts', () => {
  it('are none exactly where both say the same', () => {
    fc.assert(
      fc.property(any, any, (a, b) => {
        const isSame = (() => {
          try {
            assert.deepStrictEqual(a, b)
            return true
          } catch {
            return false
          }
        })()
        const { changes } = structuralDifference({ x: a }, { x: b })
        assert.equal(changes.length === 0, isSame)
        assert.deepEqual(structuralDifference({ x: a }, { x: a }).changes, [])
      }),
    )
  })

  it('tell elements by what names them, and that their order changed', () => {
    const of = (...concept: object[]) => ({
      meta: { versionId: '1' },
      compose: { include: [{ system: 'urn:a', concept }] },
    })
    const [a, b, c] = [{ code: 'a', display: 'A' }, { code: 'b' }, { code: 'c' }]
    assert.deepEqual(structuralDifference(of(a, b), of({ code: 'a', display: 'Ä' }, c, b)).changes, [
      {
        path: 'compose.include[system=urn:a].concept[code=a].display',
        kind: 'changed',
        before: 'A',
        after: 'Ä',
      },
      { path: 'compose.include[system=urn:a].concept[code=c]', kind: 'new', after: { code: 'c' } },
    ])
    assert.deepEqual(structuralDifference(of(a, b), of(b, a)).changes, [
      { path: 'compose.include[system=urn:a].concept', kind: 'moved', before: ['a', 'b'], after: ['b', 'a'] },
    ])
  })

  it('say when there are more than are told', () => {
    const of = (sign: string) => ({
      concept: Array.from({ length: 1_500 }, (_, index) => ({ code: `${sign}${index}` })),
    })
    const { changes, isWhole } = structuralDifference(of('a'), of('b'))
    assert.equal(changes.length, 1_000)
    assert.equal(isWhole, false)
  })
})
