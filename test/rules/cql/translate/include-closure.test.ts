/** What a header costs on the thread that answers everybody: a text is read through a few times, however much it includes and uses. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError } from '../../../../src/fhir/error.ts'
import { includePlace, readHeader, withoutNamespaces } from '../../../../src/rules/cql/translate/cql-source.ts'
import { includeClosure } from '../../../../src/rules/cql/translate/include-closure.ts'
import { createIndex } from '../../../../src/rules/cql/translate/library-index.ts'
import { type LibraryText, readLibrary } from '../../../../src/rules/cql/translate/library-text.ts'
import { cqlLibrary } from '../../environment.ts'

const lines = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n')
const textOf = (header: string) => readLibrary(cqlLibrary(`library L version '1'\n${header}\ndefine a: true`))
const store = (...libraries: ReturnType<typeof cqlLibrary>[]) => ({
  listLibraries: async () => libraries,
  findLibraries: async () => [],
  revision: () => 1,
})

describe('a header of thousands of statements', () => {
  it('is read once for all its includes, whose places nobody asks for', async (t) => {
    const text = textOf(lines(2000, (i) => `include A${i} version '1' called B${i}`))
    const index = createIndex(store(), [])
    await index.find({ id: 'A' }, {})
    const { mock: read } = t.mock.method(String.prototype, 'matchAll')
    assert.deepEqual(await includeClosure(text, index), [])
    assert.equal(read.callCount(), 1)
  })

  it('is not cut anew for the place of every model', (t) => {
    const text = `library L version '1'\n${lines(2000, (i) => `  using M${i}`)}\ndefine a: true`
    const cut = t.mock.method(String.prototype, 'slice').mock
    const { usings } = readHeader(text)
    const given = cut.calls.reduce((sum, { result }) => sum + String(result).length, 0)
    assert.ok(given <= text.length, `${given} of ${text.length} characters`)
    assert.deepEqual(usings[1999]?.place, { line: 2001, column: 3 })
    assert.deepEqual(usings[0]?.place, { line: 2, column: 3 })
  })

  it('names each library once, in order, and takes the words of a qualified name for no statements', () => {
    const { includes } = readHeader(
      "include A\ninclude B.A version '1'\ninclude A\ninclude include.include.A\nusing A.using",
    )
    assert.deepEqual(includes, [
      { id: 'A' },
      { id: 'A', version: '1', namespace: 'B' },
      { id: 'A', namespace: 'include.include' },
    ])
    const { usings } = readHeader('using A.using.B')
    assert.deepEqual(usings, [{ id: 'B', namespace: 'A.using', place: { line: 1, column: 1 } }])
  })

  it('has its namespaces blanked out, lines and columns kept', () => {
    assert.equal(withoutNamespaces('include A.\nB . C\nusing include.D\n'), 'include   \n    C\nusing         D\n')
  })
})

describe('the place of an include', () => {
  const place = 'library L, line 3, column 3'
  const placed = (error: unknown) => error instanceof FhirError && error.issues[0]?.diagnostics === place
  const including = (id: string) => textOf(`include Z\n  include ${id} version '1'`)

  it('is told of one that is ambiguous', async () => {
    const index = createIndex(
      store(cqlLibrary("library A version '1'"), cqlLibrary("library A version '1'\ndefine b: 1")),
      [],
    )
    await assert.rejects(includeClosure(including('A'), index), placed)
  })

  it('is told of one that closes a circle, whatever the text calls itself', async () => {
    const text: LibraryText = including('L')
    await assert.rejects(includeClosure(text, createIndex(store(), [])), placed)
  })

  it('is undefined where nothing is included so', () => {
    assert.equal(includePlace('include A.B', { id: 'B' }), undefined)
    assert.deepEqual(includePlace('\n include A.B', { id: 'B', namespace: 'A' }), { line: 2, column: 2 })
  })
})
