/** Files of cases: what is read, and every fault with its place; `cases/case-files.json` has them by section. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CaseFileError, readCaseFile } from '../../../src/rules/cases/case-file.ts'
import { readCases } from '../../support/read-cases.ts'

const faultsOf = (text: string): string => {
  try {
    readCaseFile(text)
    return ''
  } catch (error) {
    assert.ok(error instanceof CaseFileError, String(error))
    return error.message
  }
}

/** A file around one case. */
const around = (lines: string) => `clock: 2026-06-01\ncases:\n  - name: one\n${lines.replaceAll(/^/gm, '    ')}\n`
const nobody = 'bundle: { resourceType: Bundle, type: collection }'

describe('reading cases', () => {
  for (const { name, file, one, fault } of readCases<{ name: string; file?: string; one?: string; fault: string }>(
    import.meta.url,
    'cases/case-files.json',
  ))
    it(name, () => assert.match(faultsOf(file ?? around(one ?? '')), new RegExp(fault, 's')))

  it('a case has what it is like, with its changes, each where it was written', () => {
    const text = `clock: 2026-06-01
given:
  base: { credential: { format: shc, content: { a: [1, 2], b.c: 3 } }, parameters: { Days: 1 } }
cases:
  - { name: first, like: base, set: { credential.content.a.2: 3, "credential.content.b\\\\.c": 4 }, expect: { decision: accepted } }
  - { name: second, like: first, remove: [credential.content.a.0], clock: 2026-07-01, expect: { results: { A: null } } }
`
    const [first, second] = readCaseFile(text.replaceAll('\\\\\\\\', '\\\\')).cases
    assert.ok(first?.data.kind === 'credentials' && second?.data.kind === 'credentials')
    assert.deepEqual(first.data.credentials[0]?.json, { format: 'shc', content: { a: [1, 2, 3], 'b.c': 4 } })
    assert.deepEqual(second.data.credentials[0]?.json, { format: 'shc', content: { a: [2, 3], 'b.c': 4 } })
    assert.deepEqual([first.clock, second.clock], ['2026-06-01', '2026-07-01'])
    assert.deepEqual(second.parameters, [{ name: 'Days', value: 1, place: 'line 3, column 92' }])
    assert.equal(first.data.credentials[0]?.placeOf(['content', 'a', 0]), 'line 3, column 53')
    assert.equal(first.data.credentials[0]?.placeOf(['content', 'a', 2]), 'line 5, column 63')
    assert.equal(first.data.credentials[0]?.placeOf(['content', 'a', 2, 'x']), 'line 5, column 63')
  })

  it('ten thousand cases are read, and a million is too many', () => {
    const cases = (count: number) =>
      Array.from(
        { length: count },
        (_, at) => `  - { name: "${at}", like: base, expect: { decision: accepted } }`,
      ).join('\n')
    const file = (count: number) => `clock: 2026-06-01\ngiven:\n  base: { ${nobody} }\ncases:\n${cases(count)}\n`
    assert.equal(readCaseFile(file(10_000)).cases.length, 10_000)
    assert.match(faultsOf(file(20_001)), /more than 20000 cases/)
    assert.match(faultsOf(' '.repeat(4_000_001)), /longer than 4000000 characters/)
  })

  it('of a thousand faults the first fifty are told', () => {
    const cases = Array.from(
      { length: 1000 },
      (_, at) => `  - { name: "${at}", ${nobody}, nonsense: 1, expect: { decision: accepted } }`,
    )
    const told = faultsOf(`clock: 2026-06-01\ncases:\n${cases.join('\n')}\n`).split('\n')
    assert.deepEqual([told.length, told.at(-1)], [51, 'and 950 more'])
  })

  it('whatever the text, it ends in cases that can fail or in faults', () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'clock: 2026-06-01',
        'cases:',
        '  - name: a',
        `    ${nobody}`,
        '    expect: { decision: accepted }',
        '    like: a',
        '    set: { a.b: 1 }',
        '- [',
        '&a',
        '*a',
        '? ',
        'given: { a: 1 }',
        '"',
      ),
    )
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        try {
          for (const { expect } of readCaseFile(lines.join('\n')).cases)
            assert.ok(
              expect.decision !== undefined ||
                expect.results.length + expect.messages.length + expect.missing.length > 0,
            )
        } catch (error) {
          assert.ok(error instanceof CaseFileError, String(error))
          assert.ok(error.message !== '')
        }
      }),
    )
  })
})
