/** HL7's tests over the big vocabularies, in process. */
import assert from 'node:assert/strict'
import { pathToFileURL } from 'node:url'
import { FhirError, operationOutcome } from '../../../src/fhir/error.ts'
import type { Parameters } from '../../../src/fhir/types.ts'
import type { Terminology } from '../../../src/terminology/terminology.ts'
import type { ArguedFailure } from '../../conformance/failures.ts'
import { sharedPath } from '../../support/shared.ts'

interface Case {
  name: string
  operation: string
  request: string
  response: string
  profile?: string
  'http-code'?: string
}
interface Suite {
  name: string
  setup?: string[]
  tests: Case[]
}

const OPERATIONS: Record<string, (terminology: Terminology, request: Parameters) => Promise<unknown>> = {
  expand: (terminology, request) => terminology.expand(request, {}),
  'validate-code': (terminology, request) => terminology.validateCode(request, {}),
  'cs-validate-code': (terminology, request) => terminology.validateCode(request, { resourceType: 'CodeSystem' }),
  lookup: (terminology, request) => terminology.lookup(request),
  translate: (terminology, request) => terminology.translate(request),
}

/** What became of one test: nothing when the reply is the one expected. */
export interface Outcome {
  name: string
  differences: string[]
  reply: unknown
  /** What is sent and what is expected, value sets that it comes with included. */
  texts: { asked: string; expected: string }
}

/**
 * Holds why a test is said to fail against the content: the code it names is asked for or expected and not there; the text is one of the
 * expected reply, and it is part of what differs.
 */
export function holdsArgument(
  { name, texts, differences, reply }: Outcome,
  { lacks, expects }: ArguedFailure,
  isThere: (code: string) => boolean,
): void {
  if (lacks !== undefined) {
    assert.ok(new RegExp(`\\b${lacks}\\b`).test(texts.asked + texts.expected), `${name} does not name ${lacks}`)
    assert.ok(!isThere(lacks), `${lacks}, of ${name}, is there`)
  }
  if (expects !== undefined) {
    assert.ok(texts.expected.includes(expects), `${name} does not expect ${expects}`)
    assert.ok(!JSON.stringify(reply).includes(expects), `${name}: ${expects} is in the reply`)
    assert.ok(differences.length > 0)
  }
}

/** Runs the tests of a suite whose names are chosen. */
export async function officialOutcomes(
  suiteName: string,
  chosen: (name: string) => boolean,
  terminology: Terminology,
): Promise<Outcome[]> {
  const load = (name: string) => import(pathToFileURL(sharedPath(`tools/tx-runner/lib/${name}.mjs`)).href)
  const [{ TestSet }, { Comparer }, { scrub }, { toR4, toR5 }] = await Promise.all(
    ['suite', 'compare', 'scrub', 'xver'].map(load),
  )
  const set = new TestSet(sharedPath('corpora/vocabularies/tests'))
  const modes = new Set(['general', 'tx.fhir.org', 'snomed'])
  const suites: Suite[] = set.select({ modes, version: '4.0' })
  const outcomes: Outcome[] = []
  for (const suite of suites.filter((each) => each.name === suiteName)) {
    for (const test of suite.tests.filter(({ name }) => chosen(name))) {
      const operation = OPERATIONS[test.operation]
      if (!operation) throw new Error(`no operation ${test.operation}`)
      const request = set.json(test.request)
      const brought = (suite.setup ?? []).map((file) => ({ name: 'tx-resource', resource: set.json(file) }))
      request.parameter.push(...brought, ...set.json(test.profile ?? 'parameters-default.json').parameter)
      let isError = false
      const reply = await operation(terminology, toR4(request)).catch((error: unknown) => {
        if (!(error instanceof FhirError)) throw error
        isError = true
        return operationOutcome(error.issues)
      })
      const comparer = new Comparer({ modes, vars: { version: '4.0.1' }, strictExternal: true, lenientText: false })
      const found: unknown[] = comparer.compare(set.json(test.response), scrub(toR5(structuredClone(reply))))
      const differences = found.map((each) => JSON.stringify(each))
      if (isError !== (test['http-code'] === '4xx')) differences.unshift('error or answer')
      const texts = { asked: JSON.stringify(request), expected: JSON.stringify(set.json(test.response)) }
      outcomes.push({ name: test.name, differences, reply, texts })
    }
  }
  return outcomes
}
