import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readNdjson, readNdjsonHead } from '../../../src/packages/large-code-system/ndjson.ts'
import { chunksOf } from './support.ts'

function read(text: string | Uint8Array, sizes = [1_000_000]) {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const head = readNdjsonHead(chunksOf(bytes, sizes))
  return { head, items: [...readNdjson(chunksOf(bytes, sizes), head !== undefined)] }
}

describe('NDJSON', () => {
  it('reads a head and concepts', () => {
    const lines = [
      { resourceType: 'CodeSystem', url: 'http://example.org/cs', status: 'active', content: 'complete' },
      { code: 'a', display: 'A', definition: 'Def', designation: [{ language: 'de', value: 'Ah' }] },
      { code: 'b', parent: 'a', property: [{ code: 'kind', valueCode: 'x' }] },
      { code: 'c', parents: ['a', 'b'] },
    ]
    const { head, items } = read(lines.map((each) => JSON.stringify(each)).join('\n'))
    assert.equal(head?.url, 'http://example.org/cs')
    const concept = { code: 'a', definition: 'Def', designation: [{ language: 'de', value: 'Ah' }] }
    assert.deepEqual(items, [
      { line: 2, code: 'a', display: 'A', parents: [], concept },
      { line: 3, code: 'b', parents: ['a'], concept: { code: 'b', property: [{ code: 'kind', valueCode: 'x' }] } },
      { line: 4, code: 'c', parents: ['a', 'b'] },
    ])
  })

  it('reports bad lines with their numbers and goes on', () => {
    const text = [
      '{"code":"a","display":7,"odd":1}',
      '{"code":"b"',
      '[]',
      '{"display":"x"}',
      '{"code":" c "}',
      '{"code":"\\ud800"}',
      '{"code":"d","display":"\\ud800"}',
      '{"code":"e","code":"f"}',
      '{"code":"g","property":[{"valueCode":"x"}],"concept":[{"code":"h"}],"parent":3}',
    ].join('\r\n')
    const { items } = read(Buffer.concat([Buffer.from(text), Buffer.from([0x0a, 0x80, 0x0a])]), [7])
    assert.deepEqual(
      items
        .map((each) => ('problem' in each ? `${each.line} ${each.problem}` : `${each.line} ${each.code}`))
        .map((each) => each.slice(0, 60)),
      [
        '1 a',
        "1 code 'a': display is not a text and was left out",
        "1 code 'a': unknown member odd left out",
        ...items.flatMap((each) => ('problem' in each && each.line === 2 ? `2 ${each.problem}`.slice(0, 60) : [])),
        '3 not a JSON object',
        '4 no code',
        "5 the code ' c ' has blanks around it",
        '6 the code has half a character (lone surrogate)',
        '7 d',
        "7 code 'd': display has half a character (lone surrogate), replaced".slice(0, 60),
        ...items.flatMap((each) => ('problem' in each && each.line === 8 ? `8 ${each.problem}`.slice(0, 60) : [])),
        '9 g',
        '9 concepts below it are left out: they need lines of their own'.slice(0, 60),
        '9 a parent that is no code was left out',
        "9 code 'g': an entry without code was left out",
        '10 not UTF-8',
      ],
    )
    for (const line of [2, 8]) assert.ok(items.some((each) => each.line === line && 'problem' in each && each.lost))
  })

  it('answers any text with concepts or problems', () => {
    const text = fc.string({
      unit: fc.constantFrom('{', '}', '"code"', ':', '"a"', ',', '[', ']', '\n', '1', '\\', 'é'),
    })
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 20 }), (given, size) => {
        for (const each of read(given, [size]).items) assert.ok('problem' in each || each.code !== '')
      }),
      { numRuns: 500, seed: 20260403 },
    )
  })
})
