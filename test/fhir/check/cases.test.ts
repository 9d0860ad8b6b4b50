/** What a resource of R4 is by its structure, sentence by sentence (cases/*.json). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkResource } from '../../../src/fhir/check/resource.ts'
import { parseJson } from '../../../src/fhir/json.ts'
import { readCases } from '../../support/cases.ts'

interface Case {
  name: string
  /** A resource as it was sent, or a narrative. */
  text?: string
  div?: string
  /** Expressions of the elements at fault. */
  faults: string[]
}

for (const { file, source, cases } of readCases<Case>(new URL('cases/', import.meta.url)))
  describe(`${file} (${source})`, () => {
    for (const { name, text, div, faults } of cases)
      it(name, () => {
        const given =
          div === undefined ? parseJson(text ?? '') : { resourceType: 'Patient', text: { status: 'generated', div } }
        const found = checkResource(given).filter(({ severity }) => severity === 'error')
        assert.deepEqual([...new Set(found.map(({ expression }) => expression?.[0] ?? ''))], faults)
      })
  })
