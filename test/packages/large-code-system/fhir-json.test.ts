import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../src/fhir/error.ts'
import type { CodeSystem, CodeSystemConcept } from '../../../src/fhir/types.ts'
import { readFhirJson, readFhirJsonHead } from '../../../src/packages/large-code-system/fhir-json.ts'
import { headOf, indexCodeSystem } from '../../../src/terminology/code-system/concept-index.ts'
import { createIndexBuilder } from '../../../src/terminology/code-system/large/index-builder.ts'
import { largeCodeSystem } from '../../../src/terminology/code-system/large/large-code-system.ts'
import { memoryFile, memorySpool } from '../../terminology/code-system/large/support.ts'
import { chunksOf } from './support.ts'

const bytesOf = (text: string) => Buffer.from(text)
const items = (text: string | Uint8Array, sizes = [1_000_000]) => [
  ...readFhirJson(chunksOf(typeof text === 'string' ? bytesOf(text) : text, sizes)),
]

/** The system as the importer would make it of a JSON text. */
function imported(text: string, sizes: number[]) {
  const found = readFhirJsonHead(chunksOf(bytesOf(text), sizes))
  assert.ok(found)
  const builder = createIndexBuilder(headOf(found.head), memorySpool())
  for (const item of readFhirJson(chunksOf(bytesOf(text), sizes))) {
    assert.ok(!('problem' in item), JSON.stringify(item))
    if (item.completes) builder.replace(item.completes.row ?? -1, item)
    else item.row = builder.add(item)
  }
  const file = memoryFile()
  const { concepts } = builder.finish(file)
  assert.equal(concepts, found.concepts)
  return largeCodeSystem(found.head, file.bytes())
}

const tree = fc.letrec<{ concept: CodeSystemConcept; list: CodeSystemConcept[] }>((tie) => ({
  concept: fc.record(
    {
      code: fc.constant(''),
      display: fc.constantFrom('x', 'with "quotes" \\ and }', 'é 日本 𝒳', ']['),
      property: fc.constant([{ code: 'kind', valueCode: '{"concept":[' }]),
      designation: fc.constant([{ language: 'fr', value: 'texte' }]),
      concept: tie('list'),
    },
    { requiredKeys: ['code'] },
  ),
  list: fc.array(tie('concept'), { maxLength: 4 }),
})).list

/** Writes JSON with white space here and there and members in an order that the seed says. */
function write(value: unknown, seed: () => number): string {
  const space = () => ['', ' ', '\n', '\r\n\t'][seed() % 4] ?? ''
  if (Array.isArray(value))
    return `[${space()}${value.map((each) => write(each, seed)).join(`${space()},${space()}`)}${space()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
  for (let i = members.length - 1; i > 0 && seed() % 3 === 0; i--) {
    const j = seed() % (i + 1)
    const [a, b] = [members[i], members[j]]
    if (a && b) [members[i], members[j]] = [b, a]
  }
  const parts = members.map(([name, each]) => `${JSON.stringify(name)}${space()}:${space()}${write(each, seed)}`)
  return `{${space()}${parts.join(`${space()},${space()}`)}${space()}}`
}

describe('FHIR JSON in a stream', () => {
  it('gives the system that the resource is, whatever the order of members, spaces and chunks', () => {
    const seeds = fc.array(fc.nat(1000), { minLength: 7, maxLength: 30 })
    fc.assert(
      fc.property(tree, seeds, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (given, numbers, sizes) => {
        let count = 0
        const name = (concepts: CodeSystemConcept[]): CodeSystemConcept[] =>
          concepts.map((each) => ({
            ...each,
            code: `c${count++}`,
            ...(each.concept && { concept: name(each.concept) }),
          }))
        const concept: CodeSystemConcept[] = JSON.parse(JSON.stringify(name(given)))
        const resource: CodeSystem = {
          resourceType: 'CodeSystem',
          url: 'http://x.org/',
          status: 'active',
          content: 'complete',
          concept,
        }
        let next = 0
        const text = write(resource, () => numbers[next++ % numbers.length] ?? 0)
        const memory = indexCodeSystem(resource)
        const large = imported(text, sizes)
        assert.equal(large.all.size(), count)
        for (let ref = 0; ref < count; ref++) {
          const other = large.locate(memory.code(ref)) ?? -1
          assert.equal(other, ref)
          for (const ask of ['display', 'designations', 'properties', 'parents', 'children'] as const) {
            assert.deepEqual(large[ask](ref), memory[ask](ref), `${ask} of ${memory.code(ref)}`)
          }
        }
      }),
      { numRuns: 100, seed: 20260404 },
    )
  })

  it('says line and column of broken syntax', () => {
    const start = '{"resourceType":"CodeSystem",\n"concept":[{"code":"a"},\n'
    for (const [rest, where] of [
      ['{"code":"b"} {"code":"c"}]}', 'line 3, column 14'],
      ['{"code":"b",}]}', 'line 3, column 13'],
      ['{"code":"b"}]', 'line 3, column 14'],
      ['{"code":"b', 'line 3, column 9'],
      ['7]}', 'line 3, column 1'],
      ['{"code":"b","concept":[{"code":"c"}]x}]}', 'line 3, column 37'],
      ['{"code":tru}]}', 'in the concept of line 3'],
    ] as const) {
      assert.throws(
        () => items(start + rest),
        (error) => error instanceof FhirError && (error.issues[0]?.diagnostics ?? '').includes(where),
        rest,
      )
    }
  })

  it('reports concepts that cannot be used and hangs what is below them one level higher', () => {
    const text = Buffer.concat([
      bytesOf(
        '{"resourceType":"CodeSystem","concept":[{"code":"a","concept":[{"code":7,"concept":[{"code":"b"}]},\n{"code":"c","display":"',
      ),
      Buffer.from([0xc3, 0x28]),
      bytesOf('"},{"code":"d"}]}]}'),
    ])
    assert.deepEqual(
      items(text, [3]).map((each) =>
        'problem' in each ? `${each.line} ${each.problem}` : `${each.code} < ${each.parents}`,
      ),
      ['a < ', '1 the code is not a text', 'b < a', '2 not UTF-8', 'd < a'],
    )
  })

  it('answers any text with items or a FhirError', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"code":"a"',
      '"concept":[',
      ',',
      ':',
      '"',
      '\\',
      '1',
      'null',
      ' ',
      '\n',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 1, max: 20 }), (pieces, size) => {
        try {
          items(`{"resourceType":"CodeSystem","concept":[${pieces.join('')}`, [size])
        } catch (error) {
          assert.ok(error instanceof FhirError, String(error))
        }
      }),
      { numRuns: 1000, seed: 20260405 },
    )
  })

  it('is not for other resources', () => {
    assert.equal(readFhirJsonHead([bytesOf('{"resourceType":"ValueSet","compose":{}}')]), undefined)
    assert.equal(readFhirJsonHead([bytesOf('{"concept":[]}')]), undefined)
  })
})
