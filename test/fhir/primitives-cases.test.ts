/** The primitive types of R4, sentence by sentence (cases/primitives.tsv). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { checkResource } from '../../src/fhir/check/resource.ts'
import { choiceProperty } from '../../src/fhir/elements.ts'
import { FhirError } from '../../src/fhir/error.ts'
import { parseJson } from '../../src/fhir/json.ts'

const lines = readFileSync(new URL('cases/primitives.tsv', import.meta.url), 'utf8').split('\n')
for (const line of lines.filter((each) => each !== '' && !each.startsWith('#'))) {
  const [type = '', verdict, text = '', sentence] = line.split('\t')
  it(`${type}: ${sentence}`, () => {
    const body = `{"resourceType":"Parameters","parameter":[{"name":"p","${choiceProperty('value', type)}":${text}}]}`
    assert.equal(isAccepted(body), verdict === 'valid')
  })
}

function isAccepted(body: string): boolean {
  try {
    return checkResource(parseJson(body)).length === 0
  } catch (error) {
    if (error instanceof FhirError && error.status === 400) return false
    throw error
  }
}
