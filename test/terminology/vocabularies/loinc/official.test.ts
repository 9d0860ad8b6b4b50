import assert from 'node:assert/strict'
import { it } from 'node:test'
import { folderFiles } from '../../../../src/packages/vocabularies/folder-files.ts'
import { loincSource } from '../../../../src/packages/vocabularies/loinc/loinc-source.ts'
import { overShared, sharedPath } from '../../../support/shared.ts'
import { officialOutcomes } from '../official.ts'
import { imported, terminologyWith } from '../support.ts'

overShared.describe('official tests of LOINC over the subset that HL7 publishes', () => {
  it('passes those whose concepts the subset has', async () => {
    const release = imported(loincSource(folderFiles(sharedPath('corpora/vocabularies/loinc')), { version: '2.82' }))
    const outcomes = await officialOutcomes(
      'tx.fhir.org',
      (name) => name.startsWith('loinc-'),
      terminologyWith([release]),
    )
    const passed = outcomes.filter(({ differences }) => differences.length === 0).map(({ name }) => name)
    assert.deepEqual(passed, [
      'loinc-validate-invalid',
      'loinc-expand-parent',
      'loinc-expand-prop-method',
      'loinc-validate-filter-prop-component-bad',
      'loinc-validate-filter-dockind-bad',
      'loinc-expand-filter-answers-for1',
    ])
  })
})
