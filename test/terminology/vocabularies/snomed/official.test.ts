import assert from 'node:assert/strict'
import { it } from 'node:test'
import { arguedFailures } from '../../../conformance/failures.ts'
import { overShared, sharedPath } from '../../../support/shared.ts'
import { naiveContent } from '../../../support/snomed/naive-content.ts'
import { readRf2Rows } from '../../../support/snomed/rf2-rows.ts'
import { holdsArgument, officialOutcomes } from '../official.ts'
import { snomedTerminology } from './engine.ts'

overShared.describe('official tests of SNOMED CT over the subset that HL7 publishes', () => {
  const version = 'http://snomed.info/xsct/31000003106/version/20250909'
  const content = naiveContent(readRf2Rows(sharedPath('corpora/vocabularies/snomed'), version))
  const terminology = snomedTerminology([content])
  const argued = arguedFailures(new URL('../../../conformance/vocabularies-failures.json', import.meta.url))

  for (const suite of ['tx.fhir.org', 'snomed', 'sct-ecl', 'bugs'])
    it(suite, async () => {
      const outcomes = await officialOutcomes(suite, (name) => !name.startsWith('loinc-'), terminology)
      assert.ok(outcomes.length > 0)
      for (const outcome of outcomes) {
        const failure = argued.get(`${suite}/${outcome.name}`)
        assert.equal(outcome.differences.length > 0, failure !== undefined, `${suite}/${outcome.name}`)
        if (failure) holdsArgument(outcome, failure, (code) => content.ordinalOf(code) >= 0)
      }
    })
})
