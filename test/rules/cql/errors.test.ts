import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import type { Issue } from '../../../src/fhir/types.ts'
import { cqlLibrary, testEnvironment, testRules } from '../environment.ts'
import { readTable } from '../read-table.ts'

/**
 * Where a fault is: `errors.tsv` has a sentence, an expression (`\n` is a line end), line and column (or the line alone) and words of the
 * text. The place is that of the author's text, whoever wraps it: a bare expression, a define of a library, a library with a namespace.
 */
const cases = readTable(new URL('errors.tsv', import.meta.url)).map(
  ({ sentence = '', expression = '', place = '', text = '' }) => {
    const [row = '', column = ''] = place.split(':')
    return { sentence, expression: expression.replaceAll('\\n', '\n'), line: Number(row), column, text }
  },
)

const clock = '2026-01-01T00:00:00Z'
const rules = testRules(testEnvironment())
after(() => rules.close())

/** The issues of a refusal or of a define that failed. */
async function issuesOf(work: Promise<{ issue?: Issue } | undefined>): Promise<Issue[]> {
  try {
    return [(await work)?.issue ?? []].flat()
  } catch (error) {
    assert.ok(error instanceof FhirError, String(error))
    return error.issues
  }
}

const placeOf = (line: number, column: string) => `line ${line}, column ${column || '\\d+'}`

function assertPlace(issues: Issue[], { place, text }: { place: string; text: string }): void {
  const told = issues.map(({ details, diagnostics }) => `${details?.text} at ${diagnostics}`)
  assert.ok(
    told.some((each) => new RegExp(`${place}$`).test(each) && each.includes(text)),
    `${text} at ${place}, not ${told.join('; ')}`,
  )
}

describe('a fault of a bare expression is told with its line and column', () => {
  for (const { sentence, expression, line, column, text } of cases)
    it(sentence, async () => {
      assertPlace(await issuesOf(rules.evaluateCql({ expression, clock })), { place: placeOf(line, column), text })
    })
})

describe('a fault of a library is told with the line of its text, a namespace in its header included', () => {
  for (const { sentence, expression, line, column, text } of cases)
    it(sentence, async () => {
      const cql = `library MyOrg.FHIR.Faults version '1'\n// Its author's own lines.\ndefine "Good": true\ndefine "Bad":\n${expression}`
      const library = { ...cqlLibrary(cql), url: 'http://example.org/Library/Faults' }
      const call = rules.evaluateLibrary({ library, expressions: ['Bad'], clock })
      assertPlace(await issuesOf(call.then(({ results }) => results[0])), { place: placeOf(line + 4, column), text })
    })
})

describe('a fault beside an expression that stands in a library', () => {
  const content = (cql: string) => ({ ...cqlLibrary(cql), url: 'http://example.org/Library/Beside' })

  it('is told with the line of the library when it lies there', async () => {
    const library = content("library Beside version '1'\ndefine A: 1\ndefine B:\n  1 + 'a'")
    const issues = await issuesOf(rules.evaluateCql({ expression: 'A', content: library, clock }))
    assertPlace(issues, { place: 'library Beside, line 4, column 3', text: 'Could not resolve call to operator Add' })
  })

  it('is told with the line of the expression when it lies there', async () => {
    const library = content("library Beside version '1'\ndefine A: 1")
    const issues = await issuesOf(rules.evaluateCql({ expression: "A +\n  'a'", content: library, clock }))
    assertPlace(issues, {
      place: 'library Expression, line 1, column 1',
      text: 'Could not resolve call to operator Add',
    })
  })

  it('is told with the line of the library when a run ends there', async () => {
    const library = content("library Beside version '1'\ndefine A:\n  Date(2021, 2, 29)")
    const issues = await issuesOf(rules.evaluateCql({ expression: 'A is null', content: library, clock }))
    assertPlace(issues, { place: 'line 3, column 3', text: 'does not exist' })
  })
})
