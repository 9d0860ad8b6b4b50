import assert from 'node:assert/strict'
import { it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { FhirError, operationOutcome } from '../../src/fhir/error.ts'
import type { Parameters } from '../../src/fhir/types.ts'
import type { Terminology } from '../../src/terminology/terminology.ts'
import { overShared, sharedPath } from '../support/shared.ts'
import { coreResources, terminologyOver } from './support.ts'

const runner = sharedPath('tools/tx-runner/lib/')
const corpus = sharedPath('corpora/terminology')

/** What of a test case is used. */
interface Case {
  name: string
  operation: string
  request: string
  response: string
  profile?: string
  header?: { name: string; value: string }
  'Accept-Language'?: string
  'http-code'?: string
}
interface Suite {
  name: string
  setup?: string[]
  tests: Case[]
}

/** Operations of the engine by the name the corpus gives them. */
const OPERATIONS: Record<string, (terminology: Terminology, request: Parameters, test: Case) => Promise<unknown>> = {
  expand: (terminology, request, test) =>
    terminology.expand(request, {
      acceptLanguage: test['Accept-Language'],
      expansionCodes: test.header?.name === 'X-TOO-COSTLY-THRESHOLD' ? Number(test.header.value) : undefined,
    }),
  'validate-code': (terminology, request, test) =>
    terminology.validateCode(request, { acceptLanguage: test['Accept-Language'] }),
  'cs-validate-code': (terminology, request) => terminology.validateCode(request, { resourceType: 'CodeSystem' }),
  lookup: (terminology, request) => terminology.lookup(request),
  translate: (terminology, request) => terminology.translate(request),
  'batch-validate': (terminology, request) => terminology.batchValidateCode(request),
}

overShared.describe("HL7's terminology tests, in process", async () => {
  const load = (name: string) => import(pathToFileURL(`${runner}${name}.mjs`).href)
  const [{ TestSet }, { Comparer }, { scrub }, { toR4, toR5 }] = await Promise.all(
    ['suite', 'compare', 'scrub', 'xver'].map(load),
  )
  const set = new TestSet(corpus)
  const slips: Record<string, string> = set.json('slips.json').tests
  const modes = new Set(['general'])
  const terminology = terminologyOver(coreResources())
  const suites: Suite[] = set.select({ modes, version: '4.0' })
  for (const suite of suites) {
    if (!suite.tests.some((each) => OPERATIONS[each.operation])) continue
    it(suite.name, async () => {
      for (const test of suite.tests) {
        const operation = OPERATIONS[test.operation]
        if (!operation) continue // metadata: the HTTP interface answers it
        const request = set.json(test.request)
        const brought = (suite.setup ?? []).map((file) => ({ name: 'tx-resource', resource: set.json(file) }))
        request.parameter.push(...brought, ...set.json(test.profile ?? 'parameters-default.json').parameter)
        let isError = false
        const reply = await operation(terminology, toR4(request), test).catch((error: unknown) => {
          if (!(error instanceof FhirError)) throw error
          isError = true
          return operationOutcome(error.issues)
        })
        const name = `${suite.name}/${test.name}`
        assert.equal(isError, test['http-code'] === '4xx', `${name}: error or answer`)
        const comparer = new Comparer({
          modes,
          vars: { version: '4.0.1' },
          strictExternal: true,
          lenientText: Object.hasOwn(slips, name),
        })
        const differences = comparer.compare(set.json(test.response), scrub(toR5(structuredClone(reply))))
        assert.deepEqual(differences, [], name)
      }
    })
  }
})
