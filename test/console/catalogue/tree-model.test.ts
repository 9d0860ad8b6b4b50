/** The tree of a code system, against one that lists all of its rows. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  fillPage,
  indexOf,
  type Level,
  missingPages,
  moveOf,
  newLevel,
  pageSize,
  rowAt,
  rowCount,
  toggle,
} from '../../../src/console/catalogue/code-system/tree-model.ts'
import type { Member } from '../../../src/console/catalogue/readers/value-set.ts'

const member = (code: string, childCount: number | undefined): Member => ({
  system: 'urn:x',
  version: '',
  code,
  display: code,
  isAbstract: false,
  isInactive: false,
  childCount,
})

/** Codes of a level whose concepts are numbered below that of the parent. */
const codes = (parent: string | undefined, from: number, count: number) =>
  Array.from({ length: count }, (_, index) => member(`${parent ?? ''}.${from + index}`, 3))

/** All rows, one after the other. */
function listed(level: Level): string[] {
  if (level.total === undefined) return [`${level.parent ?? ''}?`]
  return Array.from({ length: level.total }, (_, position) => position).flatMap((position) => {
    const below = level.open.get(position)
    const own = level.concepts.get(position)?.code ?? `${level.parent ?? ''}.${position} waiting`
    return [own, ...(below ? listed(below) : [])]
  })
}

const shown = (top: Level, index: number): string | undefined => {
  const row = rowAt(top, index)
  if (!row) return undefined
  const name = row.level.parent ?? ''
  return row.concept?.code ?? (row.level.total === undefined ? `${name}?` : `${name}.${row.position} waiting`)
}

const step = fc.record({ kind: fc.constantFrom('toggle', 'toggle', 'fill'), at: fc.nat(400), total: fc.nat(250) })

describe('the tree of a code system', () => {
  it('has the rows of a tree that lists them all, whatever is opened, closed and loaded', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const top = newLevel()
        fillPage({ level: top, offset: 0 }, codes(undefined, 0, 5), 5)
        for (const { kind, at, total } of steps) {
          const row = rowAt(top, at % rowCount(top))
          if (!row) continue
          if (kind === 'toggle') toggle(row)
          else {
            const offset = Math.floor(row.position / pageSize) * pageSize
            const whole = row.level.total ?? total
            fillPage(
              { level: row.level, offset },
              codes(row.level.parent, offset, Math.max(0, Math.min(pageSize, whole - offset))),
              whole,
            )
          }
        }
        const all = listed(top)
        assert.equal(rowCount(top), all.length)
        assert.deepEqual(
          all.map((_, index) => shown(top, index)),
          all,
        )
        assert.equal(rowAt(top, all.length), undefined)
        for (let index = 0; index < all.length; index++) {
          const row = rowAt(top, index)
          assert.equal(row && indexOf(row.level, row.position), index)
        }
      }),
    )
  })

  it('asks for pages in sight alone, among half a million', () => {
    const top = newLevel()
    fillPage({ level: top, offset: 0 }, codes(undefined, 0, pageSize), 500_000)
    assert.deepEqual(missingPages(top, 0, 20), [])
    assert.deepEqual(
      missingPages(top, 499_985, 499_999).map(({ offset }) => offset),
      [499_900],
    )
    assert.deepEqual(
      missingPages(top, 250_095, 250_105).map(({ offset }) => offset),
      [250_000, 250_100],
    )
  })

  it('asks no more for what a server promised and did not give', () => {
    const top = newLevel()
    fillPage({ level: top, offset: 0 }, codes(undefined, 0, pageSize), 1_000)
    fillPage({ level: top, offset: 500 }, [], 1_000)
    assert.equal(top.isFailed, true)
    assert.deepEqual(missingPages(top, 500, 520), [])
  })

  it('lets go of what is not there any more', () => {
    const top = newLevel()
    fillPage({ level: top, offset: 0 }, codes(undefined, 0, 50), 50)
    const row = rowAt(top, 40)
    if (row) toggle(row)
    fillPage({ level: top, offset: 0 }, codes(undefined, 0, 10), 10)
    assert.equal(rowCount(top), 10)
  })

  it('is walked through by keys as trees are, in either direction of reading', () => {
    const top = newLevel()
    fillPage({ level: top, offset: 0 }, [member('a', 2), member('b', 0)], 2)
    assert.deepEqual(moveOf('ArrowDown', 0, top), { index: 1 })
    assert.deepEqual(moveOf('ArrowDown', 1, top), { index: 1 })
    assert.deepEqual(moveOf('ArrowRight', 0, top), { toggle: true })
    assert.equal(moveOf('ArrowRight', 1, top), undefined)
    assert.deepEqual(moveOf('ArrowLeft', 0, top, true), { toggle: true })
    const first = rowAt(top, 0)
    if (first) toggle(first)
    assert.deepEqual(moveOf('ArrowRight', 0, top), { index: 1 })
    assert.deepEqual(moveOf('ArrowLeft', 1, top), { index: 0 })
    assert.deepEqual(moveOf('ArrowLeft', 0, top), { toggle: true })
    assert.deepEqual(moveOf('End', 0, top), { index: 2 })
    assert.deepEqual(moveOf('Home', 2, top), { index: 0 })
    assert.equal(moveOf('x', 0, top), undefined)
  })
})
