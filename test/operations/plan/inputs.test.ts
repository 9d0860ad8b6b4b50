/** Whom `$apply` is about: an absolute reference names the resource of its own server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bundle, BundleEntry, Parameters } from '../../../src/fhir/types.ts'
import { readApplyInputs } from '../../../src/operations/plan/inputs.ts'

const patient = { resourceType: 'Patient' as const, id: '1' }

function subjectFound(subject: string, entry: BundleEntry[]): boolean {
  const data: Bundle = { resourceType: 'Bundle', type: 'collection', entry }
  const parameters: Parameters = {
    resourceType: 'Parameters',
    parameter: [
      { name: 'subject', valueString: subject },
      { name: 'data', resource: data },
    ],
  }
  return readApplyInputs({ level: 'type', parameters, headers: {} }, new Date(0)).hasSubject
}

test('a subject is found under its reference, and none of another server is taken for it', () => {
  const here = 'https://a.example/fhir/Patient/1'
  const other = 'https://b.example/fhir/Patient/1'
  const cases: [string, string | undefined, boolean][] = [
    ['Patient/1', undefined, true],
    ['Patient/1', here, true],
    ['Patient/1', 'urn:uuid:9a7b3c1e-0000-4000-8000-000000000000', true],
    ['Patient/2', undefined, false],
    [here, undefined, true],
    [here, here, true],
    [`${here}/_history/2`, here, true],
    [here, `${here}/_history/1`, true],
    [here, other, false],
    [other, here, false],
  ]
  for (const [subject, fullUrl, expected] of cases)
    assert.equal(
      subjectFound(subject, [{ ...(fullUrl ? { fullUrl } : {}), resource: patient }]),
      expected,
      `${subject} ${fullUrl}`,
    )
  const two = [other, here].map((fullUrl) => ({ fullUrl, resource: patient }))
  assert.ok(subjectFound(here, two))
})
