import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type IndexBytes, pager } from '../../../../src/terminology/code-system/large/paged-bytes.ts'

/** More than twice as much as is kept of a file. */
const LENGTH = 40 << 20

/** A letter that tells where it stands, as far as a byte can. */
const letterAt = (position: number): number =>
  97 + ((Math.imul(position ^ (position >>> 9), 2_654_435_761) >>> 24) % 26)

/** A file that nobody has written: its bytes follow from their position. Reads fail while `isBroken`. */
function endless(): IndexBytes & { isBroken: boolean; reads: number; bytes: number } {
  return {
    length: LENGTH,
    isBroken: false,
    reads: 0,
    bytes: 0,
    read(position, length) {
      const bytes = new Uint8Array(length)
      this.fill(position, bytes, 0, length)
      return bytes
    },
    fill(position, into, at, length) {
      assert.ok(position >= 0 && position + length <= LENGTH && at + length <= into.length, 'beyond the file')
      this.reads++
      this.bytes += length
      for (let i = 0; i < length; i++) {
        // What fails has written a part of what it was asked for.
        if (this.isBroken && i === length >> 1) throw new Error('the disk is gone')
        into[at + i] = letterAt(position + i)
      }
      return length
    },
  }
}

const expected = (from: number, to: number): string =>
  String.fromCharCode(...Array.from({ length: to - from }, (_, i) => letterAt(from + i)))

/** Positions all over a file, the same ones each time. */
function* places(count: number, below: number): Generator<number> {
  let state = 1
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    yield Math.floor((state / 2 ** 32) * below)
  }
}

describe('bytes of a file by position', () => {
  it('are those of the file, however long and wherever they lie, while pages come and go', () => {
    const file = endless()
    const [offset, length] = [4096, LENGTH - 8192]
    const bytes = pager(file)(offset, length)
    const kept: [Uint8Array, number, number][] = []
    const into = Buffer.alloc(20_000)
    for (const from of places(25_000, length)) {
      const to = Math.min(length, from + (from % 5 === 0 ? from % 3000 : from % 200))
      const wanted = expected(offset + from, offset + to)
      assert.equal(bytes.text(from, to), wanted)
      assert.equal(bytes.copy(from, to, into), to - from)
      assert.equal(into.toString('latin1', 0, to - from), wanted)
      const place = from - (from % 4)
      const number = Buffer.from(expected(offset + place, offset + place + 4)).readInt32LE()
      assert.equal(bytes.number(place), number)
      if (from % 40 === 0) kept.push([bytes.slice(from, to), offset + from, offset + to])
    }
    assert.ok(file.bytes > 20 << 20, 'pages went, too')
    for (const [slice, from, to] of kept) assert.equal(Buffer.from(slice).toString(), expected(from, to))
  })

  it('end with their part of the file', () => {
    const bytes = pager(endless())(LENGTH - 2000, 1999)
    assert.equal(bytes.text(1990, 5000), expected(LENGTH - 10, LENGTH - 1))
    assert.equal(bytes.slice(1000, 9000).length, 999)
    assert.equal(bytes.copy(1998, 9000, Buffer.alloc(9)), 1)
    assert.deepEqual([bytes.text(1999, 2500), bytes.text(5, 5), bytes.text(6, 5)], ['', '', ''])
    assert.equal(bytes.slice(2500, 2600).length, 0)
    assert.equal(bytes.copy(9, 3, Buffer.alloc(9)), 0)
  })

  it('are read once, those that stand together at once, and long ones by themselves', () => {
    const file = endless()
    const bytes = pager(file)(0, LENGTH)
    const read = (from: number, to: number) => {
      const before = file.reads
      bytes.slice(from, to)
      return file.reads - before
    }
    assert.deepEqual([read(10_000, 10_100), read(10_101, 10_200)], [1, 0])
    assert.deepEqual([read(50_000, 55_000), read(50_001, 54_999)], [1, 0])
    assert.deepEqual([read(100_000, 150_000), read(100_000, 150_000)], [1, 1])
  })

  it('that could not be read are not taken for read', () => {
    const file = endless()
    const bytes = pager(file)(0, LENGTH)
    // Places that were of other pages.
    for (const from of places(20_000, LENGTH - 10)) bytes.text(from, from + 10)
    for (const from of places(300, LENGTH - 5000)) {
      const to = from + (from % 2 === 0 ? 100 : 4000)
      file.isBroken = true
      try {
        bytes.slice(from, to)
      } catch {
        // Unless all of it was kept.
      }
      file.isBroken = false
      assert.equal(Buffer.from(bytes.slice(from, to)).toString(), expected(from, to))
    }
    for (const from of places(20_000, LENGTH - 10)) assert.equal(bytes.text(from, from + 10), expected(from, from + 10))
  })
})
