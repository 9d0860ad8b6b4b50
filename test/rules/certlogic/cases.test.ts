import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Json } from '../../../src/base/json-value.ts'
import type { Library } from '../../../src/fhir/types.ts'
import { evaluateCertLogic, readCertLogic } from '../../../src/rules/certlogic/certlogic.ts'
import { readTable } from '../read-table.ts'

/**
 * CertLogic by its operators (specification of the EU validation rules): `cases/<operators>.tsv` has a sentence, a logic, the data and the
 * answer, all JSON, or `error` for a failure.
 */
const folder = new URL('cases/', import.meta.url)

const libraryOf = (logic: string): Library => ({
  resourceType: 'Library',
  url: 'http://example.org/Library/Case',
  status: 'active',
  type: {},
  content: [{ contentType: 'application/certlogic+json', data: Buffer.from(logic).toString('base64') }],
})

for (const file of readdirSync(folder)) {
  describe(`CertLogic: ${file.replace('.tsv', '')}`, () => {
    for (const { sentence = '', logic = '', data = '', answer = '' } of readTable(new URL(file, folder))) {
      it(sentence, () => {
        const given: { payload?: Json; external?: Json } = JSON.parse(data)
        const outcome = evaluateCertLogic(readCertLogic(libraryOf(logic)), given)
        assert.deepEqual(
          'value' in outcome ? outcome.value : 'error',
          answer === 'error' ? answer : JSON.parse(answer),
          logic,
        )
      })
    }
  })
}
