import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import fc from 'fast-check'
import { readSections, writeSections } from '../../../../src/terminology/code-system/large/layout.ts'
import {
  type StringTable,
  stringTable,
  writeStrings,
} from '../../../../src/terminology/code-system/large/string-table.ts'
import { memoryFile } from './support.ts'

function tableOf(strings: readonly string[]): StringTable {
  const file = memoryFile()
  const writer = writeSections(file)
  writeStrings(writer, 'texts', strings)
  const flags = { caseSensitive: true, hasInactive: false, hierarchical: false }
  writer.finish({ concepts: strings.length, ...flags, statuses: [], used: [], indexed: [] })
  return stringTable(readSections(file.bytes()), 'texts', strings.length)
}

describe('strings of an index file', () => {
  it('are what was written, in whatever order they are asked for', () => {
    const text = fc.oneof(fc.constantFrom('', 'plain', 'wört', '\u{1f600}', 'x'.repeat(300)), fc.string())
    const places = fc.array(fc.record({ from: fc.nat(60), count: fc.nat(30) }), { maxLength: 6 })
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 60 }), places, (strings, asked) => {
        const table = tableOf(strings)
        for (const { from, count } of asked)
          for (let index = from; index < Math.min(from + count, strings.length); index++)
            assert.equal(table.at(index), strings[index]?.toWellFormed())
      }),
    )
  })

  it('tell how they begin, and look at any of them', () => {
    const text = fc.oneof(fc.constantFrom('', 'plain', 'plainer', 'wört', 'wörter', '\u{1f600}', 'é'), fc.string())
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), text, (strings, wanted) => {
        const written = strings.map((each) => each.toWellFormed())
        const table = tableOf(written)
        for (const [index, own] of written.entries())
          for (const begin of [wanted.toWellFormed(), own, own.slice(0, 2).toWellFormed(), `${own}x`])
            assert.equal(table.begins(index, begin), own.startsWith(begin), `${own} begins with ${begin}`)
        assert.equal(typeof table.glance(written.map((_, index) => index)), 'number')
      }),
    )
  })

  it('are decoded no more than twice when read in order, wherever one is not plain', () => {
    for (let odd = 0; odd < 20; odd++) {
      const strings = Array.from({ length: 200 }, (_, at) => (at % 20 === odd ? 'wört' : `word${at}`))
      const table = tableOf(strings)
      const block = Buffer.byteLength(strings.join(''))
      const decode = mock.method(Buffer.prototype, 'toString')
      const read = strings.map((_, index) => table.at(index))
      let decoded = 0
      for (const { arguments: given } of decode.mock.calls) decoded += Number(given[2]) - Number(given[1])
      decode.mock.restore()
      assert.deepEqual(read, strings)
      assert.ok(decoded <= 2 * block, `${decoded} of ${block} bytes, odd at ${odd}`)
    }
  })
})
