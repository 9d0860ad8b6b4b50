/** A value set that pins versions of code systems is refused: its pins would be passed over (CQL 1.5, Terminology Declarations). */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { FhirError } from '../../../../src/fhir/error.ts'
import { cqlLibrary, testEnvironment, testRules } from '../../environment.ts'

const rules = testRules(testEnvironment([], { 'http://example.org/vs': ['http://example.org/cs|x'] }))
after(() => rules.close())

const evaluate = (declarations: string) =>
  rules.evaluateLibrary({
    library: cqlLibrary(`library Pins version '1'\n${declarations}\ndefine A: 'x' in V`),
    expressions: ['A'],
    clock: '2026-01-01T00:00:00Z',
  })

test('a version of a code system that a value set pins is an error with its place', async () => {
  await assert.rejects(
    evaluate(
      "codesystem C: 'http://example.org/cs' version '2'\nvalueset V: 'http://example.org/vs' codesystems { C }",
    ),
    (error) => {
      assert.ok(error instanceof FhirError)
      const told = error.issues.map(({ details, diagnostics }) => `${details?.text} ${diagnostics}`).join('\n')
      assert.match(told, /the value set "V" pins versions of code systems.*library Pins, line 3, column 1/)
      return true
    },
  )
})

test('a code system without version pins nothing', async () => {
  const { results } = await evaluate(
    "codesystem C: 'http://example.org/cs'\nvalueset V: 'http://example.org/vs' codesystems { C }",
  )
  assert.equal(results[0]?.value, true)
})
