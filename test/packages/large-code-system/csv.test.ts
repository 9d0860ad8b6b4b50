import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { FhirError } from '../../../src/fhir/error.ts'
import { csvProperties, readCsv, readCsvHeader } from '../../../src/packages/large-code-system/csv.ts'
import { chunksOf } from './support.ts'

function read(text: string | Uint8Array, sizes: number[] = [1_000_000]) {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const header = readCsvHeader(chunksOf(bytes, sizes))
  return { header, items: [...readCsv(chunksOf(bytes, sizes), header)] }
}

describe('CSV', () => {
  it('reads columns of FHIR, properties, designations and parents', () => {
    const text =
      'code,display,definition,parent,parent,display:fr,status,inactive,Route of use\r\n' +
      'a,"A, ""the"" first",Def,,,Premier,active,no,oral\r\n' +
      'b,"two\r\nlines",,a,x,,retired,true,\r\n'
    const { header, items } = read(text)
    assert.deepEqual(csvProperties(header), [
      { code: 'status', type: 'code' },
      { code: 'inactive', type: 'boolean' },
      { code: 'Route_of_use', type: 'string' },
    ])
    const a = {
      code: 'a',
      definition: 'Def',
      designation: [{ language: 'fr', value: 'Premier' }],
      property: [
        { code: 'status', valueCode: 'active' },
        { code: 'inactive', valueBoolean: false },
        { code: 'Route_of_use', valueString: 'oral' },
      ],
    }
    const b = {
      code: 'b',
      property: [
        { code: 'status', valueCode: 'retired' },
        { code: 'inactive', valueBoolean: true },
      ],
    }
    assert.deepEqual(items, [
      { line: 2, code: 'a', display: 'A, "the" first', parents: [], concept: a },
      { line: 3, code: 'b', display: 'two\r\nlines', parents: ['a', 'x'], concept: b },
    ])
  })

  it('finds the separator', () => {
    for (const separator of [',', ';', '\t']) {
      const { items } = read(`\uFEFFcode${separator}display${separator}parents\n1${separator}One${separator}2|3\n`)
      assert.deepEqual(items, [{ line: 2, code: '1', display: 'One', parents: ['2', '3'] }])
    }
  })

  it('reports bad lines with their numbers and goes on', () => {
    const bad = Buffer.concat([
      Buffer.from('code,display,inactive\n1,One,maybe\n,none,\n"2,open\n3,"x"y,\n4,a,true,more\n5,'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from(',\n 6 ,Six,\n\n7,"open to the end'),
    ])
    const { items } = read(bad, [5])
    assert.deepEqual(
      items.map((each) => ('problem' in each ? `${each.line} ${each.problem}` : `${each.line} ${each.code}`)),
      [
        '2 1',
        "2 'maybe' is no value of inactive (true or false) and was left out",
        '3 no code',
        '4 a quote is opened and not closed',
        '5 something stands behind the closing quote of field 2',
        '6 4 fields, but 3 columns',
        '7 not UTF-8',
        '8 6',
        '10 a quote is opened and not closed',
      ],
    )
  })

  it('needs a column code', () => {
    assert.throws(
      () => read('id;name\n1;One\n'),
      (error) => error instanceof FhirError && /'code'.*id, name/.test(error.message),
    )
    assert.throws(() => read(''), FhirError)
  })

  it('reads back whatever was written, in chunks of any size', () => {
    const field = fc
      .string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', 'é', '𝒳', ' ') })
      .map((each) => each.trim())
    const record = fc.record({ code: fc.stringMatching(/^[a-z0-9]{1,8}$/), display: field, note: field })
    const quote = (text: string) => `"${text.replaceAll('"', '""')}"`
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (records, sizes) => {
          const lines = records.map(({ code, display, note }) => [code, quote(display), quote(note)].join(','))
          const { items } = read(`code,display,note\n${lines.join('\n')}`, sizes)
          assert.deepEqual(
            items.map((each) =>
              'problem' in each
                ? each
                : {
                    code: each.code,
                    display: each.display ?? '',
                    note: each.concept?.property?.[0]?.valueString ?? '',
                  },
            ),
            records.map((each) => ({ ...each })),
          )
        },
      ),
      { numRuns: 300, seed: 20260401 },
    )
  })

  it('answers any bytes with concepts or problems', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 50 }), (bytes, size) => {
        const { items } = read(Buffer.concat([Buffer.from('code,display\n'), bytes]), [size])
        for (const each of items) assert.ok('problem' in each || each.code !== '')
      }),
      { numRuns: 500, seed: 20260402 },
    )
  })
})
