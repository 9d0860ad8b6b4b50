import assert from 'node:assert/strict'
import { it } from 'node:test'
import { folderFiles } from '../../../../src/packages/vocabularies/folder-files.ts'
import { loincSource } from '../../../../src/packages/vocabularies/loinc/loinc-source.ts'
import { arguedFailures } from '../../../conformance/failures.ts'
import { overShared, sharedPath } from '../../../support/shared.ts'
import { holdsArgument, officialOutcomes } from '../official.ts'
import { imported, terminologyWith } from '../support.ts'

overShared.describe('official tests of LOINC over the subset that HL7 publishes', () => {
  it('passes all but those that are argued', async () => {
    const release = imported(loincSource(folderFiles(sharedPath('corpora/vocabularies/loinc')), { version: '2.82' }))
    const argued = arguedFailures(new URL('../../../conformance/vocabularies-failures.json', import.meta.url))
    const outcomes = await officialOutcomes(
      'tx.fhir.org',
      (name) => name.startsWith('loinc-'),
      terminologyWith([release]),
    )
    assert.equal(outcomes.filter(({ differences }) => differences.length === 0).length, 6)
    for (const outcome of outcomes) {
      const failure = argued.get(`tx.fhir.org/${outcome.name}`)
      assert.equal(outcome.differences.length > 0, failure !== undefined, outcome.name)
      if (failure) holdsArgument(outcome, failure, (code) => release.provider.locate(code) !== undefined)
    }
  })
})
