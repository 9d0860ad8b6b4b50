import assert from 'node:assert/strict'
import { it } from 'node:test'
import { overShared, sharedPath } from '../../../support/shared.ts'
import { naiveContent } from '../../../support/snomed/naive-content.ts'
import { readRf2Rows } from '../../../support/snomed/rf2-rows.ts'
import { officialOutcomes } from '../official.ts'
import { snomedTerminology } from './engine.ts'

/** Tests whose expected reply nobody can give over the subset: part of their names, why, and what the reply differs in. */
const impossible: { suite: string; name: RegExp; because: RegExp }[] = [
  // Of the International Edition of 20250201 or the US Edition of 20250901, which are not published.
  {
    suite: 'tx.fhir.org',
    name: /^snomed-/,
    because: /900000000000207008\/version\/20250201|VALUESET_TOO_COSTLY|OperationOutcome/,
  },
  { suite: 'bugs', name: /^sct-/, because: /could not be found|20250201|OperationOutcome|missing array item/ },
  // The expected url has a brace behind it that the request has not.
  {
    suite: 'sct-ecl',
    name: /^snomed-expand-ecl-(?:or|term-match|term-mismatch|nested-parens|refinement-wildcard|refinement-cardinality)$/,
    because: /"expected":"http:\/\/hl7\.org\/fhir\/test\/ValueSet\/sct-ecl-[a-z-]+\}"/,
  },
  // The expected text names the value set of another test.
  { suite: 'snomed', name: /^validate-code-implied-2$/, because: /sct-pc-none/ },
  // The expected version is that of another release.
  { suite: 'snomed', name: /^validate-code-pc-none$/, because: /900000000000207008\/version\/20250201/ },
]

overShared.describe('official tests of SNOMED CT over the subset that HL7 publishes', () => {
  const version = 'http://snomed.info/xsct/31000003106/version/20250909'
  const terminology = snomedTerminology([naiveContent(readRf2Rows(sharedPath('corpora/vocabularies/snomed'), version))])

  for (const suite of ['tx.fhir.org', 'snomed', 'sct-ecl', 'bugs'])
    it(suite, async () => {
      const outcomes = await officialOutcomes(suite, (name) => !name.startsWith('loinc-'), terminology)
      assert.ok(outcomes.length > 0)
      for (const { name, differences } of outcomes) {
        const reason = impossible.find((each) => each.suite === suite && each.name.test(name))
        if (reason) assert.match(differences.join('\n'), reason.because, `${suite}/${name}`)
        else assert.deepEqual(differences, [], `${suite}/${name}`)
      }
    })
})
